//! The pictures made from blobs, by name.
//!
//! Owns: the table `rendition` and the total of what may be dropped.
//! Never: touches bytes; `blobs` does.

use backlot_model::Millis;
use backlot_model::media::Digest;

use crate::args;
use crate::blob_rows::{count, known_digest};
use crate::db::{Db, DbError, Fetch, Row, Tx};
use crate::statement::number;

/// A picture made from a blob.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendition {
    /// Unique among the blob's renditions.
    pub name: String,
    /// Its type.
    pub mime_type: String,
    /// In bytes.
    pub size: u64,
    /// In pixels.
    pub width: u32,
    /// In pixels.
    pub height: u32,
    /// Whether it may be dropped; it is made again when asked for.
    pub is_cached: bool,
}

const COLUMNS: &str = "name, mime_type, size, width, height, is_cached";

fn read(row: &Row<'_>) -> Result<Rendition, DbError> {
    Ok(Rendition {
        name: row.get(0)?,
        mime_type: row.get(1)?,
        size: row.get(2)?,
        width: row.get(3)?,
        height: row.get(4)?,
        is_cached: row.get(5)?,
    })
}

/// Records a rendition, in place of one of the same name.
pub async fn put(
    tx: &Tx,
    digest: Digest,
    rendition: &Rendition,
    now: Millis,
) -> Result<(), DbError> {
    remove(tx, digest, &rendition.name).await?;
    let Rendition { name, mime_type, size, width, height, is_cached } = rendition;
    let size = number(*size);
    let sql = "INSERT INTO rendition
        (digest, name, mime_type, size, width, height, is_cached, used_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    let digest = digest.to_string();
    tx.execute(sql, args![digest, name, mime_type, size, *width, *height, *is_cached, now]).await?;
    match is_cached {
        true => count(tx, "cached", 1, size).await,
        false => Ok(()),
    }
}

/// One rendition of a blob.
pub async fn get(db: &Db, digest: Digest, name: &str) -> Result<Option<Rendition>, DbError> {
    let sql = format!("SELECT {COLUMNS} FROM rendition WHERE digest = $1 AND name = $2");
    db.fetch_optional(sql, args![digest.to_string(), name], read).await
}

/// Notes that a rendition was used, if that was last noted longer than `every_ms` ago: a read for
/// most calls.
pub async fn touch(
    db: &Db,
    digest: Digest,
    name: &str,
    now: Millis,
    every_ms: Millis,
) -> Result<(), DbError> {
    let stale = "digest = $1 AND name = $2 AND is_cached = 1 AND used_at <= $3";
    let args = args![digest.to_string(), name, now - every_ms];
    let sql = format!("SELECT 1 FROM rendition WHERE {stale}");
    if db.fetch_optional(sql, args.clone(), |_| Ok(())).await?.is_none() {
        return Ok(());
    }
    let sql = format!("UPDATE rendition SET used_at = $4 WHERE {stale}");
    let args = args.into_iter().chain(args![now]).collect();
    db.execute(sql, args).await.map(drop)
}

/// The bytes of all renditions that may be dropped. Costs the same however many there are.
pub async fn cached_bytes(db: &Db) -> Result<u64, DbError> {
    let sql = "SELECT bytes FROM byte_count WHERE name = 'cached'";
    db.fetch_one(sql, args![], |row| row.get(0)).await
}

/// The renditions that may be dropped, the least recently used first.
pub async fn least_recently_used(db: &Db, limit: u32) -> Result<Vec<(Digest, Rendition)>, DbError> {
    let sql = format!(
        "SELECT {COLUMNS}, digest FROM rendition WHERE is_cached = 1 ORDER BY used_at LIMIT $1"
    );
    db.fetch(sql, args![limit], |row| Ok((known_digest(row, 6)?, read(row)?))).await
}

/// Removes a rendition's row, if it is there.
pub async fn remove(tx: &Tx, digest: Digest, name: &str) -> Result<(), DbError> {
    let sql = "DELETE FROM rendition WHERE digest = $1 AND name = $2 RETURNING size, is_cached";
    let args = args![digest.to_string(), name];
    let gone = tx.fetch_optional(sql, args, |row| Ok((row.get::<i64>(0)?, row.get(1)?))).await?;
    match gone {
        Some((size, true)) => count(tx, "cached", -1, -size).await,
        _ => Ok(()),
    }
}
