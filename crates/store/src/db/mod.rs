//! One façade over the database engines, one SQL text for all of them.
//!
//! Owns: running statements, transactions, snapshots, the size and the waiting time of pools.
//! Placeholders are `$1`, `$2`, …, in any order; ids are text, times are milliseconds, booleans are
//! integers. Rows are mapped where they are read, by column index, so that nothing is materialised
//! twice.
//! Never: knows a table, or turns a missing row into a fault.

mod arg;
mod error;
mod fetch;
mod row;
mod sqlite;
mod tx;

use std::borrow::Cow;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use futures::future::BoxFuture;

pub use arg::{Arg, texts};
pub use error::{DbError, DbErrorKind};
pub use fetch::Fetch;
pub use row::{FromColumn, Row, Value};
pub use sqlite::{Durability, SqliteOptions};
pub use tx::{ReadTx, Tx};

use sqlite::Sqlite;

/// A statement's text: a literal, or composed once.
pub type Sql = Cow<'static, str>;

/// A database. Clones share one engine; the last one to go closes it.
#[derive(Clone)]
pub struct Db {
    engine: Engine,
}

#[derive(Clone)]
enum Engine {
    Sqlite(Arc<Sqlite>),
}

impl Db {
    /// Opens the SQLite file at `path`, and makes it when there is none.
    ///
    /// Refuses a file of another application, and a file on a network file system, where the
    /// write-ahead log does not work.
    pub async fn open_sqlite(path: &Path, options: SqliteOptions) -> Result<Self, DbError> {
        let sqlite = Sqlite::open(path, options).await?;
        Ok(Self { engine: Engine::Sqlite(Arc::new(sqlite)) })
    }

    /// Runs one statement that returns no rows, in its own transaction. The number of rows changed.
    pub fn execute(
        &self,
        sql: impl Into<Sql>,
        args: Vec<Arg>,
    ) -> BoxFuture<'_, Result<u64, DbError>> {
        let sql = sql.into();
        Box::pin(async move {
            match &self.engine {
                Engine::Sqlite(sqlite) => sqlite.execute(sql, args).await,
            }
        })
    }

    /// Runs one statement that changes and returns rows (`RETURNING`), in its own transaction.
    ///
    /// An error of `map` undoes the change.
    pub fn execute_returning<T, F>(
        &self,
        sql: impl Into<Sql>,
        args: Vec<Arg>,
        map: F,
    ) -> BoxFuture<'_, Result<Vec<T>, DbError>>
    where
        T: Send + 'static,
        F: FnMut(&Row<'_>) -> Result<T, DbError> + Send + 'static,
    {
        let sql = sql.into();
        Box::pin(async move {
            match &self.engine {
                Engine::Sqlite(sqlite) => sqlite.execute_returning(sql, args, map).await,
            }
        })
    }

    /// Begins a transaction that may write. Dropping it undoes everything.
    ///
    /// Waits for its turn at most as long as the options say, then fails as busy. On SQLite there
    /// is one such transaction at a time: never wait for anything slow while holding it.
    pub async fn begin(&self) -> Result<Tx, DbError> {
        match &self.engine {
            Engine::Sqlite(sqlite) => sqlite.begin().await.map(Tx::sqlite),
        }
    }

    /// Begins a reading transaction: every statement sees the state the first one saw.
    ///
    /// It occupies a reader while it lives. Left idle too long, it ends by itself.
    pub async fn snapshot(&self) -> Result<ReadTx, DbError> {
        match &self.engine {
            Engine::Sqlite(sqlite) => sqlite.snapshot().await.map(ReadTx::sqlite),
        }
    }

    /// How many statements have run so far, for tests that promise a fixed number of queries.
    #[must_use]
    pub fn statements_run(&self) -> u64 {
        match &self.engine {
            Engine::Sqlite(sqlite) => sqlite.statements().load(Ordering::Relaxed),
        }
    }

    /// Which engine this is: `sqlite` (later `postgres`).
    #[must_use]
    pub fn engine_name(&self) -> &'static str {
        match &self.engine {
            Engine::Sqlite(_) => "sqlite",
        }
    }

    /// What makes a row lock pass over rows that others hold; stands at the end of a subselect.
    #[must_use]
    pub fn skip_locked(&self) -> &'static str {
        match &self.engine {
            Engine::Sqlite(_) => "",
        }
    }

    /// Writes a consistent copy to `path`, which must not exist yet, while everything goes on.
    ///
    /// A copy cut short never has that name.
    pub async fn backup_to(&self, path: &Path) -> Result<(), DbError> {
        match &self.engine {
            Engine::Sqlite(sqlite) => sqlite.backup_to(path).await,
        }
    }

    /// Reads the whole database and tells what is damaged; empty when it is sound.
    ///
    /// Takes minutes on a big database, beside everything else.
    pub async fn integrity_check(&self) -> Result<Vec<String>, DbError> {
        match &self.engine {
            Engine::Sqlite(sqlite) => sqlite.integrity_check().await,
        }
    }

    /// Refreshes the planner's statistics where it is worth it; now and then, and after imports.
    pub async fn optimize(&self) -> Result<(), DbError> {
        match &self.engine {
            Engine::Sqlite(sqlite) => sqlite.optimize().await,
        }
    }

    /// Finishes what runs, refreshes the planner's statistics and closes. Later calls fail as
    /// unavailable. Dropping the last clone does the same without telling when it is done.
    pub async fn close(&self) -> Result<(), DbError> {
        match &self.engine {
            Engine::Sqlite(sqlite) => sqlite.close().await,
        }
    }
}

impl Fetch for Db {
    fn each_text(&self, number: usize) -> String {
        match &self.engine {
            Engine::Sqlite(_) => sqlite::each_text(number),
        }
    }

    fn run_fetch<T, F>(
        &self,
        sql: Sql,
        args: Vec<Arg>,
        rows_max: usize,
        map: F,
    ) -> BoxFuture<'_, Result<Vec<T>, DbError>>
    where
        T: Send + 'static,
        F: FnMut(&Row<'_>) -> Result<T, DbError> + Send + 'static,
    {
        Box::pin(async move {
            match &self.engine {
                Engine::Sqlite(sqlite) => {
                    sqlite.read(move |conn| conn.fetch(&sql, &args, rows_max, map)).await
                }
            }
        })
    }
}
