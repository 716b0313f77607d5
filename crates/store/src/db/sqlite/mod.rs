//! SQLite: one thread that writes, a few that read, each with its own connection.
//!
//! Owns: threads, connections, pragmas, file checks, backup.
//! Invariants: one writing transaction at a time in this process; other processes are waited for
//! (`BEGIN IMMEDIATE` with a busy timeout). The writer is never left inside a transaction, whatever
//! futures are dropped. Page caches are bounded by connection, and connections by options.

mod connection;
mod error;
mod maintenance;
mod mount;
mod options;
mod readers;
mod statement;
mod writer;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use tokio::sync::{Semaphore, oneshot};

use super::{Arg, DbError, DbErrorKind, Row, Sql};

use connection::Conn;
pub use options::{Durability, SqliteOptions};
use readers::Readers;
pub(super) use readers::Snapshot;
pub(super) use writer::WriteTx;
use writer::Writer;

/// Work for a connection's thread.
type Job = Box<dyn FnOnce(&Conn) + Send>;

/// An open SQLite file.
pub(super) struct Sqlite {
    path: PathBuf,
    options: SqliteOptions,
    statements: Arc<AtomicU64>,
    readers: Arc<Readers>,
    snapshots: Arc<Semaphore>,
    writer: Writer,
}

impl Sqlite {
    pub(super) async fn open(path: &Path, options: SqliteOptions) -> Result<Self, DbError> {
        let path = path.to_owned();
        blocking(move || Self::open_blocking(path, options)).await
    }

    fn open_blocking(path: PathBuf, options: SqliteOptions) -> Result<Self, DbError> {
        mount::refuse_network(&path)?;
        let statements = Arc::new(AtomicU64::new(0));
        let for_writing = Conn::open_writer(&path, &options, Arc::clone(&statements))?;
        let readers = Arc::new(Readers::new(&options));
        let mut threads = Vec::new();
        for _ in 0..options.reader_count() {
            let conn = Conn::open_reader(&path, &options, Arc::clone(&statements))?;
            threads.push(Readers::spawn(&readers, conn)?);
        }
        let writer = Writer::spawn(for_writing, threads, &options)?;
        let snapshots = Arc::new(Semaphore::new(options.reader_count() - 1));
        Ok(Self { path, options, statements, readers, snapshots, writer })
    }

    pub(super) fn statements(&self) -> &AtomicU64 {
        &self.statements
    }

    /// Runs `work` on one of the readers.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Conn) -> Result<T, DbError> + Send + 'static,
    ) -> Result<T, DbError> {
        let (job, reply) = job(work);
        self.readers.push(job)?;
        match tokio::time::timeout(self.options.read_wait(), reply).await {
            Ok(reply) => answer(reply),
            Err(_) => Err(DbError::new(DbErrorKind::Busy, "waited too long for a reader")),
        }
    }

    pub(super) async fn snapshot(&self) -> Result<Snapshot, DbError> {
        let place = acquire(&self.snapshots, self.options.wait()).await?;
        Snapshot::begin(&self.readers, place, &self.options).await
    }

    pub(super) async fn begin(&self) -> Result<WriteTx, DbError> {
        self.writer.begin().await
    }

    pub(super) async fn execute(&self, sql: Sql, args: Vec<Arg>) -> Result<u64, DbError> {
        self.writer.once(move |conn| conn.execute(&sql, &args)).await
    }

    pub(super) async fn execute_returning<T, F>(
        &self,
        sql: Sql,
        args: Vec<Arg>,
        map: F,
    ) -> Result<Vec<T>, DbError>
    where
        T: Send + 'static,
        F: FnMut(&Row<'_>) -> Result<T, DbError> + Send + 'static,
    {
        self.writer
            .once(move |conn| {
                conn.begin()?;
                match conn.fetch(&sql, &args, usize::MAX, map) {
                    Ok(rows) => conn.commit().map(|()| rows),
                    Err(error) => {
                        conn.rollback();
                        Err(error)
                    }
                }
            })
            .await
    }

    pub(super) async fn optimize(&self) -> Result<(), DbError> {
        self.writer.once(Conn::optimize).await
    }

    pub(super) async fn backup_to(&self, path: &Path) -> Result<(), DbError> {
        let (from, to) = (self.path.clone(), path.to_owned());
        blocking(move || maintenance::backup(&from, &to)).await
    }

    pub(super) async fn integrity_check(&self) -> Result<Vec<String>, DbError> {
        let path = self.path.clone();
        blocking(move || maintenance::integrity_check(&path)).await
    }

    pub(super) async fn close(&self) -> Result<(), DbError> {
        self.readers.close();
        self.writer.close().await
    }
}

/// The writer's thread sees its last sender go and waits for the readers before it closes.
impl Drop for Sqlite {
    fn drop(&mut self) {
        self.readers.close();
    }
}

/// See [`Fetch::each_text`](super::Fetch::each_text).
pub(super) fn each_text(number: usize) -> String {
    format!("SELECT value FROM json_each(${number})")
}

/// Packs `work` so that its result comes back; not run when nobody waits for it any more.
fn job<T: Send + 'static>(
    work: impl FnOnce(&Conn) -> Result<T, DbError> + Send + 'static,
) -> (Job, oneshot::Receiver<Result<T, DbError>>) {
    let (sender, receiver) = oneshot::channel();
    let job = move |conn: &Conn| {
        if !sender.is_closed() {
            // The caller may have gone meanwhile; then nobody misses the result.
            let _ = sender.send(work(conn));
        }
    };
    (Box::new(job), receiver)
}

fn answer<T>(reply: Result<Result<T, DbError>, oneshot::error::RecvError>) -> Result<T, DbError> {
    match reply {
        Ok(result) => result,
        // Its thread caught a panic of the mapping, or has ended.
        Err(_) => Err(DbError::new(DbErrorKind::Unavailable, "the statement did not finish")),
    }
}

/// Runs one job and survives its panic; the requester is told by its lost reply.
fn run_caught(job: Job, conn: &Conn) {
    let run = std::panic::AssertUnwindSafe(|| job(conn));
    if std::panic::catch_unwind(run).is_err() {
        tracing::error!("a database job panicked");
    }
}

async fn acquire(
    semaphore: &Arc<Semaphore>,
    wait: Duration,
) -> Result<tokio::sync::OwnedSemaphorePermit, DbError> {
    match tokio::time::timeout(wait, Arc::clone(semaphore).acquire_owned()).await {
        Ok(Ok(permit)) => Ok(permit),
        Ok(Err(_)) => Err(closed()),
        Err(_) => Err(DbError::new(DbErrorKind::Busy, "waited too long for the database")),
    }
}

fn closed() -> DbError {
    DbError::new(DbErrorKind::Unavailable, "the database is closed")
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, DbError> + Send + 'static,
) -> Result<T, DbError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) => Err(DbError::new(DbErrorKind::Defect, "a database task died").because(error)),
    }
}
