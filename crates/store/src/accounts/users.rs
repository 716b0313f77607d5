//! Users.

use backlot_model::account::User;
use backlot_model::{Id, Millis};

use super::{Listed, Slice, containing, list};
use crate::args;
use crate::db::{DbError, Fetch, Row, Tx};

/// The columns of [`user`], of the table `a`.
pub(super) const COLUMNS: &str = "a.id, a.email, a.username, a.name, a.is_superuser, a.is_active, \
                                  a.session_epoch, a.created_at, a.last_active_at";
/// How many [`COLUMNS`] there are.
pub(super) const WIDTH: usize = 9;

/// Reads a user from [`COLUMNS`], the first of which is column `at`.
pub(super) fn user(row: &Row<'_>, at: usize) -> Result<User, DbError> {
    Ok(User {
        id: row.get(at)?,
        email: row.get(at + 1)?,
        username: row.get(at + 2)?,
        name: row.get(at + 3)?,
        is_superuser: row.get(at + 4)?,
        is_active: row.get(at + 5)?,
        session_epoch: row.get(at + 6)?,
        created_at: row.get(at + 7)?,
        last_active_at: row.get(at + 8)?,
    })
}

/// A user and what his password is checked against.
#[derive(Clone)]
pub struct WithPassword {
    /// The user.
    pub user: User,
    /// A PHC string; `None` when he has no password.
    pub password_hash: Option<String>,
}

/// A user to be made.
#[derive(Clone)]
pub struct NewUser {
    /// Identifier.
    pub id: Id<User>,
    /// As he writes it.
    pub email: String,
    /// In lower case; unique.
    pub email_folded: String,
    /// ASCII; unique without regard to case.
    pub username: String,
    /// Full name.
    pub name: Option<String>,
    /// A PHC string.
    pub password_hash: Option<String>,
    /// Acts for the platform.
    pub is_superuser: bool,
    /// Now.
    pub created_at: Millis,
}

/// What to change of a user. `None` leaves as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UserChange {
    /// As he writes it, and in lower case.
    pub email: Option<(String, String)>,
    /// ASCII.
    pub username: Option<String>,
    /// `Some(None)` clears it.
    pub name: Option<Option<String>>,
}

/// Which users a list shows. `None` means all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UserFilter {
    /// Contained in e-mail, username or name; in lower case.
    pub search: Option<String>,
    /// Only those who are, or are not, active.
    pub is_active: Option<bool>,
}

/// Adds a user. `false` when his e-mail or username is taken.
pub async fn insert(tx: &Tx, new: &NewUser) -> Result<bool, DbError> {
    let sql = "INSERT INTO account (id, email, email_folded, username, name, name_folded, \
                   password_hash, is_superuser, created_at) \
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING";
    let args = args![
        new.id,
        &new.email,
        &new.email_folded,
        &new.username,
        &new.name,
        new.name.as_ref().map(|name| name.to_lowercase()),
        &new.password_hash,
        new.is_superuser,
        new.created_at,
    ];
    Ok(tx.execute(sql, args).await? == 1)
}

/// The user `id`.
pub async fn get(db: &impl Fetch, id: Id<User>) -> Result<Option<User>, DbError> {
    let sql = format!("SELECT {COLUMNS} FROM account a WHERE a.id = $1");
    db.fetch_optional(sql, args![id], |row| user(row, 0)).await
}

/// The user `id` with his password.
pub async fn get_with_password(
    db: &impl Fetch,
    id: Id<User>,
) -> Result<Option<WithPassword>, DbError> {
    let sql = format!("SELECT {COLUMNS}, a.password_hash FROM account a WHERE a.id = $1");
    db.fetch_optional(sql, args![id], with_password).await
}

/// The user with this e-mail, in lower case.
pub async fn by_email(db: &impl Fetch, folded: &str) -> Result<Option<WithPassword>, DbError> {
    let sql = format!("SELECT {COLUMNS}, a.password_hash FROM account a WHERE a.email_folded = $1");
    db.fetch_optional(sql, args![folded], with_password).await
}

/// The user with this username, in lower case.
pub async fn by_username(db: &impl Fetch, folded: &str) -> Result<Option<WithPassword>, DbError> {
    let sql =
        format!("SELECT {COLUMNS}, a.password_hash FROM account a WHERE lower(a.username) = $1");
    db.fetch_optional(sql, args![folded], with_password).await
}

fn with_password(row: &Row<'_>) -> Result<WithPassword, DbError> {
    Ok(WithPassword { user: user(row, 0)?, password_hash: row.get(WIDTH)? })
}

/// Those of `filter`, in the order in which they were made.
pub async fn list_users(
    db: &impl Fetch,
    filter: &UserFilter,
    slice: Slice,
) -> Result<Listed<User>, DbError> {
    let from = "FROM account a \
                WHERE (CAST($1 AS BIGINT) IS NULL OR a.is_active = $1) \
                AND (CAST($2 AS TEXT) IS NULL OR a.email_folded LIKE $2 ESCAPE '\\' \
                    OR lower(a.username) LIKE $2 ESCAPE '\\' \
                    OR a.name_folded LIKE $2 ESCAPE '\\')";
    let args = args![filter.is_active, filter.search.as_deref().map(containing)];
    list(db, (COLUMNS, from, "a.id"), args, slice, |row| user(row, 0)).await
}

/// Changes a user; `None` when there is no such user. A taken e-mail or username is a unique
/// violation.
pub async fn update(tx: &Tx, id: Id<User>, change: &UserChange) -> Result<Option<User>, DbError> {
    let sql = format!(
        "UPDATE account SET email = COALESCE($2, email), \
             email_folded = COALESCE($3, email_folded), username = COALESCE($4, username), \
             name = CASE WHEN CAST($5 AS BIGINT) = 1 THEN $6 ELSE name END, \
             name_folded = CASE WHEN CAST($5 AS BIGINT) = 1 THEN $7 ELSE name_folded END \
         WHERE id = $1 RETURNING {}",
        COLUMNS.replace("a.", "")
    );
    let name = change.name.clone().flatten();
    let args = args![
        id,
        change.email.as_ref().map(|(email, _)| email.clone()),
        change.email.as_ref().map(|(_, folded)| folded.clone()),
        &change.username,
        change.name.is_some(),
        &name,
        name.as_ref().map(|name| name.to_lowercase()),
    ];
    tx.fetch_optional(sql, args, |row| user(row, 0)).await
}

/// Replaces the password's hash and nothing else, after a good login.
pub async fn rehash(db: &crate::db::Db, id: Id<User>, old: &str, new: &str) -> Result<(), DbError> {
    let sql = "UPDATE account SET password_hash = $3 WHERE id = $1 AND password_hash = $2";
    db.execute(sql, args![id, old, new]).await.map(drop)
}

/// Sets the password. Sessions go on; see [`end_sessions`].
pub async fn set_password(tx: &Tx, id: Id<User>, hash: &str) -> Result<(), DbError> {
    let sql = "UPDATE account SET password_hash = $2 WHERE id = $1";
    tx.execute(sql, args![id, hash]).await.map(drop)
}

/// Lets a user in, or keeps him out.
pub async fn set_active(tx: &Tx, id: Id<User>, is_active: bool) -> Result<(), DbError> {
    let sql = "UPDATE account SET is_active = $2 WHERE id = $1";
    tx.execute(sql, args![id, is_active]).await.map(drop)
}

/// Makes a user a superuser, or an ordinary one. Where his assets are listed is for the caller to
/// set right in the same transaction.
pub async fn set_superuser(tx: &Tx, id: Id<User>, is_superuser: bool) -> Result<(), DbError> {
    let sql = "UPDATE account SET is_superuser = $2 WHERE id = $1";
    tx.execute(sql, args![id, is_superuser]).await.map(drop)
}

/// Ends all sessions and long-lived tokens of a user.
pub async fn end_sessions(tx: &Tx, id: Id<User>) -> Result<(), DbError> {
    let sql = "UPDATE account SET session_epoch = session_epoch + 1 WHERE id = $1";
    tx.execute(sql, args![id]).await?;
    tx.execute("DELETE FROM token WHERE user_id = $1", args![id]).await.map(drop)
}

/// Takes the lock of a user's row until the transaction ends; his row as it then is.
pub async fn lock(tx: &Tx, id: Id<User>) -> Result<Option<User>, DbError> {
    let sql = format!(
        "UPDATE account SET is_active = is_active WHERE id = $1 RETURNING {}",
        COLUMNS.replace("a.", "")
    );
    tx.fetch_optional(sql, args![id], |row| user(row, 0)).await
}

/// How many active superusers there are. To rely on it, take the lock `superusers` first.
pub async fn count_superusers(db: &impl Fetch) -> Result<u64, DbError> {
    let sql = "SELECT count(*) FROM account WHERE is_superuser = 1 AND is_active = 1";
    db.fetch_one(sql, args![], |row| row.get(0)).await
}
