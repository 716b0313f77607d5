//! Log lines: text for people at a terminal, JSON for machines, both to standard error.
//!
//! Standard output belongs to what a command was asked for.

use std::io::{IsTerminal, stderr};

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::format::FmtSpan;

use crate::config::{LogConfig, LogFormat};

/// The level that is meant when nobody set one.
const DEFAULT_LEVEL: &str = "info";

/// Sends everything that is traced from now on to standard error.
///
/// Only the first call in a process has an effect; tests may start several servers in one.
pub fn start(config: &LogConfig) {
    let filter = EnvFilter::new(&config.level);
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_span_events(FmtSpan::NONE)
        .with_writer(stderr);
    let is_text = match config.format {
        LogFormat::Text => true,
        LogFormat::Json => false,
        LogFormat::Auto => stderr().is_terminal(),
    };
    let started = if is_text {
        lines.with_ansi(stderr().is_terminal()).try_init()
    } else {
        lines.json().flatten_event(true).with_current_span(true).with_span_list(false).try_init()
    };
    if started.is_err() {
        tracing::debug!("logging was already set up");
    }
}

/// The same for a command that is no server: unless told otherwise it logs warnings only.
pub fn start_quiet(config: &LogConfig) {
    let level = if config.level == DEFAULT_LEVEL { "warn" } else { &config.level };
    start(&LogConfig { level: level.to_owned(), format: config.format });
}
