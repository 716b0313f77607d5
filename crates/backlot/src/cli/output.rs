//! Printing that survives a closed pipe.

use std::io::{ErrorKind, Write, stderr, stdout};

use backlot_model::Millis;

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

/// Prints columns under their names; nothing but the names when there is no row.
pub(super) fn print_table<const N: usize>(
    names: [&str; N],
    rows: &[[String; N]],
) -> Result<(), Failure> {
    print(&table(names, rows))
}

fn table<const N: usize>(names: [&str; N], rows: &[[String; N]]) -> String {
    let names = names.map(str::to_owned);
    let all = || std::iter::once(&names).chain(rows);
    let width = |column: usize| all().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: [usize; N] = std::array::from_fn(width);
    let mut text = String::new();
    for row in all() {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(widths) {
            line.push_str(&format!("{cell:width$}  "));
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

/// A time as people and scripts read it: RFC 3339, to the second, in UTC.
pub(super) fn time(at: Millis) -> String {
    match jiff::Timestamp::from_second(at.div_euclid(1_000)) {
        Ok(at) => at.to_string(),
        Err(_) => at.to_string(),
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let rows = [["a".to_owned(), "é".to_owned()], ["long one".to_owned(), String::new()]];
        assert_eq!(table(["id", "name"], &rows), "id        name\na         é\nlong one\n");
        assert_eq!(table(["id"], &[]), "id\n");
    }

    #[test]
    fn times_are_in_utc() {
        assert_eq!(time(1_767_225_600_999), "2026-01-01T00:00:00Z");
    }
}
