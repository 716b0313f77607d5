//! The rows of accounts: users, organisations, memberships, API keys, tokens, signing keys.
//!
//! Owns: their SQL. Unique names are settled by unique indexes; a rule that counts rows (the last
//! owner, so many tokens) is settled by taking a row lock first, which each function that needs
//! one says.
//! Never: who may do something, what a good name is, or how a secret is hashed.

pub mod api_keys;
pub mod callers;
pub mod memberships;
pub mod organizations;
pub mod rescope;
pub mod signing_keys;
pub mod tokens;
pub mod touches;
pub mod users;

use crate::args;
use crate::db::{Arg, DbError, Fetch, Row, Tx};

/// Which part of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slice {
    /// How many to leave out.
    pub skip: u64,
    /// How many to show at most.
    pub limit: u32,
}

/// Part of a list, and how long the whole list is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed<T> {
    /// In the list's order.
    pub items: Vec<T>,
    /// How many there are in all.
    pub count: u64,
}

impl Slice {
    fn args(self) -> [Arg; 2] {
        [Arg::from(self.limit), Arg::from(i64::try_from(self.skip).unwrap_or(i64::MAX))]
    }
}

/// Reads `columns` `from` (tables and conditions over `args`) in `order`, and counts all.
async fn list<T, F>(
    db: &impl Fetch,
    (columns, from, order): (&str, &str, &str),
    args: Vec<Arg>,
    slice: Slice,
    map: F,
) -> Result<Listed<T>, DbError>
where
    T: Send + 'static,
    F: FnMut(&Row<'_>) -> Result<T, DbError> + Send + 'static,
{
    let counting = format!("SELECT count(*) {from}");
    let count = db.fetch_one(counting, args.clone(), |row| row.get(0)).await?;
    let (limit, skip) = (args.len() + 1, args.len() + 2);
    let reading = format!("SELECT {columns} {from} ORDER BY {order} LIMIT ${limit} OFFSET ${skip}");
    let args = args.into_iter().chain(slice.args()).collect();
    let items = db.fetch(reading, args, map).await?;
    Ok(Listed { items, count })
}

/// A `LIKE … ESCAPE '\'` pattern for texts that contain `folded`.
fn containing(folded: &str) -> String {
    let mut pattern = String::from("%");
    for character in folded.chars() {
        if matches!(character, '\\' | '%' | '_') {
            pattern.push('\\');
        }
        pattern.push(character);
    }
    pattern.push('%');
    pattern
}

/// What an enumeration's word in column `index` stands for.
fn word<T>(row: &Row<'_>, index: usize, parse: fn(&str) -> Option<T>) -> Result<T, DbError> {
    let word: &str = row.get(index)?;
    parse(word).ok_or_else(|| DbError::column(index, "the word is not one of its set"))
}

/// Takes the lock `name` until the transaction ends: of two that ask, one waits.
pub async fn lock(tx: &Tx, name: &str) -> Result<(), DbError> {
    let sql = "INSERT INTO setting (name, value) VALUES ($1, '') \
               ON CONFLICT (name) DO UPDATE SET value = excluded.value";
    tx.execute(sql, args![format!("lock/{name}")]).await.map(drop)
}

#[cfg(test)]
mod tests {
    use super::containing;

    #[test]
    fn a_search_text_means_itself() {
        assert_eq!(containing("50%_a\\b"), "%50\\%\\_a\\\\b%");
    }
}
