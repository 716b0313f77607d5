//! Long work that a user watches.
//!
//! Owns: the table `task`.

use backlot_model::account::{Organization, User};
use backlot_model::{Id, Millis};

use crate::args;
use crate::assets::row::word;
use crate::db::{Arg, Db, DbError, Fetch, Row, Tx};
use crate::statement::number;

/// How far a task is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TaskStatus {
    /// Nobody has begun.
    Pending,
    /// Somebody works on it.
    Running,
    /// It ended well.
    Completed,
    /// It ended badly; `error` says why.
    Failed,
    /// Somebody called it off.
    Cancelled,
}

impl TaskStatus {
    /// Every value.
    pub const ALL: &'static [Self] =
        &[Self::Pending, Self::Running, Self::Completed, Self::Failed, Self::Cancelled];

    /// The word that stands for it in rows and in the native API.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Pending => "PENDING",
            Self::Running => "RUNNING",
            Self::Completed => "COMPLETED",
            Self::Failed => "FAILED",
            Self::Cancelled => "CANCELLED",
        }
    }

    /// The value that `word` stands for.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|it| it.word() == word)
    }

    /// Whether nothing more will happen.
    #[must_use]
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Completed | Self::Failed | Self::Cancelled)
    }
}

/// Long work that a user watches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Task {
    /// Identifier.
    pub id: Id<Task>,
    /// Who asked for it.
    pub owner_id: Id<User>,
    /// For whom he acted.
    pub organization_id: Option<Id<Organization>>,
    /// Which sort of work.
    pub kind: String,
    /// How far it is.
    pub status: TaskStatus,
    /// What it is about, such as an entity's id.
    pub subject: Option<String>,
    /// What is to be done: JSON of the library's.
    pub payload: String,
    /// In percent.
    pub progress: u8,
    /// How many things there are to do, once known.
    pub total_items: Option<u64>,
    /// How many are done.
    pub processed_items: u64,
    /// Why it failed; for the owner.
    pub error: Option<String>,
    /// What came of it: JSON.
    pub result: Option<String>,
    /// When it was asked for.
    pub created_at: Millis,
    /// When it last changed.
    pub updated_at: Millis,
    /// When somebody began.
    pub started_at: Option<Millis>,
    /// When it ended.
    pub finished_at: Option<Millis>,
}

const COLUMNS: &str = "id, owner_id, kind, organization_id, subject, payload, created_at, status,
    progress, total_items, processed_items, error, result, updated_at, started_at, finished_at";

fn read(row: &Row<'_>) -> Result<Task, DbError> {
    Ok(Task {
        id: row.get(0)?,
        owner_id: row.get(1)?,
        kind: row.get(2)?,
        organization_id: row.get(3)?,
        subject: row.get(4)?,
        payload: row.get(5)?,
        created_at: row.get(6)?,
        status: word(row, 7, TaskStatus::parse)?,
        progress: row.get(8)?,
        total_items: row.get(9)?,
        processed_items: row.get(10)?,
        error: row.get(11)?,
        result: row.get(12)?,
        updated_at: row.get(13)?,
        started_at: row.get(14)?,
        finished_at: row.get(15)?,
    })
}

/// What changes of a task, in the order of the last columns.
fn state(it: &Task) -> Vec<Arg> {
    args![
        it.status.word(),
        it.progress.min(100),
        it.total_items.map(number),
        number(it.processed_items),
        &it.error,
        &it.result,
        it.updated_at,
        it.started_at,
        it.finished_at,
    ]
}

/// Adds a task.
pub async fn insert(tx: &Tx, task: &Task) -> Result<(), DbError> {
    let it = task;
    let mut args = args![
        it.id,
        it.owner_id,
        &it.kind,
        it.organization_id,
        &it.subject,
        &it.payload,
        it.created_at,
    ];
    args.extend(state(it));
    let sql = format!(
        "INSERT INTO task ({COLUMNS}) VALUES
         ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)"
    );
    tx.execute(sql, args).await.map(drop)
}

/// Writes how far the task is. Owner, kind, subject and payload never change.
pub async fn save(tx: &Tx, task: &Task) -> Result<(), DbError> {
    let mut args = args![task.id];
    args.extend(state(task));
    let sql = "UPDATE task SET status = $2, progress = $3, total_items = $4, processed_items = $5,
            error = $6, result = $7, updated_at = $8, started_at = $9, finished_at = $10
        WHERE id = $1";
    tx.execute(sql, args).await.map(drop)
}

/// One task.
pub async fn by_id(db: &Db, id: Id<Task>) -> Result<Option<Task>, DbError> {
    one(db, id).await
}

/// One task, to be changed in this transaction.
pub async fn by_id_in(tx: &Tx, id: Id<Task>) -> Result<Option<Task>, DbError> {
    one(tx, id).await
}

async fn one(source: &impl Fetch, id: Id<Task>) -> Result<Option<Task>, DbError> {
    let sql = format!("SELECT {COLUMNS} FROM task WHERE id = $1");
    source.fetch_optional(sql, args![id], read).await
}

/// The owner's tasks, the newest first, and how many there are.
pub async fn list(
    db: &Db,
    owner: Id<User>,
    skip: u64,
    limit: u32,
) -> Result<(Vec<Task>, u64), DbError> {
    let sql = "SELECT count(*) FROM task WHERE owner_id = $1";
    let total = db.fetch_one(sql, args![owner], |row| row.get(0));
    let sql = format!(
        "SELECT {COLUMNS} FROM task WHERE owner_id = $1
         ORDER BY created_at DESC, id DESC LIMIT $2 OFFSET $3"
    );
    futures::try_join!(db.fetch(sql, args![owner, limit, number(skip)], read), total)
}

/// The newest task of a kind about `subject`.
pub async fn latest_about(db: &Db, kind: &str, subject: &str) -> Result<Option<Task>, DbError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM task WHERE subject = $1 AND kind = $2
         ORDER BY created_at DESC, id DESC LIMIT 1"
    );
    db.fetch_optional(sql, args![subject, kind], read).await
}

/// Removes at most `limit` tasks that ended before that time; how many went.
pub async fn sweep(tx: &Tx, before: Millis, limit: u32) -> Result<u64, DbError> {
    let sql = "DELETE FROM task WHERE id IN
        (SELECT id FROM task WHERE finished_at < $1 ORDER BY finished_at LIMIT $2)";
    tx.execute(sql, args![before, limit]).await
}
