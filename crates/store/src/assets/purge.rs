//! Assets that go for good.

use backlot_model::asset::Asset;
use backlot_model::media::Digest;
use backlot_model::{Id, Millis};

use super::index::{self, State};
use super::row::{self, COLUMNS, asset_by};
use crate::db::{DbError, Fetch, Tx};
use crate::{args, collections, persons, snapshots};

/// What is left of an asset that is gone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Purged {
    /// Its id, which others may still name as parent or root.
    pub id: Id<Asset>,
    /// Its bytes, and those of its earlier states, which may be orphans now.
    pub digests: Vec<Digest>,
}

/// Removes at most `limit` assets that were deleted before that time, the longest deleted first.
pub async fn purge_deleted(tx: &Tx, before: Millis, limit: u32) -> Result<Vec<Purged>, DbError> {
    let sql = format!(
        "SELECT {COLUMNS}, a.scope FROM {} WHERE a.deleted_at < $1
         ORDER BY a.deleted_at LIMIT $2",
        asset_by("asset_deleted")
    );
    let read = |row: &crate::Row<'_>| Ok((row::decode(row)?, row.get::<String>(row::WIDTH)?));
    let found = tx.fetch(sql, args![before, limit], read).await?;
    let mut purged = Vec::with_capacity(found.len());
    for (stored, scope) in found {
        let (seq, asset) = (stored.seq, stored.asset);
        index::follow(tx, seq, Some(State { asset: &asset, scope: &scope }), None).await?;
        collections::leave(tx, asset.id).await?;
        persons::lose_image(tx, asset.id).await?;
        tx.execute("DELETE FROM asset WHERE seq = $1", args![seq]).await?;
        let mut digests = snapshots::trim(tx, asset.id, 0).await?;
        digests.extend(asset.digest);
        purged.push(Purged { id: asset.id, digests });
    }
    Ok(purged)
}
