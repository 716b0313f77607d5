//! Users, organisations, members, credentials: who there is, and who asks.
//!
//! Owns: the operations on accounts, each of which first asks the table in
//! `model::policy::account`; sessions and tokens; the signing keys. [`Accounts`] is a cheap handle.
//! Never: assets (but for where they are listed when their uploader or organisation changes), or
//! where in a request a credential stood.

mod admin;
mod authenticate;
mod authority;
mod keys;
mod members;
mod names;
mod organizations;
mod sessions;
mod signing;
mod tokens;
mod touches;
mod users;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use backlot_model::clock::{DAY_MS, HOUR_MS};
use backlot_model::fault::{Fault, Kind};
use backlot_model::{Clock, Ids, Millis};
use backlot_store::accounts::Slice;
use backlot_store::db::{Db, DbError};

use crate::limiter::Limiter;
use crate::secret::Random;
use crate::secret::password::{PasswordCost, PasswordPool};
use crate::signing::SigningKeys;

pub use admin::FirstAdmin;
pub use authenticate::Credential;
pub use backlot_store::accounts::api_keys::KeyChange;
pub use backlot_store::accounts::tokens::Token;
pub use backlot_store::accounts::{Listed, Slice as ListSlice};
pub use keys::{CreatedKey, NewKey};
pub use members::OrganizationMember;
pub use organizations::Whose;
pub use sessions::Session;
pub use tokens::{IssuedToken, TOKEN_MS_MAX, TOKEN_MS_MIN, TokenList};
pub use users::{NewUser, Profile, UserList, UserUpdate};

/// How many things one page of a list may show.
pub const LIST_LIMIT_MAX: u32 = 1_000;

/// What of accounts is configurable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AccountsConfig {
    /// What hashing a password costs.
    pub password_cost: PasswordCost,
    /// How long a session's access token lives, in milliseconds.
    pub access_ms: Millis,
    /// How long a session can be refreshed, in milliseconds.
    pub refresh_ms: Millis,
}

/// One hour, and 30 days.
impl Default for AccountsConfig {
    fn default() -> Self {
        Self { password_cost: PasswordCost::default(), access_ms: HOUR_MS, refresh_ms: 30 * DAY_MS }
    }
}

/// What [`Accounts`] works with.
#[derive(Clone)]
pub struct AccountsParts {
    /// Where the rows are; migrated.
    pub db: Db,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// New identifiers.
    pub ids: Arc<Ids>,
    /// Chance for secrets.
    pub random: Arc<dyn Random>,
    /// What logins are counted by.
    pub limiter: Arc<Limiter>,
}

/// The operations on accounts. Clones share everything.
#[derive(Clone)]
pub struct Accounts {
    shared: Arc<Shared>,
}

struct Shared {
    db: Db,
    clock: Arc<dyn Clock>,
    ids: Arc<Ids>,
    random: Arc<dyn Random>,
    limiter: Arc<Limiter>,
    config: AccountsConfig,
    passwords: PasswordPool,
    keys: signing::Ring,
    touches: touches::Touches,
}

impl Accounts {
    /// Loads the signing keys, and makes the first one when there is none yet.
    pub async fn open(parts: AccountsParts, config: AccountsConfig) -> Result<Self, Fault> {
        let AccountsParts { db, clock, ids, random, limiter } = parts;
        let passwords = PasswordPool::new(Arc::clone(&random), config.password_cost)?;
        let keys = signing::Ring::open(&db, &*random, clock.now_ms()).await?;
        let touches = touches::Touches::default();
        let shared = Shared { db, clock, ids, random, limiter, config, passwords, keys, touches };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// The keys that sign tokens, URLs and cursors, as last loaded.
    #[must_use]
    pub fn signing_keys(&self) -> Arc<SigningKeys> {
        self.shared.keys.current()
    }

    /// What is due now and then: writes when credentials were last seen, loads signing keys that
    /// another process rotated, forgets tokens that expired 30 days ago. Call it every half minute
    /// and before the end.
    pub async fn tidy(&self) -> Result<(), Fault> {
        self.flush_touches().await?;
        self.shared.keys.reload(self.db(), self.now()).await?;
        backlot_store::accounts::tokens::sweep(self.db(), self.now() - 30 * DAY_MS).await?;
        Ok(())
    }

    fn db(&self) -> &Db {
        &self.shared.db
    }

    fn now(&self) -> Millis {
        self.shared.clock.now_ms()
    }
}

/// A slice whose limit is one that lists allow.
fn checked(slice: Slice) -> Result<Slice, Fault> {
    if (1..=LIST_LIMIT_MAX).contains(&slice.limit) {
        return Ok(slice);
    }
    let message = format!("must be between 1 and {LIST_LIMIT_MAX}");
    Err(Fault::invalid("query.limit", "range", message))
}

/// A unique violation as a conflict, everything else as what it is.
fn taken(error: DbError, path: &str, message: &str) -> Fault {
    if error.is_unique_violation() { already_exists(path, message) } else { Fault::from(error) }
}

fn already_exists(path: &str, message: &str) -> Fault {
    Fault::new(Kind::Conflict, "already-exists", message).at(path, "unique")
}

fn limit_reached(message: String) -> Fault {
    Fault::new(Kind::Conflict, "limit-reached", message)
}

fn not_found(code: &'static str, what: &str) -> Fault {
    Fault::new(Kind::NotFound, code, format!("{what} not found"))
}

fn user_not_found() -> Fault {
    not_found("user-not-found", "user")
}

fn organization_not_found() -> Fault {
    not_found("organization-not-found", "organization")
}

fn membership_not_found() -> Fault {
    not_found("membership-not-found", "member")
}

fn key_not_found() -> Fault {
    not_found("key-not-found", "API key")
}

fn token_not_found() -> Fault {
    not_found("token-not-found", "token")
}
