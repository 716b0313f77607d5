//! From a credential to the caller it stands for, with one query.

use backlot_model::account::{ApiKey, Bounds, Caller, Organization, Scopes, User};
use backlot_model::fault::{Fault, Kind};
use backlot_model::policy::account::AccountOperation;
use backlot_model::{Id, Millis};
use backlot_store::accounts::callers::{
    CallerRow, load_caller_by_key, load_caller_by_token, load_caller_by_user,
};

use super::users::require_over;
use super::{Accounts, user_not_found};
use crate::secret::{SecretHash, parse_token};
use crate::signing::{Claims, TokenKind};

/// What a request came with, wherever in it it stood. Secrets are not printed.
#[derive(Clone, PartialEq, Eq)]
pub enum Credential {
    /// Nothing.
    None,
    /// The token that everybody may use: sees what is public.
    PublicToken,
    /// A JWT or an API key's token.
    Bearer(String),
    /// An API key's token.
    ApiKey(String),
    /// An API key's id, in any dress, and its secret.
    Basic {
        /// The id.
        user: String,
        /// The secret.
        password: String,
    },
}

impl std::fmt::Debug for Credential {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::None => "None",
            Self::PublicToken => "PublicToken",
            Self::Bearer(_) => "Bearer(…)",
            Self::ApiKey(_) => "ApiKey(…)",
            Self::Basic { .. } => "Basic(…)",
        })
    }
}

impl Accounts {
    /// Who comes with `credential`.
    ///
    /// # Errors
    /// `bad-credentials` (also when the user is not active) or `expired`, both
    /// [`Kind::Unauthenticated`].
    pub async fn authenticate(&self, credential: Credential) -> Result<Caller, Fault> {
        match credential {
            Credential::None | Credential::PublicToken => Ok(Caller::Anonymous),
            Credential::Bearer(token) => match parse_token(&token) {
                Some((id, secret)) => self.by_key(Id::new(id), secret).await,
                None => self.by_jwt(&token).await,
            },
            Credential::ApiKey(token) => match parse_token(&token) {
                Some((id, secret)) => self.by_key(Id::new(id), secret).await,
                None => Err(bad_credentials()),
            },
            Credential::Basic { user, password } => match Id::parse(&user) {
                Some(id) => self.by_key(id, &password).await,
                None => Err(bad_credentials()),
            },
        }
    }

    /// The user `id` as a caller, with all that he may: for what the operator does in his name.
    pub async fn act_as(&self, caller: &Caller, id: Id<User>) -> Result<Caller, Fault> {
        require_over(caller, AccountOperation::ManageUser, id)?;
        let found = load_caller_by_user(self.db(), id).await?.ok_or_else(user_not_found)?;
        if !found.user.is_active {
            return Err(Fault::new(Kind::Forbidden, "forbidden", "the user is not active"));
        }
        Ok(caller_of(found, Scopes::ALL, Bounds::default()))
    }

    /// The user `id` as a caller in his own name, for what he began with a good credential and
    /// another ends for him. `organization` is the one he acted for, if he is still in it.
    pub(crate) async fn acting(
        &self,
        id: Id<User>,
        organization: Option<Id<Organization>>,
    ) -> Result<Caller, Fault> {
        let found = load_caller_by_user(self.db(), id).await?.ok_or_else(user_not_found)?;
        if !found.user.is_active {
            return Err(Fault::new(Kind::Forbidden, "forbidden", "the user is not active"));
        }
        let mut member = found.into_member(Scopes::ALL, Bounds::default());
        if organization.is_some_and(|id| member.role_in(id).is_some()) {
            member.active_organization = organization;
        }
        Ok(Caller::User(member))
    }

    async fn by_key(&self, id: Id<ApiKey>, secret: &str) -> Result<Caller, Fault> {
        let Some((row, found)) = load_caller_by_key(self.db(), id).await? else {
            return Err(bad_credentials());
        };
        let hash = SecretHash::parse_hex(&row.secret_hash)
            .ok_or_else(|| Fault::internal("a stored hash of an API key is no hash"))?;
        if !hash.matches(secret) || !found.user.is_active {
            return Err(bad_credentials());
        }
        let (key, now_ms) = (row.key, self.now());
        if key.expires_at.is_some_and(|at| at <= now_ms) {
            return Err(Fault::new(Kind::Unauthenticated, "expired", "the API key has expired"));
        }
        // Whoever leaves an organisation loses the keys bound to it; this is the second lock.
        let is_outside = key.organization_id.is_some() && found.organizations.is_empty();
        if is_outside && !found.user.is_superuser {
            return Err(bad_credentials());
        }
        self.shared.touches.seen(&found.user, Some(&key), now_ms);
        let bounds = Bounds { organization_id: key.organization_id, expires_at: key.expires_at };
        Ok(caller_of(found, key.scopes, bounds))
    }

    pub(super) fn verified(
        &self,
        token: &str,
        kinds: &[TokenKind],
        now_ms: Millis,
    ) -> Result<Claims, Fault> {
        self.signing_keys().verify_jwt(token, kinds, now_ms).map_err(alike)
    }

    async fn by_jwt(&self, token: &str) -> Result<Caller, Fault> {
        let now_ms = self.now();
        self.shared.keys.reload_for(self.db(), token, now_ms).await?;
        let kinds = [TokenKind::Session, TokenKind::Api];
        let claims = self.verified(token, &kinds, now_ms)?;
        let (found, expires_at): (_, Option<Millis>) = match claims.kind {
            TokenKind::Api => {
                let found = load_caller_by_token(self.db(), claims.user_id, claims.token_id);
                (found.await?, Some(claims.expires_at))
            }
            TokenKind::Session | TokenKind::Refresh => {
                (load_caller_by_user(self.db(), claims.user_id).await?, None)
            }
        };
        let found = found
            .filter(|found| found.user.is_active && found.user.session_epoch == claims.epoch)
            .ok_or_else(bad_credentials)?;
        self.shared.touches.seen(&found.user, None, now_ms);
        Ok(caller_of(found, Scopes::ALL, Bounds { organization_id: None, expires_at }))
    }
}

/// Bad tokens and bad keys are refused in the same words.
fn alike(fault: Fault) -> Fault {
    if fault.code == "bad-credentials" { bad_credentials() } else { fault }
}

fn caller_of(found: CallerRow, scopes: Scopes, bounds: Bounds) -> Caller {
    Caller::User(found.into_member(scopes, bounds))
}

pub(super) fn bad_credentials() -> Fault {
    Fault::new(Kind::Unauthenticated, "bad-credentials", "could not validate credentials")
}
