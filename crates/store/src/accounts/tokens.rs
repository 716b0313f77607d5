//! Refresh tokens and long-lived tokens. What they say is in them; a row says that they are good.

use backlot_model::account::User;
use backlot_model::{Id, Millis};
use uuid::Uuid;

use super::{Listed, Slice, list};
use crate::args;
use crate::db::{Db, DbError, Fetch, Row, Tx};

/// What a token is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// One new session.
    Refresh,
    /// Calls.
    Long,
}

impl Kind {
    const fn word(self) -> &'static str {
        match self {
            Self::Refresh => "refresh",
            Self::Long => "long",
        }
    }
}

/// A token's row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// Identifier.
    pub id: Id<Token>,
    /// Whose.
    pub user_id: Id<User>,
    /// Not good from then on.
    pub expires_at: Millis,
    /// When it was issued.
    pub created_at: Millis,
}

const COLUMNS: &str = "t.id, t.user_id, t.expires_at, t.created_at";

fn token(row: &Row<'_>) -> Result<Token, DbError> {
    Ok(Token {
        id: row.get(0)?,
        user_id: row.get(1)?,
        expires_at: row.get(2)?,
        created_at: row.get(3)?,
    })
}

/// Which of a user's long-lived tokens a list shows, and in which order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TokenFilter {
    /// Leaves out those that expired before; `None` shows all.
    pub alive_at: Option<Millis>,
    /// Newest first.
    pub newest_first: bool,
}

/// Adds a token.
pub async fn insert(tx: &Tx, kind: Kind, token: &Token) -> Result<(), DbError> {
    let sql = "INSERT INTO token (id, user_id, kind, expires_at, created_at) \
               VALUES ($1, $2, $3, $4, $5)";
    let args = args![token.id, token.user_id, kind.word(), token.expires_at, token.created_at];
    tx.execute(sql, args).await.map(drop)
}

/// Takes a refresh token away: of several who try, one is told `true`.
pub async fn take_refresh(tx: &Tx, id: Uuid, user: Id<User>) -> Result<bool, DbError> {
    let sql = "DELETE FROM token WHERE id = $1 AND user_id = $2 AND kind = 'refresh'";
    Ok(tx.execute(sql, args![Id::<Token>::new(id), user]).await? == 1)
}

/// Ends a long-lived token.
pub async fn delete_long(db: &Db, id: Id<Token>, user: Id<User>) -> Result<bool, DbError> {
    let sql = "DELETE FROM token WHERE id = $1 AND user_id = $2 AND kind = 'long'";
    Ok(db.execute(sql, args![id, user]).await? == 1)
}

/// The user of a long-lived token.
pub async fn user_of_long(db: &impl Fetch, id: Id<Token>) -> Result<Option<Id<User>>, DbError> {
    let sql = "SELECT user_id FROM token WHERE id = $1 AND kind = 'long'";
    db.fetch_optional(sql, args![id], |row| row.get(0)).await
}

/// How many long-lived tokens of a user are good at `now_ms`. To rely on it, lock the user first.
pub async fn count_long(db: &impl Fetch, user: Id<User>, now_ms: Millis) -> Result<u32, DbError> {
    let sql = "SELECT count(*) FROM token WHERE user_id = $1 AND kind = 'long' AND expires_at > $2";
    db.fetch_one(sql, args![user, now_ms], |row| row.get(0)).await
}

/// A user's long-lived tokens.
pub async fn list_long(
    db: &impl Fetch,
    user: Id<User>,
    filter: TokenFilter,
    slice: Slice,
) -> Result<Listed<Token>, DbError> {
    let from = "FROM token t WHERE t.user_id = $1 AND t.kind = 'long' AND t.expires_at > $2";
    let order = if filter.newest_first { "t.id DESC" } else { "t.id" };
    let args = args![user, filter.alive_at.unwrap_or(Millis::MIN)];
    list(db, (COLUMNS, from, order), args, slice, token).await
}

/// Keeps the `keep` newest refresh tokens of a user.
pub async fn trim_refresh(tx: &Tx, user: Id<User>, keep: u32) -> Result<(), DbError> {
    let sql = "DELETE FROM token WHERE user_id = $1 AND kind = 'refresh' AND id NOT IN \
                   (SELECT id FROM token WHERE user_id = $1 AND kind = 'refresh' \
                    ORDER BY id DESC LIMIT $2)";
    tx.execute(sql, args![user, keep]).await.map(drop)
}

/// Forgets what expired before `before_ms`. The number of tokens forgotten.
pub async fn sweep(db: &Db, before_ms: Millis) -> Result<u64, DbError> {
    db.execute("DELETE FROM token WHERE expires_at < $1", args![before_ms]).await
}
