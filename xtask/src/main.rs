//! The project's maintenance commands, and its checks of itself as tests.
//!
//! `cargo xtask docs` rewrites the generated pages; `cargo test -p xtask` checks what the compiler
//! and clippy cannot: which way dependencies point, how long files are, which words must not be
//! there, that generated pages are current.

mod coverage;
mod docs;
mod workspace;

#[cfg(test)]
mod tidy;

use std::process::ExitCode;

const USAGE: &str = "usage: cargo xtask docs    rewrite the generated pages under docs/";

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    match words.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["docs"] => match docs::write_all(&workspace::root()) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("error: {error}");
                ExitCode::FAILURE
            }
        },
        _ => {
            eprintln!("{USAGE}");
            ExitCode::from(2)
        }
    }
}
