//! Real engines for tests, quickly.
//!
//! Owns: fresh, migrated databases and fresh blob stores. A check that runs through
//! [`on_every_engine`] or [`on_every_blob_store`] is the contract an engine or a store has to meet;
//! adding one adds a line here.
//! Never: part of the server; behind the feature `testing`.

#![expect(clippy::expect_used, reason = "a test that cannot be set up has failed")]

use std::io;
mod fill;

use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use tempfile::TempDir;
use tokio::sync::OnceCell;

use crate::blobs::{Blobs, DiskFaults, DiskOptions, DiskStep};
use crate::db::{Db, Durability, SqliteOptions};
use crate::migrate::{self, MIGRATIONS};

pub use fill::{Filled, fill};

/// A database of its own for one test; its files go with it.
pub struct TestDb {
    db: Db,
    folder: TempDir,
}

impl TestDb {
    /// Where the SQLite file lies.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        database_in(self.folder.path())
    }
}

impl Deref for TestDb {
    type Target = Db;

    fn deref(&self) -> &Db {
        &self.db
    }
}

/// Runs `check` with a fresh, migrated database of every engine there is.
pub async fn on_every_engine(check: impl AsyncFn(&TestDb)) {
    let db = sqlite().await;
    check(&db).await;
    db.close().await.expect("the database closes after the test");
}

/// A fresh SQLite database with the schema of this version: a copy of one made once per process.
pub async fn sqlite() -> TestDb {
    static TEMPLATE: OnceCell<Vec<u8>> = OnceCell::const_new();
    let template = TEMPLATE.get_or_init(template).await;
    let folder = tempfile::tempdir().expect("a temporary folder");
    std::fs::write(database_in(folder.path()), template).expect("the template is copied");
    open(folder).await
}

/// A fresh SQLite database without any table.
pub async fn empty_sqlite() -> TestDb {
    open(tempfile::tempdir().expect("a temporary folder")).await
}

/// Options for tests: few threads, and nothing waits for the disk.
#[must_use]
pub fn sqlite_options() -> SqliteOptions {
    SqliteOptions { readers: 2, durability: Durability::Process, ..SqliteOptions::default() }
}

async fn open(folder: TempDir) -> TestDb {
    let db = Db::open_sqlite(&database_in(folder.path()), sqlite_options()).await;
    TestDb { db: db.expect("the database opens"), folder }
}

async fn template() -> Vec<u8> {
    let db = empty_sqlite().await;
    migrate::run(&db, MIGRATIONS, 0).await.expect("the schema applies");
    db.close().await.expect("the template closes");
    std::fs::read(db.path()).expect("the template is read")
}

fn database_in(folder: &Path) -> PathBuf {
    folder.join("backlot.db")
}

/// A blob store of its own for one test; its files go with it.
pub struct TestBlobs {
    blobs: Blobs,
    folder: TempDir,
    /// Makes steps on its disk fail.
    pub faults: DiskSwitch,
}

impl TestBlobs {
    /// The folder the store is in.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.folder.path()
    }
}

impl Deref for TestBlobs {
    type Target = Blobs;

    fn deref(&self) -> &Blobs {
        &self.blobs
    }
}

/// Runs `check` with a fresh store of every kind there is.
pub async fn on_every_blob_store(check: impl AsyncFn(&TestBlobs)) {
    check(&disk().await).await;
}

/// A fresh blob store on disk, with the marker `test`.
pub async fn disk() -> TestBlobs {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let faults = DiskSwitch::default();
    let blobs = Blobs::open_disk(folder.path(), DiskOptions { faults: Some(faults.faults()) });
    blobs.write_marker("test").await.expect("the store is made");
    TestBlobs { blobs, folder, faults }
}

/// Makes steps on a disk fail until it is told otherwise. Clones share the switch.
#[derive(Clone, Default)]
pub struct DiskSwitch(Arc<Mutex<Vec<(DiskStep, io::ErrorKind)>>>);

impl DiskSwitch {
    /// From now on `step` fails: with `StorageFull` as on a full disk, or any other kind.
    pub fn fail(&self, step: DiskStep, with: io::ErrorKind) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push((step, with));
    }

    /// The disk is well again.
    pub fn heal(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// For [`DiskOptions::faults`].
    #[must_use]
    pub fn faults(&self) -> DiskFaults {
        let switch = self.clone();
        Arc::new(move |step| {
            let failing = switch.0.lock().unwrap_or_else(PoisonError::into_inner);
            match failing.iter().find(|(failing, _)| *failing == step) {
                Some((_, with)) => Err(io::Error::from(*with)),
                None => Ok(()),
            }
        })
    }
}
