//! The project's maintenance commands.
fn main() {}
