//! The envelope of every refusal, and which ones a call may give.

use axum::http::StatusCode;
use backlot_library::limiter::Refused as Counted;
use backlot_model::fault::FieldFault;
use backlot_model::{Fault, Kind};
use serde::Serialize;
use utoipa::{IntoResponses, ToSchema};

use crate::edge::ratelimit::seconds_up;

/// A refusal.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = scenario::Problem)]
pub(in crate::dialects::scenario) struct Problem {
    /// The status in words.
    #[schema(example = "Bad Request")]
    error: String,
    /// What is wrong and what would be right.
    #[schema(example = "query.pageSize: must be a whole number between 1 and 100")]
    message: String,
    /// A stable word for what is wrong.
    #[schema(example = "invalid")]
    reason: &'static str,
    /// The request's id, as in `x-request-id`.
    #[serde(rename = "trace_id")]
    trace_id: String,
    /// Of a counted call: how long to wait.
    #[serde(skip_serializing_if = "Option::is_none")]
    remaining_seconds: Option<i64>,
    /// Of a counted call: what is counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    details: Option<Details>,
}

/// What is counted, and how often it is allowed.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = scenario::ProblemDetails)]
pub(in crate::dialects::scenario) struct Details {
    #[schema(example = "upload")]
    action_name: &'static str,
    /// Calls in the window that `RateLimit-Policy` tells.
    #[schema(example = 200)]
    action_limit: u32,
}

impl Problem {
    pub(in crate::dialects::scenario) fn new(
        fault: &Fault,
        status: StatusCode,
        trace_id: &str,
    ) -> Self {
        let counted = fault.cause.as_ref().and_then(|it| it.downcast_ref::<Counted>());
        let details = counted
            .map(|it| Details { action_name: it.limit.name(), action_limit: it.rule.count() });
        Self {
            error: status.canonical_reason().unwrap_or("Refused").to_owned(),
            message: message(fault),
            reason: fault.code,
            trace_id: trace_id.to_owned(),
            remaining_seconds: counted.map(|it| seconds_up(it.retry_after_ms)),
            details,
        }
    }
}

/// The fault's own message, with every field at fault.
fn message(fault: &Fault) -> String {
    let path = |field: &FieldFault| field.path.join(".");
    match fault.fields.as_slice() {
        [] => fault.message.clone(),
        [one] if fault.kind != Kind::Invalid || one.message == fault.message => {
            format!("{}: {}", path(one), fault.message)
        }
        [_] => fault.message.clone(),
        all => {
            let each = all.iter().map(|it| format!("{}: {}", path(it), it.message));
            each.collect::<Vec<_>>().join("; ")
        }
    }
}

/// What every call may answer instead.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "describes answers")]
pub(in crate::dialects::scenario) enum Refused {
    /// The request is not valid.
    #[response(status = 400)]
    Invalid(Problem),
    /// No credential, or one that is not good.
    #[response(status = 401)]
    Unauthenticated(Problem),
    /// This caller, or this credential, may not do it.
    #[response(status = 403)]
    Forbidden(Problem),
    /// There is no such thing, or not for this caller.
    #[response(status = 404)]
    NotFound(Problem),
    /// Too many wrong secrets, or too many calls; `Retry-After` says how many seconds to wait.
    #[response(status = 429, headers(("Retry-After" = u64)))]
    RateLimited(Problem),
    /// A defect of the server.
    #[response(status = 500)]
    Internal(Problem),
    /// Not now; `Retry-After` may say when.
    #[response(status = 503)]
    Unavailable(Problem),
}

/// What a call with a body may answer instead.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "describes answers")]
pub(in crate::dialects::scenario) enum UnfitBody {
    /// The body is larger than allowed.
    #[response(status = 413)]
    TooLarge(Problem),
    /// The body, or the file in it, is of a type that this call does not take.
    #[response(status = 415)]
    Unsupported(Problem),
}

/// What a call may answer instead where the state of the thing matters.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "describes answers")]
pub(in crate::dialects::scenario) enum Conflict {
    /// The thing's state does not allow it now: it is locked, or not complete.
    #[response(status = 409)]
    Conflict(Problem),
}
