//! Who asks, and how often he may.
//!
//! Owns: the `RateLimit` fields of calls that the library counts. Never: counts.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use backlot_library::Library;
use backlot_library::limiter::{self, Limit};
use backlot_model::account::User;
use backlot_model::{Fault, Id, Kind};

use crate::app::{App, SignedIn};
use crate::edge::request::RequestContext;

impl SignedIn {
    /// The user that `raw` names: an id, or `me`.
    pub(super) fn user(&self, raw: &str) -> Result<Id<User>, Fault> {
        let own = self.0.member().filter(|_| raw == "me").map(|member| member.user_id);
        let unknown = || Fault::new(Kind::NotFound, "user-not-found", "user not found");
        own.or_else(|| Id::parse(raw)).ok_or_else(unknown)
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
