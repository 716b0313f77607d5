//! What a change of accounts does to where assets are listed.

use backlot_model::account::{Organization, User};
use backlot_model::asset::Asset;
use backlot_model::{Id, Millis};

use super::index::{self, State};
use super::row::{self, COLUMNS, Stored, asset_by};
use crate::args;
use crate::db::{Arg, DbError, Fetch, Row, Tx};

/// How many assets are in memory at once.
const BATCH: i64 = 500;

/// Lists a user's assets, deleted ones included, where they belong now that he is, or is no
/// longer, a superuser. In the transaction that changes him; how many moved.
///
/// Takes time for each public asset of his.
pub async fn rescope_uploader(tx: &Tx, user: Id<User>, is_superuser: bool) -> Result<u64, DbError> {
    // Only public assets are listed elsewhere when a superuser uploaded them. The index of live
    // ones does not hold the deleted ones, so both are walked, each from where it was left.
    let mut moved = 0;
    for (index, state) in [
        ("asset_uploader_created", "a.deleted_at IS NULL"),
        ("asset_uploader_deleted", "a.deleted_at IS NOT NULL"),
    ] {
        let sql = format!(
            "SELECT {COLUMNS}, a.scope FROM {} WHERE a.uploader_id = $1 AND {state}
             AND a.visibility = 'public' AND (a.created_at, a.id) > ($2, $3)
             ORDER BY a.created_at, a.id LIMIT $4",
            asset_by(index)
        );
        let after = |last: Option<(Millis, String)>| {
            let (at, id) = last.unwrap_or((Millis::MIN, String::new()));
            args![user, at, id, BATCH]
        };
        moved += each(tx, &sql, after, async |stored, scope| {
            let mut asset = stored.asset;
            asset.uploader_is_superuser = is_superuser;
            relist(tx, stored.seq, &asset, &scope).await
        })
        .await?;
    }
    Ok(moved)
}

/// Takes an organisation's assets, deleted ones included, out of it, before it goes. Their sharing
/// ends: fewer people see them, so their access epoch grows. How many there were.
///
/// Takes time for each of them.
pub async fn rescope_organization_removed(
    tx: &Tx,
    organization: Id<Organization>,
) -> Result<u64, DbError> {
    // Each batch leaves the index, so the next one begins where it began.
    let sql = format!(
        "SELECT {COLUMNS}, a.scope FROM {} WHERE a.organization_id = $1 LIMIT $2",
        asset_by("asset_organization")
    );
    let again = |_| args![organization, BATCH];
    each(tx, &sql, again, async |stored, scope| {
        let before = stored.asset;
        let is_superuser = is_superuser(tx, before.uploader_id).await?;
        let mut after = before.clone();
        after.organization_id = None;
        after.uploader_is_superuser = is_superuser;
        let new_scope = row::scope_word(&after);
        let sql = "UPDATE asset SET organization_id = NULL, scope = $2,
                access_epoch = access_epoch + 1, version = version + 1
            WHERE seq = $1";
        tx.execute(sql, args![stored.seq, &new_scope]).await?;
        let before = State { asset: &before, scope: &scope };
        let after = State { asset: &after, scope: &new_scope };
        index::follow(tx, stored.seq, Some(before), Some(after)).await?;
        Ok(true)
    })
    .await
}

async fn is_superuser(tx: &Tx, user: Id<User>) -> Result<bool, DbError> {
    let sql = "SELECT is_superuser FROM account WHERE id = $1";
    tx.fetch_one(sql, args![user], |row| row.get(0)).await
}

/// Calls `change` for each asset that the statement finds, a batch at a time; how many it changed.
async fn each(
    tx: &Tx,
    sql: &str,
    args: impl Fn(Option<(Millis, String)>) -> Vec<Arg>,
    mut change: impl AsyncFnMut(Stored, String) -> Result<bool, DbError>,
) -> Result<u64, DbError> {
    let (mut changed, mut last) = (0, None);
    loop {
        let read = |row: &Row<'_>| Ok((row::decode(row)?, row.get::<String>(row::WIDTH)?));
        let found = tx.fetch(sql.to_owned(), args(last.take()), read).await?;
        let Some((end, _)) = found.last() else { return Ok(changed) };
        last = Some((end.asset.created_at, end.asset.id.to_string()));
        for (stored, scope) in found {
            changed += u64::from(change(stored, scope).await?);
        }
    }
}

/// Lists an asset where it belongs; false when it is there already.
async fn relist(tx: &Tx, seq: i64, asset: &Asset, scope: &str) -> Result<bool, DbError> {
    let new_scope = row::scope_word(asset);
    if new_scope == scope {
        return Ok(false);
    }
    tx.execute("UPDATE asset SET scope = $2 WHERE seq = $1", args![seq, &new_scope]).await?;
    let (before, after) = (State { asset, scope }, State { asset, scope: &new_scope });
    index::follow(tx, seq, Some(before), Some(after)).await?;
    Ok(true)
}
