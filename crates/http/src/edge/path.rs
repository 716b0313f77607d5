//! What stands in the path of a request.
//!
//! Owns: extraction that refuses in the dialect's envelope, and ids in any dress.
//! Never: tells an id that cannot be from one that nobody has: both are “no such thing”.

use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::request::Parts;
use backlot_model::{Fault, Id, Kind};

use crate::edge::dialect::Refusal;

/// The path's parameters by name, percent-decoded.
#[derive(Debug)]
pub struct PathFields(Vec<(String, String)>);

impl PathFields {
    /// The text of a parameter; empty when the route has none of that name.
    #[must_use]
    pub fn text(&self, name: &str) -> &str {
        self.0.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value)
    }

    /// The id in a parameter.
    ///
    /// # Errors
    /// `absent()` when it is no id: give the fault that an unknown id would get.
    pub fn id<T>(&self, name: &str, absent: impl FnOnce() -> Fault) -> Result<Id<T>, Fault> {
        Id::parse(self.text(name)).ok_or_else(absent)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for PathFields {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        // The only way to fail is a value that is not UTF-8, which names nothing of ours.
        let params = RawPathParams::from_request_parts(parts, state).await.map_err(|error| {
            let message = "there is nothing at this address";
            Refusal(Fault::new(Kind::NotFound, "not-found", message).because(error))
        })?;
        let pair = |(key, value): (&str, &str)| (key.to_owned(), value.to_owned());
        Ok(Self(params.iter().map(pair).collect()))
    }
}
