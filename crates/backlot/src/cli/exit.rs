//! What a command tells the shell.

use std::process::ExitCode;

use backlot_model::{Fault, Kind};

/// The exit codes; stable, and listed in `backlot --help`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// Done.
    Done = 0,
    /// It failed, or faults were found.
    Failed = 1,
    /// The command line or the settings are wrong; nothing was tried. Also clap's own code.
    Usage = 2,
    /// The server or its storage cannot be reached now; trying again may help.
    Unavailable = 3,
    /// Refused as things stand: it exists already, or there is no such thing.
    Refused = 4,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// Why a command ends early: the exit code, and the words for standard error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// For the shell.
    pub exit: Exit,
    /// For the person: lower case, no full stop.
    pub message: String,
}

impl Failure {
    /// A failure with these words.
    #[must_use]
    pub fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self { exit, message: message.into() }
    }
}

/// The person at the command line is the operator, so the causes are shown too.
impl From<Fault> for Failure {
    fn from(fault: Fault) -> Self {
        let exit = match fault.kind {
            Kind::Invalid | Kind::TooLarge | Kind::UnsupportedMedia => Exit::Usage,
            Kind::Unavailable | Kind::RateLimited => Exit::Unavailable,
            Kind::Forbidden | Kind::NotFound | Kind::Conflict | Kind::PreconditionFailed => {
                Exit::Refused
            }
            Kind::Unauthenticated | Kind::MethodNotAllowed | Kind::Internal => Exit::Failed,
        };
        // Fields stand in a body elsewhere; here they are flags of the same names.
        let message = fault.message.strip_prefix("body.").unwrap_or(&fault.message);
        let mut message = message.to_owned();
        let mut cause = std::error::Error::source(&fault);
        while let Some(error) = cause {
            message.push_str(&format!(": {error}"));
            cause = error.source();
        }
        Self { exit, message }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_tells_the_shell_whether_to_try_again() {
        let fault = Fault::new(Kind::Unavailable, "database-unavailable", "the database is away")
            .because("disk I/O error");
        let expected = Failure::new(Exit::Unavailable, "the database is away: disk I/O error");
        assert_eq!(Failure::from(fault), expected);
        let field = Fault::invalid("body.email", "format", "is no address");
        assert_eq!(Failure::from(field), Failure::new(Exit::Usage, "email: is no address"));
        let taken = Fault::new(Kind::Conflict, "already-exists", "taken");
        assert_eq!(Failure::from(taken).exit, Exit::Refused);
    }
}
