//! Text of a statement and its arguments, made together.

use crate::db::Arg;

/// A number of bytes or rows as a column's value.
pub(crate) fn number(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// The arguments bound so far.
#[derive(Default)]
pub(crate) struct Statement {
    pub(crate) args: Vec<Arg>,
    once: Option<String>,
}

impl Statement {
    /// Binds a value and returns its placeholder.
    pub(crate) fn bind(&mut self, value: impl Into<Arg>) -> String {
        self.args.push(value.into());
        format!("${}", self.args.len())
    }

    /// The text that `make` made the first time. For a condition that stands in every arm of a
    /// listing alike: its values are bound only once.
    pub(crate) fn once(&mut self, make: impl FnOnce(&mut Self) -> String) -> String {
        if let Some(made) = &self.once {
            return made.clone();
        }
        let made = make(self);
        self.once = Some(made.clone());
        made
    }

    /// The condition that `column` is one of `values`, which are bound; never empty.
    pub(crate) fn one_of<'v>(
        &mut self,
        column: &str,
        values: impl IntoIterator<Item = &'v str>,
    ) -> String {
        let places: Vec<String> = values.into_iter().map(|value| self.bind(value)).collect();
        match places.as_slice() {
            [place] => format!("{column} = {place}"),
            places => format!("{column} IN ({})", places.join(", ")),
        }
    }
}

/// The condition that `column` is one of `words`, which are the model's own and need no binding.
pub(crate) fn one_of_words(column: &str, words: &[&'static str]) -> String {
    match words {
        [word] => format!("{column} = '{word}'"),
        words => format!("{column} IN ('{}')", words.join("', '")),
    }
}
