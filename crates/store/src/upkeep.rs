//! What verifying, copying and measuring a library asks of its rows.
//!
//! Owns: reading the rows of blobs and renditions in the order of their digests, a part of the
//! store at a time, and what a copy of the database drops.
//! Never: looks at bytes.

use backlot_model::account::User;
use backlot_model::asset::Asset;
use backlot_model::media::Digest;
use backlot_model::{Id, Millis};

use crate::args;
use crate::db::{Db, DbError, Fetch, Tx};

/// How many rows are read at once.
const PAGE: u32 = 2_000;

/// What is recorded of a blob.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BlobRecord {
    /// Its name.
    pub digest: Digest,
    /// In bytes.
    pub size: u64,
    /// Whether thumbnails were made of it.
    pub has_thumbnails: bool,
}

/// What is recorded of a rendition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RenditionRecord {
    /// The blob it was made from.
    pub source: Digest,
    /// Which rendition it is.
    pub name: String,
    /// In bytes.
    pub size: u64,
    /// Whether it may go at any time and be made again.
    pub is_cached: bool,
}

/// Where the digests that begin with `prefix` begin and end, both outside.
fn bounds(prefix: u8) -> (String, String) {
    // `g` comes after every hexadecimal digit.
    (format!("{prefix:02x}"), format!("{prefix:02x}g"))
}

/// The blobs whose digest begins with the byte `prefix`, by digest.
pub async fn blobs(db: &impl Fetch, prefix: u8) -> Result<Vec<BlobRecord>, DbError> {
    let sql = "SELECT digest, size, thumbhash IS NOT NULL FROM blob \
               WHERE digest > $1 AND digest < $2 ORDER BY digest LIMIT $3";
    let (mut after, until) = bounds(prefix);
    let mut all: Vec<BlobRecord> = Vec::new();
    loop {
        let page = db.fetch(sql, args![&after, &until, PAGE], |row| {
            let (digest, size) = (row.get(0)?, row.get(1)?);
            Ok(BlobRecord { digest, size, has_thumbnails: row.get(2)? })
        });
        let page = page.await?;
        let Some(last) = page.last() else { return Ok(all) };
        after = last.digest.to_string();
        all.extend(page);
    }
}

/// One blob; `None` when it is not recorded.
pub async fn blob(db: &impl Fetch, digest: Digest) -> Result<Option<BlobRecord>, DbError> {
    let sql = "SELECT size, thumbhash IS NOT NULL FROM blob WHERE digest = $1";
    db.fetch_optional(sql, args![digest], move |row| {
        Ok(BlobRecord { digest, size: row.get(0)?, has_thumbnails: row.get(1)? })
    })
    .await
}

/// The renditions of blobs whose digest begins with the byte `prefix`, by digest and name.
pub async fn renditions(db: &impl Fetch, prefix: u8) -> Result<Vec<RenditionRecord>, DbError> {
    let sql = "SELECT digest, name, size, is_cached FROM rendition \
               WHERE (digest, name) > ($1, $2) AND digest < $3 ORDER BY digest, name LIMIT $4";
    let (mut after, until) = bounds(prefix);
    let mut after_name = String::new();
    let mut all: Vec<RenditionRecord> = Vec::new();
    loop {
        let page = db.fetch(sql, args![&after, &after_name, &until, PAGE], |row| {
            let (source, name) = (row.get(0)?, row.get(1)?);
            Ok(RenditionRecord { source, name, size: row.get(2)?, is_cached: row.get(3)? })
        });
        let page = page.await?;
        let Some(last) = page.last() else { return Ok(all) };
        after = last.source.to_string();
        after_name.clone_from(&last.name);
        all.extend(page);
    }
}

/// Whether the rendition `name` of the blob `source` is recorded.
pub async fn has_rendition(db: &impl Fetch, source: Digest, name: &str) -> Result<bool, DbError> {
    let sql = "SELECT 1 FROM rendition WHERE digest = $1 AND name = $2";
    Ok(db.fetch_optional(sql, args![source, name], |_| Ok(())).await?.is_some())
}

/// Up to `limit` of the assets that show these bytes.
pub async fn assets_of(
    db: &impl Fetch,
    digest: Digest,
    limit: u32,
) -> Result<Vec<Id<Asset>>, DbError> {
    let sql = "SELECT id FROM asset WHERE digest = $1 LIMIT $2";
    db.fetch(sql, args![digest, limit], |row| row.get(0)).await
}

/// Lets the facts and thumbnails of a blob be made anew the next time they are asked for.
pub async fn outdate_facts(tx: &Tx, digest: Digest) -> Result<(), DbError> {
    let sql = "UPDATE blob SET facts_version = 0 WHERE digest = $1";
    tx.execute(sql, args![digest]).await.map(drop)
}

/// How many assets of `uploader` made at `since` or later are not yet ready or failed.
pub async fn processing_since(
    db: &impl Fetch,
    uploader: Id<User>,
    since: Millis,
) -> Result<u64, DbError> {
    // The second condition is what the partial index is recognised by.
    let sql = "SELECT count(*) FROM asset \
               WHERE status = 'processing' AND status <> 'ready' \
               AND uploader_id = $1 AND created_at >= $2";
    db.fetch_one(sql, args![uploader, since], |row| row.get(0)).await
}

/// File name and reason of up to `limit` assets of `uploader` made at `since` or later that failed.
pub async fn failed_since(
    db: &impl Fetch,
    uploader: Id<User>,
    since: Millis,
    limit: u32,
) -> Result<Vec<(String, String)>, DbError> {
    let sql = "SELECT filename, coalesce(error, '') FROM asset \
               WHERE status = 'failed' AND status <> 'ready' \
               AND uploader_id = $1 AND created_at >= $2 ORDER BY created_at, id LIMIT $3";
    let args = args![uploader, since, limit];
    db.fetch(sql, args, |row| Ok((row.get(0)?, row.get(1)?))).await
}

/// Up to `limit` assets that are `processing` although no job is there to end that, after the id
/// `after`, by id.
pub async fn abandoned_assets(
    db: &impl Fetch,
    after: &str,
    limit: u32,
) -> Result<Vec<Id<Asset>>, DbError> {
    // The second condition is what the partial index is recognised by.
    let sql = "SELECT id FROM asset
        WHERE status = 'processing' AND status <> 'ready' AND id > $1 AND NOT EXISTS (
            SELECT 1 FROM job WHERE job.state <> 'dead' AND job.kind IN ('process', 'import-url')
                AND job.key IN ('process/' || asset.id, 'import-url/' || asset.id))
        ORDER BY id LIMIT $2";
    db.fetch(sql, args![after, limit], |row| row.get(0)).await
}

/// Makes every leased job due at once: for the one process that knows that no other is at work. How
/// many there were.
pub async fn release_leases(db: &Db, now: Millis) -> Result<u64, DbError> {
    let sql = "UPDATE job SET due_at = $1 WHERE state = 'leased' AND due_at > $1";
    db.execute(sql, args![now]).await
}

/// Forgets the renditions that may go at any time: in a copy of the database whose files are not
/// copied along.
pub async fn forget_cached(copy: &Db) -> Result<(), DbError> {
    let tx = copy.begin().await?;
    tx.execute("DELETE FROM rendition WHERE is_cached = 1", args![]).await?;
    let sql = "UPDATE byte_count SET n = 0, bytes = 0 WHERE name = 'cached'";
    tx.execute(sql, args![]).await?;
    tx.commit().await
}
