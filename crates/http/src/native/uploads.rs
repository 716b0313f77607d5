//! Places to upload to. The bytes themselves arrive under `/media/uploads`.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use backlot_library::limiter::Limit;
use backlot_library::uploads::Upload;
use backlot_model::{Fault, Id, Kind};
use serde_json::json;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::answer::{Answered, Reply, Shown};
use super::asking::Tally;
use super::envelope::{BadBody, Conflicts, Limited, Missing, Refused};
use super::once::Once;
use super::paging::slice;
use super::wire::Page;
use super::wire::create::{NewAssetFields, halves};
use super::wire::document::Both;
use super::wire::upload::{NewUpload, PresignedUpload, UploadAskedBytes, UploadBody};
use crate::app::SignedIn;
use crate::app::{App, Links};
use crate::edge::fields::Query;
use crate::edge::intake::body::Body;
use crate::edge::path::PathFields;

// By a name of its own, since utoipa takes generic ones apart.
type UploadAsked = Both<NewAssetFields, UploadAskedBytes>;

/// The routes under `/uploads`.
pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(presign))
        .routes(routes!(list, begin))
        .routes(routes!(get))
        .routes(routes!(complete))
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

/// Begin an upload in parts, or from an address
///
/// With `parts`, send each part with `PUT` to its `url`, without a credential, in any order; one
/// that is sent again takes the place of the older one. Then complete the upload. With `url`, the
/// file is fetched. In both, `status` goes from `pending` over `validating` and `validated` to
/// `imported`, when the asset `asset_id` is there, or to `failed`.
#[utoipa::path(
    post, path = "/uploads", operation_id = "begin_upload", tag = "uploads",
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes a repeated call harmless", max_length = 255)),
    request_body = UploadAsked,
    responses((status = 201, description = "The upload", body = UploadBody), Refused, Conflicts, BadBody, Limited),
)]
async fn begin(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    (links, once, tally): (Links, Once, Tally),
    Body(asked): Body<serde_json::Map<String, serde_json::Value>>,
) -> Answered {
    let (said, bytes): (NewAssetFields, UploadAskedBytes) = halves(asked)?;
    let known = json!([said, bytes]);
    let new = bytes.with(said, &links)?;
    let (library, by) = (app.library().clone(), caller.clone());
    let work = async move {
        let state = library.begin_upload(&by, new).await?;
        Reply::new(StatusCode::CREATED, &UploadBody::of(state, &links))
    };
    let answer = once.run(&app, &caller, &known, None, work).await;
    tally.told(Limit::Upload, answer).await
}

/// List one's uploads
///
/// The newest first, until they expire.
#[utoipa::path(
    get, path = "/uploads", operation_id = "list_uploads", tag = "uploads",
    params(
        ("skip" = Option<u64>, Query, description = "Leave out so many", minimum = 0),
        ("limit" = Option<u32>, Query, description = "At most so many", minimum = 1, maximum = 100),
    ),
    responses((status = 200, description = "One page", body = Page<UploadBody>), Refused),
)]
async fn list(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    links: Links,
    Query(query): Query,
) -> Shown<Page<UploadBody>> {
    let slice = slice(&query)?;
    let (found, count) = app.library().uploads(&caller, slice.skip, slice.limit).await?;
    let data = found.into_iter().map(|state| UploadBody::of(state, &links)).collect();
    Ok(Json(Page { data, count }))
}

/// Complete an upload in parts
///
/// When all parts were sent. The file is put together and looked at after the answer.
#[utoipa::path(
    post, path = "/uploads/{id}/complete", operation_id = "complete_upload", tag = "uploads",
    params(("id" = String, Path, description = "The upload")),
    responses((status = 200, description = "The upload", body = UploadBody), Refused, Missing),
)]
async fn complete(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    (links, path): (Links, PathFields),
) -> Shown<UploadBody> {
    let state = app.library().complete_parts(&caller, upload_in(&path)?).await?;
    Ok(Json(UploadBody::of(state, &links)))
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
    (links, path): (Links, PathFields),
) -> Shown<UploadBody> {
    let state = app.library().upload(&caller, upload_in(&path)?).await?;
    Ok(Json(UploadBody::of(state, &links)))
}

fn upload_in(path: &PathFields) -> Result<Id<Upload>, Fault> {
    path.id("id", || Fault::new(Kind::NotFound, "upload-not-found", "upload not found"))
}
