//! Users' places in organisations.

use backlot_model::account::{Membership, Organization, Role, User};
use backlot_model::{Id, Millis};

use super::users::{self, user};
use super::{Listed, Slice, list, word};
use crate::args;
use crate::db::{DbError, Fetch, Row, Tx};

const COLUMNS: &str = "m.organization_id, o.name, m.user_id, m.role, m.created_at";

fn membership(row: &Row<'_>, at: usize) -> Result<Membership, DbError> {
    Ok(Membership {
        organization_id: row.get(at)?,
        organization_name: row.get(at + 1)?,
        user_id: row.get(at + 2)?,
        role: word(row, at + 3, Role::parse)?,
        created_at: row.get(at + 4)?,
    })
}

/// Adds a member. `false` when he is one already.
pub async fn insert(
    tx: &Tx,
    organization: Id<Organization>,
    user: Id<User>,
    role: Role,
    now_ms: Millis,
) -> Result<bool, DbError> {
    let sql = "INSERT INTO membership (organization_id, user_id, role, created_at) \
               VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING";
    Ok(tx.execute(sql, args![organization, user, role.word(), now_ms]).await? == 1)
}

/// What `user` is in `organization`.
pub async fn role(
    db: &impl Fetch,
    organization: Id<Organization>,
    user: Id<User>,
) -> Result<Option<Role>, DbError> {
    let sql = "SELECT role FROM membership WHERE organization_id = $1 AND user_id = $2";
    db.fetch_optional(sql, args![organization, user], |row| word(row, 0, Role::parse)).await
}

/// A user's places, oldest first.
pub async fn of_user(db: &impl Fetch, user: Id<User>) -> Result<Vec<Membership>, DbError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM membership m JOIN organization o ON o.id = m.organization_id \
         WHERE m.user_id = $1 ORDER BY m.created_at, m.organization_id"
    );
    db.fetch(sql, args![user], |row| membership(row, 0)).await
}

/// The members of an organisation, oldest first.
pub async fn of_organization(
    db: &impl Fetch,
    organization: Id<Organization>,
    slice: Slice,
) -> Result<Listed<(User, Membership)>, DbError> {
    let columns = format!("{}, {COLUMNS}", users::COLUMNS);
    let from = "FROM membership m JOIN account a ON a.id = m.user_id \
                JOIN organization o ON o.id = m.organization_id WHERE m.organization_id = $1";
    let read = |row: &Row<'_>| Ok((user(row, 0)?, membership(row, users::WIDTH)?));
    list(db, (&columns, from, "m.created_at, m.user_id"), args![organization], slice, read).await
}

/// How many organisations a user is in.
pub async fn count_of_user(db: &impl Fetch, user: Id<User>) -> Result<u32, DbError> {
    let sql = "SELECT count(*) FROM membership WHERE user_id = $1";
    db.fetch_one(sql, args![user], |row| row.get(0)).await
}

/// How many owners an organisation has. To rely on it, lock the organisation first.
pub async fn count_owners(db: &impl Fetch, organization: Id<Organization>) -> Result<u64, DbError> {
    let sql = "SELECT count(*) FROM membership WHERE organization_id = $1 AND role = 'owner'";
    db.fetch_one(sql, args![organization], |row| row.get(0)).await
}

/// Makes a member something else.
pub async fn set_role(
    tx: &Tx,
    organization: Id<Organization>,
    user: Id<User>,
    role: Role,
) -> Result<bool, DbError> {
    let sql = "UPDATE membership SET role = $3 WHERE organization_id = $1 AND user_id = $2";
    Ok(tx.execute(sql, args![organization, user, role.word()]).await? == 1)
}

/// Takes a member out, and with him those of his keys that were bound to the organisation.
pub async fn remove(
    tx: &Tx,
    organization: Id<Organization>,
    user: Id<User>,
) -> Result<bool, DbError> {
    let keys = "DELETE FROM api_key WHERE organization_id = $1 AND user_id = $2";
    tx.execute(keys, args![organization, user]).await?;
    let sql = "DELETE FROM membership WHERE organization_id = $1 AND user_id = $2";
    Ok(tx.execute(sql, args![organization, user]).await? == 1)
}
