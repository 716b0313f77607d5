//! What is measured when somebody looks, not when something happens.

use backlot_model::Fault;
use backlot_store::jobs::{self, State};
use backlot_store::{blob_rows, renditions};
use metrics::gauge;

use crate::Library;
use crate::jobs::Job;

const JOBS: &str = "backlot_jobs";
const JOB_AGE: &str = "backlot_job_oldest_seconds";
const BLOBS: &str = "backlot_blobs";
const BLOB_BYTES: &str = "backlot_blob_bytes";
const CACHED_BYTES: &str = "backlot_rendition_cache_bytes";

/// Says what the library's measurements mean, to the recorder in force.
pub fn describe_measurements() {
    crate::ingest::describe();
    metrics::describe_gauge!(JOBS, "Jobs, by kind and state: ready, leased, dead.");
    metrics::describe_gauge!(
        JOB_AGE,
        "Seconds for which the first ready job of a kind has been due."
    );
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
        let depths = jobs::depth(self.db()).await?;
        for kind in Job::KINDS {
            for state in [State::Ready, State::Leased, State::Dead] {
                let found = depths.iter().find(|it| it.kind == *kind && it.state == state);
                gauge!(JOBS, "kind" => *kind, "state" => state.word())
                    .set(as_f64(found.map_or(0, |it| it.count)));
                if state == State::Ready {
                    let late_ms = found.map_or(0, |it| now.saturating_sub(it.oldest_due_at).max(0));
                    gauge!(JOB_AGE, "kind" => *kind).set(as_f64(late_ms.unsigned_abs()) / 1_000.0);
                }
            }
        }
        let (count, bytes) = blob_rows::total_bytes(self.db()).await?;
        gauge!(BLOBS).set(as_f64(count));
        gauge!(BLOB_BYTES).set(as_f64(bytes));
        gauge!(CACHED_BYTES).set(as_f64(renditions::cached_bytes(self.db()).await?));
        Ok(())
    }
}

/// Exact up to 2^53.
#[expect(clippy::cast_precision_loss, reason = "a gauge is a float")]
fn as_f64(count: u64) -> f64 {
    count as f64
}
