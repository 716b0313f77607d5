//! Jobs that could not be done.

use backlot_model::{Id, Millis};

use super::Job;
use crate::args;
use crate::db::{Db, DbError, Fetch as _, Row, Tx};

/// A job that could not be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Buried {
    /// Identifier.
    pub id: Id<Job>,
    /// The name of its sort.
    pub kind: String,
    /// What made it one job.
    pub key: String,
    /// What the worker needed to know; JSON.
    pub payload: String,
    /// How often it was tried.
    pub attempts: u32,
    /// Why it was given up.
    pub reason: Option<String>,
    /// When it was first enqueued.
    pub created_at: Millis,
    /// When it was given up.
    pub died_at: Millis,
}

/// What became of a dead job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Requeued {
    /// It will run.
    Ready,
    /// The same job had been enqueued anew: the dead one is gone, the other will run.
    Merged,
    /// There is no such dead job.
    Unknown,
}

/// At most `limit` dead jobs, the latest first, older than `before` (the last of the page before).
pub async fn buried(
    db: &Db,
    before: Option<(Millis, Id<Job>)>,
    limit: u32,
) -> Result<Vec<Buried>, DbError> {
    let sql = "SELECT id, kind, key, payload, attempts, last_error, created_at, died_at FROM job
        WHERE died_at IS NOT NULL AND (died_at, id) < ($1, $2)
        ORDER BY died_at DESC, id DESC LIMIT $3";
    let (died_at, id) = match before {
        Some((died_at, id)) => (died_at, id.to_string()),
        None => (Millis::MAX, String::new()),
    };
    db.fetch(sql, args![died_at, id, limit], |row: &Row<'_>| {
        Ok(Buried {
            id: row.get(0)?,
            kind: row.get(1)?,
            key: row.get(2)?,
            payload: row.get(3)?,
            attempts: row.get(4)?,
            reason: row.get(5)?,
            created_at: row.get(6)?,
            died_at: row.get(7)?,
        })
    })
    .await
}

/// Lets a dead job run again, from its first attempt.
pub async fn requeue(db: &Db, id: Id<Job>, now: Millis) -> Result<Requeued, DbError> {
    let tx = db.begin().await?;
    let sql = "UPDATE job SET state = 'ready', due_at = $2, attempts = 0, died_at = NULL
        WHERE id = $1 AND state = 'dead' AND NOT EXISTS (
            SELECT 1 FROM job AS other
            WHERE other.kind = job.kind AND other.key = job.key AND other.state <> 'dead')";
    let requeued = if tx.execute(sql, args![id, now]).await? > 0 {
        Requeued::Ready
    } else {
        let sql = "DELETE FROM job WHERE id = $1 AND state = 'dead'";
        match tx.execute(sql, args![id]).await? {
            0 => Requeued::Unknown,
            _ => Requeued::Merged,
        }
    };
    tx.commit().await?;
    Ok(requeued)
}

/// Deletes at most `limit` of the jobs that died before `before`. How many.
pub async fn sweep_dead(tx: &Tx, before: Millis, limit: u32) -> Result<u64, DbError> {
    let sql = "DELETE FROM job WHERE id IN
        (SELECT id FROM job WHERE died_at < $1 ORDER BY died_at, id LIMIT $2)";
    tx.execute(sql, args![before, limit]).await
}
