//! The states that a canvas went through.
//!
//! Owns: the table `asset_snapshot`. A row keeps its blob from being collected.

use backlot_model::account::User;
use backlot_model::asset::Asset;
use backlot_model::media::Digest;
use backlot_model::{Id, Millis};

use crate::args;
use crate::blob_rows::known_digest;
use crate::db::{Db, DbError, Fetch, Row, Tx};

/// One state of a canvas.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Snapshot {
    /// Identifier; later ones are greater.
    pub id: Id<Snapshot>,
    /// Of which asset.
    pub asset_id: Id<Asset>,
    /// Its bytes.
    pub digest: Digest,
    /// Who made it so.
    pub author_id: Id<User>,
    /// When.
    pub taken_at: Millis,
}

/// Adds a state over a blob that has its row.
pub async fn insert(tx: &Tx, it: &Snapshot) -> Result<(), DbError> {
    let sql = "INSERT INTO asset_snapshot (asset_id, id, digest, author_id, taken_at)
        VALUES ($1, $2, $3, $4, $5)";
    let args = args![it.asset_id, it.id, it.digest, it.author_id, it.taken_at];
    tx.execute(sql, args).await.map(drop)
}

/// The states of an asset, the latest first, from before `before` on.
pub async fn list(
    db: &Db,
    asset: Id<Asset>,
    before: Option<Id<Snapshot>>,
    limit: u32,
) -> Result<Vec<Snapshot>, DbError> {
    let sql = "SELECT asset_id, id, digest, author_id, taken_at FROM asset_snapshot
        WHERE asset_id = $1 AND ($2 IS NULL OR id < $2) ORDER BY id DESC LIMIT $3";
    let read = |row: &Row<'_>| {
        Ok(Snapshot {
            asset_id: row.get(0)?,
            id: row.get(1)?,
            digest: known_digest(row, 2)?,
            author_id: row.get(3)?,
            taken_at: row.get(4)?,
        })
    };
    db.fetch(sql, args![asset, before, limit], read).await
}

/// Removes the states of an asset but for the latest `keep`; whose blobs may be orphans now.
pub async fn trim(tx: &Tx, asset: Id<Asset>, keep: u32) -> Result<Vec<Digest>, DbError> {
    let sql = "DELETE FROM asset_snapshot WHERE asset_id = $1 AND id NOT IN
            (SELECT id FROM asset_snapshot WHERE asset_id = $1 ORDER BY id DESC LIMIT $2)
        RETURNING digest";
    tx.fetch(sql, args![asset, keep], |row| known_digest(row, 0)).await
}
