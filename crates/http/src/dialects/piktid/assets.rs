//! `/assets`: the library of pictures.

use std::collections::HashSet;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use backlot_library::assets::{AssetPatch, Bulk, Expected, TagsWithin};
use backlot_library::limiter::Limit;
use backlot_library::listing::{ListRequest, Within};
use backlot_model::account::Caller;
use backlot_model::asset::Status;
use backlot_model::fault::FieldFault;
use backlot_model::limits::SEARCH_CHARS_MAX;
use backlot_model::media::MediaKind;
use backlot_model::query::{Filter, Order, TextField, TextSearch, TimeRange, Window};
use backlot_model::{Fault, Id, Kind, asset};

use super::wire::{
    Asset, AssetPage, BulkDelete, BulkDeleted, NoteChange, OwnershipWord, Pages, SortKey,
    SortOrder, TAGS, TagsChange, TooMany,
};
use crate::app::{App, Links, SignedIn};
use crate::edge::dialect::Refusal;
use crate::edge::fields::{Checks, Fields, Query};
use crate::edge::intake::Incoming;
use crate::edge::intake::body::Body;
use crate::edge::path::PathFields;
use crate::edge::request::RequestContext;

/// The most tags that one call may give.
const TAGS_MAX: usize = 10;
/// The most assets that one call may delete.
const BULK_MAX: usize = 100;
/// What an asset is found by.
const SEARCHED: &[TextField] = &[TextField::Tags, TextField::Filename, TextField::Project];

/// List pictures.
///
/// Those of the caller, those shared in his groups, and those that the platform provides.
#[utoipa::path(
    get, path = "/assets", operation_id = "listAssets", tag = "Assets",
    params(
        ("page" = Option<u64>, Query, minimum = 1,
            description = "1 if absent. A page past the end is empty."),
        ("per_page" = Option<u32>, Query, minimum = 1, maximum = 100, description = "20 if absent."),
        ("order" = inline(Option<SortOrder>), Query, description = "`desc` if absent."),
        ("sort_by" = inline(Option<SortKey>), Query, description = "`created_at` if absent."),
        ("search" = Option<String>, Query, max_length = 200,
            description = "Words that all occur in tags, file name or project name."),
        ("ownership" = inline(Option<OwnershipWord>), Query,
            description = "`mine`: the caller's private ones; `shared`: those shared in his groups, \
                           by himself or teammates; `default`: the platform's. All if absent."),
        ("include_tags" = Option<String>, Query, example = "model,product",
            pattern = r"^((model|product|background|other)(,(model|product|background|other))*)?$",
            description = "Comma-separated; an asset has all of them."),
        ("exclude_tags" = Option<String>, Query, example = "background",
            pattern = r"^((model|product|background|other)(,(model|product|background|other))*)?$",
            description = "Comma-separated; an asset has none of them."),
        ("created_by" = Option<String>, Query, description = "The uploader's username."),
        ("created_after" = Option<String>, Query, example = "2024-01-15T10:30:00Z",
            format = DateTime, description = "ISO 8601, with or without a time; exclusive."),
        ("created_before" = Option<String>, Query, example = "2024-02-01T00:00:00Z",
            format = DateTime, description = "ISO 8601, with or without a time; exclusive."),
    ),
    responses((status = 200, description = "One page.", body = AssetPage)),
)]
pub(super) async fn list(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    links: Links,
    Query(query): Query,
) -> Result<Json<AssetPage>, Refusal> {
    let (pages, request) = list_request(&query)?;
    let page = app.library().list(&caller, request).await?;
    let assets = page.items.into_iter().map(|asset| Asset::new(asset, &links)).collect();
    let total = page.total.unwrap_or_default();
    Ok(Json(AssetPage { pagination: pages.of(total), assets }))
}

fn list_request(query: &Fields) -> Result<(Pages, ListRequest), Fault> {
    let mut checks = Checks::default();
    let pages = Pages::read(query, &mut checks);
    let direction = checks.take(query.choice("order", SortOrder::WORDS)).unwrap_or_default();
    let key = checks.take(query.choice("sort_by", SortKey::WORDS)).unwrap_or_default();
    let search = checks.take(query.text_up_to("search", SEARCH_CHARS_MAX)).unwrap_or_default();
    let ownership = checks.take(query.choice("ownership", OwnershipWord::WORDS));
    let tags_all = checks.take(fixed_tags(query, "include_tags"));
    let tags_none = checks.take(fixed_tags(query, "exclude_tags"));
    let created_by = checks.take(query.one("created_by")).filter(|name| !name.is_empty());
    let after = checks.take(query.time("created_after"));
    let before = checks.take(query.time("created_before"));
    checks.done()?;
    let request = ListRequest {
        within: Within::Own(ownership.map(Into::into)),
        filter: Filter {
            kinds: vec![MediaKind::Image, MediaKind::ImageHdr],
            // What failed has no picture to show, and this vendor no word for it.
            status: vec![Status::Processing, Status::Ready],
            tags_all,
            tags_none,
            text: TextSearch::parse(search, SEARCHED),
            created: TimeRange { after, before },
            ..Filter::default()
        },
        uploader_name: created_by.map(str::to_owned),
        order: Order { key: key.into(), direction: direction.into() },
        window: Window::Offset { skip: pages.skip(), limit: pages.per_page },
        count: true,
    };
    Ok((pages, request))
}

/// Tags of the fixed set, separated by commas.
fn fixed_tags(query: &Fields, name: &str) -> Result<Vec<String>, FieldFault> {
    let tags = query.csv(name)?.unwrap_or_default();
    match tags.iter().find(|tag| !TAGS.contains(&tag.as_str())) {
        None => Ok(tags),
        Some(other) => {
            let said = format!("each tag must be one of {}", TAGS.join(", "));
            Err(query.fault(name, "enum", said).with_input(other))
        }
    }
}

/// Get one asset.
#[utoipa::path(
    get, path = "/assets/{asset_id}", operation_id = "getAsset", tag = "Assets",
    params(("asset_id" = String, Path, description = "The asset's id.")),
    responses(
        (status = 200, description = "The asset.", body = Asset),
    ),
)]
pub(super) async fn get(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    links: Links,
    path: PathFields,
) -> Result<Json<Asset>, Refusal> {
    let asset = app.library().asset(&caller, named(&path)?).await?;
    Ok(Json(Asset::new(asset, &links)))
}

/// Replace the tags.
///
/// Tags that are not of the fixed set, given in other ways, stay. Only for the uploader.
#[utoipa::path(
    patch, path = "/assets/{asset_id}/tags", operation_id = "updateTags", tag = "Assets",
    params(("asset_id" = String, Path, description = "The asset's id.")),
    request_body = TagsChange,
    responses(
        (status = 200, description = "The asset as it is now.", body = Asset),
    ),
)]
pub(super) async fn set_tags(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    links: Links,
    path: PathFields,
    Body(TagsChange { tags }): Body<TagsChange>,
) -> Result<Json<Asset>, Refusal> {
    if tags.len() > TAGS_MAX {
        let said = format!("must have at most {TAGS_MAX} tags");
        return Err(Fault::invalid("body.tags", "length", said).into());
    }
    let tags = tags.into_iter().map(|tag| tag.word().to_owned()).collect();
    let tags_within = Some(TagsWithin { set: TAGS, tags });
    let patch = AssetPatch { tags_within, ..AssetPatch::default() };
    let asset =
        app.library().change_asset(&caller, named(&path)?, &Expected::default(), patch).await?;
    Ok(Json(Asset::new(asset, &links)))
}

/// Set or clear the styling note.
///
/// An empty note and null clear it. Only for the uploader.
#[utoipa::path(
    patch, path = "/assets/{asset_id}/note", operation_id = "updateNote", tag = "Assets",
    params(("asset_id" = String, Path, description = "The asset's id.")),
    request_body = NoteChange,
    responses(
        (status = 200, description = "The asset as it is now.", body = Asset),
    ),
)]
pub(super) async fn set_note(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    links: Links,
    path: PathFields,
    Body(NoteChange { styling_note }): Body<NoteChange>,
) -> Result<Json<Asset>, Refusal> {
    let patch = AssetPatch { styling_note: Some(styling_note), ..AssetPatch::default() };
    let asset =
        app.library().change_asset(&caller, named(&path)?, &Expected::default(), patch).await?;
    Ok(Json(Asset::new(asset, &links)))
}

/// Delete one asset.
///
/// Only for the uploader.
#[utoipa::path(
    delete, path = "/assets/{asset_id}", operation_id = "deleteAsset", tag = "Assets",
    params(("asset_id" = String, Path, description = "The asset's id.")),
    responses(
        (status = 204, description = "It is deleted."),
    ),
)]
pub(super) async fn delete(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    path: PathFields,
) -> Result<StatusCode, Refusal> {
    app.library().delete_asset(&caller, named(&path)?, &Expected::default()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Delete many assets.
///
/// Only for their uploader; 3 calls per second. What is no id, names nothing, or is another's goes
/// to `failed_ids`.
#[utoipa::path(
    post, path = "/assets/bulk-delete", operation_id = "bulkDelete", tag = "Assets",
    request_body = BulkDelete,
    responses(
        (status = 200, description = "What was deleted, and what was not.", body = BulkDeleted),
        TooMany,
    ),
)]
pub(super) async fn bulk_delete(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    context: RequestContext,
    incoming: Incoming,
) -> Result<Json<BulkDeleted>, Refusal> {
    count(&app, &caller, &context).await?;
    let BulkDelete { asset_ids } = incoming.json().await?;
    if !(1..=BULK_MAX).contains(&asset_ids.len()) {
        let said = format!("must name 1 to {BULK_MAX} assets");
        return Err(Fault::invalid("body.asset_ids", "length", said).into());
    }
    let results = app.library().bulk(&caller, &Bulk::Delete, &once_each(asset_ids)).await?;
    Ok(Json(BulkDeleted::new(results)))
}

/// Counts the call, before its body is read.
async fn count(app: &App, caller: &Caller, context: &RequestContext) -> Result<(), Fault> {
    let left = app.library().limiter().check(Limit::BulkDelete, &caller.subject()).await?;
    context.note_allowance(left);
    Ok(())
}

/// Without repeats, in whatever dress: the second deletion of an asset is no failure.
fn once_each(mut ids: Vec<String>) -> Vec<String> {
    let mut known = HashSet::new();
    ids.retain(|raw| {
        let id = Id::<asset::Asset>::parse(raw);
        known.insert(id.map_or_else(|| raw.clone(), |id| id.to_string()))
    });
    ids
}

fn named(path: &PathFields) -> Result<Id<asset::Asset>, Fault> {
    path.id("asset_id", || Fault::new(Kind::NotFound, "asset-not-found", "asset not found"))
}
