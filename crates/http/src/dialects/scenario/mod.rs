//! Scenario's asset API: assets with their lineage and generation parameters, tags, collections,
//! uploads, search, and the projects and teams they belong to.
//!
//! Quirks: an organisation is a project, and the team of that project; `projectId` may stand in
//! every query and says for which one the caller acts; deletions answer 200 with `{}`; the public
//! token sees what is public; a private asset and one shared in its project are both `private`;
//! every refusal is `{"error", "message", "reason", "trace_id"}`.

mod archives;
mod asking;
mod assets;
mod canvas;
mod collections;
mod doors;
mod download;
mod listing;
mod projects;
mod search;
mod shelf;
mod spelling;
mod tags;
mod uploads;
mod wire;

use axum::Json;
use axum::response::{IntoResponse, Response};
use backlot_model::Fault;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::edge::dialect::{Dialect, status_of};
use crate::edge::request::RequestContext;

/// The dialect.
pub static SCENARIO: Dialect =
    Dialect { name: "scenario", title: "Scenario assets", default_prefix: "/scenario/v1", render };

/// Its routes, relative to its prefix.
#[must_use]
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(listing::list, assets::upload, assets::delete))
        .routes(routes!(listing::list_public))
        .routes(routes!(assets::get_public))
        .routes(routes!(assets::restore))
        .routes(routes!(assets::get_bulk))
        .routes(routes!(archives::request))
        .routes(routes!(archives::get))
        .routes(routes!(assets::get, assets::update))
        .routes(routes!(assets::set_tags))
        .routes(routes!(assets::copy))
        .routes(routes!(download::one))
        .routes(routes!(canvas::snapshots))
        .routes(routes!(canvas::lock))
        .routes(routes!(canvas::unlock))
        .routes(routes!(search::search))
        .routes(routes!(tags::list))
        .routes(routes!(collections::list, collections::create))
        .routes(routes!(collections::get, collections::update, collections::delete))
        .routes(routes!(collections::add, collections::remove))
        .routes(routes!(uploads::create))
        .routes(routes!(uploads::get))
        .routes(routes!(uploads::act))
        .routes(routes!(projects::list))
        .routes(routes!(projects::get))
        .routes(routes!(projects::list_teams))
        .routes(routes!(projects::get_team))
}

fn render(fault: &Fault, context: &RequestContext) -> Response {
    let status = status_of(fault.kind);
    (status, Json(wire::refusal::Problem::new(fault, status, context.id()))).into_response()
}
