//! Changing one asset.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use backlot_library::assets::AssetPatch;
use backlot_model::account::Caller;

use super::id_in;
use crate::app::SignedIn;
use crate::app::{App, Links};
use crate::edge::etag::IfMatch;
use crate::edge::intake::body::Body;
use crate::edge::path::PathFields;
use crate::native::answer::{Answered, Reply, Shown, made, wanted};
use crate::native::envelope::{BadBody, Conflicts, Missing, Outdated, Refused};
use crate::native::once::Once;
use crate::native::wire::Message;
use crate::native::wire::asset::AssetBody;
use crate::native::wire::change::{AssetChange, NoteChange, TagsChange, VisibilityChange};

/// Change an asset
///
/// What is absent stays as it is; null clears. Only the uploader may.
#[utoipa::path(
    patch, path = "/assets/{id}", operation_id = "update_asset", tag = "assets",
    params(
        ("id" = String, Path, description = "The asset"),
        ("If-Match" = Option<String>, Header, description = "Changes the asset only if it still has this entity tag"),
    ),
    request_body = AssetChange,
    responses((status = 200, description = "The asset", body = AssetBody), Refused, Missing, Outdated, BadBody),
)]
pub(super) async fn change(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    (links, path, version): (Links, PathFields, IfMatch),
    Body(change): Body<AssetChange>,
) -> Answered {
    patched(&app, &caller, &links, (path, version), change.into_patch()?).await
}

/// Set an asset's tags
#[utoipa::path(
    method(put, patch), path = "/assets/{id}/tags", operation_id = "set_asset_tags", tag = "assets",
    params(
        ("id" = String, Path, description = "The asset"),
        ("If-Match" = Option<String>, Header, description = "Changes the asset only if it still has this entity tag"),
    ),
    request_body = TagsChange,
    responses((status = 200, description = "The asset", body = AssetBody), Refused, Missing, Outdated, BadBody),
)]
pub(super) async fn tags(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    (links, path, version): (Links, PathFields, IfMatch),
    Body(change): Body<TagsChange>,
) -> Answered {
    patched(&app, &caller, &links, (path, version), change.into()).await
}

/// Set an asset's note
#[utoipa::path(
    method(put, patch), path = "/assets/{id}/note", operation_id = "set_asset_note", tag = "assets",
    params(
        ("id" = String, Path, description = "The asset"),
        ("If-Match" = Option<String>, Header, description = "Changes the asset only if it still has this entity tag"),
    ),
    request_body = NoteChange,
    responses((status = 200, description = "The asset", body = AssetBody), Refused, Missing, Outdated, BadBody),
)]
pub(super) async fn note(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    (links, path, version): (Links, PathFields, IfMatch),
    Body(change): Body<NoteChange>,
) -> Answered {
    patched(&app, &caller, &links, (path, version), change.into()).await
}

/// Set who may see an asset
///
/// Whoever may no longer see it is refused from the next request on, whatever address he has.
#[utoipa::path(
    method(put, patch), path = "/assets/{id}/visibility", operation_id = "set_asset_visibility", tag = "assets",
    params(
        ("id" = String, Path, description = "The asset"),
        ("If-Match" = Option<String>, Header, description = "Changes the asset only if it still has this entity tag"),
    ),
    request_body = VisibilityChange,
    responses((status = 200, description = "The asset", body = AssetBody), Refused, Missing, Outdated, BadBody),
)]
pub(super) async fn visibility(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    (links, path, version): (Links, PathFields, IfMatch),
    Body(change): Body<VisibilityChange>,
) -> Answered {
    patched(&app, &caller, &links, (path, version), change.into_patch()?).await
}

/// Copy an asset
///
/// Makes a private asset of the caller's over the same bytes; its parent is the original.
#[utoipa::path(
    post, path = "/assets/{id}/copy", operation_id = "copy_asset", tag = "assets",
    params(
        ("id" = String, Path, description = "The asset"),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes a repeated call harmless", max_length = 255),
    ),
    responses((status = 201, description = "The copy", body = AssetBody), Refused, Missing, Conflicts),
)]
pub(super) async fn copy(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    (links, once, path): (Links, Once, PathFields),
) -> Answered {
    let id = id_in(&path)?;
    let (library, by) = (app.library().clone(), caller.clone());
    let work = async move {
        let copy = library.copy_asset(&by, id).await?;
        made(copy, &links, &by, &library)
    };
    once.run(&app, &caller, &(), None, work).await
}

/// Delete an asset
///
/// It can be restored for 30 days.
#[utoipa::path(
    delete, path = "/assets/{id}", operation_id = "delete_asset", tag = "assets",
    params(
        ("id" = String, Path, description = "The asset"),
        ("If-Match" = Option<String>, Header, description = "Deletes the asset only if it still has this entity tag"),
    ),
    responses((status = 200, description = "It is deleted", body = Message), Refused, Missing, Outdated),
)]
pub(super) async fn delete(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    path: PathFields,
    IfMatch(matching): IfMatch,
) -> Shown<Message> {
    let id = id_in(&path)?;
    let version = wanted(app.library(), &caller, id, &matching).await?;
    app.library().delete_asset(&caller, id, version).await?;
    Ok(Json(Message::new("Asset deleted")))
}

/// Restore a deleted asset
#[utoipa::path(
    post, path = "/assets/{id}/restore", operation_id = "restore_asset", tag = "assets",
    params(("id" = String, Path, description = "The asset")),
    responses((status = 200, description = "The asset", body = AssetBody), Refused, Missing, Conflicts),
)]
pub(super) async fn restore(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    links: Links,
    path: PathFields,
) -> Answered {
    let asset = app.library().restore_asset(&caller, id_in(&path)?).await?;
    Ok(Reply::asset(StatusCode::OK, asset, &links, &caller, app.library())?.into_response())
}

/// Changes the asset in the path, if it has the version that is wanted.
async fn patched(
    app: &App,
    caller: &Caller,
    links: &Links,
    (path, IfMatch(matching)): (PathFields, IfMatch),
    patch: AssetPatch,
) -> Answered {
    let (library, id) = (app.library(), id_in(&path)?);
    let version = wanted(library, caller, id, &matching).await?;
    let asset = library.change_asset(caller, id, version, patch).await?;
    Ok(Reply::asset(StatusCode::OK, asset, links, caller, library)?.into_response())
}
