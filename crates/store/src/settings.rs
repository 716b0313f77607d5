//! Small facts about the library itself that outlive a process, by name.
//!
//! Owns: the SQL of `setting`. Never: knows what a value means.

use crate::args;
use crate::db::{Db, DbError, Fetch, Tx};

/// The value of `name`; `None` when it was never written.
pub async fn get(db: &impl Fetch, name: &str) -> Result<Option<String>, DbError> {
    let sql = "SELECT value FROM setting WHERE name = $1";
    db.fetch_optional(sql, args![name], |row| row.get(0)).await
}

const PUT: &str = "INSERT INTO setting (name, value) VALUES ($1, $2) \
                   ON CONFLICT (name) DO UPDATE SET value = excluded.value";

/// Writes the value of `name` in a transaction of its own.
pub async fn put(db: &Db, name: &str, value: &str) -> Result<(), DbError> {
    db.execute(PUT, args![name, value]).await.map(drop)
}

/// Writes the value of `name`.
pub async fn put_in(tx: &Tx, name: &str, value: &str) -> Result<(), DbError> {
    tx.execute(PUT, args![name, value]).await.map(drop)
}

/// Forgets `name`; one that was never written is forgotten already.
pub async fn remove(db: &Db, name: &str) -> Result<(), DbError> {
    db.execute("DELETE FROM setting WHERE name = $1", args![name]).await.map(drop)
}
