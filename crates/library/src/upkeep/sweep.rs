//! Takes away what has had its time, a bounded batch at a time.

use backlot_model::clock::{DAY_MS, HOUR_MS};
use backlot_model::limits::RESTORE_DAYS;
use backlot_model::media::Digest;
use backlot_model::{Fault, Millis};
use backlot_store::{assets, blob_rows, events, idempotency, jobs, tasks, temp_files};

use crate::Library;
use crate::events::EVENTS_KEPT_MS;
use crate::idempotency::ANSWERS_KEPT_MS;

/// How much of each sort one sweep takes away.
const BATCH: u32 = 500;
/// How long dead jobs are kept to be looked at.
const DEAD_JOBS_KEPT_MS: Millis = 30 * DAY_MS;
/// How long tasks that ended are kept for who asked for them.
const TASKS_KEPT_MS: Millis = 30 * DAY_MS;
/// How old a staging file must be before it counts as left behind.
const STAGING_KEPT_MS: Millis = 6 * HOUR_MS;

/// What a sweep took away.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Swept {
    /// Assets whose 30 days were over.
    pub assets: u64,
    /// Temporary files that expired.
    pub temp_files: u64,
    /// Places to upload to that expired.
    pub uploads: u64,
    /// Blobs that nothing refers to any more, past the grace period.
    pub blobs: u64,
    /// Their bytes.
    pub blob_bytes: u64,
    /// Renditions over the bound of the cache.
    pub renditions: u64,
    /// Files of uploads that broke off.
    pub staging_files: u64,
    /// Answers kept for calls that are sent twice.
    pub answers: u64,
    /// Events that nobody can ask for any more.
    pub events: u64,
    /// Dead jobs that were kept long enough.
    pub jobs: u64,
    /// Tasks that ended long ago.
    pub tasks: u64,
}

impl Swept {
    /// Whether there was nothing to take away.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl Library {
    /// Takes away one batch of everything that has had its time. Safe beside everything else, and
    /// to be run by several processes.
    ///
    /// # Errors
    /// Storage and database faults; what was taken away until then stays so.
    pub async fn sweep(&self) -> Result<Swept, Fault> {
        let now = self.now_ms();
        let mut swept = Swept {
            assets: self.purge_assets(now).await?,
            temp_files: self.sweep_temp_files(now).await?,
            uploads: self.sweep_uploads(BATCH).await?,
            ..Swept::default()
        };
        let tx = self.db().begin().await?;
        swept.answers = idempotency::sweep(&tx, now - ANSWERS_KEPT_MS, BATCH).await?;
        swept.events = events::sweep(&tx, now - EVENTS_KEPT_MS, BATCH).await?;
        swept.jobs = jobs::sweep_dead(&tx, now - DEAD_JOBS_KEPT_MS, BATCH).await?;
        swept.tasks = tasks::sweep(&tx, now - TASKS_KEPT_MS, BATCH).await?;
        tx.commit().await?;
        (swept.blobs, swept.blob_bytes) = self.collect_blobs(now).await?;
        swept.renditions = self.trim_renditions().await?;
        let stale = now - STAGING_KEPT_MS;
        swept.staging_files = self.blobs().sweep_staging(stale).await.map_err(Fault::from)?;
        Ok(swept)
    }

    async fn purge_assets(&self, now: Millis) -> Result<u64, Fault> {
        let tx = self.db().begin().await?;
        let gone = assets::purge_deleted(&tx, now - RESTORE_DAYS * DAY_MS, BATCH).await?;
        let count = gone.len() as u64;
        for digest in gone.into_iter().flat_map(|it| it.digests) {
            blob_rows::mark_orphaned_if_unused(&tx, digest, now).await?;
        }
        tx.commit().await?;
        Ok(count)
    }

    async fn sweep_temp_files(&self, now: Millis) -> Result<u64, Fault> {
        let tx = self.db().begin().await?;
        let gone = temp_files::sweep(&tx, now, BATCH).await?;
        let count = gone.len() as u64;
        for digest in gone {
            blob_rows::mark_orphaned_if_unused(&tx, digest, now).await?;
        }
        tx.commit().await?;
        Ok(count)
    }

    /// Blobs whose last reference went longer ago than the grace period.
    async fn collect_blobs(&self, now: Millis) -> Result<(u64, u64), Fault> {
        let before = now - self.config().blob_grace_ms;
        let (mut count, mut bytes) = (0, 0);
        for (digest, size) in blob_rows::orphans(self.db(), before, BATCH).await? {
            if self.collect_blob(digest).await? {
                count += 1;
                bytes += size;
            }
        }
        Ok((count, bytes))
    }

    /// Row first, then bytes, both before the commit: who uploads the same bytes meanwhile waits
    /// for the row, and looks for the bytes after it.
    async fn collect_blob(&self, digest: Digest) -> Result<bool, Fault> {
        let tx = self.db().begin().await?;
        if self.is_backing_up(&tx).await? || !blob_rows::delete_if_unused(&tx, digest).await? {
            return Ok(false);
        }
        self.blobs().delete_renditions(digest).await.map_err(Fault::from)?;
        self.blobs().delete(digest).await.map_err(Fault::from)?;
        tx.commit().await?;
        Ok(true)
    }
}
