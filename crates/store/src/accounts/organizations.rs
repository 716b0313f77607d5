//! Organisations.

use backlot_model::Id;
use backlot_model::account::{Organization, User};

use super::{Listed, Slice, containing, list};
use crate::args;
use crate::db::{DbError, Fetch, Row, Tx};

const COLUMNS: &str = "o.id, o.name, o.created_at";

fn organization(row: &Row<'_>) -> Result<Organization, DbError> {
    Ok(Organization { id: row.get(0)?, name: row.get(1)?, created_at: row.get(2)? })
}

/// Which organisations a list shows. `None` means all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OrganizationFilter {
    /// Only those this user is in.
    pub member: Option<Id<User>>,
    /// Only this one.
    pub only: Option<Id<Organization>>,
    /// Contained in the name; in lower case.
    pub search: Option<String>,
}

/// Adds an organisation. `false` when its name is taken.
pub async fn insert(tx: &Tx, new: &Organization, name_folded: &str) -> Result<bool, DbError> {
    let sql = "INSERT INTO organization (id, name, name_folded, created_at) \
               VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING";
    let args = args![new.id, &new.name, name_folded, new.created_at];
    Ok(tx.execute(sql, args).await? == 1)
}

/// The organisation `id`.
pub async fn get(db: &impl Fetch, id: Id<Organization>) -> Result<Option<Organization>, DbError> {
    let sql = format!("SELECT {COLUMNS} FROM organization o WHERE o.id = $1");
    db.fetch_optional(sql, args![id], organization).await
}

/// The organisation of this name, in lower case.
pub async fn by_name(db: &impl Fetch, folded: &str) -> Result<Option<Organization>, DbError> {
    let sql = format!("SELECT {COLUMNS} FROM organization o WHERE o.name_folded = $1");
    db.fetch_optional(sql, args![folded], organization).await
}

/// Those of `filter`, in the order in which they were made.
pub async fn list_organizations(
    db: &impl Fetch,
    filter: &OrganizationFilter,
    slice: Slice,
) -> Result<Listed<Organization>, DbError> {
    let from = "FROM organization o \
                WHERE (CAST($1 AS TEXT) IS NULL OR o.id IN \
                    (SELECT m.organization_id FROM membership m WHERE m.user_id = $1)) \
                AND (CAST($2 AS TEXT) IS NULL OR o.id = $2) \
                AND (CAST($3 AS TEXT) IS NULL OR o.name_folded LIKE $3 ESCAPE '\\')";
    let search = filter.search.as_deref().map(containing);
    let args = args![filter.member, filter.only, search];
    list(db, (COLUMNS, from, "o.id"), args, slice, organization).await
}

/// Takes the lock of an organisation's row until the transaction ends: its members do not change
/// meanwhile. `None` when there is no such organisation.
pub async fn lock(tx: &Tx, id: Id<Organization>) -> Result<Option<Organization>, DbError> {
    let sql = "UPDATE organization SET name = name WHERE id = $1 RETURNING id, name, created_at";
    tx.fetch_optional(sql, args![id], organization).await
}

/// Renames an organisation. A taken name is a unique violation.
pub async fn rename(
    tx: &Tx,
    id: Id<Organization>,
    name: &str,
    name_folded: &str,
) -> Result<Option<Organization>, DbError> {
    let sql = "UPDATE organization SET name = $2, name_folded = $3 WHERE id = $1 \
               RETURNING id, name, created_at";
    tx.fetch_optional(sql, args![id, name, name_folded], organization).await
}

/// Deletes an organisation with its memberships and the keys bound to it. Its assets lose it;
/// where they are listed is for the caller to set right first, in the same transaction.
pub async fn delete(tx: &Tx, id: Id<Organization>) -> Result<bool, DbError> {
    Ok(tx.execute("DELETE FROM organization WHERE id = $1", args![id]).await? == 1)
}
