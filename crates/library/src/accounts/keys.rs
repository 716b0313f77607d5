//! API keys. None reaches further than the credential it was made with.

use backlot_model::account::{ApiKey, Caller, Member, Organization, Scopes, User};
use backlot_model::limits::KEYS_PER_USER_MAX;
use backlot_model::policy::account::{AccountOperation, AccountStanding};
use backlot_model::{Fault, Id, Millis};
use backlot_store::accounts::api_keys::{self, KeyChange};
use backlot_store::accounts::{Listed, Slice, memberships, organizations, users};
use backlot_store::db::Tx;

use super::authority::{insufficient_scope, require};
use super::names::parse_name;
use super::{
    Accounts, checked, key_not_found, limit_reached, membership_not_found, organization_not_found,
    user_not_found,
};
use crate::secret::{ApiKeySecret, Secret};

/// A key to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewKey {
    /// What the owner calls it.
    pub name: String,
    /// What it allows; when absent, what the credential it is made with allows.
    pub scopes: Option<Scopes>,
    /// Not good from then on; when absent, as long as the credential it is made with.
    pub expires_at: Option<Millis>,
    /// Acts for this organisation only; when absent, as the credential it is made with.
    pub organization_id: Option<Id<Organization>>,
}

/// A new key with its secret, shown once.
#[derive(Debug)]
pub struct CreatedKey {
    /// The key.
    pub key: ApiKey,
    /// Its secret half: with the id, the password of HTTP Basic.
    pub secret: Secret,
    /// Both halves in one, for `Bearer` and `x-api-key`.
    pub token: Secret,
}

impl Accounts {
    /// Makes a key for `user`: the caller himself, or anybody for a superuser.
    ///
    /// # Errors
    /// `insufficient-scope` for scopes, `invalid` for an expiry and `organization-not-found` for
    /// an organisation that the caller's own credential does not reach; `limit-reached`.
    pub async fn create_key(
        &self,
        caller: &Caller,
        user: Id<User>,
        new: NewKey,
    ) -> Result<CreatedKey, Fault> {
        let standing = AccountStanding::to_user(caller, user);
        let member = require(caller, AccountOperation::CreateKey, standing, user_not_found)?;
        let name = parse_name("body.name", &new.name)?;
        let scopes = new.scopes.unwrap_or(member.scopes);
        refuse_scopes(member, scopes)?;
        let expires_at = new.expires_at.or(member.bounds.expires_at);
        self.refuse_expiry(member, expires_at)?;
        let bound = member.bounds.organization_id;
        let organization_id = new.organization_id.or(bound);
        if bound.is_some() && organization_id != bound {
            return Err(organization_not_found());
        }
        let id = self.shared.ids.next::<ApiKey>();
        let made = ApiKeySecret::generate(&*self.shared.random, id.uuid());
        let key = ApiKey {
            id,
            user_id: user,
            organization_id,
            name,
            prefix: made.prefix(),
            scopes,
            expires_at,
            last_used_at: None,
            created_at: self.now(),
        };
        let tx = self.db().begin().await?;
        let owner = users::lock(&tx, user).await?.ok_or_else(user_not_found)?;
        if let Some(organization) = organization_id {
            refuse_outsider(&tx, standing, &owner, organization).await?;
        }
        if api_keys::count_of_user(&tx, user).await? >= KEYS_PER_USER_MAX {
            let message = format!("there are {KEYS_PER_USER_MAX} keys; revoke one");
            return Err(limit_reached(message));
        }
        api_keys::insert(&tx, &key, &made.hash().to_hex()).await?;
        tx.commit().await?;
        Ok(CreatedKey { key, secret: made.secret, token: made.token })
    }

    /// A user's keys, in the order in which they were made; for a bound key, its like.
    pub async fn keys(
        &self,
        caller: &Caller,
        user: Id<User>,
        slice: Slice,
    ) -> Result<Listed<ApiKey>, Fault> {
        let standing = AccountStanding::to_user(caller, user);
        let member = require(caller, AccountOperation::SeeKeys, standing, user_not_found)?;
        let bound = member.bounds.organization_id;
        users::get(self.db(), user).await?.ok_or_else(user_not_found)?;
        Ok(api_keys::of_user(self.db(), user, bound, checked(slice)?).await?)
    }

    /// The key `id`.
    pub async fn key(&self, caller: &Caller, id: Id<ApiKey>) -> Result<ApiKey, Fault> {
        self.require_key(caller, AccountOperation::SeeKeys, id).await
    }

    /// Renames a key, changes its scopes or its expiry.
    ///
    /// # Errors
    /// As [`Accounts::create_key`]; also for a key that allows more than the caller's credential.
    pub async fn update_key(
        &self,
        caller: &Caller,
        id: Id<ApiKey>,
        change: KeyChange,
    ) -> Result<ApiKey, Fault> {
        let key = self.require_key(caller, AccountOperation::ChangeKey, id).await?;
        let member = caller.member().ok_or_else(key_not_found)?;
        let name = change.name.as_deref().map(|name| parse_name("body.name", name)).transpose()?;
        if change.scopes.is_some() || change.expires_at.is_some() {
            refuse_scopes(member, change.scopes.unwrap_or(key.scopes))?;
        }
        if let Some(expires_at) = change.expires_at {
            self.refuse_expiry(member, expires_at)?;
        }
        let tx = self.db().begin().await?;
        let changed = api_keys::update(&tx, id, &KeyChange { name, ..change }).await?;
        tx.commit().await?;
        changed.ok_or_else(key_not_found)
    }

    /// Makes a key useless, at once and for ever.
    pub async fn revoke_key(&self, caller: &Caller, id: Id<ApiKey>) -> Result<(), Fault> {
        self.require_key(caller, AccountOperation::RevokeKey, id).await?;
        let tx = self.db().begin().await?;
        if !api_keys::delete(&tx, id).await? {
            return Err(key_not_found());
        }
        Ok(tx.commit().await?)
    }

    async fn require_key(
        &self,
        caller: &Caller,
        operation: AccountOperation,
        id: Id<ApiKey>,
    ) -> Result<ApiKey, Fault> {
        let found = api_keys::get(self.db(), id).await?;
        let standing = match &found {
            Some(key) => AccountStanding::to_key(caller, key),
            None => AccountStanding::to_platform(caller),
        };
        require(caller, operation, standing, key_not_found)?;
        found.ok_or_else(key_not_found)
    }

    /// Refuses an expiry that has passed, or is later than that of the caller's credential.
    fn refuse_expiry(&self, member: &Member, expires_at: Option<Millis>) -> Result<(), Fault> {
        let path = "body.expires_at";
        if expires_at.is_some_and(|at| at <= self.now()) {
            return Err(Fault::invalid(path, "range", "must be in the future"));
        }
        let outlives = member
            .bounds
            .expires_at
            .is_some_and(|end| expires_at.is_none_or(|expires_at| expires_at > end));
        if outlives {
            let message = "must be no later than that of the credential it is made with";
            return Err(Fault::invalid(path, "range", message));
        }
        Ok(())
    }
}

/// Refuses no scopes at all, and more than the caller's credential has.
fn refuse_scopes(member: &Member, scopes: Scopes) -> Result<(), Fault> {
    if scopes == Scopes::NONE {
        let message = "must name at least one of read, write and admin";
        return Err(Fault::invalid("body.scopes", "length", message));
    }
    match scopes.list().iter().find(|&&scope| !member.scopes.has(scope)) {
        Some(missing) => Err(insufficient_scope(missing.word())),
        None => Ok(()),
    }
}

/// Refuses an organisation that the key's owner does not reach.
async fn refuse_outsider(
    tx: &Tx,
    standing: AccountStanding,
    owner: &User,
    organization: Id<Organization>,
) -> Result<(), Fault> {
    if memberships::role(tx, organization, owner.id).await?.is_some() {
        return Ok(());
    }
    if organizations::get(tx, organization).await?.is_none() {
        return Err(organization_not_found());
    }
    match (owner.is_superuser, standing) {
        (true, _) => Ok(()),
        (false, AccountStanding::Superuser) => Err(membership_not_found()),
        (false, _) => Err(organization_not_found()),
    }
}
