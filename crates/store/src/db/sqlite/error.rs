//! SQLite's result codes as [`DbError`]s.

use std::io;
use std::path::Path;

use rusqlite::{ErrorCode, ffi};

use super::super::{DbError, DbErrorKind};

pub(super) fn from_sqlite(error: rusqlite::Error) -> DbError {
    let kind = match &error {
        rusqlite::Error::SqliteFailure(failure, _) => kind(failure),
        _ => DbErrorKind::Defect,
    };
    DbError::new(kind, error.to_string()).because(error)
}

fn kind(failure: &ffi::Error) -> DbErrorKind {
    match failure.code {
        ErrorCode::ConstraintViolation => match failure.extended_code {
            ffi::SQLITE_CONSTRAINT_UNIQUE
            | ffi::SQLITE_CONSTRAINT_PRIMARYKEY
            | ffi::SQLITE_CONSTRAINT_ROWID => DbErrorKind::UniqueViolation,
            _ => DbErrorKind::ConstraintViolation,
        },
        ErrorCode::DatabaseBusy
        | ErrorCode::DatabaseLocked
        | ErrorCode::FileLockingProtocolFailed => DbErrorKind::Busy,
        ErrorCode::OperationInterrupted => DbErrorKind::TooSlow,
        ErrorCode::DiskFull => DbErrorKind::Full,
        ErrorCode::SystemIoFailure
        | ErrorCode::CannotOpen
        | ErrorCode::ReadOnly
        | ErrorCode::PermissionDenied
        | ErrorCode::OutOfMemory => DbErrorKind::Unavailable,
        ErrorCode::DatabaseCorrupt => DbErrorKind::Corrupt,
        ErrorCode::NotADatabase => DbErrorKind::WrongFile,
        _ => DbErrorKind::Defect,
    }
}

pub(super) fn from_io(what: &str, path: &Path, error: io::Error) -> DbError {
    let kind = match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => DbErrorKind::Full,
        _ => DbErrorKind::Unavailable,
    };
    DbError::new(kind, format!("{what} at {}: {error}", path.display())).because(error)
}
