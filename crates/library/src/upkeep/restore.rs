//! Making a library of a backup: files first, each digest checked, the database last.
//!
//! Invariant: nothing that is there is replaced. Until the database has its name the new library
//! does not exist, and a restore that was cut short can be run again.

use std::fs::File;
use std::io;
use std::path::Path;

use backlot_model::media::Digest;
use backlot_model::{Fault, Kind};
use backlot_store::blobs::{Blobs, DiskOptions};
use backlot_store::db::{Db, SqliteOptions};
use backlot_store::{blob_rows, upkeep};

use super::copying::{Carried, CopyProgress, How, carry_blobs, carry_thumbnails, io_fault};
use super::manifest::{MANIFEST_FILE, Manifest, blobs_of, sha256_of};
use crate::context::blocking;

/// What the database is called until it is whole: this extension, and what SQLite adds to it.
pub const HALF_DONE: &str = "restoring";
/// How many lost files are named.
const LOST_NAMED_MAX: usize = 1_000;

/// What was restored.
#[derive(Debug, Clone)]
pub struct Restored {
    /// What the backup said of itself.
    pub manifest: Manifest,
    /// Files that are there now.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Thumbnails that are there now.
    pub thumbnails: u64,
    /// Files that the backup lacks, or has with other bytes.
    pub files_lost: u64,
    /// The first thousand of them.
    pub lost: Vec<Digest>,
}

/// Restores the backup in `from` to a database at `database`, which must not be there, and the
/// store `blobs`, which must be empty or that of a restore that was cut short.
///
/// # Errors
/// `not-found` when there is no backup; `already-exists` when there is a library; `blob-missing`
/// when the database of the backup is not the one its manifest names; storage faults.
pub async fn restore(
    from: &Path,
    database: &Path,
    blobs: &Blobs,
    tell: &mut (dyn FnMut(CopyProgress) + Send),
) -> Result<Restored, Fault> {
    let manifest = Manifest::read(from)?.ok_or_else(|| {
        let said = format!("{} holds no whole backup: there is no {MANIFEST_FILE}", from.display());
        Fault::new(Kind::NotFound, "not-found", said)
    })?;
    refuse_a_library(database, blobs, &manifest).await?;
    let source = from.join(&manifest.database);
    let (hashed, path) = (manifest.database_sha256.clone(), source.clone());
    if blocking(move || sha256_of(&path)).await?? != hashed {
        let said = format!("{} is damaged: it is not what its manifest says", source.display());
        return Err(Fault::new(Kind::Internal, "blob-missing", said));
    }
    // Opened as a copy: the backup itself is never written to.
    let partial = database.with_extension(HALF_DONE);
    let (path, to) = (source.clone(), partial.clone());
    blocking(move || copy_durably(&path, &to)).await??;
    let rows = Db::open_sqlite(&partial, SqliteOptions::default()).await?;
    let stored = Blobs::open_disk(&blobs_of(from), DiskOptions::default());
    let restored = carry(&rows, &stored, blobs, manifest, tell).await;
    rows.close().await?;
    let restored = restored?;
    let to = database.to_owned();
    blocking(move || give_name(&partial, &to)).await??;
    Ok(restored)
}

async fn refuse_a_library(
    database: &Path,
    blobs: &Blobs,
    manifest: &Manifest,
) -> Result<(), Fault> {
    let taken = |said: String| Err(Fault::new(Kind::Conflict, "already-exists", said));
    if database.try_exists().map_err(|error| io_fault(database, &error))? {
        return taken(format!(
            "{} is there already; restore into a folder of its own",
            database.display()
        ));
    }
    match blobs.marker().await? {
        Some(found) if found != manifest.store_id => {
            taken("the store of the files belongs to another library".to_owned())
        }
        Some(_) => Ok(()),
        None => Ok(blobs.write_marker(&manifest.store_id).await?),
    }
}

async fn carry(
    rows: &Db,
    from: &Blobs,
    to: &Blobs,
    manifest: Manifest,
    tell: &mut (dyn FnMut(CopyProgress) + Send),
) -> Result<Restored, Fault> {
    let (files_total, bytes_total) = blob_rows::total_bytes(rows).await?;
    let mut progress = CopyProgress { files_total, bytes_total, ..CopyProgress::default() };
    let mut restored =
        Restored { manifest, files: 0, bytes: 0, thumbnails: 0, files_lost: 0, lost: Vec::new() };
    for prefix in 0..=u8::MAX {
        let records = upkeep::blobs(rows, prefix).await?;
        carry_blobs(from, to, How::CheckedCopy, &records, |record, carried| {
            if carried == Carried::Lost {
                restored.files_lost += 1;
                if restored.lost.len() < LOST_NAMED_MAX {
                    restored.lost.push(record.digest);
                }
            } else {
                restored.files += 1;
                restored.bytes += record.size;
            }
            progress.files += 1;
            progress.bytes += record.size;
            tell(progress);
        })
        .await?;
        let renditions = upkeep::renditions(rows, prefix).await?;
        restored.thumbnails += carry_thumbnails(from, to, How::Copy, prefix, &renditions).await?;
    }
    Ok(restored)
}

fn copy_durably(from: &Path, to: &Path) -> Result<(), Fault> {
    let copy = || -> io::Result<()> {
        if let Some(parent) = to.parent() {
            std::fs::create_dir_all(parent)?;
        }
        // A log left by a restore that was cut short would be taken for this copy's.
        for suffix in ["-wal", "-shm", "-journal"] {
            let mut beside = to.as_os_str().to_owned();
            beside.push(suffix);
            match std::fs::remove_file(beside) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        std::fs::copy(from, to)?;
        File::open(to)?.sync_all()
    };
    copy().map_err(|error| io_fault(to, &error))
}

fn give_name(partial: &Path, database: &Path) -> Result<(), Fault> {
    let rename = || -> io::Result<()> {
        File::open(partial)?.sync_all()?;
        std::fs::rename(partial, database)?;
        match database.parent() {
            Some(parent) if parent != Path::new("") => File::open(parent)?.sync_all(),
            _ => File::open(".")?.sync_all(),
        }
    };
    rename().map_err(|error| io_fault(database, &error))
}
