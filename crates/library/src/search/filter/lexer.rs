//! Cuts a filter into words and signs, each with its column.

use super::Mistake;

/// What a token is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token {
    /// A keyword, a name or a value.
    Word(String),
    /// A name or a value in quotes; never a keyword.
    Quoted(String),
    /// `(`, `)`, `[`, `]`, `,` or an operator.
    Sign(&'static str),
    /// Behind the last one.
    End,
}

/// A token and the character it begins at, from 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Placed {
    pub(super) token: Token,
    pub(super) column: usize,
}

/// Longer ones first.
const SIGNS: &[&str] = &["!=", ">=", "<=", "=", ">", "<", "(", ")", "[", "]", ","];
/// What ends a word besides white space.
const ENDS: &[char] = &['(', ')', '[', ']', ',', '=', '!', '<', '>', '"', '\''];

/// All tokens, the last of them [`Token::End`].
pub(super) fn tokens(text: &str) -> Result<Vec<Placed>, Mistake> {
    let mut rest = text;
    let mut column = 1;
    let mut found = Vec::new();
    while let Some(first) = rest.chars().next() {
        let (token, length) = if first.is_whitespace() {
            (None, first.len_utf8())
        } else if first == '"' || first == '\'' {
            let (text, length) = quoted(rest, first, column)?;
            (Some(Token::Quoted(text)), length)
        } else if let Some(sign) = SIGNS.iter().find(|sign| rest.starts_with(**sign)) {
            (Some(Token::Sign(sign)), sign.len())
        } else {
            let ends = |it: char| it.is_whitespace() || ENDS.contains(&it);
            let length = rest.find(ends).unwrap_or(rest.len());
            if length == 0 {
                let said = format!("`{first}` is no operator; use =, !=, <, <=, > or >=");
                return Err(Mistake::new(column, said));
            }
            (Some(Token::Word(rest[..length].to_owned())), length)
        };
        found.extend(token.map(|token| Placed { token, column }));
        column += rest[..length].chars().count();
        rest = &rest[length..];
    }
    found.push(Placed { token: Token::End, column });
    Ok(found)
}

/// The text between quotes, and how many bytes it took. A backslash before a quote or a backslash
/// makes it a part of the text.
fn quoted(rest: &str, quote: char, column: usize) -> Result<(String, usize), Mistake> {
    let mut text = String::new();
    let mut characters = rest.char_indices().skip(1).peekable();
    while let Some((at, character)) = characters.next() {
        match character {
            '\\' => match characters.peek() {
                Some(&(_, next)) if next == quote || next == '\\' => {
                    text.push(next);
                    characters.next();
                }
                _ => text.push('\\'),
            },
            _ if character == quote => return Ok((text, at + quote.len_utf8())),
            _ => text.push(character),
        }
    }
    Err(Mistake::new(column, format!("this {quote} is never closed")))
}
