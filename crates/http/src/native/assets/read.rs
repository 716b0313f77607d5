//! One asset, its likenesses, and the tags of all.

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use backlot_library::listing::{Ownership, Within};

use super::id_in;
use crate::app::SignedIn;
use crate::app::{App, Asking, Links};
use crate::edge::credential::Caller;
use crate::edge::fields::{Checks, Query};
use crate::edge::intake::body::Body;
use crate::edge::path::PathFields;
use crate::native::answer::{Answered, Shown, shown};
use crate::native::envelope::{BadBody, Conflicts, Missing, OpenlyRefused, Refused};
use crate::native::paging::{limit, limit_checked};
use crate::native::wire::Page;
use crate::native::wire::asset::{
    AssetBody, DownloadAsked, DownloadBody, DuplicateBody, SnapshotBody, SnapshotPage, TagPage,
};
use crate::native::wire::create::words;
use crate::native::wire::word::OwnershipWord;

/// One asset
///
/// Public ones need no credential.
#[utoipa::path(
    get, path = "/assets/{id}", operation_id = "get_asset", tag = "assets",
    security((), ("bearer" = []), ("api_key" = []), ("basic" = [])),
    params(
        ("id" = String, Path, description = "The asset"),
        ("If-None-Match" = Option<String>, Header, description = "Answers 304 when the asset still has this entity tag"),
    ),
    responses(
        (status = 200, description = "The asset", body = AssetBody, headers(("ETag" = String, description = "Its version"))),
        (status = 304, description = "The asset still has the entity tag"),
        OpenlyRefused, Missing,
    ),
)]
pub(super) async fn get(
    State(app): State<App>,
    Caller(caller): Asking,
    links: Links,
    path: PathFields,
    headers: HeaderMap,
) -> Answered {
    let asset = app.library().asset(&caller, id_in(&path)?).await?;
    shown(&app, &links, &caller, asset, &headers)
}

/// Assets that look like this one
///
/// Among those that the caller can list, the likest first. Told by perceptual hashes, so there are
/// none until the asset is ready, and none of what is no picture.
#[utoipa::path(
    get, path = "/assets/{id}/duplicates", operation_id = "list_asset_duplicates", tag = "assets",
    params(
        ("id" = String, Path, description = "The asset"),
        ("limit" = Option<u32>, Query, description = "How many to show", minimum = 1, maximum = 100),
    ),
    responses((status = 200, description = "The likest assets", body = Page<DuplicateBody>), Refused, Missing),
)]
pub(super) async fn duplicates(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    links: Links,
    path: PathFields,
    Query(query): Query,
) -> Shown<Page<DuplicateBody>> {
    let limit = limit(&query, 100)?;
    let near = app.library().near_duplicates(&caller, id_in(&path)?, limit).await?;
    let data: Vec<DuplicateBody> = near
        .into_iter()
        .map(|(asset, distance)| DuplicateBody {
            asset: AssetBody::of(asset, &links, &caller),
            distance,
        })
        .collect();
    let count = data.len() as u64;
    Ok(Json(Page { data, count }))
}

/// All tags
///
/// Of the assets that the caller can list, with how many of them carry each, by name.
#[utoipa::path(
    get, path = "/assets/tags", operation_id = "list_asset_tags", tag = "assets",
    params(
        ("ownership" = Option<OwnershipWord>, Query, description = "A part of what the caller can list; all of it if absent"),
        ("after" = Option<String>, Query, description = "Begin after this tag"),
        ("limit" = Option<u32>, Query, description = "How many to show; 100 if absent", minimum = 1, maximum = 1000),
    ),
    responses((status = 200, description = "Tags by name", body = TagPage), Refused),
)]
pub(super) async fn tags(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Query(query): Query,
) -> Shown<TagPage> {
    let mut checks = Checks::default();
    let ownership = checks.take(query.choice("ownership", &words::<Ownership>()));
    let after = checks.take(query.text_up_to("after", 100));
    let limit = limit_checked(&query, 1_000, &mut checks);
    checks.done()?;
    let counts = app.library().tags(&caller, Within::part(ownership), after, limit + 1).await?;
    Ok(Json(TagPage::of(counts, limit as usize)))
}

/// Download an asset
///
/// The address of its bytes: as they are, or a picture in full size in another format.
#[utoipa::path(
    post, path = "/assets/{id}/download", operation_id = "download_asset", tag = "assets",
    params(("id" = String, Path, description = "The asset")),
    request_body = DownloadAsked,
    responses((status = 200, description = "Where it is", body = DownloadBody), Refused, Missing, Conflicts, BadBody),
)]
pub(super) async fn download(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    (links, path): (Links, PathFields),
    Body(asked): Body<DownloadAsked>,
) -> Shown<DownloadBody> {
    let (library, id) = (app.library(), id_in(&path)?);
    let found = library.download_asset(&caller, id, asked.target_format.as_deref()).await?;
    Ok(Json(DownloadBody { url: links.to(&found.path), mime_type: found.mime_type }))
}

/// List the states of a canvas
///
/// The latest first. What is no canvas has none.
#[utoipa::path(
    get, path = "/assets/{id}/snapshots", operation_id = "list_asset_snapshots", tag = "assets",
    params(
        ("id" = String, Path, description = "The asset"),
        ("limit" = Option<u32>, Query, description = "At most so many", minimum = 1, maximum = 100),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before"),
    ),
    responses((status = 200, description = "One page", body = SnapshotPage), Refused, Missing),
)]
pub(super) async fn snapshots(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    path: PathFields,
    Query(query): Query,
) -> Shown<SnapshotPage> {
    let mut checks = Checks::default();
    let cursor = checks.take(query.one("cursor"));
    let limit = limit_checked(&query, 100, &mut checks);
    checks.done()?;
    let found = app.library().snapshots(&caller, id_in(&path)?, cursor, limit).await;
    let (states, next_cursor) = found.map_err(|fault| match fault.code {
        "bad-cursor" => fault.at("query.cursor", "format"),
        _ => fault,
    })?;
    Ok(Json(SnapshotPage {
        data: states.into_iter().map(SnapshotBody::from).collect(),
        next_cursor,
    }))
}
