//! Other names of assets, which a vendor's clients go by.

use backlot_model::Id;
use backlot_model::asset::Asset;

use crate::db::{Arg, Db, DbError, Fetch, Tx};

/// Gives `alias` to the asset; false when it is another's already.
///
/// # Errors
/// Database faults.
pub async fn take(tx: &Tx, alias: &str, asset: Id<Asset>) -> Result<bool, DbError> {
    let sql = "INSERT INTO asset_alias (alias, asset_id) VALUES ($1, $2) ON CONFLICT DO NOTHING";
    let taken = tx.execute(sql, vec![Arg::from(alias), Arg::from(asset)]).await?;
    Ok(taken > 0)
}

/// The asset that goes by `alias`.
///
/// # Errors
/// Database faults.
pub async fn find(db: &Db, alias: &str) -> Result<Option<Id<Asset>>, DbError> {
    let sql = "SELECT asset_id FROM asset_alias WHERE alias = $1";
    db.fetch_optional(sql, vec![Arg::from(alias)], |row| row.get(0)).await
}
