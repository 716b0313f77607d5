//! The Rust sources of the workspace, and a look at them with comments and texts told apart.

use std::fs;
use std::path::{Path, PathBuf};

use crate::workspace::root;

/// One Rust file.
pub(super) struct Source {
    /// From the workspace's root, with forward slashes.
    pub(super) path: String,
    /// As it stands.
    pub(super) text: String,
    /// With comments and the insides of literals blanked out; lines stay where they are.
    pub(super) code: String,
}

impl Source {
    /// The words of the code: identifiers, keywords and numbers.
    pub(super) fn code_words(&self) -> impl Iterator<Item = &str> {
        words(&self.code)
    }

    /// The part that only tests see: all of a test file, else what follows `#[cfg(test)]`.
    pub(super) fn test_code(&self) -> &str {
        let is_test_file = self.path.contains("/tests/") || self.path.ends_with("/tests.rs");
        if is_test_file {
            return &self.code;
        }
        self.code.find("#[cfg(test)]").map_or("", |at| &self.code[at..])
    }
}

/// Identifiers, keywords and numbers of `code`.
pub(super) fn words(code: &str) -> impl Iterator<Item = &str> {
    code.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|word| !word.is_empty())
}

/// Every Rust file of the workspace, sorted.
pub(super) fn all() -> Vec<Source> {
    let mut paths = Vec::new();
    for folder in ["crates", "xtask", "bench", "fuzz"] {
        gather(&root().join(folder), &mut paths);
    }
    paths.sort();
    let sources: Vec<Source> = paths.iter().map(|path| read(path)).collect();
    assert!(sources.len() > 10, "the sources were not found");
    sources
}

fn gather(folder: &Path, into: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.ends_with("target") && !path.ends_with("node_modules") {
            gather(&path, into);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            into.push(path);
        }
    }
}

fn read(path: &Path) -> Source {
    let text = fs::read_to_string(path).unwrap();
    let relative = path.strip_prefix(root()).unwrap().to_str().unwrap().replace('\\', "/");
    Source { path: relative, code: code_of(&text), text }
}

/// Blanks out comments and the insides of literals.
pub(super) fn code_of(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut code = bytes.to_vec();
    let mut at = 0;
    while at < bytes.len() {
        let end = match bytes[at] {
            b'/' if bytes[at..].starts_with(b"//") => end_of_line(bytes, at),
            b'/' if bytes[at..].starts_with(b"/*") => end_of_block_comment(bytes, at),
            b'"' => end_of_text(bytes, at),
            b'r' if is_raw_text(bytes, at) => end_of_raw_text(bytes, at),
            b'\'' => end_of_char(bytes, at),
            _ => {
                at += 1;
                continue;
            }
        };
        for byte in &mut code[at..end] {
            if *byte != b'\n' {
                *byte = b' ';
            }
        }
        at = end;
    }
    String::from_utf8(code).unwrap()
}

fn end_of_line(bytes: &[u8], at: usize) -> usize {
    bytes[at..].iter().position(|&b| b == b'\n').map_or(bytes.len(), |length| at + length)
}

fn end_of_block_comment(bytes: &[u8], start: usize) -> usize {
    let mut depth = 0;
    let mut at = start;
    while at < bytes.len() {
        if bytes[at..].starts_with(b"/*") {
            depth += 1;
            at += 2;
        } else if bytes[at..].starts_with(b"*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += 1;
        }
    }
    bytes.len()
}

fn end_of_text(bytes: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' => at += 2,
            b'"' => return at + 1,
            _ => at += 1,
        }
    }
    bytes.len()
}

fn is_raw_text(bytes: &[u8], at: usize) -> bool {
    let is_word_before = at > 0 && (bytes[at - 1].is_ascii_alphanumeric() || bytes[at - 1] == b'_');
    let is_byte_text = at > 0 && bytes[at - 1] == b'b';
    let hashes = bytes[at + 1..].iter().take_while(|&&b| b == b'#').count();
    (!is_word_before || is_byte_text) && bytes.get(at + 1 + hashes) == Some(&b'"')
}

fn end_of_raw_text(bytes: &[u8], start: usize) -> usize {
    let hashes = bytes[start + 1..].iter().take_while(|&&b| b == b'#').count();
    let mut closing = vec![b'"'];
    closing.resize(1 + hashes, b'#');
    let inside = start + 2 + hashes;
    let found = bytes[inside..].windows(closing.len()).position(|window| window == closing);
    found.map_or(bytes.len(), |length| inside + length + closing.len())
}

/// A lifetime has no closing quote: only its opening one is blanked out.
fn end_of_char(bytes: &[u8], start: usize) -> usize {
    if bytes.get(start + 1) == Some(&b'\\') {
        let from = start + 3;
        let length = bytes[from..].iter().position(|&b| b == b'\'');
        return length.map_or(bytes.len(), |length| from + length + 1);
    }
    // A character has at most four bytes, and its closing quote is one.
    let near = String::from_utf8_lossy(&bytes[start + 1..bytes.len().min(start + 6)]);
    let mut chars = near.chars();
    match (chars.next(), chars.next()) {
        (Some(character), Some('\'')) => start + 2 + character.len_utf8(),
        _ => start + 1,
    }
}

#[test]
fn comments_and_literals_are_told_from_code() {
    let text = r###"fn a<'x>(b: &'x str) { // sleep
        let c = "sleep \" \\"; /* sleep /* deep */ sleep */ let d = '"'; let e = '\'';
        let f = r#"sleep " "#; let g = b"sleep"; let h = 'é'; bar(f, 'x', "sleep"); }"###;
    let code = code_of(text);
    assert!(!code.contains("sleep"), "{code}");
    assert!(!code.contains("deep"), "{code}");
    for word in ["x str", "let d", "let e", "let f", "let g", "let h", "bar(f,"] {
        assert!(code.contains(word), "{word} is missing in {code}");
    }
    assert_eq!(code.lines().count(), text.lines().count());
}
