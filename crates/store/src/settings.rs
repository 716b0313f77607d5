//! Things the whole installation remembers, by name.
//!
//! Owns: reading and writing the table `setting`. What a name means is its user's matter.

use crate::args;
use crate::db::{Db, DbError, Fetch, Tx};

/// The value of a setting.
pub async fn get(db: &Db, name: &str) -> Result<Option<String>, DbError> {
    let sql = "SELECT value FROM setting WHERE name = $1";
    db.fetch_optional(sql, args![name], |row| row.get(0)).await
}

/// Sets a setting.
pub async fn put(tx: &mut Tx, name: &str, value: &str) -> Result<(), DbError> {
    let sql = "INSERT INTO setting (name, value) VALUES ($1, $2)
        ON CONFLICT (name) DO UPDATE SET value = excluded.value";
    tx.execute(sql, args![name, value]).await.map(drop)
}
