//! What an image encoder made of each picture.
//!
//! Owns: the table `embedding`. A vector belongs to the content and to the model that made it, so
//! equal bytes share it, and vectors of different models are never compared.
//! Never: knows what a vector means, or compares two.

use backlot_model::media::{Digest, MediaKind};

use crate::args;
use crate::blob_rows::known_digest;
use crate::db::{Db, DbError, Fetch, Tx};

/// Writes the vector that `model` made of the content, in place of an older one. False when the
/// content is gone.
pub async fn put(tx: &Tx, digest: Digest, model: &str, vector: &[u8]) -> Result<bool, DbError> {
    let sql = "INSERT INTO embedding (digest, model, vector)
        SELECT digest, $2, $3 FROM blob WHERE digest = $1
        ON CONFLICT (digest, model) DO UPDATE SET vector = excluded.vector";
    Ok(tx.execute(sql, args![digest, model, vector]).await? > 0)
}

/// The vector that `model` made of the content.
pub async fn get(db: &Db, digest: Digest, model: &str) -> Result<Option<Vec<u8>>, DbError> {
    let sql = "SELECT vector FROM embedding WHERE digest = $1 AND model = $2";
    db.fetch_optional(sql, args![digest, model], |row| row.get(0)).await
}

/// The next pictures after `after` of which `model` made nothing yet, in the order of their
/// digests. Only those that have thumbnails.
pub async fn missing(
    db: &Db,
    model: &str,
    after: Option<Digest>,
    limit: u32,
) -> Result<Vec<Digest>, DbError> {
    let after = after.map_or_else(String::new, |digest| digest.to_string());
    let sql = "SELECT b.digest FROM blob b
        WHERE b.digest > $1 AND b.kind = $2 AND b.thumbhash IS NOT NULL
          AND NOT EXISTS (SELECT 1 FROM embedding e WHERE e.digest = b.digest AND e.model = $3)
        ORDER BY b.digest LIMIT $4";
    let args = args![after, MediaKind::Image.word(), model, limit];
    db.fetch(sql, args, |row| known_digest(row, 0)).await
}

/// Removes up to `limit` vectors of models other than `kept`; how many there were.
pub async fn sweep(db: &Db, kept: &str, limit: u32) -> Result<u64, DbError> {
    let sql = "DELETE FROM embedding WHERE (digest, model) IN
        (SELECT digest, model FROM embedding WHERE model <> $1 LIMIT $2)";
    db.execute(sql, args![kept, limit]).await
}
