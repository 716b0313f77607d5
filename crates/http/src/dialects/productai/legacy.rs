//! The second face, which shipped clients use: `/v1/api/upload-asset`, `/v1/api/key-check`.

use axum::Json;
use axum::extract::State;
use backlot_library::assets::NewAsset;
use backlot_library::delivery::Picture;
use backlot_model::{Fault, Kind};

use super::assets::accepts;
use super::wire::{
    ErrorBody, KeyCheckBody, KeyState, LegacyAsset, LegacyUploadBody, LegacyUploadForm,
};
use crate::app::{App, Links, SignedIn};
use crate::door::Door;
use crate::edge::credential::{Authenticate, Credential};
use crate::edge::dialect::Refusal;
use crate::edge::intake::Incoming;
use crate::edge::request::RequestContext;

/// The greatest whole number that a JavaScript client can hold.
const UNMETERED: u64 = (1 << 53) - 1;

/// Upload a picture; its id is a number.
#[utoipa::path(
    post, path = "/v1/api/upload-asset", operation_id = "uploadAsset", tag = "Shipped clients",
    request_body(content = LegacyUploadForm, content_type = "multipart/form-data"),
    responses(
        (status = 200, body = LegacyUploadBody, description = "The picture"),
        (status = 429, body = ErrorBody, description = "Too many uploads; `Retry-After` says when to go on"),
    )
)]
pub(super) async fn upload(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    links: Links,
    incoming: Incoming,
) -> Result<Json<LegacyUploadBody>, Refusal> {
    let mut door = Door::new(&app, &caller, accepts(&app));
    let form = incoming.multipart(&["file"], door.limits(), &mut door).await?;
    let missing = || Fault::invalid("body.file", "missing", "is required");
    let file = door.finish().await?.ok_or_else(missing)?;
    let filename = form.files.into_iter().next().and_then(|part| part.filename);
    let new = NewAsset { filename, ..NewAsset::default() };
    let (asset, id) = app.library().create_numbered_asset(&caller, file, new).await?;
    let data = LegacyAsset {
        id,
        image_url: links.picture(&asset, Picture::Original).unwrap_or_default(),
        mimetype: asset.mime_type.unwrap_or_default(),
    };
    Ok(Json(LegacyUploadBody { status: "OK", data }))
}

/// Tell whether a key is good.
#[utoipa::path(
    get, path = "/v1/api/key-check", operation_id = "checkKey", tag = "Shipped clients",
    responses(
        (status = 200, body = KeyCheckBody, description = "`valid` says whether the key is good"),
        (status = 401, body = ErrorBody, description = "No key was sent"),
    )
)]
pub(super) async fn check_key(
    State(app): State<App>,
    context: RequestContext,
    credential: Credential,
) -> Result<Json<KeyCheckBody>, Refusal> {
    if matches!(credential, Credential::None | Credential::PublicToken) {
        let said = "send the key to check as `x-api-key`";
        return Err(Fault::new(Kind::Unauthenticated, "no-credentials", said).into());
    }
    let valid = match app.authenticate(credential, &context).await {
        Ok(_) => true,
        Err(fault) if fault.kind == Kind::Unauthenticated => false,
        Err(fault) => return Err(fault.into()),
    };
    let tokens_remaining = if valid { UNMETERED } else { 0 };
    let data = KeyState { valid, tokens_remaining, plan: "self-hosted" };
    Ok(Json(KeyCheckBody { status: "OK", data }))
}
