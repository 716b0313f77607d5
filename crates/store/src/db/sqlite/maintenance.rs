//! Backup and integrity check, each on a connection of its own.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, OpenFlags};

use super::super::{DbError, DbErrorKind};
use super::error::{from_io, from_sqlite};

/// Problems told about at most.
const PROBLEMS_MAX: usize = 100;

/// Copies the database at `from` to the new file `to` in one step: a consistent state, beside
/// readers and the writer. The copy has its name only once it is whole and durable.
pub(super) fn backup(from: &Path, to: &Path) -> Result<(), DbError> {
    let failed = |error| from_io("cannot write the backup", to, error);
    if to.try_exists().map_err(failed)? {
        return Err(failed(io::Error::from(io::ErrorKind::AlreadyExists)));
    }
    let partial = Partial(with_suffix(to, ".partial"));
    remove_if_there(&partial.0).map_err(failed)?;
    copy(from, &partial.0)?;
    let finish = || -> io::Result<()> {
        File::open(&partial.0)?.sync_all()?;
        std::fs::rename(&partial.0, to)?;
        match to.parent() {
            Some(parent) if parent != Path::new("") => File::open(parent)?.sync_all(),
            _ => File::open(".")?.sync_all(),
        }
    };
    finish().map_err(failed)
}

fn copy(from: &Path, to: &Path) -> Result<(), DbError> {
    let source = open_reading(from)?;
    let mut target = Connection::open(to).map_err(from_sqlite)?;
    let step = Backup::new(&source, &mut target)
        .and_then(|backup| backup.step(-1))
        .map_err(|error| from_sqlite(error).about("backup"))?;
    match step {
        StepResult::Done => target.close().map_err(|(_, error)| from_sqlite(error)),
        _ => Err(DbError::new(DbErrorKind::Busy, "the database is locked, try the backup again")),
    }
}

/// What is damaged; empty when everything is sound.
pub(super) fn integrity_check(path: &Path) -> Result<Vec<String>, DbError> {
    let conn = open_reading(path)?;
    let check = || -> rusqlite::Result<Vec<String>> {
        let mut problems: Vec<String> = conn
            .prepare(&format!("PRAGMA integrity_check({PROBLEMS_MAX})"))?
            .query_map([], |row| row.get(0))?
            .collect::<Result<_, _>>()?;
        problems.retain(|problem| problem != "ok");
        let mut orphans = conn.prepare("PRAGMA foreign_key_check")?;
        let mut rows = orphans.query([])?;
        while problems.len() < PROBLEMS_MAX
            && let Some(row) = rows.next()?
        {
            let (child, parent): (String, String) = (row.get(0)?, row.get(2)?);
            problems.push(format!("a row of {child} has no parent in {parent}"));
        }
        Ok(problems)
    };
    match check() {
        Ok(problems) => Ok(problems),
        Err(error) => {
            let error = from_sqlite(error);
            match error.kind() {
                DbErrorKind::Corrupt | DbErrorKind::WrongFile => Ok(vec![error.to_string()]),
                _ => Err(error),
            }
        }
    }
}

fn open_reading(path: &Path) -> Result<Connection, DbError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    Connection::open_with_flags(path, flags)
        .map_err(|error| from_sqlite(error).about(&path.display().to_string()))
}

/// Half a copy, removed with whatever SQLite put beside it.
struct Partial(PathBuf);

impl Drop for Partial {
    fn drop(&mut self) {
        for suffix in ["", "-journal", "-wal", "-shm"] {
            let path = with_suffix(&self.0, suffix);
            if let Err(error) = remove_if_there(&path) {
                tracing::warn!(%error, path = %path.display(), "could not remove half a backup");
            }
        }
    }
}

fn remove_if_there(path: &Path) -> io::Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}
