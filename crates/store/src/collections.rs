//! Collections and their members.
//!
//! Owns: the tables `collection` and `collection_member`. Members are keyed in the order of their
//! creation, so that a collection is listed like a scope. A collection counts its members that are
//! not deleted; `assets` keeps that number when it deletes and restores.
//! Never: touches the members themselves; a collection that goes leaves them.

use backlot_model::asset::Asset;

use crate::args;
use crate::db::{DbError, Tx};

/// Puts a new asset into its collections.
pub(crate) async fn join(tx: &Tx, asset: &Asset, seq: i64) -> Result<(), DbError> {
    if asset.collection_ids.is_empty() {
        return Ok(());
    }
    let sql = "INSERT INTO collection_member (collection_id, created_at, asset_id, seq)
        VALUES ($1, $2, $3, $4)";
    let ids = || asset.collection_ids.iter().copied();
    let rows = ids().map(|id| args![id, asset.created_at, asset.id, seq]).collect();
    tx.execute_many(sql, rows).await?;
    let lives = asset.deleted_at.is_none();
    let sql = "UPDATE collection SET asset_count = asset_count + $2, updated_at = $3 WHERE id = $1";
    let rows = ids().map(|id| args![id, lives, asset.updated_at]).collect();
    tx.execute_many(sql, rows).await?;
    let sql = "UPDATE asset SET collections = $2 WHERE seq = $1";
    let count = i64::try_from(asset.collection_ids.len()).unwrap_or(i64::MAX);
    tx.execute(sql, args![seq, count]).await.map(|_| ())
}
