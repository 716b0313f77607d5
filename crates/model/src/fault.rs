//! The one error type that crosses from the core to the edge.
//!
//! A [`Fault`] says what a client can act on: a [`Kind`], a stable code, a sentence that may be
//! shown, the fields at fault. The cause is for the log and never shown. Each dialect maps kinds
//! to its own statuses and envelope.

use std::error::Error as StdError;
use std::fmt;

/// What a client can do about a fault. Deliberately few.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// The request itself is wrong; `fields` says where. Nothing was changed.
    Invalid,
    /// No credential, or one that is not good (any more).
    Unauthenticated,
    /// The caller is known, sees the thing, and may not do this.
    Forbidden,
    /// There is no such thing, or not for this caller.
    NotFound,
    /// The route exists with other methods.
    MethodNotAllowed,
    /// The state of the thing does not allow it now (taken name, already deleted, locked).
    Conflict,
    /// `If-Match` named another version.
    PreconditionFailed,
    /// More bytes, pixels or items than allowed.
    TooLarge,
    /// The bytes are of a kind that this call does not take.
    UnsupportedMedia,
    /// Too many calls; `retry_after_ms` says when to come back.
    RateLimited,
    /// Not now: a queue is full, storage or database is out of reach.
    Unavailable,
    /// A defect of ours.
    Internal,
}

/// What is wrong with one field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldFault {
    /// Where it stands, outermost first: `["body", "tags", "3"]`, `["query", "limit"]`.
    pub path: Vec<String>,
    /// What was wrong and what would be right.
    pub message: String,
    /// A stable word for the sort of mistake: `missing`, `type`, `range`, `enum`, `format`, `length`.
    pub rule: &'static str,
    /// What was sent, where it is short enough to repeat.
    pub input: Option<String>,
}

impl FieldFault {
    /// A fault at `path` (segments separated by dots: `query.limit`).
    #[must_use]
    pub fn new(path: &str, rule: &'static str, message: impl Into<String>) -> Self {
        let path = path.split('.').map(str::to_owned).collect();
        Self { path, message: message.into(), rule, input: None }
    }

    /// Adds what was sent; over 200 characters it is cut.
    #[must_use]
    pub fn with_input(mut self, input: &str) -> Self {
        self.input = Some(input.chars().take(200).collect());
        self
    }
}

/// Why something was not done.
pub struct Fault {
    /// What the client can do about it.
    pub kind: Kind,
    /// Kebab-case, stable, from [`CODES`].
    pub code: &'static str,
    /// May be shown: lower case, no full stop.
    pub message: String,
    /// The fields at fault; empty when it is none of them.
    pub fields: Vec<FieldFault>,
    /// For [`Kind::RateLimited`] and [`Kind::Unavailable`].
    pub retry_after_ms: Option<i64>,
    /// For the log only.
    pub cause: Option<Box<dyn StdError + Send + Sync>>,
}

/// Every code a fault may carry; unique, never reworded.
pub const CODES: &[&str] = &[
    "already-exists",
    "asset-busy",
    "asset-failed",
    "asset-not-found",
    "bad-credentials",
    "bad-cursor",
    "bad-signature",
    "blob-missing",
    "bytes-truncated",
    "collection-not-found",
    "database-unavailable",
    "expired",
    "fetch-failed",
    "fetch-refused",
    "file-not-found",
    "forbidden",
    "idempotency-conflict",
    "insufficient-scope",
    "internal",
    "invalid",
    "key-not-found",
    "last-owner",
    "last-superuser",
    "limit-reached",
    "locked",
    "media-refused",
    "membership-not-found",
    "method-not-allowed",
    "no-credentials",
    "not-deleted",
    "not-found",
    "organization-not-found",
    "person-not-found",
    "queue-full",
    "rate-limited",
    "restore-expired",
    "shutting-down",
    "storage-full",
    "storage-unavailable",
    "task-not-found",
    "token-not-found",
    "too-large",
    "too-many-pixels",
    "unsupported-media",
    "upload-not-found",
    "upload-over",
    "user-not-found",
    "version-mismatch",
];

impl Fault {
    /// A fault of `kind` with a code of [`CODES`] and a message that may be shown.
    #[must_use]
    pub fn new(kind: Kind, code: &'static str, message: impl Into<String>) -> Self {
        debug_assert!(CODES.contains(&code), "code `{code}` is not in the table");
        Self {
            kind,
            code,
            message: message.into(),
            fields: Vec::new(),
            retry_after_ms: None,
            cause: None,
        }
    }

    /// Bad input in one field; see [`FieldFault::new`] for the path.
    #[must_use]
    pub fn invalid(path: &str, rule: &'static str, message: impl Into<String>) -> Self {
        Self::invalid_fields(vec![FieldFault::new(path, rule, message)])
    }

    /// Bad input in several fields.
    #[must_use]
    pub fn invalid_fields(fields: Vec<FieldFault>) -> Self {
        let message = match fields.first() {
            Some(first) => format!("{}: {}", first.path.join("."), first.message),
            None => "the request is not valid".to_owned(),
        };
        let mut fault = Self::new(Kind::Invalid, "invalid", message);
        fault.fields = fields;
        fault
    }

    /// A defect of ours; `cause` goes to the log.
    #[must_use]
    pub fn internal(cause: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self::new(Kind::Internal, "internal", "something went wrong on our side").because(cause)
    }

    /// Names the field at fault.
    #[must_use]
    pub fn at(mut self, path: &str, rule: &'static str) -> Self {
        let message = self.message.clone();
        self.fields.push(FieldFault::new(path, rule, message));
        self
    }

    /// Says when to come back.
    #[must_use]
    pub fn retry_after_ms(mut self, wait_ms: i64) -> Self {
        self.retry_after_ms = Some(wait_ms);
        self
    }

    /// Adds a cause for the log.
    #[must_use]
    pub fn because(mut self, cause: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.cause = Some(cause.into());
        self
    }
}

impl fmt::Debug for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fault")
            .field("kind", &self.kind)
            .field("code", &self.code)
            .field("message", &self.message)
            .field("fields", &self.fields)
            .field("cause", &self.cause)
            .finish_non_exhaustive()
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.message, self.code)
    }
}

impl StdError for Fault {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match &self.cause {
            Some(cause) => Some(&**cause),
            None => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_sorted_unique_and_kebab_case() {
        assert!(CODES.windows(2).all(|pair| pair[0] < pair[1]));
        let kebab = |code: &&str| code.bytes().all(|b| b.is_ascii_lowercase() || b == b'-');
        assert!(CODES.iter().all(kebab));
    }

    #[test]
    fn an_invalid_field_is_named_in_the_message() {
        let fault = Fault::invalid("query.limit", "range", "must be between 1 and 100");
        assert_eq!(fault.message, "query.limit: must be between 1 and 100");
        assert_eq!(fault.fields[0].path, ["query", "limit"]);
    }
}
