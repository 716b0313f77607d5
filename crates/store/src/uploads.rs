//! Places to upload to: promises of bytes that end as an asset, or expire.
//!
//! Owns: the table `upload`.

use backlot_model::account::{Organization, User};
use backlot_model::asset::Asset;
use backlot_model::{Id, Millis};

use crate::args;
use crate::db::{Db, DbError, Fetch, Row, Tx};

/// A place to upload to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upload {
    /// Identifier.
    pub id: Id<Upload>,
    /// Who may upload.
    pub owner_id: Id<User>,
    /// The organisation he acted for when he asked.
    pub organization_id: Option<Id<Organization>>,
    /// The id that the asset will have.
    pub asset_id: Id<Asset>,
    /// As the client calls the file.
    pub filename: String,
    /// What the client is expected to send as type.
    pub content_type: String,
    /// What the asset will be called: JSON of the library's.
    pub promise: String,
    /// Whether the asset is there.
    pub is_complete: bool,
    /// When it was asked for.
    pub created_at: Millis,
    /// Open until then.
    pub expires_at: Millis,
}

const COLUMNS: &str = "id, owner_id, organization_id, asset_id, filename, content_type, promise,
    is_complete, created_at, expires_at";

fn read(row: &Row<'_>) -> Result<Upload, DbError> {
    Ok(Upload {
        id: row.get(0)?,
        owner_id: row.get(1)?,
        organization_id: row.get(2)?,
        asset_id: row.get(3)?,
        filename: row.get(4)?,
        content_type: row.get(5)?,
        promise: row.get(6)?,
        is_complete: row.get(7)?,
        created_at: row.get(8)?,
        expires_at: row.get(9)?,
    })
}

/// Adds a place.
pub async fn insert(tx: &Tx, upload: &Upload) -> Result<(), DbError> {
    let it = upload;
    let sql =
        format!("INSERT INTO upload ({COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)");
    let args = args![
        it.id,
        it.owner_id,
        it.organization_id,
        it.asset_id,
        &it.filename,
        &it.content_type,
        &it.promise,
        it.is_complete,
        it.created_at,
        it.expires_at,
    ];
    tx.execute(sql, args).await.map(drop)
}

/// One place, open or not.
pub async fn by_id(db: &Db, id: Id<Upload>) -> Result<Option<Upload>, DbError> {
    let sql = format!("SELECT {COLUMNS} FROM upload WHERE id = $1");
    db.fetch_optional(sql, args![id], read).await
}

/// Notes that the asset is there.
pub async fn complete(tx: &Tx, id: Id<Upload>) -> Result<(), DbError> {
    tx.execute("UPDATE upload SET is_complete = 1 WHERE id = $1", args![id]).await.map(drop)
}

/// Takes back a place that nobody was told of.
pub async fn remove(tx: &Tx, id: Id<Upload>) -> Result<(), DbError> {
    tx.execute("DELETE FROM upload WHERE id = $1", args![id]).await.map(drop)
}

/// Removes at most `limit` places that expired before `now`, complete or not; how many went.
pub async fn sweep(tx: &Tx, now: Millis, limit: u32) -> Result<u64, DbError> {
    let sql = "DELETE FROM upload WHERE id IN
        (SELECT id FROM upload WHERE expires_at < $1 ORDER BY expires_at LIMIT $2)";
    tx.execute(sql, args![now, limit]).await
}
