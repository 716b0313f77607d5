//! Sessions: signing in with a password, going on, signing out.

use std::net::IpAddr;

use backlot_model::account::{Membership, User};
use backlot_model::clock::SECOND_MS;
use backlot_model::fault::{Fault, Kind};
use backlot_model::limits::{EMAIL_CHARS_MAX, SESSIONS_PER_USER_MAX};
use backlot_model::{Id, Millis};
use backlot_store::accounts::memberships;
use backlot_store::accounts::tokens::{self, Token};
use backlot_store::accounts::users::{self, WithPassword};
use backlot_store::db::Tx;

use super::Accounts;
use super::authenticate::bad_credentials;
use super::names::fold;
use crate::limiter::{Limit, address_subject};
use crate::secret::Secret;
use crate::signing::{Claims, TokenKind};

/// A user who has just signed in, and what he goes on with.
#[derive(Debug)]
pub struct Session {
    /// Who.
    pub user: User,
    /// His places in organisations, oldest first.
    pub memberships: Vec<Membership>,
    /// A JWT for calls.
    pub access_token: Secret,
    /// Not good from then on.
    pub access_expires_at: Millis,
    /// A JWT for one new session.
    pub refresh_token: Secret,
    /// Not good from then on.
    pub refresh_expires_at: Millis,
}

impl Accounts {
    /// Signs in. `login` is an e-mail address or a username, `address` where the request came
    /// from. Takes as long for a user that there is not.
    ///
    /// # Errors
    /// `bad-credentials` as [`Kind::Unauthenticated`], whatever was wrong; `rate-limited`;
    /// `queue-full` when too many passwords are being checked.
    pub async fn login(
        &self,
        login: &str,
        password: Secret,
        address: Option<IpAddr>,
    ) -> Result<Session, Fault> {
        if let Some(address) = address {
            let subject = address_subject(address);
            self.shared.limiter.check(Limit::LoginAddress, &subject).await?;
        }
        let folded = fold(login);
        let found = self.find_login(&folded).await?;
        let subject = match &found {
            Some(found) => found.user.id.to_string(),
            None => folded,
        };
        self.shared.limiter.check(Limit::LoginAccount, &subject).await?;
        let hash = found.as_ref().and_then(|found| found.password_hash.clone());
        let matches = self.shared.passwords.verify(password.clone(), hash.clone()).await?;
        let (Some(found), Some(hash), true) = (found, hash, matches) else {
            return Err(wrong_login());
        };
        if !found.user.is_active {
            return Err(wrong_login());
        }
        if self.shared.passwords.needs_rehash(&hash) {
            let new = self.shared.passwords.hash(password).await?;
            users::rehash(self.db(), found.user.id, &hash, &new).await?;
        }
        self.shared.touches.seen(&found.user, None, self.now());
        let tx = self.db().begin().await?;
        let session = self.start_session(&tx, found.user).await?;
        tx.commit().await?;
        Ok(session)
    }

    /// A new session for a refresh token, which is then used up.
    ///
    /// # Errors
    /// `bad-credentials` (also when it was used before) or `expired`.
    pub async fn refresh(&self, refresh_token: &str) -> Result<Session, Fault> {
        let claims = self.refresh_claims(refresh_token).await?;
        let tx = self.db().begin().await?;
        if !tokens::take_refresh(&tx, claims.token_id, claims.user_id).await? {
            return Err(bad_credentials());
        }
        let user = users::get(&tx, claims.user_id).await?;
        let user = user
            .filter(|user| user.is_active && user.session_epoch == claims.epoch)
            .ok_or_else(bad_credentials)?;
        let session = self.start_session(&tx, user).await?;
        tx.commit().await?;
        Ok(session)
    }

    /// Signs out: the refresh token is used up. An access token made before lives to its end.
    ///
    /// # Errors
    /// As [`Accounts::refresh`], but for one that was used before.
    pub async fn sign_out(&self, refresh_token: &str) -> Result<(), Fault> {
        let claims = self.refresh_claims(refresh_token).await?;
        let tx = self.db().begin().await?;
        tokens::take_refresh(&tx, claims.token_id, claims.user_id).await?;
        Ok(tx.commit().await?)
    }

    async fn refresh_claims(&self, token: &str) -> Result<Claims, Fault> {
        let now_ms = self.now();
        self.shared.keys.reload_for(self.db(), token, now_ms).await?;
        self.verified(token, &[TokenKind::Refresh], now_ms)
    }

    /// The user whom `folded` names as his e-mail or username; nobody has a name that long.
    pub(super) async fn find_login(&self, folded: &str) -> Result<Option<WithPassword>, Fault> {
        if folded.chars().count() > EMAIL_CHARS_MAX {
            return Ok(None);
        }
        if folded.contains('@') {
            Ok(users::by_email(self.db(), folded).await?)
        } else {
            Ok(users::by_username(self.db(), folded).await?)
        }
    }

    /// Of the epoch that `user` was read with: if it has grown since, the session is stillborn.
    pub(super) async fn start_session(&self, tx: &Tx, user: User) -> Result<Session, Fault> {
        let (config, now_ms) = (self.shared.config, self.now());
        let (access, access_expires_at) =
            self.claims(&user, TokenKind::Session, config.access_ms, now_ms);
        let (refresh, refresh_expires_at) =
            self.claims(&user, TokenKind::Refresh, config.refresh_ms, now_ms);
        let row = Token {
            id: Id::new(refresh.token_id),
            user_id: user.id,
            expires_at: refresh_expires_at,
            created_at: now_ms,
        };
        tokens::insert(tx, tokens::Kind::Refresh, &row).await?;
        tokens::trim_refresh(tx, user.id, SESSIONS_PER_USER_MAX).await?;
        let memberships = memberships::of_user(tx, user.id).await?;
        let keys = self.signing_keys();
        Ok(Session {
            user,
            memberships,
            access_token: Secret::new(keys.issue_jwt(&access)),
            access_expires_at,
            refresh_token: Secret::new(keys.issue_jwt(&refresh)),
            refresh_expires_at,
        })
    }

    /// Claims for `user` that end after `lifetime_ms`, and when that is, to the second.
    pub(super) fn claims(
        &self,
        user: &User,
        kind: TokenKind,
        lifetime_ms: Millis,
        now_ms: Millis,
    ) -> (Claims, Millis) {
        let expires_at = (now_ms + lifetime_ms).div_euclid(SECOND_MS) * SECOND_MS;
        let claims = Claims {
            user_id: user.id,
            token_id: self.shared.ids.next::<Token>().uuid(),
            kind,
            issued_at: now_ms,
            expires_at,
            epoch: user.session_epoch,
        };
        (claims, expires_at)
    }
}

fn wrong_login() -> Fault {
    Fault::new(Kind::Unauthenticated, "bad-credentials", "incorrect email or password")
}
