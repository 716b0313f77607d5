//! What canvases need: locks, and their states over time.

use axum::Json;
use axum::extract::State;
use backlot_library::assets::{CanvasState, Expected, Unlock};
use backlot_model::Fault;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::asking::Asking;
use super::assets::{in_body, lock_end, lock_id, named};
use super::shelf::{self, OneAsset};
use super::wire::asset::{Asset, user_id};
use super::wire::refusal::{Conflict, Refused, UnfitBody};
use crate::app::{App, Links};
use crate::edge::dialect::Refusal;
use crate::edge::fields::Checks;
use crate::edge::intake::body::Body;
use crate::edge::path::PathFields;

/// A lock to be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = scenario::LockRequest)]
pub(super) struct LockRequest {
    /// When it ends by itself; at most 30 days ahead.
    #[schema(format = DateTime, example = "2024-01-15T10:30:00.000Z")]
    lock_expires_at: String,
    /// The lock that the caller holds, to prolong it.
    lock_id: Option<String>,
}

/// A locked asset.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = scenario::LockedAsset)]
pub(super) struct LockedAsset {
    asset: Asset,
    /// A change of the asset must name it as long as the lock holds.
    lock_id: String,
}

/// Lock an asset
///
/// Only for the uploader. Until the lock ends, a change must name it.
#[utoipa::path(
    put, path = "/assets/{assetId}/lock", operation_id = "lockAsset", tag = "Assets",
    params(
        ("assetId" = String, Path, description = "The asset's id."),
        ("projectId" = Option<String>, Query, description = "One of the caller's projects."),
        ("originalAssets" = Option<bool>, Query, description = "Checked; addresses are always those of originals."),
    ),
    request_body = LockRequest,
    responses((status = 200, description = "The asset, and its lock.", body = LockedAsset), Refused, UnfitBody, Conflict),
)]
pub(super) async fn lock(
    State(app): State<App>,
    asking: Asking,
    links: Links,
    path: PathFields,
    Body(body): Body<LockRequest>,
) -> Result<Json<LockedAsset>, Refusal> {
    let (caller, id) = (&asking.caller, named(&path)?);
    let until = lock_end(&body.lock_expires_at)?;
    let held = body.lock_id.as_deref().map(lock_id);
    let expected = Expected { lock_id: held, ..Expected::default() };
    let locked = app.library().lock_asset(caller, id, &expected, until).await;
    let (asset, lock) = locked.map_err(in_body)?;
    let OneAsset { asset } = shelf::one(&app, caller, &links, asset).await?;
    Ok(Json(LockedAsset { asset, lock_id: lock.id.dressed("lock") }))
}

/// The end of a lock.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = scenario::UnlockRequest, example = json!({"forceUnlock": true}))]
pub(super) struct UnlockRequest {
    /// The lock that the caller holds.
    lock_id: Option<String>,
    /// Whether to end it whoever holds it.
    force_unlock: Option<bool>,
}

/// Unlock an asset
///
/// Only for the uploader, with `lockId` or by `forceUnlock`. One that is not locked stays so.
#[utoipa::path(
    put, path = "/assets/{assetId}/unlock", operation_id = "unlockAsset", tag = "Assets",
    params(
        ("assetId" = String, Path, description = "The asset's id."),
        ("projectId" = Option<String>, Query, description = "One of the caller's projects."),
        ("originalAssets" = Option<bool>, Query, description = "Checked; addresses are always those of originals."),
    ),
    request_body = UnlockRequest,
    responses((status = 200, description = "The asset.", body = OneAsset), Refused, UnfitBody, Conflict),
)]
pub(super) async fn unlock(
    State(app): State<App>,
    asking: Asking,
    links: Links,
    path: PathFields,
    Body(body): Body<UnlockRequest>,
) -> Result<Json<OneAsset>, Refusal> {
    let (caller, id) = (&asking.caller, named(&path)?);
    let unlock = match (body.lock_id, body.force_unlock) {
        (_, Some(true)) => Unlock::Forced,
        (Some(raw), _) => Unlock::Held(lock_id(&raw)),
        (None, _) => {
            let said = "is required, unless `forceUnlock` is true";
            return Err(Fault::invalid("body.lockId", "missing", said).into());
        }
    };
    let asset = app.library().unlock_asset(caller, id, unlock).await?;
    Ok(Json(shelf::one(&app, caller, &links, asset).await?))
}

/// A page of a canvas's states.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = scenario::SnapshotPage, example = json!({"snapshots": [{"authorId": "0190f2c4-a7e0-7d1b-8a55-0c2f6b0f4a11", "hash": "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824", "rawData": "{}", "takenAt": 1_768_473_000_000_i64}]}))]
pub(super) struct SnapshotPage {
    snapshots: Vec<SnapshotBody>,
    /// Of the next page; absent at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_pagination_token: Option<String>,
}

/// A state of a canvas.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = scenario::Snapshot)]
pub(super) struct SnapshotBody {
    /// Who made it so.
    author_id: String,
    /// The SHA-256 of `rawData`.
    hash: String,
    /// JSON in a text.
    raw_data: String,
    /// In milliseconds since 1970.
    taken_at: i64,
}

impl From<CanvasState> for SnapshotBody {
    fn from(CanvasState { snapshot, raw_data }: CanvasState) -> Self {
        Self {
            author_id: user_id(snapshot.author_id),
            hash: snapshot.digest.to_string(),
            raw_data,
            taken_at: snapshot.taken_at,
        }
    }
}

/// List a canvas's states
///
/// The latest first. What is no canvas has none.
#[utoipa::path(
    get, path = "/assets/{assetId}/snapshots", operation_id = "listAssetSnapshots", tag = "Assets",
    params(
        ("assetId" = String, Path, description = "The asset's id."),
        ("pageSize" = Option<u32>, Query, minimum = 10, maximum = 100, description = "10 if absent."),
        ("paginationToken" = Option<String>, Query,
            description = "The `nextPaginationToken` of the page before."),
        ("projectId" = Option<String>, Query, description = "One of the caller's projects."),
    ),
    responses((status = 200, description = "One page.", body = SnapshotPage), Refused),
)]
pub(super) async fn snapshots(
    State(app): State<App>,
    asking: Asking,
    path: PathFields,
) -> Result<Json<SnapshotPage>, Refusal> {
    let id = named(&path)?;
    let mut checks = Checks::default();
    let limit = checks.take(asking.query.integer("pageSize", 10..=100)).unwrap_or(10);
    let token = checks.take(asking.query.one("paginationToken"));
    checks.done()?;
    let limit = u32::try_from(limit).unwrap_or(10);
    let found = app.library().snapshots(&asking.caller, id, token, limit).await;
    let (states, next_pagination_token) = found.map_err(|fault| match fault.code {
        "bad-cursor" => fault.at("query.paginationToken", "format"),
        _ => fault,
    })?;
    let snapshots = states.into_iter().map(SnapshotBody::from).collect();
    Ok(Json(SnapshotPage { snapshots, next_pagination_token }))
}
