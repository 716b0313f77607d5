//! Long work that a user watches.

use axum::Json;
use axum::extract::State;
use backlot_model::{Fault, Kind};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::answer::Shown;
use super::envelope::{Missing, Refused};
use super::paging::slice;
use super::wire::Page;
use super::wire::task::TaskBody;
use crate::app::App;
use crate::app::SignedIn;
use crate::edge::fields::Query;
use crate::edge::path::PathFields;

/// The routes under `/tasks`.
pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(get))
}

/// List tasks
///
/// The caller's, the newest first.
#[utoipa::path(
    get, path = "/tasks", operation_id = "list_tasks", tag = "tasks",
    params(
        ("skip" = Option<u64>, Query, description = "Leave out so many", minimum = 0),
        ("limit" = Option<u32>, Query, description = "How many to show; 100 if absent", minimum = 1, maximum = 100),
    ),
    responses((status = 200, description = "One page", body = Page<TaskBody>), Refused),
)]
async fn list(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Query(query): Query,
) -> Shown<Page<TaskBody>> {
    let slice = slice(&query)?;
    let (items, count) = app.library().tasks(&caller, slice.skip, slice.limit).await?;
    Ok(Json(Page::of(items, count)))
}

/// One task
#[utoipa::path(
    get, path = "/tasks/{id}", operation_id = "get_task", tag = "tasks",
    params(("id" = String, Path, description = "The task")),
    responses((status = 200, description = "The task", body = TaskBody), Refused, Missing),
)]
async fn get(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    path: PathFields,
) -> Shown<TaskBody> {
    let unknown = || Fault::new(Kind::NotFound, "task-not-found", "task not found");
    Ok(Json(app.library().task(&caller, path.id("id", unknown)?).await?.into()))
}
