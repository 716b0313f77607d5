//! The envelope of every refusal, and those that only some calls give.

use axum::http::StatusCode;
use backlot_model::{Fault, Kind};
use serde::Serialize;
use utoipa::{IntoResponses, ToSchema};

/// A refusal.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = piktid::Problem)]
pub(in crate::dialects::piktid) struct Problem {
    /// What sort of refusal.
    #[schema(example = "Invalid request")]
    error: &'static str,
    /// At least one.
    #[schema(min_items = 1)]
    detail: Vec<Detail>,
}

/// One thing that is wrong.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = piktid::Detail)]
pub(in crate::dialects::piktid) struct Detail {
    /// Which field, if it is one.
    #[schema(required, example = "per_page")]
    field: Option<String>,
    /// What is wrong and what would be right.
    #[schema(example = "must be a whole number between 1 and 100")]
    message: String,
    /// Where in the request: `query`, `path`, `header` or `body`, if anywhere.
    #[schema(required, example = "query")]
    position: Option<String>,
}

impl Problem {
    pub(in crate::dialects::piktid) fn new(fault: &Fault, status: StatusCode) -> Self {
        let error = match fault.kind {
            Kind::Invalid => "Invalid request",
            _ => status.canonical_reason().unwrap_or("Refused"),
        };
        if fault.fields.is_empty() {
            let position = position_of(fault.kind).map(str::to_owned);
            let only = Detail { field: None, message: fault.message.clone(), position };
            return Self { error, detail: vec![only] };
        }
        let detail = fault.fields.iter().map(|wrong| {
            let mut path = wrong.path.iter().cloned();
            let position = path.next();
            let field = path.collect::<Vec<_>>().join(".");
            let field = (!field.is_empty()).then_some(field);
            Detail { field, message: wrong.message.clone(), position }
        });
        Self { error, detail: detail.collect() }
    }
}

/// Where the cause of a refusal stands that names no field.
const fn position_of(kind: Kind) -> Option<&'static str> {
    match kind {
        Kind::Unauthenticated | Kind::Forbidden => Some("header"),
        Kind::NotFound | Kind::MethodNotAllowed => Some("path"),
        Kind::Invalid | Kind::TooLarge | Kind::UnsupportedMedia => Some("body"),
        Kind::Conflict
        | Kind::PreconditionFailed
        | Kind::RateLimited
        | Kind::Unavailable
        | Kind::Internal => None,
    }
}

/// What a counted call may answer instead.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "describes answers")]
pub(in crate::dialects::piktid) enum TooMany {
    /// Too many calls; `Retry-After` says how many seconds to wait.
    #[response(status = 429, headers(("Retry-After" = u64)))]
    RateLimited(Problem),
}

/// What a call may answer instead when there are too many of something.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "describes answers")]
pub(in crate::dialects::piktid) enum Conflict {
    /// There are as many as there may be.
    #[response(status = 409)]
    Conflict(Problem),
}

/// What signing in may answer instead.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "describes answers")]
pub(in crate::dialects::piktid) enum SignInRefused {
    /// Wrong e-mail, password or token.
    #[response(status = 401)]
    Unauthenticated(Problem),
    /// Too many attempts; `Retry-After` says how many seconds to wait.
    #[response(status = 429, headers(("Retry-After" = u64)))]
    RateLimited(Problem),
}
