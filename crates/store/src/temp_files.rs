//! Temporary files: bytes with an owner and an end, outside the library.
//!
//! Owns: the table `temp_file`. A row keeps its blob from being collected.

use backlot_model::account::User;
use backlot_model::media::Digest;
use backlot_model::{Id, Millis};

use crate::args;
use crate::blob_rows::known_digest;
use crate::db::{Db, DbError, Fetch, Row, Tx};
use crate::statement::number;
use crate::tasks::Task;

/// A temporary file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TempFile {
    /// The secret that opens it.
    pub key: String,
    /// Whose.
    pub owner_id: Id<User>,
    /// Its bytes.
    pub digest: Digest,
    /// As uploaded.
    pub filename: String,
    /// Free text.
    pub description: Option<String>,
    /// Sniffed from the bytes.
    pub mime_type: String,
    /// In bytes.
    pub size: u64,
    /// The task that made it; of those that were uploaded there is none.
    pub task_id: Option<Id<Task>>,
    /// When it came.
    pub created_at: Millis,
    /// There until then.
    pub expires_at: Millis,
}

const COLUMNS: &str =
    "key, owner_id, digest, filename, description, mime_type, size, created_at, expires_at,
    task_id";

fn read(row: &Row<'_>) -> Result<TempFile, DbError> {
    Ok(TempFile {
        key: row.get(0)?,
        owner_id: row.get(1)?,
        digest: known_digest(row, 2)?,
        filename: row.get(3)?,
        description: row.get(4)?,
        mime_type: row.get(5)?,
        size: row.get(6)?,
        created_at: row.get(7)?,
        expires_at: row.get(8)?,
        task_id: row.get(9)?,
    })
}

/// Adds a file over a blob that has its row.
pub async fn insert(tx: &Tx, file: &TempFile) -> Result<(), DbError> {
    let it = file;
    let sql = format!(
        "INSERT INTO temp_file ({COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)"
    );
    let args = args![
        &it.key,
        it.owner_id,
        it.digest.to_string(),
        &it.filename,
        &it.description,
        &it.mime_type,
        number(it.size),
        it.created_at,
        it.expires_at,
        it.task_id,
    ];
    tx.execute(sql, args).await.map(drop)
}

/// One file, expired or not.
pub async fn get(db: &Db, key: &str) -> Result<Option<TempFile>, DbError> {
    let sql = format!("SELECT {COLUMNS} FROM temp_file WHERE key = $1");
    db.fetch_optional(sql, args![key], read).await
}

/// The file that a task made, expired or not.
pub async fn by_task(db: &Db, task: Id<Task>) -> Result<Option<TempFile>, DbError> {
    let sql = format!("SELECT {COLUMNS} FROM temp_file WHERE task_id = $1");
    db.fetch_optional(sql, args![task], read).await
}

/// The owner's uploaded files that expire after `now`, the newest first.
pub async fn list(
    db: &Db,
    owner: Id<User>,
    now: Millis,
    skip: u64,
    limit: u32,
) -> Result<Vec<TempFile>, DbError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM temp_file WHERE owner_id = $1 AND task_id IS NULL AND expires_at > $2
         ORDER BY created_at DESC, key DESC LIMIT $3 OFFSET $4"
    );
    db.fetch(sql, args![owner, now, limit, number(skip)], read).await
}

/// Removes at most `limit` files that expired before `now`; whose blobs may be orphans now.
pub async fn sweep(tx: &Tx, now: Millis, limit: u32) -> Result<Vec<Digest>, DbError> {
    let sql = "DELETE FROM temp_file WHERE key IN
            (SELECT key FROM temp_file WHERE expires_at < $1 ORDER BY expires_at LIMIT $2)
        RETURNING digest";
    tx.fetch(sql, args![now, limit], |row| known_digest(row, 0)).await
}
