//! How full the queue is.

use backlot_model::Millis;

use crate::args;
use crate::db::{Db, DbError, Fetch as _, Row};

/// Where a job stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum State {
    /// Waits to be claimed.
    Ready,
    /// Somebody holds its lease, or died holding it.
    Leased,
    /// Cannot be done; a person has to look.
    Dead,
}

impl State {
    /// As it is stored, and shown in metrics.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::Leased => "leased",
            Self::Dead => "dead",
        }
    }
}

/// How many jobs of a kind are in a state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Depth {
    /// The name of their sort.
    pub kind: String,
    /// Where they stand.
    pub state: State,
    /// How many.
    pub count: u64,
    /// Since when the first of them has been due; in the future when none is. For ready jobs, what
    /// has passed since is how late the workers are.
    pub oldest_due_at: Millis,
}

/// All jobs, by kind and state. Reads an index only.
pub async fn depth(db: &Db) -> Result<Vec<Depth>, DbError> {
    let sql = "SELECT kind, state, CAST(count(*) AS BIGINT), min(due_at) FROM job
        GROUP BY state, kind ORDER BY kind, state";
    db.fetch(sql, args![], |row: &Row<'_>| {
        let word: &str = row.get(1)?;
        let states = [State::Ready, State::Leased, State::Dead];
        let state = states.into_iter().find(|state| state.word() == word);
        Ok(Depth {
            kind: row.get(0)?,
            state: state.ok_or_else(|| DbError::column(1, "no state of a job"))?,
            count: row.get(2)?,
            oldest_due_at: row.get(3)?,
        })
    })
    .await
}

/// How many jobs wait to be claimed, due or not.
pub async fn waiting(db: &Db) -> Result<u64, DbError> {
    let sql = "SELECT CAST(count(*) AS BIGINT) FROM job WHERE state = 'ready'";
    db.fetch_one(sql, args![], |row| row.get(0)).await
}
