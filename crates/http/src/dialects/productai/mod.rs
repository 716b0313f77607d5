//! ProductAI's asset API, in its two faces.
//!
//! Quirks: an asset is `processing` when it is answered, whatever it is already; times have whole
//! seconds; the second face knows assets by a number and wraps its answers in `status` and `data`.

mod assets;
mod legacy;
mod wire;

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use backlot_model::{Fault, Kind};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::edge::dialect::{Dialect, status_of};
use crate::edge::openapi::refusing;
use crate::edge::request::RequestContext;

/// The dialect.
pub static PRODUCTAI: Dialect =
    Dialect { name: "productai", title: "ProductAI assets", default_prefix: "/productai", render };

/// Its routes, relative to its prefix.
#[must_use]
pub fn routes() -> OpenApiRouter<App> {
    let routes = OpenApiRouter::new()
        .routes(routes!(assets::create))
        .routes(routes!(assets::list))
        .routes(routes!(assets::get, assets::delete))
        .routes(routes!(legacy::upload))
        .routes(routes!(legacy::check_key));
    refusing::<wire::ErrorBody, _>(&PRODUCTAI, routes)
}

/// The vendor knows no conflict: what cannot be done now is a bad request.
fn render(fault: &Fault, _context: &RequestContext) -> Response {
    let status = match fault.kind {
        Kind::Conflict | Kind::PreconditionFailed => StatusCode::BAD_REQUEST,
        kind => status_of(kind),
    };
    (status, Json(wire::ErrorBody::from(fault))).into_response()
}
