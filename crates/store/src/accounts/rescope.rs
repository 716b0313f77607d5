//! What a change of accounts does to where assets are listed; see `model::query::ScopeKey::of`.

use backlot_model::Id;
use backlot_model::account::{Organization, User};

use crate::args;
use crate::assets::{rescope_organization_removed, rescope_uploader};
use crate::db::{DbError, Fetch, Tx};

/// Lists a user's assets where they belong now that he is, or is no longer, a superuser; how many
/// moved.
pub async fn uploader_changed(tx: &Tx, uploader: Id<User>) -> Result<u64, DbError> {
    let sql = "SELECT is_superuser FROM account WHERE id = $1";
    match tx.fetch_optional(sql, args![uploader], |row| row.get(0)).await? {
        Some(is_superuser) => rescope_uploader(tx, uploader, is_superuser).await,
        None => Ok(0),
    }
}

/// Takes an organisation's assets out of it: they are listed for their uploaders again, but for
/// those of the platform. How many there were.
pub async fn organization_goes(tx: &Tx, organization: Id<Organization>) -> Result<u64, DbError> {
    rescope_organization_removed(tx, organization).await
}
