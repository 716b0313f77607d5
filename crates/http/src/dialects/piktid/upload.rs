//! `/upload`: a place to send a picture to, or the picture at once.

use axum::Json;
use axum::extract::State;
use backlot_library::assets::NewAsset;
use backlot_library::ingest::Accepts;
use backlot_library::uploads::UploadPlace;
use backlot_model::Fault;
use backlot_model::account::Caller;

use super::wire::{TooMany, Upload, UploadForm, UploadRequest};
use crate::app::{App, Links, SignedIn};
use crate::door::Door;
use crate::edge::dialect::Refusal;
use crate::edge::fields::Checks;
use crate::edge::intake::{Content, Incoming};

/// Upload a picture.
///
/// With JSON: the bytes are then to be sent to `upload_url` by `PUT`, with `content_type` as
/// `Content-Type`; that answers 200, or 4xx with `{"error", "message", "request_id"}`. With a form:
/// the upload is done. `file_id` is the asset's id either way; the asset is listed once its bytes
/// have arrived.
#[utoipa::path(
    post, path = "/upload", operation_id = "upload", tag = "Upload",
    request_body(content(
        (Option<UploadRequest> = "application/json"),
        (UploadForm = "multipart/form-data"),
    )),
    responses(
        (status = 200, description = "Where the picture goes, and where it will be.", body = Upload),
        TooMany,
    ),
)]
pub(super) async fn upload(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    links: Links,
    incoming: Incoming,
) -> Result<Json<Upload>, Refusal> {
    let place = match incoming.content() {
        Content::Multipart => at_once(&app, &caller, incoming).await?,
        _ => promised(&app, &caller, incoming).await?,
    };
    Ok(Json(Upload::new(place, &links)))
}

async fn promised(app: &App, caller: &Caller, incoming: Incoming) -> Result<UploadPlace, Fault> {
    let is_empty = incoming.content_length() == Some(0);
    let request: Option<UploadRequest> = match incoming.content() {
        Content::Undeclared | Content::Json if is_empty => None,
        _ => incoming.json().await?,
    };
    let filename = request.and_then(|it| it.filename);
    let new = NewAsset { filename, ..NewAsset::default() };
    app.library().open_upload(caller, None, new).await
}

async fn at_once(app: &App, caller: &Caller, incoming: Incoming) -> Result<UploadPlace, Fault> {
    let mut door = Door::new(app, caller, Accepts::pictures(&app.library().config().uploads));
    let form = incoming.multipart(&["file"], door.limits(), &mut door).await?;
    let mut checks = Checks::default();
    let given = checks.take(form.fields.one("filename")).filter(|name| !name.is_empty());
    checks.done()?;
    let own = form.files.into_iter().next().and_then(|file| file.filename);
    let received = door.finish().await?;
    let received = received.ok_or_else(|| Fault::invalid("body.file", "missing", "is required"))?;
    let filename = given.map(str::to_owned).or(own);
    let new = NewAsset { filename, ..NewAsset::default() };
    app.library().upload_at_once(caller, received, new).await
}
