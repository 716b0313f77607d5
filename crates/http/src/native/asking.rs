//! Who asks, and how often he may.
//!
//! Owns: the refusal of the anonymous before a body is read, and the `RateLimit` fields of calls
//! that the library counts. Never: counts.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use backlot_library::Library;
use backlot_library::limiter::{self, Limit};
use backlot_model::account::{self, User};
use backlot_model::{Fault, Id, Kind};

use crate::app::{App, Asking};
use crate::edge::dialect::Refusal;
use crate::edge::request::RequestContext;

/// A caller with a good credential.
#[derive(Debug)]
pub(super) struct SignedIn(pub(super) account::Caller);

impl SignedIn {
    /// The user that `raw` names: an id, or `me`.
    pub(super) fn user(&self, raw: &str) -> Result<Id<User>, Fault> {
        let own = self.0.member().filter(|_| raw == "me").map(|member| member.user_id);
        let unknown = || Fault::new(Kind::NotFound, "user-not-found", "user not found");
        own.or_else(|| Id::parse(raw)).ok_or_else(unknown)
    }
}

impl FromRequestParts<App> for SignedIn {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Refusal> {
        let caller = Asking::from_request_parts(parts, app).await?.0;
        if caller.member().is_none() {
            let fault = Fault::new(Kind::Unauthenticated, "no-credentials", "not authenticated");
            return Err(Refusal(fault));
        }
        Ok(Self(caller))
    }
}

/// Tells the caller of a counted call what he may still do.
pub(super) struct Tally {
    library: Library,
    context: RequestContext,
}

impl Tally {
    /// Notes what is left of `limit` for the caller; gives `answer` back.
    pub(super) async fn told<T>(&self, limit: Limit, answer: T) -> T {
        if let Some(subject) = self.context.caller() {
            self.context.note_allowance(self.library.limiter().peek(limit, subject).await);
        }
        answer
    }

    /// The same for what is counted by the address that the call came from.
    pub(super) async fn told_by_address<T>(&self, limit: Limit, answer: T) -> T {
        if let Some(address) = self.context.client() {
            let subject = limiter::address_subject(address);
            self.context.note_allowance(self.library.limiter().peek(limit, &subject).await);
        }
        answer
    }
}

impl FromRequestParts<App> for Tally {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Self::Rejection> {
        let context = RequestContext::from_request_parts(parts, app).await?;
        Ok(Self { library: app.library().clone(), context })
    }
}
