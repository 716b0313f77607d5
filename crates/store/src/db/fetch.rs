//! Reading rows, the same from a database, a transaction and a snapshot.

use futures::future::BoxFuture;

use super::{Arg, DbError, DbErrorKind, Row, Sql};

/// Anything rows can be fetched from.
///
/// Futures are boxed here and in `Db` and `Tx`: one that named the type of its statement's text
/// could not be proven `Send` where handlers need it.
///
/// `map` runs on the thread that reads the row and must not block. Fetching from a `Db` or `ReadTx`
/// only reads; fetching from a `Tx` takes `RETURNING` as well.
pub trait Fetch: Sync {
    /// A subselect with one text column, the members of the JSON array bound to `$number`.
    ///
    /// `WHERE id IN (…)` over it takes any number of ids with one statement text; see
    /// [`texts`](super::texts).
    fn each_text(&self, number: usize) -> String;

    /// What engines implement; call [`fetch`](Self::fetch) and its sisters.
    ///
    /// At most `rows_max` rows are mapped.
    fn run_fetch<T, F>(
        &self,
        sql: Sql,
        args: Vec<Arg>,
        rows_max: usize,
        map: F,
    ) -> BoxFuture<'_, Result<Vec<T>, DbError>>
    where
        T: Send + 'static,
        F: FnMut(&Row<'_>) -> Result<T, DbError> + Send + 'static;

    /// All rows. The statement must bound their number itself.
    fn fetch<T, F>(
        &self,
        sql: impl Into<Sql> + Send,
        args: Vec<Arg>,
        map: F,
    ) -> BoxFuture<'_, Result<Vec<T>, DbError>>
    where
        T: Send + 'static,
        F: FnMut(&Row<'_>) -> Result<T, DbError> + Send + 'static,
    {
        self.run_fetch(sql.into(), args, usize::MAX, map)
    }

    /// The first row, or `None` when there is none.
    fn fetch_optional<T, F>(
        &self,
        sql: impl Into<Sql> + Send,
        args: Vec<Arg>,
        map: F,
    ) -> BoxFuture<'_, Result<Option<T>, DbError>>
    where
        T: Send + 'static,
        F: FnMut(&Row<'_>) -> Result<T, DbError> + Send + 'static,
    {
        let rows = self.run_fetch(sql.into(), args, 1, map);
        Box::pin(async move { rows.await.map(|rows| rows.into_iter().next()) })
    }

    /// The first row of a statement that always has one, such as a count. None is a defect.
    fn fetch_one<T, F>(
        &self,
        sql: impl Into<Sql> + Send,
        args: Vec<Arg>,
        map: F,
    ) -> BoxFuture<'_, Result<T, DbError>>
    where
        T: Send + 'static,
        F: FnMut(&Row<'_>) -> Result<T, DbError> + Send + 'static,
    {
        let sql = sql.into();
        Box::pin(async move {
            match self.fetch_optional(sql.clone(), args, map).await? {
                Some(row) => Ok(row),
                None => Err(DbError::new(DbErrorKind::Defect, "no row came back").within(&sql)),
            }
        })
    }
}
