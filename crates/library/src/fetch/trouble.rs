//! Why a URL was not fetched, and what of that is told.
//!
//! Two codes. `fetch-refused`: the guard does not fetch this, now or ever. `fetch-failed`: the
//! public host did not give a file. The message names the class of failure; what a host said stays
//! in the cause, which is for the log.

use std::error::Error as StdError;
use std::fmt;

use backlot_model::{Fault, Kind};

type Source = Box<dyn StdError + Send + Sync>;

/// Why a URL was not fetched.
#[derive(Debug)]
pub(super) enum Trouble {
    /// The guard said no.
    Refused { why: String, redirected: bool },
    /// There was no getting the file.
    Failed(Failure),
    /// The file is over the cap.
    TooLarge { cap_bytes: u64 },
}

/// A failure on the way; the cause of the faults that [`is_transient`] knows.
#[derive(Debug)]
pub(super) struct Failure {
    why: String,
    transient: bool,
    source: Option<Source>,
}

impl Trouble {
    /// The guard's no; `why` continues "the URL is not fetched: ".
    pub(super) fn refused(why: impl Into<String>) -> Self {
        Self::Refused { why: why.into(), redirected: false }
    }

    /// A failure that will be the same next time; `why` continues "the URL could not be fetched: ".
    pub(super) fn lasting(why: impl Into<String>) -> Self {
        Self::Failed(Failure { why: why.into(), transient: false, source: None })
    }

    /// A failure that may be gone next time.
    pub(super) fn transient(why: impl Into<String>) -> Self {
        Self::Failed(Failure { why: why.into(), transient: true, source: None })
    }

    /// Adds what happened, for the log.
    pub(super) fn because(self, source: impl Into<Source>) -> Self {
        match self {
            Self::Failed(failure) => {
                Self::Failed(Failure { source: Some(source.into()), ..failure })
            }
            other => other,
        }
    }

    /// The same, met on the way and not in what was asked for.
    pub(super) fn behind_a_redirect(self) -> Self {
        match self {
            Self::Refused { why, .. } => Self::Refused { why, redirected: true },
            other => other,
        }
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused { why, redirected: false } => write!(f, "the URL is not fetched: {why}"),
            Self::Refused { why, redirected: true } => {
                write!(f, "the URL is not fetched, for it redirects to one that is not: {why}")
            }
            Self::Failed(failure) => write!(f, "the URL could not be fetched: {}", failure.why),
            Self::TooLarge { cap_bytes } => {
                write!(f, "the file behind the URL is larger than {cap_bytes} bytes")
            }
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.why)
    }
}

impl StdError for Failure {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match &self.source {
            Some(source) => Some(&**source),
            None => None,
        }
    }
}

/// All three are the asker's to mend, so none is a 5xx of ours.
impl From<Trouble> for Fault {
    fn from(trouble: Trouble) -> Self {
        let message = trouble.to_string();
        match trouble {
            Trouble::Refused { .. } => {
                Self::new(Kind::Invalid, "fetch-refused", message).at("body.url", "format")
            }
            Trouble::Failed(failure) => Self::new(Kind::Invalid, "fetch-failed", message)
                .at("body.url", "format")
                .because(failure),
            Trouble::TooLarge { .. } => {
                Self::new(Kind::TooLarge, "too-large", message).at("body.url", "length")
            }
        }
    }
}

/// Whether a fault of the fetcher may be gone when the same URL is fetched again later: a timeout,
/// a refused connection, a 5xx or 429. A job retries these and gives up on the others.
#[must_use]
pub fn is_transient(fault: &Fault) -> bool {
    let failure = fault.cause.as_ref().and_then(|cause| cause.downcast_ref::<Failure>());
    failure.is_some_and(|failure| failure.transient)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cause_is_kept_for_the_log_and_not_told() {
        let fault = Fault::from(Trouble::transient("the host is away").because("10.0.0.1:5432"));
        assert_eq!((fault.kind, fault.code), (Kind::Invalid, "fetch-failed"));
        assert_eq!(fault.message, "the URL could not be fetched: the host is away");
        assert_eq!(fault.fields[0].path, ["body", "url"]);
        assert!(is_transient(&fault));
        let cause = fault.source().and_then(StdError::source).unwrap();
        assert_eq!(cause.to_string(), "10.0.0.1:5432");
    }

    #[test]
    fn a_refusal_and_a_file_too_large_are_for_good() {
        let refused = Fault::from(Trouble::refused("it is no URL"));
        let large = Fault::from(Trouble::TooLarge { cap_bytes: 5 });
        let lasting = Fault::from(Trouble::lasting("the server answered 404"));
        assert_eq!((refused.kind, refused.code), (Kind::Invalid, "fetch-refused"));
        assert_eq!((large.kind, large.code), (Kind::TooLarge, "too-large"));
        for fault in [refused, large, lasting, Fault::internal("x")] {
            assert!(!is_transient(&fault), "{fault}");
        }
    }
}
