//! Changing one asset.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use backlot_library::assets::{AssetPatch, CopyTo};
use backlot_model::account::Caller;

use super::id_in;
use crate::app::SignedIn;
use crate::app::{App, Links};
use crate::edge::intake::body::Body;
use crate::edge::path::PathFields;
use crate::native::answer::{Answered, Counting, Reply, Shown, made};
use crate::native::envelope::{BadBody, Conflicts, Missing, Outdated, Refused};
use crate::native::once::Once;
use crate::native::wire::Message;
use crate::native::wire::asset::AssetBody;
use crate::native::wire::change::{AssetChange, NoteChange, TagsChange, VisibilityChange};
use crate::native::wire::lock::{LockAsked, LockBody, UnlockAsked};

/// Change an asset
///
/// What is absent stays as it is; null clears. Only the uploader may.
#[utoipa::path(
    patch, path = "/assets/{id}", operation_id = "update_asset", tag = "assets",
    params(
        ("id" = String, Path, description = "The asset"),
        ("If-Match" = Option<String>, Header, description = "Changes the asset only if it still has this entity tag"),
        ("Lock-Id" = Option<String>, Header, description = "The lock that the caller holds, if the asset is locked"),
    ),
    request_body = AssetChange,
    responses((status = 200, description = "The asset", body = AssetBody), Refused, Missing, Outdated, BadBody),
)]
pub(super) async fn change(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    (links, path, counting): (Links, PathFields, Counting),
    Body(change): Body<AssetChange>,
) -> Answered {
    patched(&app, &caller, &links, (path, counting), change.into_patch()?).await
}

/// Set an asset's tags
#[utoipa::path(
    method(put, patch), path = "/assets/{id}/tags", operation_id = "set_asset_tags", tag = "assets",
    params(
        ("id" = String, Path, description = "The asset"),
        ("If-Match" = Option<String>, Header, description = "Changes the asset only if it still has this entity tag"),
        ("Lock-Id" = Option<String>, Header, description = "The lock that the caller holds, if the asset is locked"),
    ),
    request_body = TagsChange,
    responses((status = 200, description = "The asset", body = AssetBody), Refused, Missing, Outdated, BadBody),
)]
pub(super) async fn tags(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    (links, path, counting): (Links, PathFields, Counting),
    Body(change): Body<TagsChange>,
) -> Answered {
    patched(&app, &caller, &links, (path, counting), change.into()).await
}

/// Set an asset's note
#[utoipa::path(
    method(put, patch), path = "/assets/{id}/note", operation_id = "set_asset_note", tag = "assets",
    params(
        ("id" = String, Path, description = "The asset"),
        ("If-Match" = Option<String>, Header, description = "Changes the asset only if it still has this entity tag"),
        ("Lock-Id" = Option<String>, Header, description = "The lock that the caller holds, if the asset is locked"),
    ),
    request_body = NoteChange,
    responses((status = 200, description = "The asset", body = AssetBody), Refused, Missing, Outdated, BadBody),
)]
pub(super) async fn note(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    (links, path, counting): (Links, PathFields, Counting),
    Body(change): Body<NoteChange>,
) -> Answered {
    patched(&app, &caller, &links, (path, counting), change.into()).await
}

/// Set who may see an asset
///
/// Whoever may no longer see it is refused from the next request on, whatever address he has.
#[utoipa::path(
    method(put, patch), path = "/assets/{id}/visibility", operation_id = "set_asset_visibility", tag = "assets",
    params(
        ("id" = String, Path, description = "The asset"),
        ("If-Match" = Option<String>, Header, description = "Changes the asset only if it still has this entity tag"),
        ("Lock-Id" = Option<String>, Header, description = "The lock that the caller holds, if the asset is locked"),
    ),
    request_body = VisibilityChange,
    responses((status = 200, description = "The asset", body = AssetBody), Refused, Missing, Outdated, BadBody),
)]
pub(super) async fn visibility(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    (links, path, counting): (Links, PathFields, Counting),
    Body(change): Body<VisibilityChange>,
) -> Answered {
    patched(&app, &caller, &links, (path, counting), change.into_patch()?).await
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
        let copy = library.copy_asset(&by, id, CopyTo::Private).await?;
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
        ("Lock-Id" = Option<String>, Header, description = "The lock that the caller holds, if the asset is locked"),
    ),
    responses((status = 200, description = "It is deleted", body = Message), Refused, Missing, Outdated),
)]
pub(super) async fn delete(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    path: PathFields,
    counting: Counting,
) -> Shown<Message> {
    let id = id_in(&path)?;
    let expected = counting.expected(app.library(), &caller, id).await?;
    app.library().delete_asset(&caller, id, &expected).await?;
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

/// Lock an asset
///
/// Until then it can be changed and deleted only by calls that name the lock in the header
/// `Lock-Id`. A call that names the present lock prolongs it.
#[utoipa::path(
    put, path = "/assets/{id}/lock", operation_id = "lock_asset", tag = "assets",
    params(
        ("id" = String, Path, description = "The asset"),
        ("If-Match" = Option<String>, Header, description = "Locks the asset only if it still has this entity tag"),
        ("Lock-Id" = Option<String>, Header, description = "The lock that the caller holds, if the asset is locked"),
    ),
    request_body = LockAsked,
    responses((status = 200, description = "The lock", body = LockBody), Refused, Missing, Outdated, BadBody),
)]
pub(super) async fn lock(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    (path, counting): (PathFields, Counting),
    Body(asked): Body<LockAsked>,
) -> Shown<LockBody> {
    let (library, id) = (app.library(), id_in(&path)?);
    let expected = counting.expected(library, &caller, id).await?;
    let (_, lock) = library.lock_asset(&caller, id, &expected, asked.until()?).await?;
    Ok(Json(lock.into()))
}

/// Unlock an asset
///
/// The lock is named, or broken with `force`, which the uploader may.
#[utoipa::path(
    put, path = "/assets/{id}/unlock", operation_id = "unlock_asset", tag = "assets",
    params(("id" = String, Path, description = "The asset")),
    request_body = UnlockAsked,
    responses((status = 200, description = "The asset", body = AssetBody), Refused, Missing, Conflicts, BadBody),
)]
pub(super) async fn unlock(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    (links, path): (Links, PathFields),
    Body(asked): Body<UnlockAsked>,
) -> Answered {
    let (library, id) = (app.library(), id_in(&path)?);
    let asset = library.unlock_asset(&caller, id, asked.unlock()?).await?;
    Ok(Reply::asset(StatusCode::OK, asset, &links, &caller, library)?.into_response())
}

/// Changes the asset in the path, if it has the version that is wanted.
async fn patched(
    app: &App,
    caller: &Caller,
    links: &Links,
    (path, counting): (PathFields, Counting),
    patch: AssetPatch,
) -> Answered {
    let (library, id) = (app.library(), id_in(&path)?);
    let expected = counting.expected(library, caller, id).await?;
    let asset = library.change_asset(caller, id, &expected, patch).await?;
    Ok(Reply::asset(StatusCode::OK, asset, links, caller, library)?.into_response())
}
