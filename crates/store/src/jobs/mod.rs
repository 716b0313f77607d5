//! The queue: jobs as rows, claimed by lease.
//!
//! Owns: the table `job`, who may run a job, and that it ends: done and deleted, or dead with a
//! reason.
//! Invariants: of all jobs with one kind and key at most one is alive. A job runs at least once
//! after each time it was enqueued, so one that is enqueued while it runs, runs again. Only the
//! last claim of a job can end it.
//! Never: knows what a job does, reads a clock, or decides when to try again.

mod dead;
mod depth;

use backlot_model::{Id, Millis};

pub use dead::{Buried, Requeued, buried, requeue, sweep_dead};
pub use depth::{Depth, State, depth, waiting};

use crate::args;
use crate::db::{Db, DbError, Fetch as _, Row, Tx};

/// What is kept of an error message, in characters.
const ERROR_CHARS_MAX: usize = 2_000;

/// What an [`Id`] of this module names.
pub enum Job {}

/// A job to be enqueued.
#[derive(Debug, Clone)]
pub struct NewJob {
    /// Taken when the job is new.
    pub id: Id<Job>,
    /// The name of its sort.
    pub kind: &'static str,
    /// Two jobs of a kind with one key are one job.
    pub key: String,
    /// What the worker needs to know; JSON.
    pub payload: String,
    /// Not before this time.
    pub run_at: Millis,
    /// Now.
    pub created_at: Millis,
}

/// A job somebody holds the lease of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claimed {
    /// Identifier.
    pub id: Id<Job>,
    /// The name of its sort.
    pub kind: String,
    /// What the worker needs to know; JSON.
    pub payload: String,
    /// Which attempt this is, from 1. Attempts that ended with the process count: one that is
    /// over the limit already has killed its workers.
    pub attempts: u32,
    /// When it was first enqueued.
    pub created_at: Millis,
    /// Proves the lease.
    claim: i64,
}

/// Whether the caller still had the lease.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use = "without the lease nothing was changed"]
pub enum Lease {
    /// He had it, and it was done.
    Held,
    /// It ran out and the job was claimed by another, or has ended. Nothing was changed.
    Lost,
}

impl Lease {
    fn from_changed(rows: u64) -> Self {
        match rows {
            0 => Self::Lost,
            _ => Self::Held,
        }
    }

    /// Tells the log, for callers who can do nothing else: the job is safe to run twice.
    fn note(self, claimed: &Claimed) {
        if self == Self::Lost {
            let (job, kind) = (claimed.id, &claimed.kind);
            tracing::warn!(%job, kind, "the lease of job {job} was lost before it ended");
        }
    }
}

/// What became of a job that was to be buried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use = "only what a dead job was for may be given up"]
pub enum Burial {
    /// It is dead.
    Dead,
    /// It was enqueued again meanwhile, and will run.
    Again,
    /// The lease was lost; nothing was changed.
    Lost,
}

/// Enqueues `job` with what makes it necessary.
///
/// When it is queued already, that one stays, with the newer payload, and runs at the earlier of
/// the two times unless it is waiting after a failure. When it is running, it runs once more after
/// that, from its first attempt.
pub async fn enqueue(tx: &Tx, job: &NewJob) -> Result<(), DbError> {
    let sql = "INSERT INTO job (id, kind, key, payload, state, due_at, created_at)
        VALUES ($1, $2, $3, $4, 'ready', $5, $6)
        ON CONFLICT (kind, key) WHERE state <> 'dead' DO UPDATE SET
            payload = excluded.payload,
            due_at = CASE WHEN job.state = 'ready' AND job.attempts = 0
                               AND excluded.due_at < job.due_at
                          THEN excluded.due_at ELSE job.due_at END,
            again_at = CASE WHEN job.state = 'ready' THEN NULL
                            WHEN job.again_at < excluded.due_at THEN job.again_at
                            ELSE excluded.due_at END";
    let NewJob { id, kind, key, payload, run_at, created_at } = job;
    let args = args![*id, *kind, key, payload, *run_at, *created_at];
    tx.execute(sql, args).await.map(|_| ())
}

/// Takes the lease of the job that has been due longest, until `now + lease_ms`; `None` when none
/// is due. A job whose lease ran out is due again.
pub async fn claim(db: &Db, now: Millis, lease_ms: Millis) -> Result<Option<Claimed>, DbError> {
    let sql = format!(
        "UPDATE job SET state = 'leased', due_at = $1, claims = claims + 1, attempts = attempts + 1,
             again_at = CASE WHEN again_at > $2 THEN again_at END
         WHERE id = (SELECT id FROM job WHERE state <> 'dead' AND due_at <= $2
                     ORDER BY due_at, id LIMIT 1{})
         RETURNING id, kind, payload, attempts, created_at, claims",
        db.skip_locked()
    );
    let claimed = |row: &Row<'_>| {
        Ok(Claimed {
            id: row.get(0)?,
            kind: row.get(1)?,
            payload: row.get(2)?,
            attempts: row.get(3)?,
            created_at: row.get(4)?,
            claim: row.get(5)?,
        })
    };
    let rows = db.execute_returning(sql, args![now.saturating_add(lease_ms), now], claimed).await?;
    Ok(rows.into_iter().next())
}

/// Prolongs the lease until `until`.
pub async fn heartbeat(db: &Db, claimed: &Claimed, until: Millis) -> Result<Lease, DbError> {
    let sql = "UPDATE job SET due_at = $3 WHERE id = $1 AND claims = $2 AND state = 'leased'";
    let changed = db.execute(sql, args![claimed.id, claimed.claim, until]).await?;
    Ok(Lease::from_changed(changed))
}

/// Ends a job that is done. A lost lease is only logged: another runs it again.
pub async fn complete(db: &Db, claimed: &Claimed) -> Result<(), DbError> {
    let tx = db.begin().await?;
    complete_in(&tx, claimed).await?.note(claimed);
    tx.commit().await
}

/// Ends a job that is done, in the transaction of its effect. With a lost lease the caller rolls
/// back, so that the effect happens once.
pub async fn complete_in(tx: &Tx, claimed: &Claimed) -> Result<Lease, DbError> {
    let args = || args![claimed.id, claimed.claim];
    let sql = "DELETE FROM job
        WHERE id = $1 AND claims = $2 AND state = 'leased' AND again_at IS NULL";
    if tx.execute(sql, args()).await? > 0 {
        return Ok(Lease::Held);
    }
    let sql = "UPDATE job SET state = 'ready', due_at = again_at, again_at = NULL, attempts = 0,
            last_error = NULL
        WHERE id = $1 AND claims = $2 AND state = 'leased' AND again_at IS NOT NULL";
    tx.execute(sql, args()).await.map(Lease::from_changed)
}

/// Lets a job that failed wait until `run_at` for its next attempt. A lost lease is only logged.
///
/// When it was enqueued again meanwhile, that attempt counts as its first.
pub async fn retry(db: &Db, claimed: &Claimed, run_at: Millis, error: &str) -> Result<(), DbError> {
    let sql = "UPDATE job SET state = 'ready', due_at = $3, last_error = $4,
            attempts = CASE WHEN again_at IS NULL THEN attempts ELSE 0 END, again_at = NULL
        WHERE id = $1 AND claims = $2 AND state = 'leased'";
    let changed = db.execute(sql, args![claimed.id, claimed.claim, run_at, cut(error)]).await?;
    Lease::from_changed(changed).note(claimed);
    Ok(())
}

/// Ends a job that cannot be done: it stays as dead, with `reason`. Give up what it was for in
/// the same transaction, and only when it died. A lost lease is logged.
///
/// When it was enqueued again meanwhile, it runs again instead.
pub async fn bury(
    tx: &Tx,
    claimed: &Claimed,
    reason: &str,
    now: Millis,
) -> Result<Burial, DbError> {
    let sql = "UPDATE job SET last_error = $3,
            state = CASE WHEN again_at IS NULL THEN 'dead' ELSE 'ready' END,
            died_at = CASE WHEN again_at IS NULL THEN $4 END,
            due_at = CASE WHEN again_at IS NULL THEN due_at ELSE again_at END,
            attempts = CASE WHEN again_at IS NULL THEN attempts ELSE 0 END,
            again_at = NULL
        WHERE id = $1 AND claims = $2 AND state = 'leased'
        RETURNING state";
    let args = args![claimed.id, claimed.claim, cut(reason), now];
    let state: Option<String> = tx.fetch_optional(sql, args, |row| row.get(0)).await?;
    Ok(match state.as_deref() {
        Some("dead") => Burial::Dead,
        Some(_) => Burial::Again,
        None => {
            Lease::Lost.note(claimed);
            Burial::Lost
        }
    })
}

/// Hands a lease back; this attempt does not count. The job is due at `due_at`: at once when its
/// worker shuts down, later when the job is not to blame, as while the disk is full.
pub async fn release(db: &Db, claimed: &Claimed, due_at: Millis) -> Result<Lease, DbError> {
    let sql = "UPDATE job SET state = 'ready', due_at = $3, again_at = NULL,
            attempts = CASE WHEN again_at IS NULL THEN attempts - 1 ELSE 0 END
        WHERE id = $1 AND claims = $2 AND state = 'leased'";
    let changed = db.execute(sql, args![claimed.id, claimed.claim, due_at]).await?;
    Ok(Lease::from_changed(changed))
}

fn cut(error: &str) -> String {
    error.chars().take(ERROR_CHARS_MAX).collect()
}
