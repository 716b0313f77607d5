//! The `backlot` command.
fn main() {}
