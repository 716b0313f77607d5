//! `backlot verify`: whether everything recorded is there and whole.

use std::time::Duration;

use backlot_library::upkeep::{Finding, VerifyOptions, VerifyReport, VerifyStep};
use clap::Args;
use indicatif::HumanBytes;
use serde_json::json;

use super::exit::{Exit, Failure};
use super::progress::Progress;
use super::runtime::with_library;
use super::{Place, output};
use crate::config::duration;
use crate::wiring::Expect;

/// How many findings JSON lists; all are counted.
const FINDINGS_LISTED_MAX: usize = 10_000;
const PARTS: u64 = 256;

/// Check that everything recorded is there and whole
#[derive(Debug, Args)]
#[command(after_help = "\
Looks for files that are recorded and missing or of another size, for missing thumbnails, for
pictures whose processing nobody will end, for a damaged database and a wrong volume; with --deep it
reads every file and compares its digest. Also works while the server runs.

Files that nothing refers to are reported, but are no fault: `backlot gc` takes those that are older
than the grace period, and the others may be uploads under way.

Exits 0 when nothing recorded is missing or corrupt (or everything was repaired), else 1. An
interrupted run is remembered: go on with --resume.

Examples:
  backlot verify
  backlot verify --deep --for 1h --resume      every night, an hour's worth
  backlot verify --repair --json | jq .findings")]
pub struct VerifyCommand {
    /// Read every file and compare its digest
    #[arg(long)]
    deep: bool,
    /// Repair what can be without loss: make thumbnails again, ask again for forgotten work
    #[arg(long)]
    repair: bool,
    /// Go on where the last run was cut short, if it was
    #[arg(long)]
    resume: bool,
    /// End after this time, such as 30m; --resume goes on from there
    #[arg(long = "for", value_name = "TIME", value_parser = span)]
    time_max: Option<Duration>,
    /// Print the report as JSON
    #[arg(long)]
    json: bool,
}

fn span(raw: &str) -> Result<Duration, String> {
    duration(raw).ok_or_else(|| "must be a duration such as 30m".to_owned())
}

impl VerifyCommand {
    pub(super) fn run(&self, place: &Place) -> Result<Exit, Failure> {
        let config = place.load()?.config;
        let options = VerifyOptions {
            deep: self.deep,
            repair: self.repair,
            resume: self.resume,
            time_max: self.time_max,
        };
        let mut listed: Vec<Finding> = Vec::new();
        let mut progress = Progress::new("parts", self.json);
        let report = with_library(&config, Expect::Records, async |opened| {
            let mut tell = |step: VerifyStep<'_>| match step {
                VerifyStep::Database => progress.doing("reading the database"),
                VerifyStep::Part(report) => {
                    let bytes =
                        if report.bytes_hashed > 0 { report.bytes_hashed } else { report.bytes };
                    progress.at(u64::from(report.parts_done), PARTS, bytes);
                }
                VerifyStep::Found(finding) if self.json => {
                    if listed.len() < FINDINGS_LISTED_MAX {
                        listed.push(finding.clone());
                    }
                }
                // A closed pipe is no reason to stop verifying.
                VerifyStep::Found(finding) => {
                    progress.beside(|| drop(output::print(&format!("{finding}\n"))));
                }
            };
            Ok(opened.library.verify(options, &mut tell).await?)
        })?;
        progress.end();
        if self.json {
            output::print_json(&json!({
                "sound": report.is_sound(),
                "complete": report.is_complete(),
                "files": report.files,
                "bytes": report.bytes,
                "bytes_hashed": report.bytes_hashed,
                "thumbnails": report.thumbnails,
                "counts": report.findings,
                "findings": listed,
            }))?;
        } else {
            output::print(&summary(&report))?;
        }
        Ok(if report.is_sound() { Exit::Done } else { Exit::Failed })
    }
}

fn summary(report: &VerifyReport) -> String {
    let hashed = match report.bytes_hashed {
        0 => String::new(),
        bytes => format!(", {} read and hashed", HumanBytes(bytes)),
    };
    let mut text = format!(
        "{} files ({}) and {} thumbnails looked at{hashed}\n",
        report.files,
        HumanBytes(report.bytes),
        report.thumbnails,
    );
    for (kind, tally) in &report.findings {
        let repaired = match tally.repaired {
            0 => String::new(),
            repaired => format!(", {repaired} repaired"),
        };
        let is = if kind.is_fault() { "" } else { " (no fault)" };
        text.push_str(&format!("  {}: {}{repaired}{is}\n", kind.words(), tally.found));
    }
    if !report.is_complete() && !report.findings.keys().any(|kind| kind.words() == "wrong store") {
        let done = report.parts_done;
        text.push_str(&format!("{done} of {PARTS} parts are done; go on with --resume\n"));
    }
    let verdict = if report.is_sound() { "sound" } else { "not sound" };
    text.push_str(&format!("{verdict}\n"));
    text
}
