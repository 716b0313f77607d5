//! Why a statement did not run.

use std::error::Error as StdError;
use std::fmt;

use backlot_model::fault::{Fault, Kind};

/// What a caller can tell apart, the same for every engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DbErrorKind {
    /// A row with this unique value is there already.
    UniqueViolation,
    /// Another constraint forbids it: a missing parent, a value out of its set.
    ConstraintViolation,
    /// Others hold the lock, or the queue is full; worth another try.
    Busy,
    /// The statement ran longer than allowed and was stopped.
    TooSlow,
    /// No space is left where the database lies.
    Full,
    /// The database cannot be reached or read: I/O, permissions, closed.
    Unavailable,
    /// The database is damaged.
    Corrupt,
    /// The file is not one of ours, or lies where it cannot work.
    WrongFile,
    /// An earlier statement of this transaction failed, or it has ended by itself.
    Aborted,
    /// A defect of ours: wrong SQL, wrong column type, a row that must be there and is not.
    Defect,
}

/// Why a statement did not run. The message may name tables and columns, never values.
pub struct DbError {
    kind: DbErrorKind,
    message: String,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

impl DbError {
    /// An error of `kind`, with a message for the log.
    #[must_use]
    pub fn new(kind: DbErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), source: None }
    }

    /// A value in the database that does not mean anything, found while mapping a row.
    #[must_use]
    pub fn column(index: usize, message: impl fmt::Display) -> Self {
        Self::new(DbErrorKind::Defect, format!("column {index}: {message}"))
    }

    pub(crate) fn because(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    pub(crate) fn within(mut self, sql: &str) -> Self {
        let words = sql.split_whitespace().collect::<Vec<_>>().join(" ");
        let start: String = words.chars().take(200).collect();
        self.message = format!("{} in `{start}`", self.message);
        self
    }

    pub(crate) fn about(mut self, what: &str) -> Self {
        self.message = format!("{what}: {}", self.message);
        self
    }

    /// What sort of error it is.
    #[must_use]
    pub fn kind(&self) -> DbErrorKind {
        self.kind
    }

    /// Whether a row with this unique value is there already. Which one is not told by every
    /// engine: prefer `ON CONFLICT … DO NOTHING` and look at the count.
    #[must_use]
    pub fn is_unique_violation(&self) -> bool {
        self.kind == DbErrorKind::UniqueViolation
    }

    /// Whether the same call may succeed a moment later.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        self.kind == DbErrorKind::Busy
    }
}

impl fmt::Debug for DbError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {}", self.kind, self.message)
    }
}

impl fmt::Display for DbError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl StdError for DbError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match &self.source {
            Some(source) => Some(&**source),
            None => None,
        }
    }
}

/// Unavailable, out of space or internal. Never "not found" and never "conflict": those are
/// decisions of an operation.
impl From<DbError> for Fault {
    fn from(error: DbError) -> Self {
        use DbErrorKind as K;
        let unavailable = |code, message: &str, wait_ms| {
            Self::new(Kind::Unavailable, code, message).retry_after_ms(wait_ms)
        };
        let fault = match error.kind {
            K::Busy => unavailable("database-unavailable", "the database is busy", 1_000),
            K::TooSlow => unavailable("database-unavailable", "the query took too long", 5_000),
            K::Unavailable => {
                unavailable("database-unavailable", "the database cannot be reached", 5_000)
            }
            K::Full => unavailable("storage-full", "no space is left for the database", 60_000),
            K::UniqueViolation
            | K::ConstraintViolation
            | K::Corrupt
            | K::WrongFile
            | K::Aborted
            | K::Defect => return Self::internal(error),
        };
        fault.because(error)
    }
}
