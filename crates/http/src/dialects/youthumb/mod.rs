//! YouThumbAI's asset and person API.
//!
//! Quirks: everything is wrapped in `success` and `data`; only faces and templates are listed, and
//! any other type shows as a template; what is uploaded here is shared with the caller's
//! organisation from the start; `bucket` files are temporary and have no id.

mod assets;
mod buckets;
mod persons;
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
pub static YOUTHUMB: Dialect = Dialect {
    name: "youthumb",
    title: "YouThumbAI assets and persons",
    default_prefix: "/youthumb/api",
    render,
};

/// Its routes, relative to its prefix.
#[must_use]
pub fn routes() -> OpenApiRouter<App> {
    let routes = OpenApiRouter::new()
        .routes(routes!(assets::list, assets::create))
        .routes(routes!(assets::get, assets::delete))
        .routes(routes!(persons::list, persons::create))
        .routes(routes!(persons::get, persons::update, persons::delete))
        .routes(routes!(persons::add_images))
        .routes(routes!(persons::remove_image))
        .routes(routes!(persons::set_default));
    refusing::<wire::ErrorBody, _>(&YOUTHUMB, routes)
}

/// The vendor knows no conflict: what cannot be done now is a bad request.
fn render(fault: &Fault, _context: &RequestContext) -> Response {
    let status = match fault.kind {
        Kind::Conflict | Kind::PreconditionFailed => StatusCode::BAD_REQUEST,
        kind => status_of(kind),
    };
    (status, Json(wire::ErrorBody::from(fault))).into_response()
}
