//! Answers of calls that are to happen once.
//!
//! Owns: the table `idempotency_key`. Of two calls with one key at the same moment, one is the
//! first: the primary key decides.

use backlot_model::Millis;

use crate::args;
use crate::db::{Db, DbError, Fetch, Row, Tx};

/// What became of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reserved {
    /// It is the caller's now; he runs the call.
    New,
    /// The call has run.
    Answered {
        /// The status of its answer.
        status: u16,
        /// The body of its answer.
        body: String,
    },
    /// The first call is still running.
    Running,
    /// The key belongs to another call.
    Other,
}

/// Takes a key of `subject` for the call of this fingerprint, if it is free.
///
/// `stale` tells from when on keys are free again: those created before the first time, and before
/// the second those of calls that never ended.
pub async fn reserve(
    db: &Db,
    subject: &str,
    key: &str,
    fingerprint: &str,
    now: Millis,
    stale: (Millis, Millis),
) -> Result<Reserved, DbError> {
    let tx = db.begin().await?;
    let sql = "DELETE FROM idempotency_key WHERE subject = $1 AND key = $2
        AND (created_at < $3 OR created_at < $4 AND status IS NULL)";
    tx.execute(sql, args![subject, key, stale.0, stale.1]).await?;
    let sql = "INSERT INTO idempotency_key (subject, key, fingerprint, created_at)
        VALUES ($1, $2, $3, $4) ON CONFLICT (subject, key) DO NOTHING";
    if tx.execute(sql, args![subject, key, fingerprint, now]).await? > 0 {
        tx.commit().await?;
        return Ok(Reserved::New);
    }
    let sql = "SELECT fingerprint, status, body FROM idempotency_key
        WHERE subject = $1 AND key = $2";
    let read = |row: &Row<'_>| {
        let found: (String, Option<u16>, Option<String>) = (row.get(0)?, row.get(1)?, row.get(2)?);
        Ok(found)
    };
    let (known, status, body) = tx.fetch_one(sql, args![subject, key], read).await?;
    tx.rollback().await?;
    Ok(match status {
        _ if known != fingerprint => Reserved::Other,
        None => Reserved::Running,
        Some(status) => Reserved::Answered { status, body: body.unwrap_or_default() },
    })
}

/// Keeps the answer of the call that has the key.
pub async fn complete(
    db: &Db,
    subject: &str,
    key: &str,
    status: u16,
    body: &str,
) -> Result<(), DbError> {
    let sql = "UPDATE idempotency_key SET status = $3, body = $4 WHERE subject = $1 AND key = $2";
    db.execute(sql, args![subject, key, status, body]).await.map(drop)
}

/// Frees the key of a call that has not been answered.
pub async fn forget(db: &Db, subject: &str, key: &str) -> Result<(), DbError> {
    let sql = "DELETE FROM idempotency_key WHERE subject = $1 AND key = $2 AND status IS NULL";
    db.execute(sql, args![subject, key]).await.map(drop)
}

/// Removes at most `limit` keys created before that time; how many went.
pub async fn sweep(tx: &Tx, before: Millis, limit: u32) -> Result<u64, DbError> {
    let sql = "DELETE FROM idempotency_key WHERE (subject, key) IN
        (SELECT subject, key FROM idempotency_key WHERE created_at < $1
         ORDER BY created_at LIMIT $2)";
    tx.execute(sql, args![before, limit]).await
}
