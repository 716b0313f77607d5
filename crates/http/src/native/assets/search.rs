//! Searching by words, filters and likeness.

use axum::Json;
use axum::extract::State;

use super::id_in;
use crate::app::{App, Links, SignedIn};
use crate::edge::fields::Query;
use crate::edge::intake::body::Body;
use crate::edge::path::PathFields;
use crate::native::answer::Shown;
use crate::native::envelope::{BadBody, Missing, Refused};
use crate::native::paging::limit;
use crate::native::wire::asset::AssetBody;
use crate::native::wire::search::{AssetSearch, HitBody};
use crate::native::wire::{Page, renamed};

/// Search assets
///
/// Among those that the caller can list: by words, by a filter over any attribute and generation
/// parameter, and by what pictures look like. A mistake in the filter is answered with its column.
/// By likeness, at most the 1,000 likest are found.
#[utoipa::path(
    post, path = "/assets/search", operation_id = "search_assets", tag = "assets",
    request_body = AssetSearch,
    responses((status = 200, description = "One page of what was found", body = Page<HitBody>), Refused, BadBody),
)]
pub(super) async fn search(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    links: Links,
    Body(search): Body<AssetSearch>,
) -> Shown<Page<HitBody>> {
    let found = app.library().search(&caller, search.into_request()?).await;
    let found = found.map_err(|fault| renamed(fault, "references", "body"))?;
    let show = |asset| AssetBody::of(asset, &links, &caller);
    let data = found.hits.into_iter().map(|hit| HitBody::of(hit, show)).collect();
    Ok(Json(Page { data, count: found.total }))
}

/// Assets of similar pictures
///
/// Among those that the caller can list, the likest first. Told by the image encoder that the
/// operator brings; without one by perceptual hashes, which find copies and little changed ones.
#[utoipa::path(
    get, path = "/assets/{id}/similar", operation_id = "list_similar_assets", tag = "assets",
    params(
        ("id" = String, Path, description = "The asset"),
        ("limit" = Option<u32>, Query, description = "How many to show; 100 if absent", minimum = 1, maximum = 100),
    ),
    responses((status = 200, description = "The likest assets", body = Page<HitBody>), Refused, Missing),
)]
pub(super) async fn similar(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    links: Links,
    path: PathFields,
    Query(query): Query,
) -> Shown<Page<HitBody>> {
    let limit = limit(&query, 100)?;
    let found = app.library().similar(&caller, id_in(&path)?, limit).await?;
    let show = |asset| AssetBody::of(asset, &links, &caller);
    let data: Vec<HitBody> = found.into_iter().map(|hit| HitBody::of(hit, show)).collect();
    let count = data.len() as u64;
    Ok(Json(Page { data, count }))
}
