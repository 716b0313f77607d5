//! `/assets`: one asset, or many by their ids.

use axum::Json;
use axum::extract::State;
use backlot_library::assets::{
    AssetPatch, Bulk, BulkResult, CanvasChange, CopyTo, Expected, NewAsset, TagChange,
};
use backlot_model::account::Caller;
use backlot_model::asset::{Lock, Visibility};
use backlot_model::{Fault, Id, Kind, asset};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::asking::{Asking, Passing, Visiting, project_not_found};
use super::doors::{self, Files};
use super::shelf::{self, OneAsset};
use super::spelling::{Spelling, respelt};
use super::wire::asset::{Asset, asset_id};
use super::wire::refusal::{Conflict, Refused, UnfitBody};
use crate::app::{App, Links};
use crate::edge::dialect::Refusal;
use crate::edge::intake::body::Body;
use crate::edge::intake::{Content, Incoming};
use crate::edge::path::PathFields;
use crate::edge::time;

/// How many assets one call may delete or restore.
const CHANGED_MAX: usize = 100;
/// How many assets one call may get.
const GOT_MAX: usize = 200;

/// Nothing more to say.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = scenario::Nothing, example = json!({}))]
pub(super) struct Nothing {}

/// A new asset.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = scenario::NewAsset)]
pub(super) struct NewAssetBody {
    /// The file's name.
    #[schema(min_length = 1, max_length = 255, example = "low-res-image.jpg")]
    name: String,
    /// The picture in base64, or as a data URL.
    #[serde(default, rename = "image")]
    _image: Option<String>,
    /// A canvas as JSON in a text, where there is no `image`.
    canvas: Option<String>,
    /// What stands for the canvas, in base64 or as a data URL.
    #[serde(default, rename = "thumbnail")]
    _thumbnail: Option<String>,
    /// Whether clients should not show it among others.
    hide: Option<bool>,
    collection_ids: Option<Vec<String>>,
    /// What it was made from.
    parent_id: Option<String>,
}

/// Upload an asset
///
/// A picture, or a canvas. It is shared with the project from the start.
#[utoipa::path(
    post, path = "/assets", operation_id = "uploadAsset", tag = "Assets",
    params(
        ("projectId" = Option<String>, Query, description = "One of the caller's projects."),
        ("originalAssets" = Option<bool>, Query, description = "Checked; addresses are always those of originals."),
    ),
    request_body = NewAssetBody,
    responses((status = 200, description = "The asset.", body = OneAsset), Refused, UnfitBody, Conflict),
)]
pub(super) async fn upload(
    State(app): State<App>,
    asking: Asking,
    links: Links,
    incoming: Incoming,
) -> Result<Json<OneAsset>, Refusal> {
    let caller = &asking.caller;
    let (body, files): (NewAssetBody, Files) = doors::read(&app, caller, incoming).await?;
    let NewAssetBody { name, canvas, hide, collection_ids, parent_id, .. } = body;
    let new = NewAsset {
        name: Some(name.clone()),
        filename: Some(name),
        visibility: Some(shared_if_possible(caller)),
        is_hidden: hide.unwrap_or(false),
        parent_id,
        collection_ids: collection_ids.unwrap_or_default(),
        ..NewAsset::default()
    };
    let made = match (files.image, canvas) {
        (Some(image), _) => app.library().create_asset(caller, image, new).await,
        (None, Some(canvas)) => {
            app.library().create_canvas(caller, &canvas, files.thumbnail, new).await
        }
        (None, None) => {
            let said = "`image` or `canvas` is required";
            Err(Fault::invalid("body.image", "missing", said))
        }
    };
    let asset = made.map_err(in_body)?;
    Ok(Json(shelf::one(&app, caller, &links, asset).await?))
}

/// What is made here is shared with the project, if there is one.
pub(super) fn shared_if_possible(caller: &Caller) -> Visibility {
    match caller.member().and_then(|member| member.active_organization) {
        Some(_) => Visibility::Shared,
        None => Visibility::Private,
    }
}

/// The library's names of fields, as this vendor spells them.
pub(super) fn in_body(fault: Fault) -> Fault {
    const SPELT: &[Spelling] = &[
        ("parent_id", &["parentId"]),
        ("collection_ids", &["collectionIds"]),
        ("locked_until", &["lockExpiresAt"]),
        ("target_format", &["targetFormat"]),
        ("filename", &["name"]),
        ("file", &["image"]),
        ("ids", &["assetIds"]),
    ];
    respelt(fault, SPELT)
}

/// Get an asset
#[utoipa::path(
    get, path = "/assets/{assetId}", operation_id = "getAsset", tag = "Assets",
    params(
        ("assetId" = String, Path, description = "The asset's id."),
        ("projectId" = Option<String>, Query, description = "One of the caller's projects."),
        ("originalAssets" = Option<bool>, Query, description = "Checked; addresses are always those of originals."),
        ("withEmbedding" = Option<bool>, Query, description = "With `embedding`, where there is one."),
    ),
    responses((status = 200, description = "The asset.", body = OneAsset), Refused),
)]
pub(super) async fn get(
    State(app): State<App>,
    Visiting(asking): Visiting,
    links: Links,
    path: PathFields,
) -> Result<Json<OneAsset>, Refusal> {
    let caller = &asking.caller;
    let with_embedding = asking.query.flag("withEmbedding");
    let with_embedding = with_embedding.map_err(|it| Fault::invalid_fields(vec![it]))?;
    let asset = app.library().asset(caller, named(&path)?).await?;
    let embedding = match with_embedding {
        Some(true) => app.library().embedding(&asset).await?,
        _ => None,
    };
    let OneAsset { asset } = shelf::one(&app, caller, &links, asset).await?;
    Ok(Json(OneAsset { asset: asset.embedded(embedding) }))
}

/// Get a public asset
///
/// Needs no credential.
#[utoipa::path(
    get, path = "/assets/public/{assetId}", operation_id = "getPublicAsset", tag = "Assets",
    params(
        ("assetId" = String, Path, description = "The asset's id."),
        ("originalAssets" = Option<bool>, Query, description = "Checked; addresses are always those of originals."),
    ),
    responses((status = 200, description = "The asset.", body = OneAsset), Refused),
    security(()),
)]
pub(super) async fn get_public(
    State(app): State<App>,
    Passing(asking): Passing,
    links: Links,
    path: PathFields,
) -> Result<Json<OneAsset>, Refusal> {
    // Whoever asks sees here what the public sees.
    let asset = app.library().asset(&Caller::Anonymous, named(&path)?).await?;
    Ok(Json(shelf::one(&app, &asking.caller, &links, asset).await?))
}

/// A change of an asset; what is absent stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = scenario::AssetChange, example = json!({"name": "cup.png", "description": "A cup at lift-off"}))]
pub(super) struct AssetChange {
    #[schema(min_length = 1, max_length = 255)]
    name: Option<String>,
    /// An empty one clears it.
    #[schema(max_length = 10_000)]
    description: Option<String>,
    /// The new state of a canvas, as JSON in a text.
    canvas: Option<String>,
    /// Whether the new state shall not be among the snapshots.
    disable_snapshot: Option<bool>,
    /// What stands for the canvas, in base64 or as a data URL.
    #[serde(default, rename = "thumbnail")]
    _thumbnail: Option<String>,
    /// The lock that the caller holds.
    lock_id: Option<String>,
    /// A new end of that lock.
    #[schema(format = DateTime)]
    lock_expires_at: Option<String>,
}

/// Update an asset
///
/// Only for the uploader. A locked one wants its `lockId`.
#[utoipa::path(
    put, path = "/assets/{assetId}", operation_id = "updateAsset", tag = "Assets",
    params(
        ("assetId" = String, Path, description = "The asset's id."),
        ("projectId" = Option<String>, Query, description = "One of the caller's projects."),
        ("originalAssets" = Option<bool>, Query, description = "Checked; addresses are always those of originals."),
    ),
    request_body = AssetChange,
    responses(
        (status = 200, description = "The asset as it is now.", body = OneAsset),
        Refused, UnfitBody, Conflict,
    ),
)]
pub(super) async fn update(
    State(app): State<App>,
    asking: Asking,
    links: Links,
    path: PathFields,
    incoming: Incoming,
) -> Result<Json<OneAsset>, Refusal> {
    let (caller, id) = (&asking.caller, named(&path)?);
    let (body, files): (AssetChange, Files) = doors::read(&app, caller, incoming).await?;
    let locked_until = body.lock_expires_at.as_deref().map(lock_end).transpose()?;
    let expected =
        Expected { lock_id: body.lock_id.as_deref().map(lock_id), ..Expected::default() };
    let patch = AssetPatch {
        name: body.name,
        description: body.description.map(Some),
        locked_until,
        ..AssetPatch::default()
    };
    let asset = match (body.canvas, files.thumbnail) {
        (None, None) => app.library().change_asset(caller, id, &expected, patch).await,
        (canvas, thumbnail) => {
            let is_passing = body.disable_snapshot.unwrap_or(false);
            let change = CanvasChange { canvas, thumbnail, is_passing };
            app.library().change_canvas(caller, id, &expected, patch, change).await
        }
    };
    Ok(Json(shelf::one(&app, caller, &links, asset.map_err(in_body)?).await?))
}

/// The end of a lock.
pub(super) fn lock_end(raw: &str) -> Result<i64, Fault> {
    let read = time::parse_field("body.lockExpiresAt", raw);
    read.map_err(|field| Fault::invalid_fields(vec![field]))
}

/// What is no id is a lock that nobody holds.
pub(super) fn lock_id(raw: &str) -> Id<Lock> {
    Id::parse(raw).unwrap_or(Id::new(uuid::Uuid::nil()))
}

/// Ids of assets.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = scenario::AssetIds, example = json!({"assetIds": ["asset_0190f2c4-a7e0-7d1b-8a55-0c2f6b0f4a11"]}))]
pub(super) struct AssetIds {
    pub(super) asset_ids: Vec<String>,
}

impl AssetIds {
    /// The ids, of which there may be so many.
    pub(super) fn at_most(self, most: usize) -> Result<Vec<String>, Fault> {
        if self.asset_ids.len() <= most {
            return Ok(self.asset_ids);
        }
        let said = format!("must name at most {most} assets");
        Err(Fault::invalid("body.assetIds", "length", said))
    }
}

/// Delete assets
///
/// At most 100; all of them, or none when one is unknown or another's. They can be restored for
/// 30 days, and those already deleted stay so.
#[utoipa::path(
    delete, path = "/assets", operation_id = "deleteAssets", tag = "Assets",
    params(("projectId" = Option<String>, Query, description = "One of the caller's projects.")),
    request_body = AssetIds,
    responses((status = 200, description = "They are deleted.", body = Nothing), Refused, UnfitBody, Conflict),
)]
pub(super) async fn delete(
    State(app): State<App>,
    asking: Asking,
    Body(ids): Body<AssetIds>,
) -> Result<Json<Nothing>, Refusal> {
    let ids = ids.at_most(CHANGED_MAX)?;
    app.library().delete_assets(&asking.caller, &ids).await.map_err(in_body)?;
    Ok(Json(Nothing {}))
}

/// What was restored.
#[derive(Debug, Default, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = scenario::Restored, example = json!({"restoredAssetIds": ["asset_0190f2c4-a7e0-7d1b-8a55-0c2f6b0f4a11"], "skippedAssets": []}))]
pub(super) struct Restored {
    restored_asset_ids: Vec<String>,
    skipped_assets: Vec<Skipped>,
}

/// What was not restored.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = scenario::Skipped)]
pub(super) struct Skipped {
    /// As it was given.
    asset_id: String,
    reason: SkipReason,
}

/// Why not.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
#[schema(as = scenario::SkipReason)]
enum SkipReason {
    /// There is no such asset, or not for this caller to restore.
    NotFound,
    /// It is not deleted.
    NotDeleted,
    /// It was deleted more than 30 days ago.
    Expired,
}

impl Restored {
    fn add(&mut self, BulkResult { id, result }: BulkResult) {
        match result {
            Ok(asset) => self.restored_asset_ids.push(asset_id(asset.id)),
            Err(fault) => {
                let reason = match fault.code {
                    "not-deleted" => SkipReason::NotDeleted,
                    "restore-expired" => SkipReason::Expired,
                    _ => SkipReason::NotFound,
                };
                self.skipped_assets.push(Skipped { asset_id: id, reason });
            }
        }
    }
}

/// Restore assets
///
/// At most 100, for 30 days after their deletion.
#[utoipa::path(
    post, path = "/assets/restore", operation_id = "restoreAssets", tag = "Assets",
    params(("projectId" = Option<String>, Query, description = "One of the caller's projects.")),
    request_body = AssetIds,
    responses((status = 200, description = "What was restored, and what was not.", body = Restored), Refused, UnfitBody),
)]
pub(super) async fn restore(
    State(app): State<App>,
    asking: Asking,
    Body(ids): Body<AssetIds>,
) -> Result<Json<Restored>, Refusal> {
    let ids = ids.at_most(CHANGED_MAX)?;
    let results = app.library().bulk(&asking.caller, &Bulk::Restore, &ids).await?;
    let mut restored = Restored::default();
    results.into_iter().for_each(|result| restored.add(result));
    Ok(Json(restored))
}

/// Assets.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = scenario::Assets)]
pub(super) struct Assets {
    assets: Vec<Asset>,
}

/// Get many assets
///
/// At most 200; what is unknown is left out.
#[utoipa::path(
    post, path = "/assets/get-bulk", operation_id = "getAssets", tag = "Assets",
    params(
        ("projectId" = Option<String>, Query, description = "One of the caller's projects."),
        ("originalAssets" = Option<bool>, Query, description = "Checked; addresses are always those of originals."),
    ),
    request_body = AssetIds,
    responses((status = 200, description = "The assets, in the order asked for.", body = Assets), Refused, UnfitBody),
)]
pub(super) async fn get_bulk(
    State(app): State<App>,
    asking: Asking,
    links: Links,
    Body(ids): Body<AssetIds>,
) -> Result<Json<Assets>, Refusal> {
    let ids = ids.at_most(GOT_MAX)?;
    let known: Vec<Id<asset::Asset>> = ids.iter().filter_map(|raw| Id::parse(raw)).collect();
    let found = app.library().assets(&asking.caller, &known).await?;
    Ok(Json(Assets { assets: shelf::shown(&app, &asking.caller, &links, found).await? }))
}

/// A change of an asset's tags.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = scenario::TagsChange, example = json!({"add": ["coffee"], "delete": [], "strict": false}))]
pub(super) struct TagsChange {
    /// To be added.
    #[serde(default)]
    add: Vec<String>,
    /// To be taken away.
    #[serde(default)]
    delete: Vec<String>,
    /// Whether to refuse to add what is there, and to take away what is not.
    #[serde(default)]
    strict: bool,
}

/// What became of the tags.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = scenario::TagsChanged, example = json!({"added": ["coffee"], "deleted": []}))]
pub(super) struct TagsChanged {
    added: Vec<String>,
    deleted: Vec<String>,
}

/// Change an asset's tags
///
/// Only for the uploader.
#[utoipa::path(
    put, path = "/assets/{assetId}/tags", operation_id = "updateAssetTags", tag = "Assets",
    params(
        ("assetId" = String, Path, description = "The asset's id."),
        ("projectId" = Option<String>, Query, description = "One of the caller's projects."),
    ),
    request_body = TagsChange,
    responses((status = 200, description = "What was changed.", body = TagsChanged), Refused, UnfitBody, Conflict),
)]
pub(super) async fn set_tags(
    State(app): State<App>,
    asking: Asking,
    path: PathFields,
    Body(TagsChange { add, delete, strict }): Body<TagsChange>,
) -> Result<Json<TagsChanged>, Refusal> {
    let change = TagChange { add, delete, strict };
    let (added, deleted) = app
        .library()
        .change_tags(&asking.caller, named(&path)?, &Expected::default(), &change)
        .await?;
    Ok(Json(TagsChanged { added, deleted }))
}

/// Where a copy goes.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = scenario::CopyRequest, example = json!({}))]
pub(super) struct CopyRequest {
    /// One of the caller's projects; the one he acts for if absent.
    target_project_id: Option<String>,
}

/// Copy an asset
///
/// The copy is the caller's own, and shared with the project. What it was copied from is its
/// parent.
#[utoipa::path(
    post, path = "/assets/{assetId}/copy", operation_id = "copyAsset", tag = "Assets",
    params(
        ("assetId" = String, Path, description = "The asset's id."),
        ("projectId" = Option<String>, Query, description = "One of the caller's projects."),
        ("originalAssets" = Option<bool>, Query, description = "Checked; addresses are always those of originals."),
    ),
    request_body = CopyRequest,
    responses((status = 200, description = "The copy.", body = OneAsset), Refused, UnfitBody, Conflict),
)]
pub(super) async fn copy(
    State(app): State<App>,
    asking: Asking,
    links: Links,
    path: PathFields,
    incoming: Incoming,
) -> Result<Json<OneAsset>, Refusal> {
    let CopyRequest { target_project_id } = match incoming.content() {
        Content::Undeclared => CopyRequest::default(),
        _ => incoming.json().await?,
    };
    let caller = &asking.caller;
    let target = match target_project_id {
        Some(raw) => Some(Id::parse(&raw).ok_or_else(project_not_found)?),
        None => caller.member().and_then(|member| member.active_organization),
    };
    let to = match target {
        Some(organization) => CopyTo::Shared(organization),
        None => CopyTo::Private,
    };
    let copy = app.library().copy_asset(caller, named(&path)?, to).await.map_err(in_body)?;
    Ok(Json(shelf::one(&app, caller, &links, copy).await?))
}

/// The asset in the path.
pub(super) fn named(path: &PathFields) -> Result<Id<asset::Asset>, Fault> {
    path.id("assetId", asset_not_found)
}

pub(super) fn asset_not_found() -> Fault {
    Fault::new(Kind::NotFound, "asset-not-found", "asset not found")
}
