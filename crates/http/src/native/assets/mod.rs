//! Assets: made, read, listed, changed, one by one and in bulk.

mod batch;
mod bulk;
mod change;
mod create;
mod list;
mod parameters;
mod read;
mod search;

use backlot_model::asset::Asset;
use backlot_model::{Fault, Id, Kind};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::edge::path::PathFields;

/// The routes under `/assets`.
pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list::list, create::create))
        .routes(routes!(create::raw))
        .routes(routes!(create::from_hash))
        .routes(routes!(batch::create))
        .routes(routes!(bulk::bulk))
        .routes(routes!(read::tags))
        .routes(routes!(read::get, change::change, change::delete))
        .routes(routes!(search::search))
        .routes(routes!(read::duplicates))
        .routes(routes!(read::download))
        .routes(routes!(search::similar))
        .routes(routes!(read::snapshots))
        .routes(routes!(change::tags))
        .routes(routes!(change::note))
        .routes(routes!(change::visibility))
        .routes(routes!(change::lock))
        .routes(routes!(change::unlock))
        .routes(routes!(change::copy))
        .routes(routes!(change::restore))
}

/// The asset that the path names. What is no id is answered as an id that nobody has.
fn id_in(path: &PathFields) -> Result<Id<Asset>, Fault> {
    path.id("id", || Fault::new(Kind::NotFound, "asset-not-found", "asset not found"))
}
