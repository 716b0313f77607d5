//! The terms by which text is found.
//!
//! A searched word has no white space, so it is found inside of one word of the text. Each field
//! of an asset is indexed by its words, and by every three characters in a row within a word:
//!
//! - one or two characters are the beginning of such a trigram (at the end of a word, trigrams are
//!   filled up with line feeds),
//! - three characters are a trigram,
//! - more characters are looked up in the list of all words there are, by the trigrams of those;
//!   the assets with one of the words found are the hits. A list of words is short, so this costs
//!   little, where whole texts have most trigrams by chance.
//!
//! Very long words are not listed; fields that have one are marked, and found by trigrams alone.
//! Terms are hexadecimal, so that any character is kept and no tokenizer is in the way.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};

/// A longer word is not listed, in characters.
pub(super) const WORD_CHARS_MAX: usize = 40;
/// What is searched for in the list of words has at least so many characters.
pub(super) const WORD_CHARS_MIN: usize = 4;
/// Marks a field that has a word which is not listed.
pub(super) const UNLISTED: &str = "x";
/// Fills up the last trigrams of a word. No word has white space.
const FILLER: char = '\n';

/// Everything that a field is found by, as text for the index.
pub(super) fn of_field(text: &str) -> String {
    let mut terms = BTreeSet::new();
    for word in text.split_whitespace() {
        if is_listed(word) {
            terms.insert(of_word(word));
        } else if word.chars().count() > WORD_CHARS_MAX {
            terms.insert(UNLISTED.to_owned());
        }
        let filled: Vec<char> = word.chars().chain([FILLER; 2]).collect();
        terms.extend(filled.windows(3).map(|three| of_trigram(&three.iter().collect::<String>())));
    }
    Vec::from_iter(terms).join(" ")
}

/// The words of a text that belong into the list of words.
pub(super) fn listed_words(text: &str) -> impl Iterator<Item = &str> {
    text.split_whitespace().filter(|word| is_listed(word))
}

fn is_listed(word: &str) -> bool {
    (WORD_CHARS_MIN..=WORD_CHARS_MAX).contains(&word.chars().count())
}

/// Everything that a word is found by in the list of words, as text for its index.
pub(super) fn of_listed(word: &str) -> String {
    let characters: Vec<char> = word.chars().collect();
    let trigrams = characters.windows(3).map(|three| of_trigram(&three.iter().collect::<String>()));
    Vec::from_iter(trigrams).join(" ")
}

/// The term of a whole word.
pub(super) fn of_word(word: &str) -> String {
    hexadecimal('w', word.as_bytes())
}

/// The term of three characters; of fewer, the beginning of terms.
pub(super) fn of_trigram(characters: &str) -> String {
    hexadecimal('t', characters.as_bytes())
}

/// Trigrams that cover `word`, as few as possible; `word` has at least three characters.
pub(super) fn cover(word: &str) -> Vec<String> {
    let characters: Vec<char> = word.chars().collect();
    let term = |three: &[char]| of_trigram(&three.iter().collect::<String>());
    let mut terms: Vec<String> = characters.chunks_exact(3).map(term).collect();
    if !characters.len().is_multiple_of(3) {
        terms.push(term(&characters[characters.len() - 3..]));
    }
    terms
}

/// The term that says to what sort of place (a letter) an asset belongs. It is a hash of 64 bits:
/// two of a million places share one with a chance of 1 in 10^7.
pub(super) fn of_place(sort: char, word: &str) -> String {
    hexadecimal(sort, &Sha256::digest(word)[..8])
}

fn hexadecimal(sort: char, bytes: &[u8]) -> String {
    let mut term = String::with_capacity(1 + 2 * bytes.len());
    term.push(sort);
    for byte in bytes {
        // Writing to a string does not fail.
        let _ = write!(term, "{byte:02x}");
    }
    term
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_has_its_words_and_every_three_characters_within_them() {
        let terms = of_field("abcd x");
        let terms: Vec<&str> = terms.split(' ').collect();
        let expected = ["abc", "bcd", "cd\n", "d\n\n", "x\n\n"].map(of_trigram);
        assert_eq!(terms.len(), expected.len() + 1);
        assert!(expected.iter().all(|term| terms.contains(&term.as_str())));
        assert!(terms.contains(&of_word("abcd").as_str()));
        assert_eq!(of_field(" \n"), "");
        assert!(of_field(&"y".repeat(41)).ends_with(" x"));
        assert!(!of_field(&"y".repeat(40)).contains('x'));
    }

    #[test]
    fn a_cover_has_every_character_of_the_word() {
        assert_eq!(cover("abc"), [of_trigram("abc")]);
        assert_eq!(cover("abcd"), [of_trigram("abc"), of_trigram("bcd")]);
        assert_eq!(cover("abcdef"), [of_trigram("abc"), of_trigram("def")]);
    }
}
