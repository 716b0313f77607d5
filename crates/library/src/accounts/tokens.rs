//! Long-lived tokens: JWTs that do all that their user may, until he ends them.

use backlot_model::account::{Caller, User};
use backlot_model::clock::{DAY_MS, HOUR_MS};
use backlot_model::limits::LONG_TOKENS_PER_USER_MAX;
use backlot_model::policy::account::{AccountOperation, AccountStanding};
use backlot_model::{Fault, Id, Millis};
use backlot_store::accounts::tokens::{self, Token, TokenFilter};
use backlot_store::accounts::users;
use backlot_store::accounts::{Listed, Slice};

use super::authority::require;
use super::{Accounts, checked, limit_reached, token_not_found, user_not_found};
use crate::secret::Secret;
use crate::signing::TokenKind;

/// The shortest life of a long-lived token: an hour.
pub const TOKEN_MS_MIN: Millis = HOUR_MS;
/// The longest: four years, one of them a leap year.
pub const TOKEN_MS_MAX: Millis = 1_461 * DAY_MS;

/// A new long-lived token, shown once.
#[derive(Debug)]
pub struct IssuedToken {
    /// Identifier, to end it by.
    pub id: Id<Token>,
    /// The JWT.
    pub token: Secret,
    /// Not good from then on.
    pub expires_at: Millis,
}

/// Which tokens a list shows, and in which order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TokenList {
    /// Also those that have expired; they are forgotten after 30 days.
    pub include_expired: bool,
    /// Newest first.
    pub newest_first: bool,
}

impl Accounts {
    /// A token for the caller himself that lives [`TOKEN_MS_MIN`] to [`TOKEN_MS_MAX`], and no
    /// longer than the token he came with.
    ///
    /// # Errors
    /// `limit-reached` when as many as there may be are good.
    pub async fn issue_token(
        &self,
        caller: &Caller,
        lifetime_ms: Millis,
    ) -> Result<IssuedToken, Fault> {
        let own = caller.member().map_or(Id::new(uuid::Uuid::nil()), |member| member.user_id);
        let standing = AccountStanding::to_user(caller, own);
        let member = require(caller, AccountOperation::IssueToken, standing, user_not_found)?;
        if !(TOKEN_MS_MIN..=TOKEN_MS_MAX).contains(&lifetime_ms) {
            let message = "must be between an hour and four years";
            return Err(Fault::invalid("body.expiration", "range", message));
        }
        let now_ms = self.now();
        if member.bounds.expires_at.is_some_and(|end| now_ms + lifetime_ms > end) {
            let message = "must be no later than that of the credential it is made with";
            return Err(Fault::invalid("body.expiration", "range", message));
        }
        let tx = self.db().begin().await?;
        let user = users::lock(&tx, own).await?.ok_or_else(user_not_found)?;
        if tokens::count_long(&tx, own, now_ms).await? >= LONG_TOKENS_PER_USER_MAX {
            let message = format!("there are {LONG_TOKENS_PER_USER_MAX} active tokens; revoke one");
            return Err(limit_reached(message));
        }
        let (claims, expires_at) = self.claims(&user, TokenKind::Api, lifetime_ms, now_ms);
        let id = Id::new(claims.token_id);
        let row = Token { id, user_id: own, expires_at, created_at: now_ms };
        tokens::insert(&tx, tokens::Kind::Long, &row).await?;
        tx.commit().await?;
        let token = Secret::new(self.signing_keys().issue_jwt(&claims));
        Ok(IssuedToken { id, token, expires_at })
    }

    /// A user's long-lived tokens. The tokens themselves are stored nowhere.
    pub async fn tokens(
        &self,
        caller: &Caller,
        user: Id<User>,
        which: TokenList,
        slice: Slice,
    ) -> Result<Listed<Token>, Fault> {
        let standing = AccountStanding::to_user(caller, user);
        require(caller, AccountOperation::SeeTokens, standing, user_not_found)?;
        let alive_at = (!which.include_expired).then(|| self.now());
        let filter = TokenFilter { alive_at, newest_first: which.newest_first };
        Ok(tokens::list_long(self.db(), user, filter, checked(slice)?).await?)
    }

    /// Ends a long-lived token.
    pub async fn revoke_token(&self, caller: &Caller, id: Id<Token>) -> Result<(), Fault> {
        let user = tokens::user_of_long(self.db(), id).await?.unwrap_or(Id::new(uuid::Uuid::max()));
        let standing = AccountStanding::to_user(caller, user);
        require(caller, AccountOperation::RevokeToken, standing, token_not_found)?;
        if !tokens::delete_long(self.db(), id, user).await? {
            return Err(token_not_found());
        }
        Ok(())
    }
}
