//! The one shape of configuration: flags, over the environment, over `backlot.toml`, over the
//! defaults compiled in from `config.default.toml`.
//!
//! Owns: finding the settings, checking them, and saying everything that is wrong with them at
//! once. What comes out is complete and within its limits.
//! Never: touches the data directory beyond reading the settings file, or opens what a setting
//! names.

mod layers;
mod location;
mod reader;
mod sections;
mod show;
mod units;

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use backlot_library::fetch::FetchConfig;
use backlot_library::limiter::LimitsConfig;
use backlot_model::Millis;
use backlot_model::limits::UploadLimits;

pub use layers::{DEFAULT_FILE, Inputs, Mistake, Setting, Settings, Source, environment_name};
pub use location::{BlobUrl, DatabaseUrl};
pub use show::{as_json, as_toml};
pub use units::duration;

use reader::Reader;

/// Everything that can be set, checked.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where everything is kept unless told otherwise.
    pub data_dir: PathBuf,
    /// The records. Always an engine of this version.
    pub database: DatabaseUrl,
    /// The bytes. Always a store of this version.
    pub blobs: BlobUrl,
    /// Listening and connections.
    pub server: ServerConfig,
    /// What may come in.
    pub limits: UploadLimits,
    /// Memory that all decoders share, in bytes; holds at least one picture of the largest size.
    pub decode_memory_bytes_max: u64,
    /// What the server may fetch.
    pub fetch: FetchConfig,
    /// How often a caller may come.
    pub rates: LimitsConfig,
    /// Signed URLs and cached renditions.
    pub media: MediaConfig,
    /// Presigned uploads and temporary files.
    pub uploads: UploadsConfig,
    /// Background work.
    pub jobs: JobsConfig,
    /// Whether the built-in face finder runs.
    pub detect_faces: bool,
    /// Models that the operator brings.
    pub models: ModelsConfig,
    /// How long unreferenced bytes are kept.
    pub gc_grace_ms: Millis,
    /// The first administrator.
    pub admin: AdminConfig,
    /// Logging.
    pub log: LogConfig,
    /// Where each API answers.
    pub dialects: Dialects,
}

/// Listening and connections.
#[derive(Debug, Clone)]
pub struct ServerConfig {
    /// The address to listen on.
    pub listen: SocketAddr,
    /// What clients reach the server as; no trailing slash. `None`: the listening address.
    pub public_url: Option<String>,
    /// For running requests, once told to stop.
    pub shutdown_timeout: Duration,
    /// Open at once.
    pub connections_max: usize,
    /// For the head of a request.
    pub head_timeout: Duration,
    /// For the next piece of a body.
    pub body_idle_timeout: Duration,
    /// Whether the last address of `X-Forwarded-For` is the client's.
    pub trust_forwarded: bool,
    /// Origins that may call from a browser; `*` is any.
    pub cors_origins: Vec<String>,
}

/// Signed URLs and cached renditions.
#[derive(Debug, Clone, Copy)]
pub struct MediaConfig {
    /// The least a signed URL lives.
    pub signed_url_ttl_ms: Millis,
    /// Disk for renditions made on demand.
    pub rendition_cache_bytes_max: u64,
}

/// Presigned uploads and temporary files.
#[derive(Debug, Clone, Copy)]
pub struct UploadsConfig {
    /// How long a presigned upload URL can be used.
    pub presigned_ttl_ms: Millis,
    /// How long an upload in parts can be completed.
    pub multipart_ttl_ms: Millis,
    /// How long a temporary file is kept.
    pub temporary_ttl_ms: Millis,
}

/// Background work.
#[derive(Debug, Clone, Copy)]
pub struct JobsConfig {
    /// Jobs that run at once; `None`: one for each core.
    pub workers: Option<usize>,
    /// Jobs that may wait.
    pub queue_max: u64,
}

/// Models that the operator brings.
#[derive(Debug, Clone)]
pub struct ModelsConfig {
    /// Description files of what finds hints.
    pub hints: Vec<PathBuf>,
    /// The description file of the image encoder.
    pub encoder: Option<PathBuf>,
    /// Threads of one run.
    pub threads: usize,
    /// For one run.
    pub run_time_max: Duration,
    /// The largest network.
    pub file_bytes_max: u64,
}

/// The first administrator.
#[derive(Clone)]
pub struct AdminConfig {
    /// `None`: `admin@localhost`.
    pub email: Option<String>,
    /// `None`: a random one.
    pub password: Option<String>,
}

/// The password is not shown.
impl fmt::Debug for AdminConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let password = self.password.as_ref().map(|_| "***");
        f.debug_struct("AdminConfig")
            .field("email", &self.email)
            .field("password", &password)
            .finish()
    }
}

/// Logging.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogConfig {
    /// A level, or directives of `tracing`'s filter.
    pub level: String,
    /// How lines are written.
    pub format: LogFormat,
}

/// How log lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// Text on a terminal, JSON otherwise.
    Auto,
    /// For people.
    Text,
    /// For machines.
    Json,
}

/// Where each API answers.
#[derive(Debug, Clone)]
pub struct Dialects {
    /// The native API.
    pub native: Mount,
    /// The `piktid` dialect.
    pub piktid: Mount,
    /// The `productai` dialect.
    pub productai: Mount,
    /// The `scenario` dialect.
    pub scenario: Mount,
    /// The `youthumb` dialect.
    pub youthumb: Mount,
}

/// Where one API answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mount {
    /// A path, such as `/piktid`; no trailing slash, and no other API's lies within it.
    pub prefix: String,
    /// A host name that has this API at its root, in lower case.
    pub host: Option<String>,
}

/// A configuration, where it came from, and what looked odd.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// The checked values.
    pub config: Config,
    /// The values as written, each with its source.
    pub settings: Settings,
    /// Things that are no mistakes, but have no effect either.
    pub warnings: Vec<String>,
}

/// Everything that is wrong with the settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistakes(pub Vec<Mistake>);

impl fmt::Display for Mistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the settings are not valid:")?;
        for mistake in &self.0 {
            write!(f, "\n  {mistake}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Mistakes {}

/// Finds, lays over one another and checks the settings.
///
/// # Errors
/// Every mistake at once, each with the setting, its source and what would be right.
pub fn load(inputs: &Inputs) -> Result<Loaded, Mistakes> {
    let mut mistakes = Vec::new();
    let (settings, warnings) = Settings::gather(inputs, &mut mistakes);
    let mut reader = Reader::new(&settings, mistakes);
    let config = sections::read(&mut reader);
    match config {
        Some(config) if reader.mistakes.is_empty() => Ok(Loaded { config, settings, warnings }),
        _ => Err(Mistakes(reader.mistakes)),
    }
}

#[cfg(test)]
mod tests;
