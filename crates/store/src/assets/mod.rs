//! Assets in the database.
//!
//! Owns: the table `asset`, every row that stands for an index over it, and the listing engine.
//! Invariants: nothing else writes these tables; an asset is listed under exactly one scope; what
//! the index tables hold follows from the assets.
//! Never: decides who may see or change an asset.

mod arms;
mod ask;
mod counts;
mod expression;
mod index;
mod leaves;
mod list;
mod plan;
mod purge;
mod rescope;
pub(crate) mod row;
mod scan;
mod seq;
mod similar;
mod tags;
mod terms;
mod text;

use backlot_model::Id;
use backlot_model::account::User;
use backlot_model::asset::{Asset, Status};
use backlot_model::media::Digest;

use crate::db::{Db, DbError, DbErrorKind, Fetch, Tx, texts};
use crate::statement::Statement;
use crate::{args, blob_rows, collections};
use index::State;
pub use leaves::LEAVES_MAX;
pub use list::{compared, count, list, list_then, position};
#[cfg(feature = "testing")]
pub use list::{every_way, explain, explain_count};
pub use purge::{Purged, purge_deleted};
pub use rescope::{rescope_organization_removed, rescope_uploader};
use row::asset_by;
use row::{COLUMNS, MUTABLE};
pub use scan::{HashMeasure, Scanned, Signature, VectorMeasure, hash_similarity, scan};
pub use similar::{DISTANCE_MAX, Likeness, near_duplicates};
pub use tags::{TagCount, tag_histogram};

/// Adds an asset with everything it is found by, and puts it into `collections`.
///
/// `uploader_name` is not written: it stands in the account. `uploader_is_superuser` has to be what
/// the account says.
pub async fn insert(tx: &Tx, asset: &Asset, source_url: Option<&str>) -> Result<(), DbError> {
    let mut statement = Statement::default();
    let first = statement.bind(seq::first_seq(asset.created_at));
    let last = statement.bind(seq::last_seq(asset.created_at));
    let fixed = args![asset.id, asset.uploader_id, asset.created_at, source_url, asset.version];
    let values = fixed.into_iter().chain(row::mutable(asset)?);
    let places: Vec<String> = values.map(|value| statement.bind(value)).collect();
    let sql = format!(
        "INSERT INTO asset (seq, id, uploader_id, created_at, source_url, version, {})
         SELECT coalesce(max(seq) + 1, {first}), {} FROM asset
         WHERE seq >= {first} AND seq <= {last} RETURNING seq",
        MUTABLE.join(", "),
        places.join(", "),
    );
    let seq = tx.fetch_one(sql, statement.args, |row| row.get(0)).await?;
    let scope = row::scope_word(asset);
    let state = State { asset, scope: &scope };
    index::follow(tx, seq, None, Some(state)).await?;
    collections::join(tx, asset).await
}

/// The asset, also a deleted one.
pub async fn by_id(db: &Db, id: Id<Asset>) -> Result<Option<Asset>, DbError> {
    one(db, id).await
}

/// The asset, also a deleted one, to be changed in this transaction.
pub async fn by_id_in(tx: &Tx, id: Id<Asset>) -> Result<Option<Asset>, DbError> {
    one(tx, id).await
}

/// The assets with these ids, also deleted ones, in any order. Unknown ids are left out. All are
/// in memory at once: the caller bounds their number.
pub async fn by_ids(db: &Db, ids: &[Id<Asset>]) -> Result<Vec<Asset>, DbError> {
    several(db, ids).await
}

/// The same as [`by_ids`], to be changed in this transaction.
pub async fn by_ids_in(tx: &Tx, ids: &[Id<Asset>]) -> Result<Vec<Asset>, DbError> {
    several(tx, ids).await
}

async fn one(source: &impl Fetch, id: Id<Asset>) -> Result<Option<Asset>, DbError> {
    let sql = format!("SELECT {COLUMNS} FROM asset a WHERE a.id = $1");
    let rows = source.fetch(sql, args![id], row::decode).await?;
    Ok(row::complete(source, rows).await?.pop())
}

async fn several(source: &impl Fetch, ids: &[Id<Asset>]) -> Result<Vec<Asset>, DbError> {
    let sql = format!("SELECT {COLUMNS} FROM asset a WHERE a.id IN ({})", source.each_text(1));
    let rows = source.fetch(sql, vec![texts(ids.iter().copied())], row::decode).await?;
    row::complete(source, rows).await
}

/// Writes what changed, and makes everything the asset is found by follow.
///
/// The stored version becomes `before.version + 1`, whatever `after` says; `updated_at` is the
/// caller's to set. Id, uploader, `created_at` and `collections` never change here. When the
/// stored version is not `before.version`, nothing is written and the error is
/// [`DbErrorKind::Busy`]: somebody else was faster.
pub async fn save(tx: &Tx, before: &Asset, after: &Asset) -> Result<(), DbError> {
    let sql = "SELECT seq, scope FROM asset WHERE id = $1 AND version = $2";
    let found = tx
        .fetch_optional(sql, args![before.id, before.version], |row| {
            Ok((row.get::<i64>(0)?, row.get::<String>(1)?))
        })
        .await?;
    let Some((seq, scope)) = found else {
        return Err(DbError::new(DbErrorKind::Busy, "the asset was changed meanwhile"));
    };
    let mut statement = Statement::default();
    let pairs = MUTABLE.iter().zip(row::mutable(after)?);
    let sets: Vec<String> =
        pairs.map(|(column, value)| format!("{column} = {}", statement.bind(value))).collect();
    let seq_place = statement.bind(seq);
    let sets = sets.join(", ");
    let sql = format!("UPDATE asset SET {sets}, version = version + 1 WHERE seq = {seq_place}");
    tx.execute(sql, statement.args).await?;
    let new_scope = row::scope_word(after);
    let before = State { asset: before, scope: &scope };
    let after = State { asset: after, scope: &new_scope };
    index::follow(tx, seq, Some(before), Some(after)).await
}

/// Where the bytes of a URL import come from, if the asset is one.
pub async fn source_url(db: &Db, id: Id<Asset>) -> Result<Option<String>, DbError> {
    let sql = "SELECT source_url FROM asset WHERE id = $1";
    let found = db.fetch_optional(sql, args![id], |row| row.get::<Option<String>>(0)).await?;
    Ok(found.flatten())
}

/// The assets over `digest` that wait for its facts.
pub async fn waiting_for_blob(tx: &Tx, digest: Digest) -> Result<Vec<Asset>, DbError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM {} WHERE a.digest = $1 AND a.status = $2",
        asset_by("asset_digest")
    );
    let args = args![digest.to_string(), Status::Processing.word()];
    let rows = tx.fetch(sql, args, row::decode).await?;
    row::complete(tx, rows).await
}

/// Whether `user` has an asset over `digest`, deleted or not: he has had those bytes.
pub async fn owns_blob(db: &Db, user: Id<User>, digest: Digest) -> Result<bool, DbError> {
    let sql = format!(
        "SELECT 1 FROM {} WHERE a.digest = $1 AND a.uploader_id = $2 LIMIT 1",
        asset_by("asset_digest")
    );
    let found = db.fetch_optional(sql, args![digest.to_string(), user], |_| Ok(())).await?;
    Ok(found.is_some())
}

/// The next live assets that have thumbnails, in the order of their ids.
pub async fn pictured(
    db: &Db,
    after: Option<Id<Asset>>,
    limit: u32,
) -> Result<Vec<Id<Asset>>, DbError> {
    let after = after.map_or_else(String::new, |id| id.to_string());
    let sql = "SELECT id FROM asset
        WHERE id > $1 AND has_thumbnails = 1 AND deleted_at IS NULL ORDER BY id LIMIT $2";
    db.fetch(sql, args![after, limit], |row| row.get(0)).await
}

/// Whether an asset, deleted or not, or a temporary file refers to the blob.
pub async fn blob_in_use(tx: &Tx, digest: Digest) -> Result<bool, DbError> {
    blob_rows::in_use(tx, digest).await
}
