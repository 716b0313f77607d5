//! Taking away what nothing refers to: rows whose time is over, and files without a row.
//!
//! Invariant: no upload under way loses bytes. A file without a row goes only when it is older than
//! the grace period *while no writer can be at work*, and a commit of the same bytes makes the file
//! young first; whoever records it afterwards looks for it once more.

use std::collections::HashSet;

use backlot_model::media::Digest;
use backlot_model::{Fault, Millis};
use backlot_store::blobs::BlobEntry;
use backlot_store::upkeep;
use serde::Serialize;

use super::Swept;
use crate::Library;

/// What a collection took away.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Collected {
    /// Deleted assets whose 30 days were over.
    pub assets: u64,
    /// Temporary files that expired.
    pub temp_files: u64,
    /// Places to upload to that expired.
    pub uploads: u64,
    /// Files whose last reference went longer ago than the grace period.
    pub blobs: u64,
    /// Files that never had a reference, older than the grace period.
    pub unreferenced: u64,
    /// The bytes of both.
    pub bytes: u64,
    /// Sizes made on demand, over the bound of their cache or of files that are gone.
    pub renditions: u64,
    /// What was left of uploads that broke off.
    pub staging_files: u64,
    /// Events, dead jobs, finished tasks and kept answers whose time was over.
    pub records: u64,
}

impl Collected {
    fn add(&mut self, swept: Swept) {
        let Swept {
            assets,
            temp_files,
            uploads,
            blobs,
            blob_bytes,
            renditions,
            staging_files,
            answers,
            events,
            jobs,
            tasks,
        } = swept;
        self.assets += assets;
        self.temp_files += temp_files;
        self.uploads += uploads;
        self.blobs += blobs;
        self.bytes += blob_bytes;
        self.renditions += renditions;
        self.staging_files += staging_files;
        self.records += answers + events + jobs + tasks;
    }
}

impl Library {
    /// Takes away everything that has had its time, and files without a row. Safe beside a running
    /// server. `tell` hears how many of 256 parts of the store are done.
    ///
    /// # Errors
    /// Storage and database faults; what was taken away until then stays so. `storage-unavailable`
    /// when the store is not this library's: nothing is touched then.
    pub async fn collect(&self, tell: &mut (dyn FnMut(u16) + Send)) -> Result<Collected, Fault> {
        self.check_bytes().await?;
        let mut collected = Collected::default();
        loop {
            let swept = self.sweep().await?;
            if swept.is_empty() {
                break;
            }
            collected.add(swept);
        }
        for prefix in 0..=u8::MAX {
            self.collect_part(prefix, &mut collected).await?;
            tell(u16::from(prefix) + 1);
        }
        Ok(collected)
    }

    async fn collect_part(&self, prefix: u8, collected: &mut Collected) -> Result<(), Fault> {
        let before = self.now_ms().saturating_sub(self.config().blob_grace_ms);
        let files = self.blobs().list(prefix).await?.blobs;
        let records = upkeep::blobs(self.db(), prefix).await?;
        let recorded: HashSet<Digest> = records.into_iter().map(|it| it.digest).collect();
        for entry in files {
            if !recorded.contains(&entry.digest) && entry.modified_ms < before {
                self.collect_file(entry, before, collected).await?;
            }
        }
        self.collect_renditions(prefix, before, collected).await
    }

    async fn collect_file(
        &self,
        entry: BlobEntry,
        before: Millis,
        collected: &mut Collected,
    ) -> Result<(), Fault> {
        let digest = entry.digest;
        let tx = self.db().begin().await?;
        let is_wanted = upkeep::blob(&tx, digest).await?.is_some()
            || self.blobs().modified_ms(digest).await?.is_none_or(|modified| modified >= before);
        if !is_wanted {
            self.blobs().delete(digest).await?;
            collected.unreferenced += 1;
            collected.bytes += entry.size;
        }
        Ok(tx.rollback().await?)
    }

    /// Files of renditions without a row: of blobs that are gone, or cut off before the row.
    async fn collect_renditions(
        &self,
        prefix: u8,
        before: Millis,
        collected: &mut Collected,
    ) -> Result<(), Fault> {
        let files = self.blobs().list_renditions(prefix).await?;
        let records = upkeep::renditions(self.db(), prefix).await?;
        let recorded: HashSet<(Digest, String)> =
            records.into_iter().map(|it| (it.source, it.name)).collect();
        for entry in files {
            let key = (entry.source, entry.name);
            if entry.modified_ms >= before || recorded.contains(&key) {
                continue;
            }
            let _turn = self.rendition_turn(key.0, &key.1).await;
            let tx = self.db().begin().await?;
            let is_wanted = upkeep::has_rendition(&tx, key.0, &key.1).await?
                || self
                    .blobs()
                    .rendition_modified_ms(key.0, &key.1)
                    .await?
                    .is_none_or(|modified| modified >= before);
            if !is_wanted {
                self.blobs().delete_rendition(key.0, &key.1).await?;
                collected.renditions += 1;
            }
            tx.rollback().await?;
        }
        Ok(())
    }
}
