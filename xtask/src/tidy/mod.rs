//! What the compiler and clippy cannot see, checked on the sources.
//!
//! Each test gathers everything that is wrong before it fails, and says what would be right.

mod arrows;
mod dependencies;
mod files;
mod generated;
mod sources;
mod words;

use sources::Source;

/// Fails with every complaint, if there is one.
fn settle(rule: &str, complaints: &[String]) {
    assert!(complaints.is_empty(), "{rule}:\n  {}", complaints.join("\n  "));
}
