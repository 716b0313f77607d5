//! Holds the store against the records: a part of 256 at a time, beside a running server.
//!
//! A part is listed first and its rows read after, so what differs may only have changed between:
//! nothing is reported before it was looked at again where no writer can be at work.
//! Owns: what counts as a fault. Bytes that nothing refers to are none: a crash may leave them, and
//! the collector takes them.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::time::Duration;

use backlot_model::media::Digest;
use backlot_model::{Fault, Millis};
use backlot_store::blobs::{BlobEntry, BlobError};
use backlot_store::settings;
use backlot_store::upkeep::{self, BlobRecord};
use futures::StreamExt as _;
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use super::findings::{Finding, FindingKind, VerifyReport};
use super::marker::MarkerTrouble;
use crate::Library;
use crate::ingest::process::THUMBS;

/// Where an interrupted run is remembered.
const POSITION: &str = "verify/position";
/// How many files are hashed at once.
const HASHED_AT_ONCE: usize = 4;
/// How many assets a finding names.
const ASSETS_NAMED_MAX: u32 = 5;
/// How many stuck assets are looked at in one go.
const STUCK_PAGE: u32 = 500;

/// What a run looks at.
#[derive(Debug, Clone, Copy, Default)]
pub struct VerifyOptions {
    /// Reads every file whole and compares its digest.
    pub deep: bool,
    /// Repairs what can be without asking: thumbnails are made again, forgotten work is asked for.
    pub repair: bool,
    /// Goes on where the last run was cut short, as deep as that one.
    pub resume: bool,
    /// Ends after this time, but not before a part is done, to be resumed.
    pub time_max: Option<Duration>,
}

/// What is told while it happens.
#[derive(Debug)]
pub enum VerifyStep<'a> {
    /// The database is being read whole.
    Database,
    /// A part of the store is done.
    Part(&'a VerifyReport),
    /// Something does not hold.
    Found(&'a Finding),
}

/// Who is told.
pub(super) type Tell<'a> = &'a mut (dyn FnMut(VerifyStep<'_>) + Send);

/// Where a run was cut short.
#[derive(Serialize, Deserialize)]
struct Position {
    deep: bool,
    report: VerifyReport,
}

pub(super) struct Run<'a> {
    pub(super) options: VerifyOptions,
    pub(super) report: VerifyReport,
    tell: Tell<'a>,
}

impl Run<'_> {
    pub(super) fn note(
        &mut self,
        kind: FindingKind,
        subject: impl fmt::Display,
        detail: impl Into<String>,
        repaired: bool,
    ) {
        let finding =
            Finding { kind, subject: subject.to_string(), detail: detail.into(), repaired };
        let tally = self.report.findings.entry(kind).or_default();
        tally.found += 1;
        tally.repaired += u64::from(repaired);
        (self.tell)(VerifyStep::Found(&finding));
    }
}

impl Library {
    /// Holds files, thumbnails and unfinished work against the records, and tells `tell` what does
    /// not hold as it is found. Safe beside everything else; memory is bounded by a part.
    ///
    /// # Errors
    /// Storage and database faults that end the run; it can be resumed after the last whole part.
    pub async fn verify(
        &self,
        options: VerifyOptions,
        tell: Tell<'_>,
    ) -> Result<VerifyReport, Fault> {
        let begun = Instant::now();
        let mut run = Run { options, report: VerifyReport::default(), tell };
        if options.resume
            && let Some(position) = self.position().await?
        {
            run.options.deep = position.deep;
            run.report = position.report;
        }
        if !self.verify_marker(&mut run).await? {
            return Ok(run.report);
        }
        if run.report.parts_done == 0 {
            self.verify_database(&mut run).await?;
            self.verify_unfinished(&mut run).await?;
        }
        while !run.report.is_complete() {
            let Ok(prefix) = u8::try_from(run.report.parts_done) else { break };
            self.verify_part(prefix, &mut run).await?;
            run.report.parts_done += 1;
            self.remember(&run).await?;
            (run.tell)(VerifyStep::Part(&run.report));
            let is_over = options.time_max.is_some_and(|time_max| begun.elapsed() >= time_max);
            if is_over && !run.report.is_complete() {
                return Ok(run.report);
            }
        }
        settings::remove(self.db(), POSITION).await?;
        Ok(run.report)
    }

    async fn position(&self) -> Result<Option<Position>, Fault> {
        let saved = settings::get(self.db(), POSITION).await?;
        // One of another version is none.
        Ok(saved.and_then(|saved| serde_json::from_str(&saved).ok()))
    }

    async fn remember(&self, run: &Run<'_>) -> Result<(), Fault> {
        let position = Position { deep: run.options.deep, report: run.report.clone() };
        let saved = serde_json::to_string(&position).map_err(Fault::internal)?;
        Ok(settings::set(self.db(), POSITION, &saved).await?)
    }

    /// Against the wrong store everything would be missing: then nothing else is looked at.
    async fn verify_marker(&self, run: &mut Run<'_>) -> Result<bool, Fault> {
        let Err(fault) = self.check_bytes().await else { return Ok(true) };
        let cause = fault.cause.as_ref().and_then(|it| it.downcast_ref::<MarkerTrouble>());
        let Some(trouble) = cause else { return Err(fault) };
        run.note(FindingKind::WrongStore, "the store of the files", trouble.to_string(), false);
        Ok(false)
    }

    async fn verify_database(&self, run: &mut Run<'_>) -> Result<(), Fault> {
        (run.tell)(VerifyStep::Database);
        for problem in self.db().integrity_check().await? {
            run.note(FindingKind::DatabaseDamaged, problem, "", false);
        }
        Ok(())
    }

    /// Assets that are `processing` although no job is there to end that.
    async fn verify_unfinished(&self, run: &mut Run<'_>) -> Result<(), Fault> {
        let mut after = String::new();
        loop {
            let page = upkeep::abandoned_assets(self.db(), &after, STUCK_PAGE).await?;
            let Some(last) = page.last() else { return Ok(()) };
            after = last.to_string();
            for id in page {
                let repaired = run.options.repair && self.take_up(id).await?;
                run.note(FindingKind::Stuck, id, "processing without a job", repaired);
            }
        }
    }

    async fn verify_part(&self, prefix: u8, run: &mut Run<'_>) -> Result<(), Fault> {
        let listing = self.blobs().list(prefix).await?;
        let records = upkeep::blobs(self.db(), prefix).await?;
        let mut files: HashMap<Digest, BlobEntry> =
            listing.blobs.into_iter().map(|entry| (entry.digest, entry)).collect();
        let mut there = Vec::with_capacity(records.len());
        for record in &records {
            run.report.files += 1;
            run.report.bytes += record.size;
            match files.remove(&record.digest) {
                Some(entry) if entry.size == record.size => there.push(*record),
                _ => self.look_again(record.digest, None, run).await?,
            }
        }
        if run.options.deep {
            self.hash_all(&there, run).await?;
        }
        let there: HashMap<Digest, BlobRecord> =
            there.into_iter().map(|record| (record.digest, record)).collect();
        self.verify_renditions(prefix, &there, run).await?;
        let mut unreferenced: Vec<BlobEntry> = files.into_values().collect();
        unreferenced.sort_unstable_by_key(|entry| entry.digest);
        for entry in unreferenced {
            self.verify_unreferenced(entry, run).await?;
        }
        for stray in listing.strays {
            run.note(FindingKind::Stray, stray, "no file of Backlot's; it is left alone", false);
        }
        Ok(())
    }

    /// Looks where no collector can be between row and file, and only then complains.
    async fn look_again(
        &self,
        digest: Digest,
        complaint: Option<String>,
        run: &mut Run<'_>,
    ) -> Result<(), Fault> {
        let tx = self.db().begin().await?;
        let record = upkeep::blob(&tx, digest).await?;
        let size = self.blobs().size(digest).await?;
        tx.rollback().await?;
        let Some(record) = record else { return Ok(()) };
        let (kind, said) = match (size, complaint) {
            (None, _) => (FindingKind::Missing, format!("{} bytes", record.size)),
            (Some(size), _) if size != record.size => {
                let said = format!("{size} bytes instead of {}", record.size);
                (FindingKind::WrongSize, said)
            }
            (Some(_), Some(complaint)) => (FindingKind::Corrupt, complaint),
            (Some(_), None) => return Ok(()),
        };
        let assets = upkeep::assets_of(self.db(), digest, ASSETS_NAMED_MAX).await?;
        let assets: Vec<String> = assets.iter().map(ToString::to_string).collect();
        let named = if assets.is_empty() { "none".to_owned() } else { assets.join(", ") };
        run.note(kind, digest, format!("{said}; assets: {named}"), false);
        Ok(())
    }

    async fn hash_all(&self, records: &[BlobRecord], run: &mut Run<'_>) -> Result<(), Fault> {
        let blobs = self.blobs();
        let hashing = records.iter().map(async |record| {
            let hashed = blobs.rehash(record.digest).await;
            (record.digest, hashed)
        });
        let mut hashed = futures::stream::iter(hashing).buffer_unordered(HASHED_AT_ONCE);
        while let Some((digest, result)) = hashed.next().await {
            let complaint = match result {
                Ok((found, size)) => {
                    run.report.bytes_hashed += size;
                    if found == digest {
                        continue;
                    }
                    Some(format!("its bytes have the digest {found}"))
                }
                Err(BlobError::Missing) => None,
                Err(error) => Some(format!("cannot be read: {error}")),
            };
            self.look_again(digest, complaint, run).await?;
        }
        Ok(())
    }

    async fn verify_renditions(
        &self,
        prefix: u8,
        sources: &HashMap<Digest, BlobRecord>,
        run: &mut Run<'_>,
    ) -> Result<(), Fault> {
        let listed = self.blobs().list_renditions(prefix).await?;
        let files: HashSet<(Digest, String)> =
            listed.into_iter().map(|entry| (entry.source, entry.name)).collect();
        let mut thumbs: HashMap<Digest, usize> = HashMap::new();
        let mut broken = Vec::new();
        for record in upkeep::renditions(self.db(), prefix).await? {
            // Without its source nothing can be made again, and that is told already.
            if !sources.contains_key(&record.source) {
                continue;
            }
            let (source, name) = (record.source, record.name);
            let is_there = files.contains(&(source, name.clone()))
                || self.has_rendition_file(source, &name).await?
                || !upkeep::has_rendition(self.db(), source, &name).await?;
            if record.is_cached {
                if !is_there {
                    self.verify_cached(source, &name, run).await?;
                }
                continue;
            }
            run.report.thumbnails += 1;
            *thumbs.entry(source).or_default() += 1;
            if !is_there && broken.last() != Some(&source) {
                broken.push(source);
            }
        }
        let has_too_few = |record: &&BlobRecord| {
            record.has_thumbnails && thumbs.get(&record.digest).copied().unwrap_or(0) < THUMBS.len()
        };
        broken.extend(sources.values().filter(has_too_few).map(|record| record.digest));
        broken.sort_unstable();
        broken.dedup();
        for source in broken {
            self.verify_thumbnails(source, run).await?;
        }
        Ok(())
    }

    async fn verify_unreferenced(&self, entry: BlobEntry, run: &mut Run<'_>) -> Result<(), Fault> {
        // Collected, or recorded, since it was listed.
        if self.blobs().size(entry.digest).await?.is_none()
            || upkeep::blob(self.db(), entry.digest).await?.is_some()
        {
            return Ok(());
        }
        let age_ms = self.now_ms().saturating_sub(entry.modified_ms);
        let is_recent = age_ms < self.config().blob_grace_ms;
        let kind = if is_recent { FindingKind::Recent } else { FindingKind::Unreferenced };
        run.note(kind, entry.digest, format!("{} bytes, {}", entry.size, age(age_ms)), false);
        Ok(())
    }
}

fn age(age_ms: Millis) -> String {
    let hours = age_ms.max(0) / backlot_model::clock::HOUR_MS;
    match hours {
        0 => "less than an hour old".to_owned(),
        1..48 => format!("{hours} h old"),
        _ => format!("{} days old", hours / 24),
    }
}
