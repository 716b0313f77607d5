//! `backlot backup` and `backlot restore`: a copy of the library, and back.

use std::path::{Path, PathBuf};

use backlot_library::upkeep::{BackupOptions, CopyProgress, HALF_DONE, restore};
use backlot_store::blobs::{Blobs, DiskOptions};
use clap::Args;
use indicatif::HumanBytes;
use serde_json::json;

use super::exit::{Exit, Failure};
use super::progress::Progress;
use super::runtime::{block_on, with_library};
use super::{Place, output};
use crate::config::Config;
use crate::wiring::{Expect, blob_folder, database_path, make_folder, unreachable_path};
use crate::{logging, wiring};

/// Write a consistent copy of the library, while the server runs
#[derive(Debug, Args)]
#[command(after_help = "\
The folder gets the database as it is at one moment, every file that it refers to, the stored
thumbnails, and last a manifest, backup.json: with it the backup is whole. Run again, it brings the
backup up to date and carries only new files; cut short, it goes on. On the same file system files
are linked, not copied: use --copy for a backup that shall survive the disk. Made-on-demand sizes are
left out. The folder holds keys and password hashes: keep it as safe as the library.

Exits 1 when the library itself lacks files that it should have; they are named.

Examples:
  backlot backup --to /mnt/backup/library
  backlot backup --to /mnt/backup/library --prune --json")]
pub struct BackupCommand {
    /// The folder; made if it is not there
    #[arg(long, value_name = "DIR")]
    to: PathBuf,
    /// Copy files even where they could be linked
    #[arg(long)]
    copy: bool,
    /// Take files out of the backup that the library no longer has
    #[arg(long)]
    prune: bool,
    /// Print a report as JSON
    #[arg(long)]
    json: bool,
}

impl BackupCommand {
    pub(super) fn run(&self, place: &Place) -> Result<Exit, Failure> {
        let config = place.load()?.config;
        let options = BackupOptions { to: self.to.clone(), copy: self.copy, prune: self.prune };
        let mut progress = Progress::new("files", self.json);
        progress.doing("copying the database");
        let report = with_library(&config, Expect::Library, async |opened| {
            let mut tell = |at: CopyProgress| progress.at(at.files, at.files_total, at.bytes);
            Ok(opened.library.back_up(&options, &mut tell).await?)
        })?;
        progress.end();
        let exit = if report.files_missing == 0 { Exit::Done } else { Exit::Failed };
        if self.json {
            output::print_json(&json!(report))?;
            return Ok(exit);
        }
        let mut text = String::new();
        for digest in &report.missing {
            text.push_str(&format!("missing in the library: {digest}\n"));
        }
        text.push_str(&format!(
            "{} holds {} files ({}) and {} thumbnails; new: {} copied ({}), {} linked; \
             {} taken out\n",
            self.to.display(),
            report.files - report.files_missing,
            HumanBytes(report.bytes),
            report.thumbnails,
            report.files_copied,
            HumanBytes(report.bytes_copied),
            report.files_linked,
            report.files_pruned,
        ));
        if report.files_missing > 0 {
            let missing = report.files_missing;
            text.push_str(&format!("{missing} files are missing; `backlot verify` says more\n"));
        }
        output::print(&text)?;
        Ok(exit)
    }
}

/// Make a library of a backup
#[derive(Debug, Args)]
#[command(after_help = "\
The data directory must be empty or not there. Every file's digest is checked as it is copied; the
backup is only read. Cut short, run it again.

Exits 1 when the backup lacks files; the others are there.

Examples:
  backlot restore --from /mnt/backup/library --data-dir /srv/backlot
  backlot verify --data-dir /srv/backlot")]
pub struct RestoreCommand {
    /// The folder of the backup
    #[arg(long, value_name = "DIR")]
    from: PathBuf,
    /// Print a report as JSON
    #[arg(long)]
    json: bool,
}

impl RestoreCommand {
    pub(super) fn run(&self, place: &Place) -> Result<Exit, Failure> {
        let config = place.load()?.config;
        logging::start_quiet(&config.log);
        let (database, folder) = (database_path(&config)?, blob_folder(&config)?);
        refuse_used(&config, database, folder)?;
        make_folder(&config.data_dir)?;
        let mut progress = Progress::new("files", self.json);
        progress.doing("checking the backup");
        let restored = block_on(async {
            let _lock = wiring::ServingLock::take(&config).await?;
            let blobs = Blobs::open_disk(folder, DiskOptions::default());
            let mut tell = |at: CopyProgress| progress.at(at.files, at.files_total, at.bytes);
            Ok(restore(&self.from, database, &blobs, &mut tell).await?)
        })?;
        progress.end();
        let exit = if restored.files_lost == 0 { Exit::Done } else { Exit::Failed };
        if self.json {
            let lost: Vec<String> = restored.lost.iter().map(ToString::to_string).collect();
            output::print_json(&json!({
                "taken_at": output::time(restored.manifest.created_at),
                "files": restored.files,
                "bytes": restored.bytes,
                "thumbnails": restored.thumbnails,
                "files_lost": restored.files_lost,
                "lost": lost,
            }))?;
            return Ok(exit);
        }
        let mut text = String::new();
        for digest in &restored.lost {
            text.push_str(&format!("not in the backup, or damaged: {digest}\n"));
        }
        text.push_str(&format!(
            "{} is the library as it was at {}: {} files ({}), {} thumbnails; {} lost\n",
            config.data_dir.display(),
            output::time(restored.manifest.created_at),
            restored.files,
            HumanBytes(restored.bytes),
            restored.thumbnails,
            restored.files_lost,
        ));
        output::print(&text)?;
        Ok(exit)
    }
}

/// Nothing but a settings file, and what a restore that was cut short has left, may be there.
fn refuse_used(config: &Config, database: &Path, folder: &Path) -> Result<(), Failure> {
    let dir = &config.data_dir;
    let entries = match std::fs::read_dir(dir) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(unreachable_path(dir, &error)),
    };
    for entry in entries {
        let path = entry.map_err(|error| unreachable_path(dir, &error))?.path();
        let begins_like = |other: &Path| {
            path.as_os_str().as_encoded_bytes().starts_with(other.as_os_str().as_encoded_bytes())
        };
        let is_half_done = begins_like(&database.with_extension(HALF_DONE))
            || path == database.with_extension("serving");
        let is_settings = path.file_name().is_some_and(|name| name == "backlot.toml");
        if !is_half_done && !is_settings && path != folder {
            let message = format!(
                "{} is not empty (there is {}); restore into an empty --data-dir",
                dir.display(),
                path.display()
            );
            return Err(Failure::new(Exit::Refused, message));
        }
    }
    Ok(())
}
