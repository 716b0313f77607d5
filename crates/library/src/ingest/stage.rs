//! How long the stages of an ingest take, for whoever watches the server.

use tokio::time::Instant;

const SECONDS: &str = "backlot_ingest_seconds";

/// A stage under way; measured when it is dropped.
pub(crate) struct Stage {
    name: &'static str,
    begun: Instant,
}

impl Stage {
    /// Begins the stage `name`: `receive` (until the last byte), `store` (until the file is
    /// durable), `record` (until the record is), `process` (facts and thumbnails).
    pub(crate) fn begin(name: &'static str) -> Self {
        Self { name, begun: Instant::now() }
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        let seconds = self.begun.elapsed().as_secs_f64();
        metrics::histogram!(SECONDS, "stage" => self.name).record(seconds);
    }
}

/// Says what the measurements mean, to the recorder in force.
pub(crate) fn describe() {
    metrics::describe_histogram!(
        SECONDS,
        "Seconds that each stage of an ingest took: receive, store, record, process."
    );
}
