//! The language in which clients write filters: `type = face AND (width >= 512 OR NOT tags IN [a])`.
//!
//! Owns: reading it into an [`Expression`], with limits on its size and depth, and saying what is
//! wrong with it, where, and what would be right.
//! Never: the names of the attributes. Those belong to a [`Vocabulary`], which each wire format has
//! its own of.
//!
//! ```text
//! or        = and { OR and }
//! and       = not { AND not }
//! not       = NOT not | "(" or ")" | condition
//! condition = field ( "=" | "!=" | "<" | "<=" | ">" | ">=" ) value
//!           | field value TO value              both ends included
//!           | field [NOT] IN "[" [value {"," value}] "]"
//!           | field [NOT] EXISTS                is there a value
//!           | field IS [NOT] NULL               the contrary of EXISTS
//!           | field IS [NOT] EMPTY              an empty text or list
//! value     = word | 'text' | "text"
//! ```
//!
//! Keywords may be written in any case. What an asset does not have meets no condition; so
//! `model != x` finds what has no model too.

mod lexer;
mod parser;
#[cfg(test)]
mod tests;
mod vocabulary;

use backlot_model::Fault;
use backlot_model::query::Expression;

pub use vocabulary::{Field, Vocabulary};

/// A longer filter is not read, in bytes.
pub const FILTER_BYTES_MAX: usize = 8_192;
/// How deep parentheses and negations may be nested.
pub const DEPTH_MAX: usize = 20;
/// How many conditions a filter may have.
pub const CONDITIONS_MAX: usize = 100;
/// How many values all its lists may have together.
pub const VALUES_MAX: usize = 500;

/// What is wrong with a filter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// The character at which it is wrong, counted from 1; one behind the last at the end.
    pub column: usize,
    /// What was wrong and what would be right.
    pub said: String,
}

impl Mistake {
    pub(super) fn new(column: usize, said: impl Into<String>) -> Self {
        Self { column, said: said.into() }
    }

    /// The fault of the field that had the filter (`body.filter`).
    #[must_use]
    pub fn at(&self, path: &str) -> Fault {
        Fault::invalid(path, "format", format!("column {}: {}", self.column, self.said))
    }
}

/// What `text` asks for; nothing if it is blank.
///
/// # Errors
/// The first mistake.
pub fn parse(text: &str, vocabulary: &Vocabulary) -> Result<Option<Expression>, Mistake> {
    if text.len() > FILTER_BYTES_MAX {
        let said = format!("a filter may have at most {FILTER_BYTES_MAX} bytes");
        return Err(Mistake::new(1, said));
    }
    let tokens = lexer::tokens(text)?;
    parser::Parser::new(tokens, vocabulary).whole()
}
