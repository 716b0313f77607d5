//! What is known of each blob.
//!
//! Owns: the tables `blob` and `blob_band`, and the totals in `byte_count`. Facts belong to the
//! content, so every asset over the same bytes shares them.
//! Invariant: a blob that an asset, a temporary file, a part of an upload or a state of a canvas
//! refers to is never removed, deleted assets included.
//! Never: touches bytes; `blobs` does.

use backlot_model::Millis;
use backlot_model::media::{Digest, Facts, MediaKind};

use crate::args;
use crate::assets::row::{digest as read_digest, hex_bytes, word};
use crate::db::{Arg, Db, DbError, Fetch, Row, Tx};
use crate::statement::number;

/// How many bands a perceptual hash is cut into.
pub(crate) const BANDS: u32 = 4;
/// How many bits a band has.
pub(crate) const BAND_BITS: u32 = 64 / BANDS;

/// Records a blob with what its header says, unless it is known; in any case it is no orphan any
/// more. Facts that are known stay.
pub async fn upsert(tx: &Tx, digest: Digest, facts: &Facts, now: Millis) -> Result<(), DbError> {
    let mut args = args![digest.to_string(), now];
    args.extend(fact_args(facts));
    let sql = "INSERT INTO blob (digest, created_at, kind, mime_type, size, width, height,
            orientation, dominant_color, color_profile, thumbhash, perceptual_hash, animated,
            duration_ms)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
        ON CONFLICT (digest) DO NOTHING";
    if tx.execute(sql, args).await? > 0 {
        return count(tx, "blob", 1, number(facts.size)).await;
    }
    let sql = "UPDATE blob SET orphaned_at = NULL WHERE digest = $1 AND orphaned_at IS NOT NULL";
    tx.execute(sql, args![digest.to_string()]).await?;
    if facts.kind == MediaKind::Other {
        return Ok(());
    }
    // A part of an upload that is also a whole file was recorded as mere bytes.
    let mut args = args![digest.to_string()];
    args.extend(fact_args(facts));
    let sql = "UPDATE blob SET kind = $2, mime_type = $3, size = $4, width = $5, height = $6,
            orientation = $7, dominant_color = $8, color_profile = $9, thumbhash = $10,
            perceptual_hash = $11, animated = $12, duration_ms = $13
        WHERE digest = $1 AND kind = 'other' AND facts_version = 0";
    tx.execute(sql, args).await.map(drop)
}

/// Records bytes that are no file by themselves, such as a part of one.
pub async fn upsert_unnamed(
    tx: &Tx,
    digest: Digest,
    size: u64,
    now: Millis,
) -> Result<(), DbError> {
    let facts = Facts {
        kind: MediaKind::Other,
        mime_type: "application/octet-stream".to_owned(),
        size,
        width: None,
        height: None,
        orientation: None,
        dominant_color: None,
        color_profile: None,
        thumbhash: None,
        perceptual_hash: None,
        animated: false,
        duration_ms: None,
    };
    upsert(tx, digest, &facts, now).await
}

/// The facts of a blob, their version (0: only the header was looked at), and why it cannot be
/// used, if so.
pub async fn facts(
    db: &Db,
    digest: Digest,
) -> Result<Option<(Facts, i64, Option<String>)>, DbError> {
    let sql = "SELECT kind, mime_type, size, width, height, orientation, dominant_color,
            color_profile, thumbhash, perceptual_hash, animated, duration_ms, facts_version, fault
        FROM blob WHERE digest = $1";
    let read = |row: &Row<'_>| Ok((read_facts(row)?, row.get(12)?, row.get(13)?));
    db.fetch_optional(sql, args![digest.to_string()], read).await
}

/// Writes what the worker found out. A former fault is gone.
pub async fn record_facts(
    tx: &Tx,
    digest: Digest,
    facts: &Facts,
    version: i64,
) -> Result<(), DbError> {
    let sql = "SELECT perceptual_hash FROM blob WHERE digest = $1";
    let before =
        tx.fetch_optional(sql, args![digest.to_string()], |row| row.get::<Option<i64>>(0)).await?;
    let mut args = args![digest.to_string(), version];
    args.extend(fact_args(facts));
    let sql = "UPDATE blob SET facts_version = $2, kind = $3, mime_type = $4, size = $5,
            width = $6, height = $7, orientation = $8, dominant_color = $9, color_profile = $10,
            thumbhash = $11, perceptual_hash = $12, animated = $13, duration_ms = $14, fault = NULL
        WHERE digest = $1";
    tx.execute(sql, args).await?;
    let old = before.flatten();
    let new = facts.perceptual_hash.map(u64::cast_signed);
    if old == new {
        return Ok(());
    }
    forget_hash(tx, old).await?;
    let Some(hash) = facts.perceptual_hash else { return Ok(()) };
    let rows = (0..BANDS).map(|band| args![band_key(hash, band), hash.cast_signed()]).collect();
    let sql = "INSERT INTO blob_band (band, hash) VALUES ($1, $2) ON CONFLICT DO NOTHING";
    tx.execute_many(sql, rows).await.map(drop)
}

/// Takes a hash out of the bands when no blob has it any more.
async fn forget_hash(tx: &Tx, hash: Option<i64>) -> Result<(), DbError> {
    let Some(hash) = hash else { return Ok(()) };
    let keys = (0..BANDS).map(|band| args![band_key(hash.cast_unsigned(), band), hash]);
    let sql = "DELETE FROM blob_band WHERE band = $1 AND hash = $2
        AND NOT EXISTS (SELECT 1 FROM blob WHERE perceptual_hash = $2)";
    tx.execute_many(sql, keys.collect()).await.map(drop)
}

/// Writes why the content cannot be used.
pub async fn record_fault(tx: &Tx, digest: Digest, reason: &str) -> Result<(), DbError> {
    let sql = "UPDATE blob SET fault = $2 WHERE digest = $1";
    tx.execute(sql, args![digest.to_string(), reason]).await.map(drop)
}

/// Whether an asset, deleted or not, a temporary file, a part of an upload or a state of a canvas
/// refers to the blob.
pub async fn in_use(tx: &Tx, digest: Digest) -> Result<bool, DbError> {
    let sql = format!("SELECT {USED}");
    tx.fetch_one(sql, args![digest.to_string()], |row| row.get(0)).await
}

const USED: &str = "EXISTS (SELECT 1 FROM asset WHERE digest = $1)
    OR EXISTS (SELECT 1 FROM temp_file WHERE digest = $1)
    OR EXISTS (SELECT 1 FROM upload_part WHERE digest = $1)
    OR EXISTS (SELECT 1 FROM asset_snapshot WHERE digest = $1)";

/// Notes since when nothing refers to the blob, if that is so and not noted yet.
pub async fn mark_orphaned_if_unused(tx: &Tx, digest: Digest, now: Millis) -> Result<(), DbError> {
    let sql = format!(
        "UPDATE blob SET orphaned_at = $2
         WHERE digest = $1 AND orphaned_at IS NULL AND NOT ({USED})"
    );
    tx.execute(sql, args![digest.to_string(), now]).await.map(drop)
}

/// Blobs that were orphaned before that time, the oldest first, with their sizes in bytes.
pub async fn orphans(db: &Db, before: Millis, limit: u32) -> Result<Vec<(Digest, u64)>, DbError> {
    let sql = "SELECT digest, size FROM blob WHERE orphaned_at < $1
        ORDER BY orphaned_at LIMIT $2";
    db.fetch(sql, args![before, limit], |row| Ok((known_digest(row, 0)?, row.get(1)?))).await
}

/// Removes the row of an orphan and those of its renditions. False when somebody refers to the
/// blob again, or it is gone already.
pub async fn delete_if_unused(tx: &Tx, digest: Digest) -> Result<bool, DbError> {
    let sql = format!(
        "SELECT size, (SELECT count(*) FROM rendition r WHERE r.digest = $1 AND r.is_cached = 1),
            (SELECT coalesce(sum(r.size), 0) FROM rendition r
             WHERE r.digest = $1 AND r.is_cached = 1), perceptual_hash
         FROM blob WHERE digest = $1 AND NOT ({USED})"
    );
    let read = |row: &Row<'_>| {
        let sizes = (row.get::<i64>(0)?, row.get::<i64>(1)?, row.get::<i64>(2)?);
        Ok((sizes, row.get(3)?))
    };
    let found = tx.fetch_optional(sql, args![digest.to_string()], read).await?;
    let Some(((size, cached, cached_bytes), hash)) = found else { return Ok(false) };
    tx.execute("DELETE FROM blob WHERE digest = $1", args![digest.to_string()]).await?;
    forget_hash(tx, hash).await?;
    count(tx, "blob", -1, -size).await?;
    if cached > 0 {
        count(tx, "cached", -cached, -cached_bytes).await?;
    }
    Ok(true)
}

/// How many blobs there are, and their bytes in all. Costs the same however many there are.
pub async fn total_bytes(db: &Db) -> Result<(u64, u64), DbError> {
    let sql = "SELECT n, bytes FROM byte_count WHERE name = 'blob'";
    db.fetch_one(sql, args![], |row| Ok((row.get(0)?, row.get(1)?))).await
}

/// One batch of all blobs with their sizes in bytes, in the order of their digests.
pub async fn each(
    db: &Db,
    after: Option<Digest>,
    limit: u32,
) -> Result<Vec<(Digest, u64)>, DbError> {
    let after = after.map_or_else(String::new, |digest| digest.to_string());
    let sql = "SELECT digest, size FROM blob WHERE digest > $1 ORDER BY digest LIMIT $2";
    db.fetch(sql, args![after, limit], |row| Ok((known_digest(row, 0)?, row.get(1)?))).await
}

/// Adds to one of the totals.
pub(crate) async fn count(tx: &Tx, name: &str, n: i64, bytes: i64) -> Result<(), DbError> {
    let sql = "UPDATE byte_count SET n = n + $2, bytes = bytes + $3 WHERE name = $1";
    tx.execute(sql, args![name, n, bytes]).await.map(drop)
}

/// A band's number and bits as one key.
pub(crate) fn band_key(hash: u64, band: u32) -> i64 {
    let bits = hash >> (band * BAND_BITS) & ((1 << BAND_BITS) - 1);
    (u64::from(band) << BAND_BITS | bits).cast_signed()
}

/// Reads a digest that has to be there.
pub(crate) fn known_digest(row: &Row<'_>, index: usize) -> Result<Digest, DbError> {
    read_digest(row, index)?.ok_or_else(|| DbError::column(index, "the digest is missing"))
}

fn fact_args(facts: &Facts) -> Vec<Arg> {
    args![
        facts.kind.word(),
        &facts.mime_type,
        number(facts.size),
        facts.width,
        facts.height,
        facts.orientation,
        &facts.dominant_color,
        &facts.color_profile,
        facts.thumbhash.as_ref().map(hex::encode),
        facts.perceptual_hash.map(u64::cast_signed),
        facts.animated,
        facts.duration_ms,
    ]
}

fn read_facts(row: &Row<'_>) -> Result<Facts, DbError> {
    Ok(Facts {
        kind: word(row, 0, MediaKind::parse)?,
        mime_type: row.get(1)?,
        size: row.get(2)?,
        width: row.get(3)?,
        height: row.get(4)?,
        orientation: row.get(5)?,
        dominant_color: row.get(6)?,
        color_profile: row.get(7)?,
        thumbhash: hex_bytes(row, 8)?,
        perceptual_hash: row.get::<Option<i64>>(9)?.map(i64::cast_unsigned),
        animated: row.get(10)?,
        duration_ms: row.get(11)?,
    })
}
