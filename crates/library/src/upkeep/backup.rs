//! A consistent copy of the library, made while it is served.
//!
//! The state of the database is taken first; then every file that this state refers to is carried
//! over. Files never change and are collected only after a grace period, and while a backup runs
//! not at all. The manifest comes last: until then the folder holds the backup before, or none.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use backlot_model::clock::MINUTE_MS;
use backlot_model::media::Digest;
use backlot_model::{Fault, Kind, Millis};
use backlot_store::blobs::{Blobs, DiskOptions};
use backlot_store::db::{Db, Fetch, SqliteOptions};
use backlot_store::{blob_rows, settings, upkeep};
use serde::Serialize;
use tokio_util::task::AbortOnDropHandle;

use super::copying::{Carried, CopyProgress, How, carry_blobs, carry_thumbnails, io_fault};
use super::manifest::{Manifest, blobs_of, sha256_of};
use super::marker;
use crate::Library;
use crate::context::blocking;

/// Until when a running backup keeps the collector away.
const LEASE: &str = "backup/until";
const LEASE_MS: Millis = 10 * MINUTE_MS;
const LEASE_RENEWED: Duration = Duration::from_secs(60);
/// Keeps two backups out of one folder.
const LOCK_FILE: &str = "backup.lock";
const SNAPSHOT: (&str, &str) = ("database-", ".db");
/// How many lost files a report names.
const LOST_NAMED_MAX: usize = 1_000;
const ORPHANS_AT_ONCE: u32 = 500;

/// How a backup is made.
#[derive(Debug, Clone)]
pub struct BackupOptions {
    /// The folder; made when it is not there.
    pub to: PathBuf,
    /// Copies bytes even where a second name for the same file would do.
    pub copy: bool,
    /// Takes files out of the backup that its new state does not refer to.
    pub prune: bool,
}

/// What a backup holds, and what was done for it.
#[derive(Debug, Clone, Default, Serialize)]
pub struct BackupReport {
    /// Files of the library.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Files that came by a second name.
    pub files_linked: u64,
    /// Files that were copied.
    pub files_copied: u64,
    /// Their bytes.
    pub bytes_copied: u64,
    /// Thumbnails.
    pub thumbnails: u64,
    /// Files taken out.
    pub files_pruned: u64,
    /// Files that the library itself lacks.
    pub files_missing: u64,
    /// The first thousand of them.
    #[serde(serialize_with = "as_texts")]
    pub missing: Vec<Digest>,
}

fn as_texts<S: serde::Serializer>(digests: &[Digest], to: S) -> Result<S::Ok, S::Error> {
    to.collect_seq(digests.iter().map(ToString::to_string))
}

impl BackupReport {
    fn count(&mut self, digest: Digest, size: u64, carried: Carried) {
        match carried {
            Carried::Present => {}
            Carried::Linked => self.files_linked += 1,
            Carried::Copied => {
                self.files_copied += 1;
                self.bytes_copied += size;
            }
            Carried::Lost => {
                self.files_missing += 1;
                if self.missing.len() < LOST_NAMED_MAX {
                    self.missing.push(digest);
                }
            }
        }
    }
}

impl Library {
    /// Writes a backup, or brings an older one up to date: only new files are carried. Cut short,
    /// it goes on where it was the next time.
    ///
    /// # Errors
    /// `already-exists` when the folder holds something else, or another backup runs into it;
    /// storage and database faults.
    pub async fn back_up(
        &self,
        options: &BackupOptions,
        tell: &mut (dyn FnMut(CopyProgress) + Send),
    ) -> Result<BackupReport, Fault> {
        self.check_bytes().await?;
        let Some(store_id) = marker::id_of(self.db()).await? else {
            return Err(Fault::internal("the library was never bound to its store"));
        };
        let _lock = lock_folder(&options.to)?;
        let target = self.open_target(&options.to, &store_id).await?;
        let _lease = self.keep_collector_away().await?;
        let now = self.now_ms();
        let mut manifest =
            Manifest::new(store_id, now, format!("{}{now}{}", SNAPSHOT.0, SNAPSHOT.1));
        let path = options.to.join(&manifest.database);
        remove_snapshots(&options.to, manifest_database(&options.to)?.as_deref())?;
        self.db().backup_to(&path).await?;
        let snapshot = Db::open_sqlite(&path, SqliteOptions::default()).await?;
        let report = self.fill(&snapshot, &target, options, tell).await;
        snapshot.close().await?;
        let report = report?;
        manifest.files = report.files;
        manifest.bytes = report.bytes;
        manifest.files_missing = report.files_missing;
        manifest.database_sha256 = blocking(move || sha256_of(&path)).await??;
        manifest.write(&options.to)?;
        remove_snapshots(&options.to, Some(&manifest.database))?;
        self.end_lease().await?;
        Ok(report)
    }

    async fn open_target(&self, folder: &Path, store_id: &str) -> Result<Blobs, Fault> {
        let target = Blobs::open_disk(&blobs_of(folder), DiskOptions::default());
        let found = target.marker().await?;
        let other = |what: &str| {
            let said = format!("{} holds {what}; give another folder", folder.display());
            Fault::new(Kind::Conflict, "already-exists", said)
        };
        if Manifest::read(folder)?.is_some_and(|manifest| manifest.store_id != store_id)
            || found.as_ref().is_some_and(|found| found != store_id)
        {
            return Err(other("the backup of another library"));
        }
        if found.is_none() {
            let is_ours = |name: &str| name == LOCK_FILE;
            if !names_in(folder)?.iter().all(|name| is_ours(name)) {
                return Err(other("something that is no backup"));
            }
            target.write_marker(store_id).await?;
        }
        Ok(target)
    }

    async fn fill(
        &self,
        snapshot: &Db,
        target: &Blobs,
        options: &BackupOptions,
        tell: &mut (dyn FnMut(CopyProgress) + Send),
    ) -> Result<BackupReport, Fault> {
        settings::remove(snapshot, LEASE).await?;
        upkeep::forget_cached(snapshot).await?;
        self.forget_orphans(snapshot).await?;
        let (files_total, bytes_total) = blob_rows::total_bytes(snapshot).await?;
        let mut progress = CopyProgress { files_total, bytes_total, ..CopyProgress::default() };
        let mut report = BackupReport::default();
        let how = if options.copy { How::Copy } else { How::Link };
        for prefix in 0..=u8::MAX {
            let records = upkeep::blobs(snapshot, prefix).await?;
            carry_blobs(self.blobs(), target, how, &records, |record, carried| {
                report.files += 1;
                report.bytes += record.size;
                report.count(record.digest, record.size, carried);
                (progress.files, progress.bytes) = (report.files, report.bytes);
                tell(progress);
            })
            .await?;
            let renditions = upkeep::renditions(snapshot, prefix).await?;
            report.thumbnails +=
                carry_thumbnails(self.blobs(), target, how, prefix, &renditions).await?;
            if options.prune {
                report.files_pruned += prune(target, prefix, &records).await?;
            }
        }
        Ok(report)
    }

    /// Blobs that nothing refers to are not part of the copy.
    async fn forget_orphans(&self, snapshot: &Db) -> Result<(), Fault> {
        loop {
            let orphans = blob_rows::orphans(snapshot, Millis::MAX, ORPHANS_AT_ONCE).await?;
            if orphans.is_empty() {
                return Ok(());
            }
            let tx = snapshot.begin().await?;
            for (digest, _) in orphans {
                blob_rows::delete_if_unused(&tx, digest).await?;
            }
            tx.commit().await?;
        }
    }

    async fn keep_collector_away(&self) -> Result<AbortOnDropHandle<()>, Fault> {
        self.renew_lease().await?;
        let library = self.clone();
        Ok(AbortOnDropHandle::new(tokio::spawn(async move {
            loop {
                tokio::time::sleep(LEASE_RENEWED).await;
                if let Err(fault) = library.renew_lease().await {
                    tracing::warn!(%fault, "the lease of the backup was not renewed");
                }
            }
        })))
    }

    async fn renew_lease(&self) -> Result<(), Fault> {
        let until = self.now_ms() + LEASE_MS;
        Ok(settings::set(self.db(), LEASE, &until.to_string()).await?)
    }

    async fn end_lease(&self) -> Result<(), Fault> {
        Ok(settings::remove(self.db(), LEASE).await?)
    }

    /// Whether a backup runs, for which no file may be taken away.
    pub(super) async fn is_backing_up(&self, db: &impl Fetch) -> Result<bool, Fault> {
        let until = settings::get(db, LEASE).await?;
        let until = until.and_then(|until| until.parse::<Millis>().ok());
        Ok(until.is_some_and(|until| until > self.now_ms()))
    }
}

async fn prune(target: &Blobs, prefix: u8, records: &[upkeep::BlobRecord]) -> Result<u64, Fault> {
    let wanted: std::collections::HashSet<Digest> = records.iter().map(|it| it.digest).collect();
    let mut pruned = 0;
    for entry in target.list(prefix).await?.blobs {
        if !wanted.contains(&entry.digest) {
            target.delete(entry.digest).await?;
            target.delete_renditions(entry.digest).await?;
            pruned += 1;
        }
    }
    Ok(pruned)
}

/// Makes the folder if need be, readable by nobody else, and takes it for this process.
fn lock_folder(folder: &Path) -> Result<File, Fault> {
    let make = || -> io::Result<File> {
        if !folder.try_exists()? {
            std::fs::create_dir_all(folder)?;
            #[cfg(unix)]
            {
                use std::os::unix::fs::PermissionsExt as _;
                std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o700))?;
            }
        }
        File::create(folder.join(LOCK_FILE))
    };
    let file = make().map_err(|error| io_fault(folder, &error))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(std::fs::TryLockError::WouldBlock) => {
            let said = format!("another backup into {} is running", folder.display());
            Err(Fault::new(Kind::Conflict, "already-exists", said))
        }
        Err(std::fs::TryLockError::Error(error)) => Err(io_fault(folder, &error)),
    }
}

fn names_in(folder: &Path) -> Result<Vec<String>, Fault> {
    let list = || -> io::Result<Vec<String>> {
        let entries = std::fs::read_dir(folder)?;
        entries.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned())).collect()
    };
    list().map_err(|error| io_fault(folder, &error))
}

fn manifest_database(folder: &Path) -> Result<Option<String>, Fault> {
    Ok(Manifest::read(folder)?.map(|manifest| manifest.database))
}

/// Snapshots that no manifest names: of older backups, and of those that were cut short.
fn remove_snapshots(folder: &Path, keep: Option<&str>) -> Result<(), Fault> {
    for name in names_in(folder)? {
        let is_snapshot = name.starts_with(SNAPSHOT.0) && name.contains(SNAPSHOT.1);
        // What SQLite may have put beside a snapshot goes and stays with it.
        if is_snapshot && !keep.is_some_and(|keep| name.starts_with(keep)) {
            let path = folder.join(&name);
            std::fs::remove_file(&path).map_err(|error| io_fault(&path, &error))?;
        }
    }
    Ok(())
}
