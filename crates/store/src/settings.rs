//! Things the whole installation remembers, by name.
//!
//! Owns: reading and writing the table `setting`. What a name means is its user's matter.

use crate::args;
use crate::db::{Db, DbError, Fetch, Tx};

const PUT: &str = "INSERT INTO setting (name, value) VALUES ($1, $2)
    ON CONFLICT (name) DO UPDATE SET value = excluded.value";

/// The value of a setting.
pub async fn get(db: &impl Fetch, name: &str) -> Result<Option<String>, DbError> {
    let sql = "SELECT value FROM setting WHERE name = $1";
    db.fetch_optional(sql, args![name], |row| row.get(0)).await
}

/// Sets a setting.
pub async fn put(tx: &Tx, name: &str, value: &str) -> Result<(), DbError> {
    tx.execute(PUT, args![name, value]).await.map(drop)
}

/// Sets a setting in a transaction of its own.
pub async fn set(db: &Db, name: &str, value: &str) -> Result<(), DbError> {
    db.execute(PUT, args![name, value]).await.map(drop)
}

/// Forgets a setting; one that was never set is forgotten already.
pub async fn remove(db: &Db, name: &str) -> Result<(), DbError> {
    db.execute("DELETE FROM setting WHERE name = $1", args![name]).await.map(drop)
}
