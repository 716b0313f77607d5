//! Text of a statement and its arguments, made together.

use crate::db::Arg;

/// The arguments bound so far.
#[derive(Default)]
pub(super) struct Statement {
    pub(super) args: Vec<Arg>,
}

impl Statement {
    /// Binds a value and returns its placeholder.
    pub(super) fn bind(&mut self, value: impl Into<Arg>) -> String {
        self.args.push(value.into());
        format!("${}", self.args.len())
    }

    /// The condition that `column` is one of `values`, which are bound; never empty.
    pub(super) fn one_of<'v>(
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
pub(super) fn one_of_words(column: &str, words: &[&'static str]) -> String {
    match words {
        [word] => format!("{column} = '{word}'"),
        words => format!("{column} IN ('{}')", words.join("', '")),
    }
}

/// Asset `a`, read through one index. SQLite keeps to it or refuses; it has no statistics of a
/// fresh table, and a plan must not depend on when it last made some.
pub(super) fn asset_by(index: &str) -> String {
    format!("asset a INDEXED BY {index}")
}
