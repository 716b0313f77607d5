//! What the operations can be told by the operator.

use backlot_model::Millis;
use backlot_model::clock::{DAY_MS, HOUR_MS, MINUTE_MS};
use backlot_model::limits::UploadLimits;

use crate::fetch::FetchConfig;
use crate::limiter::LimitsConfig;

/// Settings of the library; each has a default that suits a small machine.
#[derive(Debug, Clone)]
pub struct LibraryConfig {
    /// What may come in.
    pub uploads: UploadLimits,
    /// How the server fetches addresses that users give.
    pub fetch: FetchConfig,
    /// How often callers may do what.
    pub rates: LimitsConfig,
    /// How long a signed URL lives before it is rounded up to a whole day, in milliseconds.
    pub signed_url_ttl_ms: Millis,
    /// How long a place to upload to stays open, in milliseconds.
    pub upload_ttl_ms: Millis,
    /// How long an upload in parts stays open, in milliseconds.
    pub parts_ttl_ms: Millis,
    /// How long a temporary file lives, in milliseconds.
    pub temp_file_ttl_ms: Millis,
    /// How long bytes outlive their last reference, in milliseconds.
    pub blob_grace_ms: Millis,
    /// How much the renditions made on demand may take, in bytes.
    pub rendition_cache_bytes: u64,
    /// How much memory decoding may take at once, in bytes.
    pub decode_memory_bytes: u64,
    /// How many pictures are decoded at once.
    pub decode_workers: usize,
    /// How many jobs run at once.
    pub job_workers: usize,
    /// How many jobs may wait before uploads are refused.
    pub queue_depth_max: u64,
    /// How long a job may be silent before another worker takes it, in milliseconds.
    pub job_lease_ms: Millis,
    /// How often a job is tried.
    pub job_attempts_max: u32,
    /// The program that turns HEIC into JPEG, if there is one.
    pub heif_converter: Option<std::path::PathBuf>,
    /// Whether the built-in face hint runs.
    pub detect_faces: bool,
}

impl Default for LibraryConfig {
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
        Self {
            uploads: UploadLimits::default(),
            fetch: FetchConfig::default(),
            rates: LimitsConfig::default(),
            signed_url_ttl_ms: 7 * DAY_MS,
            upload_ttl_ms: 15 * MINUTE_MS,
            parts_ttl_ms: DAY_MS,
            temp_file_ttl_ms: DAY_MS,
            blob_grace_ms: 24 * HOUR_MS,
            rendition_cache_bytes: 1 << 30,
            decode_memory_bytes: 512 << 20,
            decode_workers: cores,
            job_workers: cores,
            queue_depth_max: 10_000,
            job_lease_ms: MINUTE_MS,
            job_attempts_max: 5,
            heif_converter: None,
            detect_faces: true,
        }
    }
}
