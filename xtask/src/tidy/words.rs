//! Words that must not be there, and fault codes that must be in the table.

use super::sources::{all, words};
use super::{Source, settle};

/// The part of the file that declares `CODES`.
const TABLE: &str = "crates/model/src/fault.rs";

#[test]
fn no_test_is_switched_off_or_expects_a_panic() {
    let mut complaints = Vec::new();
    for source in all() {
        for attribute in ["#[ignore", "#[should_panic", "#[allow(", "#![allow("] {
            if source.code.contains(attribute) {
                complaints.push(format!("{} has {attribute}", source.path));
            }
        }
    }
    settle("no #[ignore], no #[should_panic], #[expect] in place of #[allow]", &complaints);
}

#[test]
fn no_test_sleeps() {
    let sleeps = |source: &Source| words(source.test_code()).any(|word| word.contains("sleep"));
    let complaints: Vec<String> =
        all().into_iter().filter(sleeps).map(|source| source.path).collect();
    settle("tests wait for what they wait for, or move a clock; they do not sleep", &complaints);
}

#[test]
fn nothing_is_left_for_later() {
    let mut complaints = Vec::new();
    for source in all() {
        // Texts may speak of anything, so only what is blanked out of the code, less the texts.
        for (index, line) in source.text.lines().enumerate() {
            let Some((_, comment)) = line.split_once("//") else { continue };
            let later = ["TO", "FIX", "XX", "HA"].iter().zip(["DO", "ME", "X", "CK"]);
            for (head, tail) in later {
                if words(comment).any(|word| word == format!("{head}{tail}")) {
                    complaints.push(format!("{}:{}: {}", source.path, index + 1, line.trim()));
                }
            }
        }
        let marks = ["unimplemented", "todo"];
        if source.code_words().any(|word| marks.contains(&word)) {
            complaints.push(format!("{} has an unfinished part", source.path));
        }
    }
    settle("nothing is left for later", &complaints);
}

#[test]
fn every_fault_code_is_in_the_table() {
    let sources = all();
    let table = sources.iter().find(|source| source.path == TABLE).unwrap();
    let declared = &table.text[table.text.find("CODES: &[&str]").unwrap()..];
    let declared = &declared[..declared.find("];").unwrap()];
    let mut complaints = Vec::new();
    for source in &sources {
        for code in codes_used(source) {
            if !declared.contains(&format!("\"{code}\"")) {
                complaints.push(format!("{}: \"{code}\"", source.path));
            }
        }
    }
    settle("every code given to Fault::new stands in model::fault::CODES", &complaints);
}

/// The second arguments of `Fault::new` that are written as texts.
fn codes_used(source: &Source) -> Vec<&str> {
    // `FieldFault::new` takes a rule, not a code.
    let is_whole_word =
        |at: &usize| !source.code[..*at].ends_with(|c: char| c.is_alphanumeric() || c == '_');
    let calls = source.code.match_indices("Fault::new(").filter(|(at, _)| is_whole_word(at));
    let code_of = |(at, call): (usize, &str)| {
        let arguments = &source.text[at + call.len()..];
        let second = arguments.split_once(',')?.1.trim_start();
        second.strip_prefix('"')?.split('"').next()
    };
    calls.filter_map(code_of).collect()
}

#[test]
fn codes_are_found_in_calls() {
    let text = "a(Fault::new(\n Kind::Invalid,\n \"x-y\", \"m\")); Fault::new(kind, code, \"m\"); \
                FieldFault::new(path, \"range\", \"m\")";
    let code = super::sources::code_of(text);
    let source = Source { path: String::new(), text: text.to_owned(), code };
    assert_eq!(codes_used(&source), ["x-y"]);
}
