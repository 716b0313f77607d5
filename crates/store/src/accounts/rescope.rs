//! What a change of accounts does to where assets are listed; see `model::query::ScopeKey::of`.
//!
//! Asset by asset, in batches, in the caller's transaction: what is listed is never half changed.
//! It takes as long as there are assets to move; both changes are rare.

use backlot_model::account::{Organization, User};
use backlot_model::asset::{Asset, Visibility};
use backlot_model::{Id, Ids, Millis};

use crate::args;
use crate::assets;
use crate::db::{DbError, Fetch, Tx};
use crate::events;

/// How many assets are held in memory at once.
const BATCH: u32 = 500;

/// Lists a user's public assets where they belong now that he is, or is no longer, a superuser:
/// call it after [`set_superuser`](super::users::set_superuser). Those who list them hear of it. How
/// many there were.
pub async fn uploader_changed(
    tx: &Tx,
    uploader: Id<User>,
    ids: &Ids,
    now: Millis,
) -> Result<u64, DbError> {
    let mut moved = 0;
    for deleted_at in ["IS NULL", "IS NOT NULL"] {
        let sql = format!(
            "SELECT created_at, id FROM asset \
             WHERE uploader_id = $1 AND deleted_at {deleted_at} AND visibility = 'public' \
             AND (created_at, id) > ($2, $3) ORDER BY created_at, id LIMIT {BATCH}"
        );
        let mut after = (Millis::MIN, String::new());
        loop {
            let args = args![uploader, after.0, &after.1];
            let read = |row: &crate::db::Row<'_>| Ok((row.get(0)?, row.get::<Id<Asset>>(1)?));
            let batch = tx.fetch(sql.clone(), args, read).await?;
            let Some(&(created_at, id)) = batch.last() else { break };
            after = (created_at, id.to_string());
            let found: Vec<_> = batch.into_iter().map(|(_, id)| id).collect();
            for asset in assets::by_ids_in(tx, &found).await? {
                assets::save(tx, &asset, &asset).await?;
                let before =
                    Asset { uploader_is_superuser: !asset.uploader_is_superuser, ..asset.clone() };
                tell(tx, ids, now, &before, &asset).await?;
                moved += 1;
            }
        }
    }
    Ok(moved)
}

/// Takes an organisation's assets out of it: they are listed for their uploaders, but for those of
/// the platform. What was shared with its members is closed to them, URLs included;
/// they hear that it is gone. How many there were.
pub async fn organization_goes(
    tx: &Tx,
    organization: Id<Organization>,
    ids: &Ids,
    now: Millis,
) -> Result<u64, DbError> {
    let sql = format!("SELECT id FROM asset WHERE organization_id = $1 LIMIT {BATCH}");
    let mut moved = 0;
    loop {
        let found = tx.fetch(sql.clone(), args![organization], |row| row.get(0)).await?;
        if found.is_empty() {
            return Ok(moved);
        }
        for asset in assets::by_ids_in(tx, &found).await? {
            let is_closed = asset.visibility == Visibility::Shared;
            let after = Asset {
                organization_id: None,
                access_epoch: asset.access_epoch + i64::from(is_closed),
                ..asset.clone()
            };
            assets::save(tx, &asset, &after).await?;
            tell(tx, ids, now, &asset, &after).await?;
            moved += 1;
        }
    }
}

/// Nobody hears of what lies deleted.
async fn tell(
    tx: &Tx,
    ids: &Ids,
    now: Millis,
    before: &Asset,
    after: &Asset,
) -> Result<(), DbError> {
    if after.deleted_at.is_some() {
        return Ok(());
    }
    events::append_changed(tx, ids, now, events::scope_of(before), after).await
}
