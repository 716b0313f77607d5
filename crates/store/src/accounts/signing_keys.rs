//! The keys that tokens and URLs are signed with. One signs; retired ones still check.

use backlot_model::Millis;

use crate::args;
use crate::db::{DbError, Fetch, Row, Tx};

/// A key's row.
#[derive(Clone)]
pub struct SigningKeyRow {
    /// The name it goes by in what it signed.
    pub id: String,
    /// The key, in hexadecimal digits.
    pub secret: String,
    /// When it was made.
    pub created_at: Millis,
    /// Since when it signs nothing any more.
    pub retired_at: Option<Millis>,
}

fn signing_key(row: &Row<'_>) -> Result<SigningKeyRow, DbError> {
    Ok(SigningKeyRow {
        id: row.get(0)?,
        secret: row.get(1)?,
        created_at: row.get(2)?,
        retired_at: row.get(3)?,
    })
}

/// All keys: the one that signs first, then the retired, latest first.
pub async fn load(db: &impl Fetch) -> Result<Vec<SigningKeyRow>, DbError> {
    let sql = "SELECT id, secret, created_at, retired_at FROM signing_key \
               ORDER BY CASE WHEN retired_at IS NULL THEN 0 ELSE 1 END, retired_at DESC, id";
    db.fetch(sql, args![], signing_key).await
}

/// Retires the key that signs, and adds `id` in its place. Take the lock `signing-key` first.
pub async fn replace(tx: &Tx, id: &str, secret: &str, now_ms: Millis) -> Result<(), DbError> {
    let sql = "UPDATE signing_key SET retired_at = $1 WHERE retired_at IS NULL";
    tx.execute(sql, args![now_ms]).await?;
    let sql = "INSERT INTO signing_key (id, secret, created_at) VALUES ($1, $2, $3)";
    tx.execute(sql, args![id, secret, now_ms]).await.map(drop)
}

/// Forgets keys retired before `before_ms`.
pub async fn forget(tx: &Tx, before_ms: Millis) -> Result<(), DbError> {
    let sql = "DELETE FROM signing_key WHERE retired_at < $1";
    tx.execute(sql, args![before_ms]).await.map(drop)
}
