//! What is measured when somebody looks, not when something happens.

use std::collections::BTreeMap;

use backlot_model::Fault;
use backlot_store::{jobs, upkeep};
use metrics::gauge;

use crate::Library;
use crate::jobs::Job;

const JOBS: &str = "backlot_jobs";
const JOB_AGE: &str = "backlot_job_oldest_seconds";
const BLOBS: &str = "backlot_blobs";
const BLOB_BYTES: &str = "backlot_blob_bytes";
const CACHED_BYTES: &str = "backlot_rendition_cache_bytes";

/// Says what the gauges mean, to the recorder in force.
pub fn describe_gauges() {
    metrics::describe_gauge!(JOBS, "Jobs that wait or run, by kind, and those given up.");
    metrics::describe_gauge!(JOB_AGE, "Seconds since the oldest job of a kind was asked for.");
    metrics::describe_gauge!(BLOBS, "Files in the store.");
    metrics::describe_gauge!(BLOB_BYTES, "Bytes of the files in the store.");
    metrics::describe_gauge!(CACHED_BYTES, "Bytes of sizes and formats made on demand.");
}

impl Library {
    /// Sets the gauges: queue depth and age by kind, files and bytes.
    ///
    /// # Errors
    /// Database faults; what was set until then stays so.
    pub async fn measure(&self) -> Result<(), Fault> {
        let now = self.now_ms();
        let mut by_kind = BTreeMap::from_iter(Job::KINDS.iter().map(|kind| (*kind, (0, 0, None))));
        for depth in jobs::depths(self.db()).await? {
            let Some(kind) = Job::KINDS.iter().find(|kind| **kind == depth.kind) else { continue };
            by_kind.insert(kind, (depth.live, depth.dead, depth.oldest_at));
        }
        for (kind, (live, dead, oldest_at)) in by_kind {
            gauge!(JOBS, "kind" => kind, "state" => "live").set(as_f64(live));
            gauge!(JOBS, "kind" => kind, "state" => "dead").set(as_f64(dead));
            let age_ms = oldest_at.map_or(0, |at| now.saturating_sub(at).max(0));
            gauge!(JOB_AGE, "kind" => kind).set(as_f64(age_ms.unsigned_abs()) / 1_000.0);
        }
        let (count, bytes) = upkeep::blob_totals(self.db()).await?;
        gauge!(BLOBS).set(as_f64(count));
        gauge!(BLOB_BYTES).set(as_f64(bytes));
        gauge!(CACHED_BYTES).set(as_f64(upkeep::cached_bytes(self.db()).await?));
        Ok(())
    }
}

/// Exact up to 2^53.
#[expect(clippy::cast_precision_loss, reason = "a gauge is a float")]
fn as_f64(count: u64) -> f64 {
    count as f64
}
