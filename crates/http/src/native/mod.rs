//! The native API at `/api/v1`, in the conventions of the catalogue that stands at the same base:
//! `{data, count}` with `skip` and `limit`, errors as `{detail}`, snake_case, UUIDs.
//!
//! Owns: its routes, wire types and OpenAPI document. Never: a rule of the product.

mod answer;
mod archives;
mod asking;
mod assets;
mod collections;
mod document;
mod envelope;
mod events;
mod keys;
mod login;
mod once;
mod organizations;
mod paging;
mod tasks;
mod uploads;
mod users;
mod wire;

use utoipa_axum::router::OpenApiRouter;

use crate::app::App;
use crate::edge::dialect::Dialect;

/// The native API.
pub static NATIVE: Dialect = Dialect {
    name: "native",
    title: "Backlot",
    default_prefix: "/api/v1",
    render: envelope::render,
};

/// The routes of the native API, relative to its place, and what the document says of them.
pub fn routes() -> OpenApiRouter<App> {
    let mut routes = OpenApiRouter::with_openapi(document::frame())
        .merge(assets::routes())
        .merge(uploads::routes())
        .merge(archives::routes())
        .merge(collections::routes())
        .merge(organizations::routes())
        .merge(users::routes())
        .merge(keys::routes())
        .merge(tasks::routes())
        .merge(events::routes())
        .merge(login::routes());
    document::complete(routes.get_openapi_mut());
    routes
}
