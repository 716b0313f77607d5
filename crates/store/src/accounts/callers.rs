//! Everything that authentication asks about a credential, in one statement.

use backlot_model::Id;
use backlot_model::account::{ApiKey, Bounds, Member, Organization, Role, Scopes, User};
use backlot_model::limits::ORGANIZATIONS_PER_USER_MAX;
use uuid::Uuid;

use super::api_keys::{self, api_key};
use super::users::{self, user};
use super::word;
use crate::args;
use crate::db::{Arg, Db, DbError, Fetch, Row};

/// Who a credential belongs to.
#[derive(Clone)]
pub struct CallerRow {
    /// The user.
    pub user: User,
    /// His places in organisations, oldest first; of a bound key, only the one.
    pub organizations: Vec<(Id<Organization>, Role)>,
}

/// An API key, with the hash that its secret must have.
#[derive(Clone)]
pub struct KeyRow {
    /// The key.
    pub key: ApiKey,
    /// Of its secret.
    pub secret_hash: String,
}

impl CallerRow {
    /// The user as he asks with a credential of these scopes and bounds.
    #[must_use]
    pub fn into_member(self, scopes: Scopes, bounds: Bounds) -> Member {
        let Self { user, organizations } = self;
        let oldest = organizations.first().map(|(id, _)| *id);
        Member {
            user_id: user.id,
            username: user.username,
            is_superuser: user.is_superuser,
            scopes,
            active_organization: bounds.organization_id.or(oldest),
            organizations,
            bounds,
        }
    }
}

const PLACES: &str = "m.organization_id, m.role";

/// The key `id`, its user and his places.
pub async fn load_caller_by_key(
    db: &Db,
    id: Id<ApiKey>,
) -> Result<Option<(KeyRow, CallerRow)>, DbError> {
    let sql = format!(
        "SELECT {PLACES}, {}, {}, k.secret_hash \
         FROM api_key k JOIN account a ON a.id = k.user_id \
         LEFT JOIN membership m ON m.user_id = a.id \
             AND (k.organization_id IS NULL OR m.organization_id = k.organization_id) \
         WHERE k.id = $1 ORDER BY m.created_at, m.organization_id \
         LIMIT {ORGANIZATIONS_PER_USER_MAX}",
        users::COLUMNS,
        api_keys::COLUMNS
    );
    let key_at = 2 + users::WIDTH;
    let found = load(db, sql, args![id], move |row| {
        let secret_hash = row.get(key_at + api_keys::WIDTH)?;
        Ok(KeyRow { key: api_key(row, key_at)?, secret_hash })
    });
    found.await
}

/// The user `id` and his places.
pub async fn load_caller_by_user(db: &Db, id: Id<User>) -> Result<Option<CallerRow>, DbError> {
    let sql = format!(
        "SELECT {PLACES}, {} FROM account a LEFT JOIN membership m ON m.user_id = a.id \
         WHERE a.id = $1 ORDER BY m.created_at, m.organization_id \
         LIMIT {ORGANIZATIONS_PER_USER_MAX}",
        users::COLUMNS
    );
    Ok(load(db, sql, args![id], |_| Ok(())).await?.map(|((), caller)| caller))
}

/// The user `id` and his places, if he has the long-lived token `token`.
pub async fn load_caller_by_token(
    db: &Db,
    id: Id<User>,
    token: Uuid,
) -> Result<Option<CallerRow>, DbError> {
    let sql = format!(
        "SELECT {PLACES}, {} FROM token t JOIN account a ON a.id = t.user_id \
         LEFT JOIN membership m ON m.user_id = a.id \
         WHERE t.id = $2 AND t.kind = 'long' AND a.id = $1 \
         ORDER BY m.created_at, m.organization_id LIMIT {ORGANIZATIONS_PER_USER_MAX}",
        users::COLUMNS
    );
    let args = args![id, Id::<super::tokens::Token>::new(token)];
    Ok(load(db, sql, args, |_| Ok(())).await?.map(|((), caller)| caller))
}

/// One row a place, or one without any; what is the same in all is read from the first.
async fn load<H, F>(
    db: &Db,
    sql: String,
    args: Vec<Arg>,
    head: F,
) -> Result<Option<(H, CallerRow)>, DbError>
where
    H: Send + 'static,
    F: Fn(&Row<'_>) -> Result<H, DbError> + Send + 'static,
{
    let mut is_first = true;
    let rows = db.fetch(sql, args, move |row| {
        let place = match row.get::<Option<Id<Organization>>>(0)? {
            Some(organization) => Some((organization, word(row, 1, Role::parse)?)),
            None => None,
        };
        let first = if is_first { Some((head(row)?, user(row, 2)?)) } else { None };
        is_first = false;
        Ok((first, place))
    });
    let mut found = None;
    let mut organizations = Vec::new();
    for (first, place) in rows.await? {
        found = found.or(first);
        organizations.extend(place);
    }
    Ok(found.map(|(head, user)| (head, CallerRow { user, organizations })))
}
