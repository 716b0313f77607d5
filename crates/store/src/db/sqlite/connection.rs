//! One connection: how it is opened, its pragmas, its transactions and its deadline.

use std::fs::OpenOptions;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use rusqlite::config::DbConfig;
use rusqlite::limits::Limit;
use rusqlite::{Connection, OpenFlags};

use super::super::{DbError, DbErrorKind};
use super::error::from_sqlite;
use super::options::{Durability, SqliteOptions};

/// "BKLT" in the file's header: this file is ours.
const APPLICATION_ID: i64 = 0x424B_4C54;
/// Prepared statements kept by each connection.
const STATEMENTS_CACHED_MAX: usize = 256;
/// A row or a bound value, in bytes.
const VALUE_BYTES_MAX: i32 = 16 << 20;
/// What the write-ahead log shrinks back to after a checkpoint, in bytes.
const WAL_BYTES_KEPT: i64 = 32 << 20;
/// Pages in the write-ahead log that make a commit checkpoint it: 4 MiB.
const WAL_PAGES_MAX: i64 = 1_000;
/// Instructions of SQLite's machine between two looks at the deadline: well under a millisecond.
const DEADLINE_STEPS: i32 = 10_000;

/// A connection on its own thread.
pub(crate) struct Conn {
    pub(super) raw: Connection,
    pub(super) statements: Arc<AtomicU64>,
    deadline: Deadline,
}

impl Conn {
    /// Makes the file when there is none, readable by its owner only.
    pub(super) fn open_writer(
        path: &Path,
        options: &SqliteOptions,
        statements: Arc<AtomicU64>,
    ) -> Result<Self, DbError> {
        create_private(path)?;
        let conn = Self::open(path, OpenFlags::SQLITE_OPEN_READ_WRITE, options, statements)?;
        conn.claim_file()?;
        let mode: String = conn.pragma("PRAGMA journal_mode = WAL")?;
        if mode != "wal" {
            let message = format!("the journal mode is `{mode}`, it has to be `wal`");
            return Err(DbError::new(DbErrorKind::WrongFile, message));
        }
        let synchronous = match options.durability {
            Durability::PowerCut => "FULL",
            Durability::Process => "OFF",
        };
        conn.setup(&format!(
            "PRAGMA synchronous = {synchronous};
             PRAGMA cache_size = -{};
             PRAGMA wal_autocheckpoint = {WAL_PAGES_MAX};
             PRAGMA journal_size_limit = {WAL_BYTES_KEPT};",
            options.writer_cache_kib
        ))?;
        Ok(conn)
    }

    /// The file must be there.
    pub(super) fn open_reader(
        path: &Path,
        options: &SqliteOptions,
        statements: Arc<AtomicU64>,
    ) -> Result<Self, DbError> {
        let conn = Self::open(path, OpenFlags::SQLITE_OPEN_READ_ONLY, options, statements)?;
        conn.setup(&format!(
            "PRAGMA query_only = ON; PRAGMA cache_size = -{};",
            options.reader_cache_kib
        ))?;
        Ok(conn)
    }

    fn open(
        path: &Path,
        access: OpenFlags,
        options: &SqliteOptions,
        statements: Arc<AtomicU64>,
    ) -> Result<Self, DbError> {
        let flags = access | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let open = || -> rusqlite::Result<(Connection, Deadline)> {
            let mut raw = Connection::open_with_flags(path, flags)?;
            raw.busy_timeout(options.wait())?;
            raw.set_prepared_statement_cache_capacity(STATEMENTS_CACHED_MAX);
            // PostgreSQL takes "…" for a name only; so does this.
            raw.set_db_config(DbConfig::SQLITE_DBCONFIG_DQS_DML, false)?;
            raw.set_db_config(DbConfig::SQLITE_DBCONFIG_DQS_DDL, false)?;
            raw.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
            raw.set_limit(Limit::SQLITE_LIMIT_LENGTH, VALUE_BYTES_MAX)?;
            raw.set_limit(Limit::SQLITE_LIMIT_ATTACHED, 0)?;
            let deadline = Deadline::watch(&mut raw)?;
            Ok((raw, deadline))
        };
        let (raw, deadline) =
            open().map_err(|error| from_sqlite(error).about(&path.display().to_string()))?;
        let conn = Self { raw, statements, deadline };
        conn.setup(&format!(
            "PRAGMA foreign_keys = ON;
             PRAGMA trusted_schema = OFF;
             PRAGMA temp_store = MEMORY;
             PRAGMA mmap_size = {};",
            options.mmap_bytes
        ))?;
        Ok(conn)
    }

    /// Refuses a file of another application, and marks a new one as ours.
    fn claim_file(&self) -> Result<(), DbError> {
        if self.pragma::<i64>("PRAGMA application_id")? == APPLICATION_ID {
            return Ok(());
        }
        // Two processes may find the new file at once: only one of them marks it.
        self.begin()?;
        let id: i64 = self.pragma("PRAGMA application_id")?;
        let tables: i64 = self.pragma("SELECT count(*) FROM sqlite_schema")?;
        if id != APPLICATION_ID && (id != 0 || tables != 0) {
            self.rollback();
            let message = "the file is a database of another application";
            return Err(DbError::new(DbErrorKind::WrongFile, message));
        }
        self.setup(&format!("PRAGMA application_id = {APPLICATION_ID}"))?;
        self.commit()
    }

    fn setup(&self, script: &str) -> Result<(), DbError> {
        self.raw.execute_batch(script).map_err(|error| from_sqlite(error).within(script))
    }

    pub(super) fn pragma<T: rusqlite::types::FromSql>(&self, sql: &str) -> Result<T, DbError> {
        self.raw
            .query_row(sql, [], |row| row.get(0))
            .map_err(|error| from_sqlite(error).within(sql))
    }

    /// Begins a writing transaction, waiting for other processes.
    pub(super) fn begin(&self) -> Result<(), DbError> {
        self.control("BEGIN IMMEDIATE")
    }

    /// Begins a reading transaction; its first statement fixes what it sees.
    pub(super) fn begin_read(&self) -> Result<(), DbError> {
        self.control("BEGIN DEFERRED")
    }

    /// Commits, or undoes everything when that fails.
    pub(super) fn commit(&self) -> Result<(), DbError> {
        let committed = self.control("COMMIT");
        self.rollback();
        committed
    }

    /// Ends a transaction if there is one, without keeping it.
    pub(super) fn rollback(&self) {
        if self.in_transaction()
            && let Err(error) = self.control("ROLLBACK")
        {
            tracing::error!(%error, "could not roll back");
        }
    }

    /// SQLite ends a transaction by itself after some errors, such as a full disk.
    pub(super) fn in_transaction(&self) -> bool {
        !self.raw.is_autocommit()
    }

    /// Refreshes the planner's statistics where it is worth it.
    pub(super) fn optimize(&self) -> Result<(), DbError> {
        self.setup("PRAGMA optimize")
    }

    /// From now on, statements may run so long in all.
    pub(super) fn may_run(&self, at_most: Duration) {
        self.deadline.set(at_most);
    }

    fn control(&self, sql: &str) -> Result<(), DbError> {
        let run = || self.raw.prepare_cached(sql)?.raw_execute();
        run().map(|_| ()).map_err(|error| from_sqlite(error).within(sql))
    }
}

/// Stops statements that run too long; starts without a limit.
struct Deadline {
    start: Instant,
    after_ms: Arc<AtomicU64>,
}

impl Deadline {
    fn watch(raw: &mut Connection) -> rusqlite::Result<Self> {
        let (start, after_ms) = (Instant::now(), Arc::new(AtomicU64::new(u64::MAX)));
        let limit = Arc::clone(&after_ms);
        let is_over = move || millis(start.elapsed()) > limit.load(Ordering::Relaxed);
        raw.progress_handler(DEADLINE_STEPS, Some(is_over))?;
        Ok(Self { start, after_ms })
    }

    fn set(&self, at_most: Duration) {
        self.after_ms.store(millis(self.start.elapsed() + at_most), Ordering::Relaxed);
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// The log and the shared memory beside the file take over its permissions.
fn create_private(path: &Path) -> Result<(), DbError> {
    let mut open = OpenOptions::new();
    open.write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut open, 0o600);
    match open.open(path) {
        Ok(_) => Ok(()),
        Err(error) => Err(super::error::from_io("cannot open the database", path, error)),
    }
}
