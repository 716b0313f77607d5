//! What refusals look like here: `{"detail": …}`, as FastAPI services answer.
//!
//! Owns: the statuses of kinds, the fixed sentences that clients compare, the list of fields of a
//! validation error. Never: what is refused.

use std::collections::BTreeMap;

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use backlot_model::fault::FieldFault;
use backlot_model::{Fault, Kind};
use serde::Serialize;
use utoipa::openapi::{Content, Ref, RefOr, Response as Described, ResponseBuilder};
use utoipa::{IntoResponses, ToSchema};

use crate::edge::dialect::status_of;
use crate::edge::request::RequestContext;

/// Why something was not done.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "detail": "Asset not found", "code": "asset-not-found", "request_id": "0190f2c4a7e07d1b"
}))]
pub(super) struct Error {
    /// A sentence. For 401 and 403 it is a fixed one; `reason` then says more.
    detail: String,
    /// A stable word for the sort of refusal.
    #[schema(example = "asset-not-found")]
    code: &'static str,
    /// Names this request in the logs of the server.
    request_id: String,
    /// What exactly was refused, where `detail` does not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    reason: Option<String>,
}

/// What is wrong with a request, field by field.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "detail": [{
        "loc": ["body", "tags", 3],
        "msg": "each tag must have 1 to 100 characters",
        "type": "length",
        "input": ""
    }],
    "code": "invalid",
    "request_id": "0190f2c4a7e07d1b"
}))]
pub(super) struct ValidationError {
    /// One for each mistake.
    detail: Vec<Mistake>,
    /// A stable word for the sort of refusal.
    #[schema(example = "invalid")]
    code: &'static str,
    /// Names this request in the logs of the server.
    request_id: String,
}

/// What is wrong with one field.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Mistake {
    /// Where it stands, outermost first: `body`, `query` or `header`, then names and indices.
    loc: Vec<Step>,
    /// What was wrong and what would be right.
    msg: String,
    /// A stable word for the sort of mistake.
    #[serde(rename = "type")]
    #[schema(example = "length")]
    rule: &'static str,
    /// What was sent, where it is short.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    input: Option<String>,
}

/// A name or an index.
#[derive(Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(untagged)]
pub(super) enum Step {
    /// A name.
    Name(String),
    /// An index, from 0.
    Index(u32),
}

impl Mistake {
    fn new(fault: &FieldFault) -> Self {
        let FieldFault { path, message, rule, input } = fault;
        let loc = path.iter().map(|step| match step.parse() {
            Ok(index) => Step::Index(index),
            Err(_) => Step::Name(step.clone()),
        });
        Self { loc: loc.collect(), msg: message.clone(), rule, input: input.clone() }
    }
}

/// Renders a fault in this API's envelope.
pub(super) fn render(fault: &Fault, context: &RequestContext) -> Response {
    let request_id = context.id().to_owned();
    if fault.kind == Kind::Invalid {
        let body = ValidationError { detail: mistakes(fault), code: fault.code, request_id };
        return (StatusCode::UNPROCESSABLE_ENTITY, Json(body)).into_response();
    }
    let (detail, reason) = sentence(fault);
    let body = Error { detail, code: fault.code, request_id, reason };
    (status_of(fault.kind), Json(body)).into_response()
}

fn mistakes(fault: &Fault) -> Vec<Mistake> {
    if fault.fields.is_empty() {
        let whole =
            Mistake { loc: vec![], msg: fault.message.clone(), rule: fault.code, input: None };
        return vec![whole];
    }
    fault.fields.iter().map(Mistake::new).collect()
}

/// Clients of FastAPI services compare the sentences of 401 and 403, so these are fixed; what they
/// leave out goes into the reason.
fn sentence(fault: &Fault) -> (String, Option<String>) {
    let said = capitalised(&fault.message);
    let fixed = match (fault.kind, fault.code) {
        (Kind::Unauthenticated, "no-credentials") => "Not authenticated",
        (Kind::Unauthenticated, _) if said == WRONG_LOGIN => return (said, None),
        (Kind::Unauthenticated, _) => "Could not validate credentials",
        (Kind::Forbidden, _) => "Not enough permissions",
        _ => return (said, None),
    };
    let reason = (said != fixed).then_some(said);
    (fixed.to_owned(), reason)
}

const WRONG_LOGIN: &str = "Incorrect email or password";

pub(super) fn capitalised(sentence: &str) -> String {
    // What is no plain word, such as a media type or a field's name, is left as it is.
    let word = sentence.split(' ').next().unwrap_or_default();
    if !word.chars().all(char::is_alphabetic) {
        return sentence.to_owned();
    }
    let mut chars = sentence.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

/// What every call of a signed-in caller may be refused with.
pub(super) struct Refused;

/// What a call without a credential may be refused with.
pub(super) struct OpenlyRefused;

/// What a call that signs in may be refused with.
pub(super) struct LoginRefused;

/// What a call on one thing may be refused with.
pub(super) struct Missing;

/// What a call that meets the present state may be refused with.
pub(super) struct Conflicts;

/// What a call with `If-Match` may be refused with.
pub(super) struct Outdated;

/// What a call with a body may be refused with.
pub(super) struct BadBody;

/// What a call that is counted may be refused with.
pub(super) struct Limited;

macro_rules! refusals {
    ($($name:ident: $($status:literal $text:literal),+;)+) => {$(
        impl IntoResponses for $name {
            fn responses() -> BTreeMap<String, RefOr<Described>> {
                BTreeMap::from([$(($status.to_owned(), described($status, $text))),+])
            }
        }
    )+};
}

refusals! {
    Refused:
        "401" "No credential, or one that is not good",
        "403" "The credential or the caller may not do this",
        "422" "The request is wrong; `detail` says where",
        "500" "A defect of the server",
        "503" "Not now; come back after `Retry-After` seconds";
    OpenlyRefused:
        "401" "A credential that is not good",
        "403" "The credential may not do this",
        "422" "The request is wrong; `detail` says where",
        "500" "A defect of the server",
        "503" "Not now; come back after `Retry-After` seconds";
    LoginRefused:
        "401" "Not the right credentials",
        "422" "The request is wrong; `detail` says where",
        "500" "A defect of the server",
        "503" "Not now; come back after `Retry-After` seconds";
    Missing: "404" "There is no such thing, or not for this caller";
    Conflicts: "409" "The present state does not allow it";
    Outdated:
        "409" "The thing is locked, and the call does not name its lock",
        "412" "The thing has changed since the version that `If-Match` names";
    BadBody:
        "413" "More bytes, pixels or items than allowed",
        "415" "The body, or the file in it, is of a type that this call does not take";
    Limited: "429" "Too many calls; come back after `Retry-After` seconds";
}

fn described(status: &str, text: &str) -> RefOr<Described> {
    let schema = if status == "422" { "ValidationError" } else { "Error" };
    let content = Content::new(Some(Ref::from_schema_name(schema)));
    ResponseBuilder::new().description(text).content("application/json", content).build().into()
}

#[cfg(test)]
mod tests {
    use axum::http::Method;
    use serde_json::{Value, json};

    use super::*;

    async fn rendered(fault: Fault) -> (u16, Value) {
        let context = RequestContext::new("r1".to_owned(), Method::GET, None);
        let response = render(&fault, &context);
        let status = response.status().as_u16();
        let bytes = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
        (status, serde_json::from_slice(&bytes).unwrap())
    }

    #[tokio::test]
    async fn a_wrong_field_is_located_by_names_and_indices() {
        let field = FieldFault::new("body.tags.3", "length", "too long").with_input("x");
        let (status, body) = rendered(Fault::invalid_fields(vec![field])).await;
        let mistake =
            json!({"loc": ["body", "tags", 3], "msg": "too long", "type": "length", "input": "x"});
        let expected = json!({"detail": [mistake], "code": "invalid", "request_id": "r1"});
        assert_eq!((status, body), (422, expected));
    }

    #[tokio::test]
    async fn a_bad_request_without_a_field_is_still_a_list() {
        let fault = Fault::new(Kind::Invalid, "bad-cursor", "the cursor is not good");
        let (status, body) = rendered(fault).await;
        assert_eq!(status, 422);
        let mistake = json!({"loc": [], "msg": "the cursor is not good", "type": "bad-cursor"});
        assert_eq!(body["detail"], json!([mistake]));
    }

    #[tokio::test]
    async fn sentences_that_clients_compare_are_fixed() {
        let fault = |kind, code, said: &str| Fault::new(kind, code, said);
        for (fault, status, detail, reason) in [
            (
                fault(Kind::Unauthenticated, "no-credentials", "not authenticated"),
                401,
                "Not authenticated",
                Value::Null,
            ),
            (
                fault(Kind::Unauthenticated, "expired", "the token has expired"),
                401,
                "Could not validate credentials",
                json!("The token has expired"),
            ),
            (
                fault(Kind::Unauthenticated, "bad-credentials", "incorrect email or password"),
                401,
                "Incorrect email or password",
                Value::Null,
            ),
            (
                fault(Kind::Forbidden, "forbidden", "only the uploader may do this"),
                403,
                "Not enough permissions",
                json!("Only the uploader may do this"),
            ),
            (
                fault(Kind::NotFound, "asset-not-found", "asset not found"),
                404,
                "Asset not found",
                Value::Null,
            ),
            (Fault::internal("disk"), 500, "Something went wrong on our side", Value::Null),
        ] {
            let (got, body) = rendered(fault).await;
            assert_eq!((got, body["detail"].as_str()), (status, Some(detail)));
            assert_eq!(body["reason"], reason);
        }
    }
}
