//! How far a long command is: a bar on a terminal, a line now and then elsewhere, nothing when the
//! output is for scripts.

use std::io::{IsTerminal as _, stderr};
use std::time::Duration;

use indicatif::{HumanBytes, ProgressBar, ProgressStyle};
use tokio::time::Instant;

use super::output;

/// How often a line is written where there is no terminal.
const LINE_EVERY: Duration = Duration::from_secs(5);
const TICK: Duration = Duration::from_millis(120);
/// Rate and time left are the bar's own.
const BAR: &str = "{prefix} {bar:30} {pos}/{len} {msg}  {per_sec}, {eta} left";
const SPINNER: &str = "{spinner} {msg}";

/// The progress of one command.
pub(super) struct Progress {
    label: &'static str,
    begun: Instant,
    shown: Shown,
}

enum Shown {
    Bar(ProgressBar),
    Lines(Instant),
    Nothing,
}

impl Progress {
    /// Nothing is shown when `is_quiet`.
    pub(super) fn new(label: &'static str, is_quiet: bool) -> Self {
        let begun = Instant::now();
        let shown = if is_quiet {
            Shown::Nothing
        } else if stderr().is_terminal() {
            let bar = ProgressBar::new_spinner().with_prefix(label);
            bar.set_style(style(SPINNER));
            bar.enable_steady_tick(TICK);
            Shown::Bar(bar)
        } else {
            Shown::Lines(begun)
        };
        Self { label, begun, shown }
    }

    /// What is going on while nobody knows how much there is.
    pub(super) fn doing(&self, what: impl Into<String>) {
        if let Shown::Bar(bar) = &self.shown {
            bar.set_message(what.into());
        }
    }

    /// So much of so much is done, and so many bytes.
    pub(super) fn at(&mut self, done: u64, total: u64, bytes: u64) {
        match &mut self.shown {
            Shown::Bar(bar) => {
                if bar.length() != Some(total) {
                    bar.set_length(total);
                    bar.set_style(style(BAR));
                }
                bar.set_position(done);
                bar.set_message(HumanBytes(bytes).to_string());
            }
            Shown::Lines(last) if last.elapsed() >= LINE_EVERY => {
                *last = Instant::now();
                let line = line(self.label, done, total, bytes, self.begun.elapsed());
                output::note(&line);
            }
            Shown::Lines(_) | Shown::Nothing => {}
        }
    }

    /// Prints beside the bar.
    pub(super) fn beside(&self, print: impl FnOnce()) {
        match &self.shown {
            Shown::Bar(bar) => bar.suspend(print),
            Shown::Lines(_) | Shown::Nothing => print(),
        }
    }

    /// Takes the bar away. How long it all took.
    pub(super) fn end(self) -> Duration {
        if let Shown::Bar(bar) = &self.shown {
            bar.finish_and_clear();
        }
        self.begun.elapsed()
    }
}

fn style(template: &str) -> ProgressStyle {
    // A wrong template would only cost its looks.
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

fn line(label: &str, done: u64, total: u64, bytes: u64, elapsed: Duration) -> String {
    let rate = rate(done, elapsed);
    let left = match done {
        0 => "time left unknown".to_owned(),
        _ => {
            let left = u128::from(total.saturating_sub(done)) * elapsed.as_millis();
            let left = left / u128::from(done) / 1_000;
            format!("{} left", seconds(u64::try_from(left).unwrap_or(u64::MAX)))
        }
    };
    format!("{label} {done}/{total}, {}, {rate}/s, {left}", HumanBytes(bytes))
}

/// How many in a second, to one digit.
pub(super) fn rate(done: u64, elapsed: Duration) -> String {
    let tenths = u128::from(done) * 10_000 / elapsed.as_millis().max(1);
    format!("{}.{}", tenths / 10, tenths % 10)
}

/// A time span in its two largest units.
pub(super) fn seconds(seconds: u64) -> String {
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3_600 => format!("{}m{:02}s", seconds / 60, seconds % 60),
        _ => format!("{}h{:02}m", seconds / 3_600, seconds / 60 % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_tells_rate_and_time_left() {
        let elapsed = Duration::from_secs(10);
        assert_eq!(
            line("files", 25, 100, 1 << 20, elapsed),
            "files 25/100, 1.00 MiB, 2.5/s, 30s left"
        );
        assert!(line("files", 0, 100, 0, Duration::ZERO).ends_with("time left unknown"));
        assert_eq!([seconds(59), seconds(61), seconds(7_320)], ["59s", "1m01s", "2h02m"]);
    }
}
