//! When credentials and users were last seen, to the minute.

use std::collections::HashMap;

use backlot_model::account::{ApiKey, User};
use backlot_model::clock::MINUTE_MS;
use backlot_model::{Id, Millis};

use crate::args;
use crate::db::{Db, DbError};

/// Writes when users and keys were last seen, in one transaction. A row that was written less than
/// a minute earlier is left alone.
pub async fn touch(
    db: &Db,
    users: &HashMap<Id<User>, Millis>,
    keys: &HashMap<Id<ApiKey>, Millis>,
) -> Result<(), DbError> {
    let tx = db.begin().await?;
    let sql = "UPDATE account SET last_active_at = $2 \
               WHERE id = $1 AND (last_active_at IS NULL OR last_active_at <= $3)";
    let rows = users.iter().map(|(&id, &at)| args![id, at, at - MINUTE_MS]);
    tx.execute_many(sql, rows.collect()).await?;
    let sql = "UPDATE api_key SET last_used_at = $2 \
               WHERE id = $1 AND (last_used_at IS NULL OR last_used_at <= $3)";
    let rows = keys.iter().map(|(&id, &at)| args![id, at, at - MINUTE_MS]);
    tx.execute_many(sql, rows.collect()).await?;
    tx.commit().await
}
