//! PiktID's asset API, version 2: signing in, uploading, the library of pictures.
//!
//! Quirks: only pictures are listed, and only tags of a fixed set are shown; a deletion answers
//! 204 and a page past the end is empty; nobody is answered without a credential, whatever is
//! public; every refusal is `{"error", "detail": [{"field", "message", "position"}]}`.

mod assets;
mod auth;
mod lifetime;
mod upload;
mod wire;

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use backlot_model::Fault;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::edge::dialect::{Dialect, status_of};
use crate::edge::openapi::refusing;
use crate::edge::request::RequestContext;

/// The dialect.
pub static PIKTID: Dialect =
    Dialect { name: "piktid", title: "PiktID assets", default_prefix: "/piktid", render };

const LOGIN: &str = "/auth/login";

/// Its routes, relative to its prefix.
#[must_use]
pub fn routes() -> OpenApiRouter<App> {
    let routes = OpenApiRouter::new()
        .routes(routes!(auth::login))
        .routes(routes!(auth::refresh))
        .routes(routes!(auth::issue_token, auth::list_tokens))
        .routes(routes!(upload::upload))
        .routes(routes!(assets::list))
        .routes(routes!(assets::get, assets::delete))
        .routes(routes!(assets::set_tags))
        .routes(routes!(assets::set_note))
        .routes(routes!(assets::bulk_delete));
    refusing::<wire::Problem, _>(&PIKTID, routes)
}

fn render(fault: &Fault, context: &RequestContext) -> Response {
    let status = status_of(fault.kind);
    let mut response = (status, Json(wire::Problem::new(fault, status))).into_response();
    let is_login = context.route().is_some_and(|route| route.ends_with(LOGIN));
    if is_login && status == StatusCode::UNAUTHORIZED {
        let challenge = HeaderValue::from_static("Basic realm=\"backlot\", charset=\"UTF-8\"");
        response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
    }
    response
}
