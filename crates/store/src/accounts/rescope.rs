//! What a change of accounts does to where assets are listed; see `model::query::ScopeKey::of`.

use backlot_model::Id;
use backlot_model::account::{Organization, User};

use crate::args;
use crate::db::{DbError, Tx};

/// Lists a user's assets where they belong now that he is, or is no longer, a superuser.
pub async fn uploader_changed(tx: &Tx, uploader: Id<User>) -> Result<u64, DbError> {
    let sql = "UPDATE asset SET scope = CASE \
                   WHEN visibility = 'public' AND EXISTS (SELECT 1 FROM account a \
                       WHERE a.id = asset.uploader_id AND a.is_superuser = 1) THEN 'p' \
                   WHEN visibility IN ('shared', 'public') AND organization_id IS NOT NULL \
                       THEN 'o:' || organization_id \
                   ELSE 'u:' || uploader_id END \
               WHERE uploader_id = $1";
    tx.execute(sql, args![uploader]).await
}

/// Takes an organisation's assets out of it: they are listed for their uploaders again, but for
/// those of the platform.
pub async fn organization_goes(tx: &Tx, organization: Id<Organization>) -> Result<u64, DbError> {
    let sql = "UPDATE asset SET organization_id = NULL, \
                   scope = CASE WHEN scope = 'p' THEN 'p' ELSE 'u:' || uploader_id END \
               WHERE organization_id = $1";
    tx.execute(sql, args![organization]).await
}
