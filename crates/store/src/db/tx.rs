//! Transactions: one that writes, one that only reads.

use std::sync::{Mutex, PoisonError};

use futures::future::BoxFuture;

use super::sqlite::{self, Snapshot, WriteTx};
use super::{Arg, DbError, Fetch, Row, Sql};

/// A transaction that may write. Nothing is kept unless [`commit`](Self::commit) succeeds.
///
/// After an error of any statement the transaction is lost: every later call fails, on every
/// engine. Where a conflict is expected, say `ON CONFLICT`.
#[must_use = "a transaction that is dropped is undone"]
pub struct Tx {
    inner: InnerTx,
    committed: Mutex<Vec<Hook>>,
}

type Hook = Box<dyn FnOnce() + Send>;

enum InnerTx {
    Sqlite(WriteTx),
}

impl Tx {
    pub(super) fn sqlite(tx: WriteTx) -> Self {
        Self { inner: InnerTx::Sqlite(tx), committed: Mutex::default() }
    }

    /// Runs a statement that returns no rows. The number of rows changed.
    pub fn execute(
        &self,
        sql: impl Into<Sql>,
        args: Vec<Arg>,
    ) -> BoxFuture<'_, Result<u64, DbError>> {
        let sql = sql.into();
        Box::pin(async move {
            match &self.inner {
                InnerTx::Sqlite(tx) => tx.run(move |conn| conn.execute(&sql, &args)).await,
            }
        })
    }

    /// Runs one statement for each list of arguments. The number of rows changed in all.
    pub fn execute_many(
        &self,
        sql: impl Into<Sql>,
        rows: Vec<Vec<Arg>>,
    ) -> BoxFuture<'_, Result<u64, DbError>> {
        let sql = sql.into();
        Box::pin(async move {
            match &self.inner {
                InnerTx::Sqlite(tx) => {
                    tx.run(move |conn| {
                        rows.iter()
                            .try_fold(0, |changed, args| Ok(changed + conn.execute(&sql, args)?))
                    })
                    .await
                }
            }
        })
    }

    /// Runs a script of statements without arguments, such as a migration.
    pub fn execute_script(&self, script: impl Into<Sql>) -> BoxFuture<'_, Result<(), DbError>> {
        let script = script.into();
        Box::pin(async move {
            match &self.inner {
                InnerTx::Sqlite(tx) => tx.run(move |conn| conn.execute_script(&script)).await,
            }
        })
    }

    /// Which engine this is: `sqlite` (later `postgres`).
    #[must_use]
    pub fn engine_name(&self) -> &'static str {
        match &self.inner {
            InnerTx::Sqlite(_) => "sqlite",
        }
    }

    /// Makes everything durable and visible, or nothing when it fails.
    ///
    /// When the future is dropped before it is done, it is either.
    pub async fn commit(self) -> Result<(), DbError> {
        let hooks = self.committed.into_inner().unwrap_or_else(PoisonError::into_inner);
        match self.inner {
            InnerTx::Sqlite(tx) => tx.commit().await?,
        }
        hooks.into_iter().for_each(|hook| hook());
        Ok(())
    }

    /// Has `hook` run when a commit of this transaction is answered. It may not run when the answer
    /// is not waited for.
    pub fn after_commit(&self, hook: impl FnOnce() + Send + 'static) {
        let mut hooks = self.committed.lock().unwrap_or_else(PoisonError::into_inner);
        hooks.push(Box::new(hook));
    }

    /// Undoes everything and waits until that is done. Dropping does not wait.
    pub async fn rollback(self) -> Result<(), DbError> {
        match self.inner {
            InnerTx::Sqlite(tx) => tx.rollback().await,
        }
    }
}

impl Fetch for Tx {
    fn each_text(&self, number: usize) -> String {
        match &self.inner {
            InnerTx::Sqlite(_) => sqlite::each_text(number),
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
            match &self.inner {
                InnerTx::Sqlite(tx) => {
                    tx.run(move |conn| conn.fetch(&sql, &args, rows_max, map)).await
                }
            }
        })
    }
}

/// Several reads of one state of the database. Dropping it ends it.
#[must_use = "a snapshot occupies a reader while it lives"]
pub struct ReadTx {
    inner: InnerReadTx,
}

enum InnerReadTx {
    Sqlite(Snapshot),
}

impl ReadTx {
    pub(super) fn sqlite(snapshot: Snapshot) -> Self {
        Self { inner: InnerReadTx::Sqlite(snapshot) }
    }
}

impl Fetch for ReadTx {
    fn each_text(&self, number: usize) -> String {
        match &self.inner {
            InnerReadTx::Sqlite(_) => sqlite::each_text(number),
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
            match &self.inner {
                InnerReadTx::Sqlite(snapshot) => {
                    snapshot.run(move |conn| conn.fetch(&sql, &args, rows_max, map)).await
                }
            }
        })
    }
}
