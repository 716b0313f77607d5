//! Putting the parts together: from settings to a library that answers.
//!
//! Owns: the order of opening and closing, and the lock that keeps two servers off one database.
//! Every command goes through [`open`].

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use backlot_library::accounts::{Accounts, AccountsConfig, AccountsParts};
use backlot_library::context::Parts;
use backlot_library::ingest::heif;
use backlot_library::jobs::{Detector, FaceDetector};
use backlot_library::limiter::Limiter;
use backlot_library::secret::SystemRandom;
use backlot_library::upkeep::{MarkerTrouble, bind};
use backlot_library::{Library, LibraryConfig};
use backlot_model::clock::SystemClock;
use backlot_model::{Clock, Fault, Ids};
use backlot_store::blobs::{Blobs, DiskOptions};
use backlot_store::db::{Db, SqliteOptions};
use backlot_store::migrate::{self, MIGRATIONS};

use crate::cli::{Exit, Failure};
use crate::config::Config;
use crate::models::Models;

/// How long a server waits for the one before it to end.
const LOCK_WAIT: Duration = Duration::from_secs(2);
const LOCK_POLL: Duration = Duration::from_millis(50);

/// What a command needs to be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expect {
    /// A library; nothing is made.
    Library,
    /// A library, made if there is none.
    LibraryOrNew,
    /// A library, whatever state the store of its files is in.
    Records,
}

/// A library and what has to be closed with it. Clones share it.
#[derive(Clone)]
pub struct Opened {
    /// The operations.
    pub library: Library,
    /// The models that are in use, and those that are broken.
    pub models: Models,
    db: Db,
    blobs: Blobs,
    config: LibraryConfig,
}

impl Opened {
    /// Writes what is still held back, and closes.
    ///
    /// # Errors
    /// Database faults.
    pub async fn close(self) -> Result<(), Fault> {
        self.library.accounts().tidy().await?;
        Ok(self.db.close().await?)
    }

    /// Refreshes what the database knows of itself, where that is worth it.
    ///
    /// # Errors
    /// Database faults.
    pub async fn optimize(&self) -> Result<(), Fault> {
        Ok(self.db.optimize().await?)
    }

    /// The same library with another clock.
    ///
    /// # Errors
    /// Database faults.
    pub async fn with_clock(&self, clock: Arc<dyn Clock>) -> Result<Library, Fault> {
        let (db, blobs, config) = (self.db.clone(), self.blobs.clone(), self.config.clone());
        assemble(db, blobs, config, clock, self.models.clone()).await
    }
}

/// Opens the library that the settings name.
///
/// # Errors
/// [`Exit::Refused`] when there is none; [`Exit::Unavailable`] when its storage cannot be reached or
/// is another library's, with the setting to look at.
pub async fn open(config: &Config, expect: Expect) -> Result<Opened, Failure> {
    open_with(config, expect, Models::default()).await
}

/// The same for a process that runs jobs: with the operator's models, which take time and memory to
/// load. Those that cannot be used are told of and left out.
///
/// # Errors
/// As [`open`].
pub async fn open_to_work(config: &Config, expect: Expect) -> Result<Opened, Failure> {
    let settings = config.models.clone();
    let models = tokio::task::spawn_blocking(move || Models::load(&settings));
    let models = models.await.map_err(Fault::internal)?;
    open_with(config, expect, models).await
}

async fn open_with(config: &Config, expect: Expect, models: Models) -> Result<Opened, Failure> {
    let path = database_path(config)?;
    if expect != Expect::LibraryOrNew && !exists(path)? {
        let dir = config.data_dir.display();
        let message = format!(
            "there is no library in {dir} (no {}); `backlot serve` makes one, or give another \
             --data-dir",
            path.display()
        );
        return Err(Failure::new(Exit::Refused, message));
    }
    make_folder(&config.data_dir)?;
    if let Some(parent) = path.parent().filter(|parent| *parent != Path::new("")) {
        make_folder(parent)?;
    }
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let db = Db::open_sqlite(path, SqliteOptions::default()).await.map_err(|error| {
        let mut failure = Failure::from(Fault::from(error));
        failure.message = format!("{}: {}", path.display(), failure.message);
        failure
    })?;
    migrate::run(&db, MIGRATIONS, clock.now_ms()).await.map_err(Fault::from)?;
    let folder = blob_folder(config)?;
    let blobs = Blobs::open_disk(folder, DiskOptions::default());
    if expect != Expect::Records {
        let ids = Ids::new(Arc::clone(&clock));
        bind(&db, &blobs, &ids).await.map_err(|fault| explain(fault, folder))?;
    }
    let config = library_config(config);
    let parts = (db.clone(), blobs.clone(), config.clone());
    let library = assemble(parts.0, parts.1, parts.2, clock, models.clone()).await?;
    Ok(Opened { library, models, db, blobs, config })
}

async fn assemble(
    db: Db,
    blobs: Blobs,
    config: LibraryConfig,
    clock: Arc<dyn Clock>,
    models: Models,
) -> Result<Library, Fault> {
    let random = Arc::new(SystemRandom);
    let ids = Arc::new(Ids::new(Arc::clone(&clock)));
    let limiter = Arc::new(Limiter::new(Arc::clone(&clock), config.rates));
    let parts = AccountsParts {
        db: db.clone(),
        clock: Arc::clone(&clock),
        ids: Arc::clone(&ids),
        random: random.clone(),
        limiter: Arc::clone(&limiter),
    };
    let accounts = Accounts::open(parts, AccountsConfig::default()).await?;
    let Models { mut detectors, encoder, .. } = models;
    if config.detect_faces {
        // What the operator brings knows better.
        detectors.extend(face_finder());
    }
    Library::new(Parts {
        db,
        blobs,
        clock,
        random,
        ids,
        limiter,
        accounts,
        config,
        detectors,
        encoder,
    })
}

fn face_finder() -> Option<Arc<dyn Detector>> {
    let faces = FaceDetector::load().map(|faces| Arc::new(faces) as Arc<dyn Detector>);
    if faces.is_none() {
        tracing::error!("the built-in face finder cannot be loaded; it gives no hints");
    }
    faces
}

/// The settings as the library takes them.
#[must_use]
pub fn library_config(config: &Config) -> LibraryConfig {
    let defaults = LibraryConfig::default();
    LibraryConfig {
        uploads: config.limits,
        fetch: config.fetch.clone(),
        rates: config.rates,
        signed_url_ttl_ms: config.media.signed_url_ttl_ms,
        upload_ttl_ms: config.uploads.presigned_ttl_ms,
        parts_ttl_ms: config.uploads.multipart_ttl_ms,
        temp_file_ttl_ms: config.uploads.temporary_ttl_ms,
        blob_grace_ms: config.gc_grace_ms,
        rendition_cache_bytes: config.media.rendition_cache_bytes_max,
        decode_memory_bytes: config.decode_memory_bytes_max,
        decode_workers: config.jobs.workers.unwrap_or(defaults.decode_workers),
        job_workers: config.jobs.workers.unwrap_or(defaults.job_workers),
        queue_depth_max: config.jobs.queue_max,
        job_lease_ms: defaults.job_lease_ms,
        job_attempts_max: defaults.job_attempts_max,
        heif_converter: heif::find_converter(),
        detect_faces: config.detect_faces,
    }
}

/// Says which setting to look at when records and bytes do not belong together.
fn explain(fault: Fault, folder: &Path) -> Failure {
    let is_marker = fault.cause.as_ref().is_some_and(|cause| cause.is::<MarkerTrouble>());
    if !is_marker {
        return fault.into();
    }
    let message = format!(
        "{}\n  the folder is {}, as the settings blob_url and data_dir say\n  mount its volume, or \
         correct the setting; nothing was changed",
        fault.message,
        folder.display()
    );
    Failure::new(Exit::Unavailable, message)
}

/// The file of the database.
///
/// # Errors
/// [`Exit::Usage`] for an engine that this version does not have.
pub fn database_path(config: &Config) -> Result<&Path, Failure> {
    config.database.sqlite_path().map_err(|message| Failure::new(Exit::Usage, message))
}

/// The folder of the files.
///
/// # Errors
/// [`Exit::Usage`] for a store that this version does not have.
pub fn blob_folder(config: &Config) -> Result<&Path, Failure> {
    config.blobs.folder().map_err(|message| Failure::new(Exit::Usage, message))
}

/// Makes a folder that only this user may read, unless it is there.
pub(crate) fn make_folder(path: &Path) -> Result<(), Failure> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path).map_err(|error| unreachable_path(path, &error))
}

fn exists(path: &Path) -> Result<bool, Failure> {
    path.try_exists().map_err(|error| unreachable_path(path, &error))
}

pub(crate) fn unreachable_path(path: &Path, error: &io::Error) -> Failure {
    Failure::new(Exit::Unavailable, format!("{}: {error}", path.display()))
}

/// Held by the one process that serves a database. Given back when dropped, and by the system when
/// the process dies.
pub struct ServingLock {
    _file: File,
}

impl ServingLock {
    /// Takes the lock, after a short wait for a server that is just ending.
    ///
    /// # Errors
    /// [`Exit::Refused`] when another process keeps it.
    pub async fn take(config: &Config) -> Result<Self, Failure> {
        make_folder(&config.data_dir)?;
        let path = lock_path(config)?;
        let begun = tokio::time::Instant::now();
        loop {
            let file = File::create(&path).map_err(|error| unreachable_path(&path, &error))?;
            match file.try_lock() {
                Ok(()) => return Ok(Self { _file: file }),
                Err(std::fs::TryLockError::WouldBlock) if begun.elapsed() < LOCK_WAIT => {
                    tokio::time::sleep(LOCK_POLL).await;
                }
                Err(std::fs::TryLockError::WouldBlock) => {
                    let message = format!(
                        "another server is serving this library ({} is locked); stop it first, or \
                         give another --data-dir",
                        path.display()
                    );
                    return Err(Failure::new(Exit::Refused, message));
                }
                Err(std::fs::TryLockError::Error(error)) => {
                    return Err(unreachable_path(&path, &error));
                }
            }
        }
    }

    /// Whether a server is serving this library now.
    ///
    /// # Errors
    /// [`Exit::Unavailable`] when the lock cannot be looked at.
    pub fn is_held(config: &Config) -> Result<bool, Failure> {
        let path = lock_path(config)?;
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            Err(error) => return Err(unreachable_path(&path, &error)),
        };
        // Shared, and let go at once: a server that starts just now tries again.
        match file.try_lock_shared() {
            Ok(()) => Ok(false),
            Err(std::fs::TryLockError::WouldBlock) => Ok(true),
            Err(std::fs::TryLockError::Error(error)) => Err(unreachable_path(&path, &error)),
        }
    }
}

/// Beside the database: whoever shares that shares the lock.
fn lock_path(config: &Config) -> Result<PathBuf, Failure> {
    Ok(database_path(config)?.with_extension("serving"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Inputs, load};

    fn config_in(dir: &Path) -> Config {
        let dir = dir.to_str().unwrap().to_owned();
        let flags = vec![("data_dir", "--data-dir", dir)];
        load(&Inputs { flags, ..Inputs::default() }).unwrap().config
    }

    #[test]
    fn the_default_settings_are_the_librarys_defaults() {
        let dir = tempfile::tempdir().unwrap();
        let ours = LibraryConfig { heif_converter: None, ..library_config(&config_in(dir.path())) };
        let theirs = LibraryConfig::default();
        assert_eq!(format!("{ours:#?}"), format!("{theirs:#?}"));
    }

    #[tokio::test(start_paused = true)]
    async fn one_server_serves_a_library() {
        let dir = tempfile::tempdir().unwrap();
        let config = config_in(dir.path());
        assert!(!ServingLock::is_held(&config).unwrap());
        let held = ServingLock::take(&config).await.unwrap();
        assert!(ServingLock::is_held(&config).unwrap());
        let refused = ServingLock::take(&config).await.err().unwrap();
        assert_eq!(refused.exit, Exit::Refused);
        drop(held);
        assert!(!ServingLock::is_held(&config).unwrap());
        assert!(ServingLock::take(&config).await.is_ok());
    }

    #[tokio::test]
    async fn only_some_commands_make_a_library() {
        let dir = tempfile::tempdir().unwrap();
        let config = config_in(&dir.path().join("data"));
        let refused = open(&config, Expect::Library).await.err().unwrap();
        assert_eq!(refused.exit, Exit::Refused);
        assert!(!config.data_dir.try_exists().unwrap());
        open(&config, Expect::LibraryOrNew).await.unwrap().close().await.unwrap();
        open(&config, Expect::Library).await.unwrap().close().await.unwrap();
        let folder = blob_folder(&config).unwrap();
        std::fs::rename(folder, dir.path().join("elsewhere")).unwrap();
        let refused = open(&config, Expect::LibraryOrNew).await.err().unwrap();
        assert_eq!(refused.exit, Exit::Unavailable);
        assert!(refused.message.contains("blob_url"), "{}", refused.message);
        assert!(!folder.try_exists().unwrap());
    }
}
