//! The `backlot` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    backlot::cli::main()
}
