//! Printing that survives a closed pipe.

use std::io::{ErrorKind, Write, stderr, stdout};

use super::exit::{Exit, Failure};

/// Prints what was asked for to standard output. A reader that went away (`| head`) is no failure.
pub(super) fn print(text: &str) -> Result<(), Failure> {
    let mut out = stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        Err(error) => Err(Failure::new(Exit::Failed, format!("cannot print: {error}"))),
    }
}

/// Prints a value as one JSON document.
pub(super) fn print_json(value: &serde_json::Value) -> Result<(), Failure> {
    print(&format!("{value:#}\n"))
}

/// Words for people, on standard error.
pub(super) fn note(text: &str) {
    // When standard error is gone there is nobody left to tell.
    let _ = writeln!(stderr().lock(), "{text}");
}

/// Says why the command ends.
pub(super) fn complain(text: &str) {
    note(&format!("error: {text}"));
}
