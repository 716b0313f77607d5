//! The rules of accounts on a real database, with a clock moved by hand.

mod authority;
mod credentials;
mod keys;
mod organizations;
mod sessions;
mod users;

use std::sync::Arc;

use backlot_model::account::{Caller, Member, Organization, Role, Scopes, User};
use backlot_model::fault::{Fault, Kind};
use backlot_model::{HandClock, Id, Ids};
use backlot_store::testing::{TestDb, sqlite};

use super::{
    Accounts, AccountsConfig, AccountsParts, CreatedKey, Credential, ListSlice, NewKey, NewUser,
};
use crate::limiter::{Limiter, LimitsConfig};
use crate::secret::password::PasswordCost;
use crate::secret::{Secret, SeededRandom};

/// The password of every user here.
const PASSWORD: &str = "correct horse";

const ALL: ListSlice = ListSlice { skip: 0, limit: 100 };

struct World {
    accounts: Accounts,
    clock: HandClock,
    db: TestDb,
}

impl World {
    async fn new() -> Self {
        let (db, clock) = (sqlite().await, HandClock::default());
        let accounts = accounts(&db, &clock, 1).await;
        Self { accounts, clock, db }
    }

    async fn user(&self, name: &str) -> User {
        self.make(name, false).await
    }

    async fn superuser(&self, name: &str) -> User {
        self.make(name, true).await
    }

    async fn make(&self, name: &str, is_superuser: bool) -> User {
        let new = NewUser {
            email: format!("{name}@example.com"),
            username: None,
            name: None,
            password: Some(Secret::new(PASSWORD)),
            is_superuser,
        };
        self.accounts.create_user(&Caller::platform(), new).await.unwrap()
    }

    /// The user as he comes with a fresh session.
    async fn session(&self, user: &User) -> Caller {
        let session = self.accounts.login(&user.email, Secret::new(PASSWORD), None).await.unwrap();
        let token = session.access_token.expose().to_owned();
        self.accounts.authenticate(Credential::Bearer(token)).await.unwrap()
    }

    async fn organization(&self, name: &str, owner: &User) -> Organization {
        let platform = Caller::platform();
        let (made, _) = self.accounts.ensure_organization(&platform, name).await.unwrap();
        self.join(&made, owner, Role::Owner).await;
        made
    }

    async fn join(&self, organization: &Organization, user: &User, role: Role) {
        let platform = Caller::platform();
        let added = self.accounts.add_member(&platform, organization.id, &user.email, role).await;
        added.unwrap();
    }

    async fn key(&self, caller: &Caller, new: NewKey) -> CreatedKey {
        self.accounts.create_key(caller, id_of(caller), new).await.unwrap()
    }

    /// The caller that a key stands for.
    async fn with_key(&self, made: &CreatedKey) -> Caller {
        let token = made.token.expose().to_owned();
        self.accounts.authenticate(Credential::ApiKey(token)).await.unwrap()
    }
}

async fn accounts(db: &TestDb, clock: &HandClock, seed: u64) -> Accounts {
    let clock = Arc::new(clock.clone());
    let parts = AccountsParts {
        db: (**db).clone(),
        clock: clock.clone(),
        ids: Arc::new(Ids::new(clock.clone())),
        random: Arc::new(SeededRandom::new(seed)),
        limiter: Arc::new(Limiter::new(clock, LimitsConfig::default())),
    };
    let config = AccountsConfig { password_cost: PasswordCost::CHEAP, ..AccountsConfig::default() };
    Accounts::open(parts, config).await.unwrap()
}

fn member(caller: &Caller) -> &Member {
    caller.member().unwrap()
}

fn id_of(caller: &Caller) -> Id<User> {
    member(caller).user_id
}

fn new_key(scopes: Scopes) -> NewKey {
    NewKey {
        name: "robot".to_owned(),
        scopes: Some(scopes),
        expires_at: None,
        organization_id: None,
    }
}

/// The code and kind of what must be a refusal.
fn refusal<T>(outcome: Result<T, Fault>) -> (&'static str, Kind) {
    let fault = outcome.err().unwrap();
    (fault.code, fault.kind)
}

/// The field at which an input was refused, and the sort of mistake.
fn mistake<T>(outcome: Result<T, Fault>) -> (String, &'static str) {
    let fault = outcome.err().unwrap();
    assert!(!fault.fields.is_empty(), "{fault:?}");
    (fault.fields[0].path.join("."), fault.fields[0].rule)
}
