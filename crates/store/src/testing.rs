//! Real engines for tests, quickly.
//!
//! Owns: fresh, migrated databases. A check that runs through [`on_every_engine`] is the contract
//! an engine has to meet; adding an engine adds a line here.
//! Never: part of the server; behind the feature `testing`.

#![expect(clippy::expect_used, reason = "a test that cannot be set up has failed")]

use std::ops::Deref;
use std::path::{Path, PathBuf};

use tempfile::TempDir;
use tokio::sync::OnceCell;

use crate::db::{Db, Durability, SqliteOptions};
use crate::migrate::{self, MIGRATIONS};

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
