//! Places to upload to. The bytes themselves arrive under `/media/uploads`.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use backlot_library::limiter::Limit;
use backlot_model::{Fault, Kind};
use serde_json::json;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::answer::{Answered, Reply, Shown};
use super::asking::Tally;
use super::envelope::{BadBody, Conflicts, Limited, Missing, Refused};
use super::once::Once;
use super::wire::upload::{NewUpload, PresignedUpload, UploadBody};
use crate::app::SignedIn;
use crate::app::{App, Links};
use crate::edge::intake::body::Body;
use crate::edge::path::PathFields;

/// The routes under `/uploads`.
pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(presign)).routes(routes!(get))
}

/// Ask for a place to upload to
///
/// Send the bytes of a picture to `upload_url` with `PUT`, without a credential. The answer is 200,
/// also when they are sent again, and then the asset `asset_id` is there. What is refused answers
/// 4xx with `{"error", "message", "request_id"}`, whichever API gave the place.
#[utoipa::path(
    post, path = "/uploads/presigned-url", operation_id = "create_presigned_upload", tag = "uploads",
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes a repeated call harmless", max_length = 255)),
    request_body = NewUpload,
    responses((status = 200, description = "The place", body = PresignedUpload), Refused, Conflicts, BadBody, Limited),
)]
async fn presign(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    (links, once, tally): (Links, Once, Tally),
    Body(upload): Body<NewUpload>,
) -> Answered {
    let bytes_max = app.library().config().uploads.image_bytes_max;
    upload.fits(bytes_max)?;
    let (library, by, known) = (app.library().clone(), caller.clone(), json!(upload));
    let work = async move {
        let content_type = upload.content_type.clone();
        let place = library.open_upload(&by, content_type.as_deref(), upload.into()).await?;
        let told = PresignedUpload::of(&place, &links, library.now_ms(), bytes_max);
        Reply::new(StatusCode::OK, &told)
    };
    let answer = once.run(&app, &caller, &known, None, work).await;
    tally.told(Limit::Upload, answer).await
}

/// How far an upload is
#[utoipa::path(
    get, path = "/uploads/{id}", operation_id = "get_upload", tag = "uploads",
    params(("id" = String, Path, description = "The upload")),
    responses((status = 200, description = "The upload", body = UploadBody), Refused, Missing),
)]
async fn get(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    path: PathFields,
) -> Shown<UploadBody> {
    let unknown = || Fault::new(Kind::NotFound, "upload-not-found", "upload not found");
    Ok(Json(app.library().upload(&caller, path.id("id", unknown)?).await?.into()))
}
