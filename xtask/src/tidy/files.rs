//! Length, module comments, and which test binaries there are.

use std::fs;

use super::settle;
use super::sources::all;
use crate::workspace::root;

const LINES_MAX: usize = 600;
/// Longer files, each with its reason. A file that got short again leaves this list.
const LONGER: &[(&str, &str)] = &[];

/// The integration tests: one binary each, because linking one costs about a second.
const TEST_BINARIES: &[&str] = &["crates/backlot/tests/it", "crates/store/tests/contract"];

#[test]
fn files_have_at_most_600_lines() {
    let mut complaints = Vec::new();
    for source in all() {
        let lines = source.text.lines().count();
        let is_excused = LONGER.iter().any(|(path, _)| *path == source.path);
        if lines > LINES_MAX && !is_excused {
            complaints
                .push(format!("{} has {lines}; split it where it has two subjects", source.path));
        }
        if lines <= LINES_MAX && is_excused {
            complaints.push(format!("{} needs no exception any more", source.path));
        }
    }
    settle("files have at most 600 lines", &complaints);
}

#[test]
fn every_file_says_what_it_is_for() {
    let silent = all().into_iter().filter(|source| !source.text.starts_with("//! "));
    let complaints: Vec<String> = silent.map(|source| source.path).collect();
    settle("every file begins with //! and what it owns", &complaints);
}

#[test]
fn there_are_no_stray_test_binaries() {
    let mut complaints = Vec::new();
    for source in all() {
        let Some((owner, inside)) = source.path.split_once("/tests/") else { continue };
        if owner.contains("/src/") || owner.ends_with("/src") {
            continue;
        }
        let binary = format!("{owner}/tests/{}", inside.split('/').next().unwrap_or_default());
        if !TEST_BINARIES.contains(&binary.as_str()) {
            complaints.push(format!("{} would be a binary of its own", source.path));
        }
    }
    for binary in TEST_BINARIES {
        let folder = root().join(binary);
        let note = folder.parent().unwrap().join("DO_NOT_ADD_TEST_BINARIES");
        if folder.is_dir() && !fs::exists(&note).unwrap() {
            complaints.push(format!("{} is missing", note.display()));
        }
    }
    let rule = "integration tests are modules of crates/backlot/tests/it and \
                crates/store/tests/contract";
    settle(rule, &complaints);
}
