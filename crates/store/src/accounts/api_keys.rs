//! API keys. Their secrets are stored as hashes.

use backlot_model::account::{ApiKey, Scope, Scopes, User};
use backlot_model::{Id, Millis};

use super::{Listed, Slice, list};
use crate::args;
use crate::db::{DbError, Fetch, Row, Tx};

/// The columns of [`api_key`], of the table `k`.
pub(super) const COLUMNS: &str = "k.id, k.user_id, k.organization_id, k.name, k.prefix, k.scopes, \
                                  k.expires_at, k.last_used_at, k.created_at";
/// How many [`COLUMNS`] there are.
pub(super) const WIDTH: usize = 9;

/// Reads a key from [`COLUMNS`], the first of which is column `at`.
pub(super) fn api_key(row: &Row<'_>, at: usize) -> Result<ApiKey, DbError> {
    Ok(ApiKey {
        id: row.get(at)?,
        user_id: row.get(at + 1)?,
        organization_id: row.get(at + 2)?,
        name: row.get(at + 3)?,
        prefix: row.get(at + 4)?,
        scopes: scopes(row, at + 5)?,
        expires_at: row.get(at + 6)?,
        last_used_at: row.get(at + 7)?,
        created_at: row.get(at + 8)?,
    })
}

fn scopes(row: &Row<'_>, index: usize) -> Result<Scopes, DbError> {
    let words: &str = row.get(index)?;
    let scopes: Option<Vec<Scope>> = words.split_whitespace().map(Scope::parse).collect();
    let scopes = scopes.ok_or_else(|| DbError::column(index, "not a list of scopes"))?;
    Ok(Scopes::of(&scopes))
}

/// The scopes' words, separated by spaces.
fn scope_words(scopes: Scopes) -> String {
    scopes.list().iter().map(|scope| scope.word()).collect::<Vec<_>>().join(" ")
}

/// What to change of a key. `None` leaves as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KeyChange {
    /// What the owner calls it.
    pub name: Option<String>,
    /// What it allows.
    pub scopes: Option<Scopes>,
    /// `Some(None)` lets it live for ever.
    pub expires_at: Option<Option<Millis>>,
}

/// Adds a key.
pub async fn insert(tx: &Tx, key: &ApiKey, secret_hash: &str) -> Result<(), DbError> {
    let sql = "INSERT INTO api_key (id, user_id, organization_id, name, prefix, secret_hash, \
                   scopes, expires_at, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    let args = args![
        key.id,
        key.user_id,
        key.organization_id,
        &key.name,
        &key.prefix,
        secret_hash,
        scope_words(key.scopes),
        key.expires_at,
        key.created_at,
    ];
    tx.execute(sql, args).await.map(drop)
}

/// The key `id`.
pub async fn get(db: &impl Fetch, id: Id<ApiKey>) -> Result<Option<ApiKey>, DbError> {
    let sql = format!("SELECT {COLUMNS} FROM api_key k WHERE k.id = $1");
    db.fetch_optional(sql, args![id], |row| api_key(row, 0)).await
}

/// A user's keys, in the order in which they were made; with `organization`, only those bound
/// to it.
pub async fn of_user(
    db: &impl Fetch,
    user: Id<User>,
    organization: Option<Id<backlot_model::account::Organization>>,
    slice: Slice,
) -> Result<Listed<ApiKey>, DbError> {
    let from = "FROM api_key k WHERE k.user_id = $1 \
                AND (CAST($2 AS TEXT) IS NULL OR k.organization_id = $2)";
    list(db, (COLUMNS, from, "k.id"), args![user, organization], slice, |row| api_key(row, 0)).await
}

/// How many keys a user has. To rely on it, lock the user first.
pub async fn count_of_user(db: &impl Fetch, user: Id<User>) -> Result<u32, DbError> {
    let sql = "SELECT count(*) FROM api_key WHERE user_id = $1";
    db.fetch_one(sql, args![user], |row| row.get(0)).await
}

/// Changes a key; `None` when there is no such key.
pub async fn update(
    tx: &Tx,
    id: Id<ApiKey>,
    change: &KeyChange,
) -> Result<Option<ApiKey>, DbError> {
    let sql = format!(
        "UPDATE api_key SET name = COALESCE($2, name), scopes = COALESCE($3, scopes), \
             expires_at = CASE WHEN CAST($4 AS BIGINT) = 1 THEN $5 ELSE expires_at END \
         WHERE id = $1 RETURNING {}",
        COLUMNS.replace("k.", "")
    );
    let args = args![
        id,
        &change.name,
        change.scopes.map(scope_words),
        change.expires_at.is_some(),
        change.expires_at.flatten(),
    ];
    tx.fetch_optional(sql, args, |row| api_key(row, 0)).await
}

/// Makes a key useless.
pub async fn delete(tx: &Tx, id: Id<ApiKey>) -> Result<bool, DbError> {
    Ok(tx.execute("DELETE FROM api_key WHERE id = $1", args![id]).await? == 1)
}
