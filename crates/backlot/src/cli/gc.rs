//! `backlot gc`: takes away what has had its time.

use clap::Args;
use indicatif::HumanBytes;
use serde_json::json;

use super::exit::{Exit, Failure};
use super::progress::Progress;
use super::runtime::with_library;
use super::{Place, output};
use crate::wiring::Expect;

const PARTS: u64 = 256;

/// Take away what has had its time: the server does this too, except for files without a record
#[derive(Debug, Args)]
#[command(after_help = "\
Takes away deleted assets after 30 days, expired temporary files and uploads, files that nothing
refers to any more, made-on-demand sizes over their bound, and files that were never recorded (left
by a crash). Files go only when they are older than the setting gc.grace. Also works while the
server runs; never takes anything a running backup needs.

Examples:
  backlot gc
  BACKLOT_GC_GRACE=1h backlot gc --json")]
pub struct GcCommand {
    /// Print what was taken away as JSON
    #[arg(long)]
    json: bool,
}

impl GcCommand {
    pub(super) fn run(&self, place: &Place) -> Result<Exit, Failure> {
        let config = place.load()?.config;
        let mut progress = Progress::new("parts", self.json);
        progress.doing("taking away what has had its time");
        let collected = with_library(&config, Expect::Library, async |opened| {
            let mut tell = |done| progress.at(u64::from(done), PARTS, 0);
            Ok(opened.library.collect(&mut tell).await?)
        })?;
        progress.end();
        if self.json {
            output::print_json(&json!(collected))?;
        } else {
            output::print(&format!(
                "taken away: {} files ({}), {} of them never recorded\n\
                 {} deleted assets, {} temporary files, {} uploads, {} made-on-demand sizes, \
                 {} old records\n",
                collected.blobs + collected.unreferenced,
                HumanBytes(collected.bytes),
                collected.unreferenced,
                collected.assets,
                collected.temp_files,
                collected.uploads + collected.staging_files,
                collected.renditions,
                collected.records,
            ))?;
        }
        Ok(Exit::Done)
    }
}
