//! Archives: many assets as one ZIP.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use backlot_model::{Fault, Kind};
use serde_json::json;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::answer::{Answered, Reply, Shown};
use super::envelope::{BadBody, Conflicts, Missing, Refused};
use super::once::Once;
use super::wire::archive::{ArchiveAsked, ArchiveBody};
use crate::app::SignedIn;
use crate::app::{App, Links};
use crate::edge::intake::body::Body;
use crate::edge::path::PathFields;

/// The routes under `/archives`.
pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(request)).routes(routes!(get))
}

/// Ask for an archive
///
/// A ZIP of at most 1,000 assets, made after the answer. Ask for it again until it is completed.
#[utoipa::path(
    post, path = "/archives", operation_id = "create_archive", tag = "archives",
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes a repeated call harmless", max_length = 255)),
    request_body = ArchiveAsked,
    responses((status = 202, description = "The archive", body = ArchiveBody), Refused, Missing, Conflicts, BadBody),
)]
async fn request(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    (links, once): (Links, Once),
    Body(asked): Body<ArchiveAsked>,
) -> Answered {
    let (library, by, known) = (app.library().clone(), caller.clone(), json!(asked));
    let work = async move {
        let task = library.request_archive(&by, &asked.into()).await?;
        let archive = library.archive(&by, task.id).await?;
        Reply::new(StatusCode::ACCEPTED, &ArchiveBody::of(archive, &links))
    };
    once.run(&app, &caller, &known, None, work).await
}

/// How far an archive is
#[utoipa::path(
    get, path = "/archives/{id}", operation_id = "get_archive", tag = "archives",
    params(("id" = String, Path, description = "The archive")),
    responses((status = 200, description = "The archive", body = ArchiveBody), Refused, Missing),
)]
async fn get(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    (links, path): (Links, PathFields),
) -> Shown<ArchiveBody> {
    let unknown = || Fault::new(Kind::NotFound, "task-not-found", "archive not found");
    let archive = app.library().archive(&caller, path.id("id", unknown)?).await?;
    Ok(Json(ArchiveBody::of(archive, &links)))
}
