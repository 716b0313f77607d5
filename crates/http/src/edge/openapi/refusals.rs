//! The refusals that any call may answer with, written into a document in one go.
//!
//! Owns: which kinds of fault a call can meet, told from what it takes, and how they are described.
//! Never: what only some calls can meet (conflicts, limits); their handlers say that, and what a
//! handler says stands.

use axum::http::{Method, StatusCode};
use backlot_model::{Fault, Kind};
use utoipa::ToSchema;
use utoipa::openapi::path::{Operation, Parameter, ParameterIn, PathItem};
use utoipa::openapi::security::SecurityRequirement;
use utoipa::openapi::{Components, Content, OpenApi, Ref, RefOr, Response, ResponseBuilder};
use utoipa_axum::router::OpenApiRouter;

use crate::edge::dialect::Dialect;
use crate::edge::request::RequestContext;

/// Documents the refusals of all `routes`, in the dialect's one envelope `E`.
#[must_use]
pub fn refusing<E: ToSchema, S>(dialect: &Dialect, mut routes: OpenApiRouter<S>) -> OpenApiRouter<S>
where
    S: Clone + Send + Sync + 'static,
{
    let document = routes.get_openapi_mut();
    let components = document.components.get_or_insert_with(Components::new);
    components.schemas.entry(E::name().into_owned()).or_insert_with(E::schema);
    let mut parts = Vec::new();
    E::schemas(&mut parts);
    for (name, schema) in parts {
        components.schemas.entry(name).or_insert(schema);
    }
    document_refusals(dialect, document, |_| E::name().into_owned());
    routes
}

/// Documents the refusals of all calls; `envelope` names the schema of those of a kind.
pub fn document_refusals(
    dialect: &Dialect,
    document: &mut OpenApi,
    envelope: impl Fn(Kind) -> String,
) {
    for (path, item) in &mut document.paths.paths {
        for operation in operations(item) {
            for &(kind, text) in REFUSALS {
                if can_meet(kind, path, operation) {
                    let status = status_of(dialect, kind).as_str().to_owned();
                    let all = &mut operation.responses.responses;
                    all.entry(status).or_insert_with(|| response(text, envelope(kind)).into());
                }
            }
        }
    }
}

const REFUSALS: &[(Kind, &str)] = &[
    (Kind::Invalid, "The request is wrong; the answer says what would be right"),
    (Kind::Unauthenticated, "No credential, or one that is not good"),
    (Kind::Forbidden, "The credential or the caller may not do this"),
    (Kind::NotFound, "There is no such thing, or not for this caller"),
    (Kind::TooLarge, "More bytes, pixels or items than allowed"),
    (Kind::UnsupportedMedia, "The body, or the file in it, is of a type not taken here"),
    (Kind::Internal, "A defect of the server"),
    (Kind::Unavailable, "Not now; `Retry-After` may say in how many seconds"),
];

fn can_meet(kind: Kind, path: &str, operation: &Operation) -> bool {
    let has_body = operation.request_body.is_some();
    match kind {
        Kind::Invalid => has_body || operation.parameters.iter().flatten().any(is_beyond_path),
        Kind::Unauthenticated | Kind::Forbidden => is_guarded(operation),
        Kind::NotFound => path.contains('{'),
        Kind::TooLarge | Kind::UnsupportedMedia => has_body,
        _ => true,
    }
}

/// Whether a call looks at a credential, needed or not: all do but those that say they take none.
fn is_guarded(operation: &Operation) -> bool {
    let said = operation.security.as_ref();
    said.is_none_or(|ways| ways.iter().any(|way| *way != SecurityRequirement::default()))
}

/// What is no id in a path is answered as an id that nobody has, never as a wrong request.
fn is_beyond_path(parameter: &RefOr<Parameter>) -> bool {
    !matches!(parameter, RefOr::T(parameter) if parameter.parameter_in == ParameterIn::Path)
}

/// The status that the dialect renders this kind with, so that the document cannot say another.
fn status_of(dialect: &Dialect, kind: Kind) -> StatusCode {
    let context = RequestContext::new(String::new(), Method::GET, None);
    (dialect.render)(&Fault::new(kind, "internal", ""), &context).status()
}

fn response(text: &str, schema: String) -> Response {
    let content = Content::new(Some(Ref::from_schema_name(schema)));
    ResponseBuilder::new().description(text).content("application/json", content).build()
}

/// The calls of one path.
fn operations(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    let PathItem { get, put, post, patch, delete, .. } = item;
    [get, put, post, patch, delete].into_iter().filter_map(Option::as_mut)
}
