//! Downloads: one asset in a format, or many in an archive.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::asking::Asking;
use super::assets::{in_body, named};
use super::wire::refusal::{Conflict, Refused, UnfitBody};
use crate::app::{App, Links};
use crate::edge::dialect::Refusal;
use crate::edge::intake::{Content, Incoming};
use crate::edge::path::PathFields;

/// A format to download in.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = scenario::DownloadRequest)]
pub(super) struct DownloadRequest {
    /// `jpeg`, `jpg`, `png`, `webp` or `avif`, or what it is stored as, which it is if absent.
    #[schema(example = "webp")]
    target_format: Option<String>,
}

/// Where an asset can be fetched.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = scenario::Download)]
pub(super) struct DownloadBody {
    /// Signed.
    url: String,
    #[schema(example = "image/webp")]
    mime_type: String,
}

/// Download an asset
///
/// As it is, or a picture in another format.
#[utoipa::path(
    post, path = "/assets/{assetId}/download", operation_id = "downloadAsset", tag = "Assets",
    params(
        ("assetId" = String, Path, description = "The asset's id."),
        ("projectId" = Option<String>, Query, description = "One of the caller's projects."),
    ),
    request_body = DownloadRequest,
    responses((status = 200, description = "Where it can be fetched.", body = DownloadBody), Refused, UnfitBody, Conflict),
)]
pub(super) async fn one(
    State(app): State<App>,
    asking: Asking,
    links: Links,
    path: PathFields,
    incoming: Incoming,
) -> Result<Json<DownloadBody>, Refusal> {
    let id = named(&path)?;
    let DownloadRequest { target_format } = match incoming.content() {
        Content::Undeclared => DownloadRequest::default(),
        _ => incoming.json().await?,
    };
    let format = target_format.as_deref();
    let found = app.library().download_asset(&asking.caller, id, format).await.map_err(in_body)?;
    Ok(Json(DownloadBody { url: links.to(&found.path), mime_type: found.mime_type }))
}
