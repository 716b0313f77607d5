//! Running one statement on a connection.

use std::sync::atomic::Ordering;

use rusqlite::Statement;
use rusqlite::types::{ToSql, ToSqlOutput, ValueRef};

use super::super::{Arg, DbError, DbErrorKind, Row};
use super::connection::Conn;
use super::error::from_sqlite;

impl Conn {
    /// Maps at most `rows_max` rows. Statements stay prepared by their text.
    pub(in crate::db) fn fetch<T>(
        &self,
        sql: &str,
        args: &[Arg],
        rows_max: usize,
        mut map: impl FnMut(&Row<'_>) -> Result<T, DbError>,
    ) -> Result<Vec<T>, DbError> {
        let describe = |error| from_sqlite(error).within(sql);
        self.statements.fetch_add(1, Ordering::Relaxed);
        let mut statement = self.raw.prepare_cached(sql).map_err(describe)?;
        bind(&mut statement, args).map_err(|error| error.within(sql))?;
        let mut rows = statement.raw_query();
        let mut mapped = Vec::new();
        while mapped.len() < rows_max
            && let Some(row) = rows.next().map_err(describe)?
        {
            mapped.push(map(&Row::sqlite(row)).map_err(|error| error.within(sql))?);
        }
        Ok(mapped)
    }

    /// The number of rows changed.
    pub(in crate::db) fn execute(&self, sql: &str, args: &[Arg]) -> Result<u64, DbError> {
        let describe = |error| from_sqlite(error).within(sql);
        self.statements.fetch_add(1, Ordering::Relaxed);
        let mut statement = self.raw.prepare_cached(sql).map_err(describe)?;
        bind(&mut statement, args).map_err(|error| error.within(sql))?;
        let changed = statement.raw_execute().map_err(describe)?;
        Ok(u64::try_from(changed).unwrap_or(u64::MAX))
    }

    pub(in crate::db) fn execute_script(&self, script: &str) -> Result<(), DbError> {
        self.statements.fetch_add(1, Ordering::Relaxed);
        self.raw.execute_batch(script).map_err(|error| from_sqlite(error).within(script))
    }
}

/// Binds by the number in the placeholder. SQLite takes `$2` for a name and counts places by first
/// appearance, so binding by place would swap arguments.
fn bind(statement: &mut Statement<'_>, args: &[Arg]) -> Result<(), DbError> {
    let places = statement.parameter_count();
    if places != args.len() {
        let message = format!("{places} placeholders and {} arguments", args.len());
        return Err(DbError::new(DbErrorKind::Defect, message));
    }
    for place in 1..=places {
        let arg = statement.parameter_name(place).and_then(number).and_then(|n| args.get(n - 1));
        match arg {
            Some(arg) => statement.raw_bind_parameter(place, arg).map_err(from_sqlite)?,
            None => {
                let message = "placeholders have to be `$1`, `$2`, … without a gap";
                return Err(DbError::new(DbErrorKind::Defect, message));
            }
        }
    }
    Ok(())
}

fn number(placeholder: &str) -> Option<usize> {
    placeholder.strip_prefix('$')?.parse().ok().filter(|&number| number > 0)
}

impl ToSql for Arg {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        let value = match self {
            Self::Int(Some(value)) => ValueRef::Integer(*value),
            Self::Real(Some(value)) => ValueRef::Real(*value),
            Self::Text(Some(value)) => ValueRef::Text(value.as_bytes()),
            Self::Blob(Some(value)) => ValueRef::Blob(value),
            Self::Int(None) | Self::Real(None) | Self::Text(None) | Self::Blob(None) => {
                ValueRef::Null
            }
        };
        Ok(ToSqlOutput::Borrowed(value))
    }
}
