//! `/uploads`: files that come in parts, or from an address.

use axum::Json;
use axum::extract::State;
use backlot_library::assets::NewAsset;
use backlot_library::uploads::{
    NewUpload, PARTS_MAX, Upload, UploadFrom, UploadKind, UploadSource, UploadState,
};
use backlot_model::fault::FieldFault;
use backlot_model::{Fault, Id, Kind};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::asking::Asking;
use super::assets::shared_if_possible;
use super::spelling::{Spelling, respelt};
use super::wire::asset::{asset_id, collection_id, project_id, user_id};
use super::wire::refusal::{Conflict, Refused, UnfitBody};
use crate::app::{App, Links};
use crate::edge::dialect::Refusal;
use crate::edge::intake::body::{Body, Object};
use crate::edge::path::PathFields;
use crate::edge::time;

/// A file to be uploaded.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = scenario::NewUpload)]
pub(super) struct NewUploadBody {
    /// `asset`, `image`, `avatar`, `video`, `audio`, `3d` or `text`.
    #[schema(example = "image")]
    kind: Option<String>,
    /// Where the file is to be fetched; else it comes in parts.
    url: Option<String>,
    /// Needed for parts.
    #[schema(max_length = 255, example = "low-res-image.jpg")]
    file_name: Option<String>,
    /// In bytes; needed for parts.
    #[schema(value_type = Option<u64>, minimum = 1)]
    file_size: Option<f64>,
    /// Needed for parts.
    #[schema(example = "image/jpeg")]
    content_type: Option<String>,
    /// In how many parts it comes; they may have any size.
    #[schema(value_type = Option<u32>, minimum = 1, maximum = 10000)]
    parts: Option<f64>,
    #[schema(value_type = Option<AssetOptions>)]
    asset_options: Option<Object<AssetOptions>>,
    /// Models are not kept here.
    hugging_face_model_name: Option<String>,
    /// Models are not kept here.
    civitai_model_url: Option<String>,
}

/// What the asset will be.
#[derive(Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = scenario::AssetOptions)]
pub(super) struct AssetOptions {
    #[serde(skip_serializing_if = "Option::is_none")]
    collection_ids: Option<Vec<String>>,
    /// Whether clients should not show it among others.
    #[serde(skip_serializing_if = "Option::is_none")]
    hide: Option<bool>,
    /// What it was made from.
    #[serde(skip_serializing_if = "Option::is_none")]
    parent_id: Option<String>,
}

/// An upload.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = scenario::Upload)]
pub(super) struct UploadBody {
    #[schema(example = "upload_01932b6e7a407cc19b5e3f1f6a0b9c2d")]
    id: String,
    author_id: String,
    owner_id: String,
    /// With milliseconds.
    created_at: String,
    /// With milliseconds.
    updated_at: String,
    file_name: String,
    original_file_name: String,
    #[schema(example = "image")]
    kind: &'static str,
    /// `multipart` or `url`.
    #[schema(example = "multipart")]
    source: &'static str,
    /// `pending`, `validating`, `validated`, `imported` or `failed`.
    #[schema(example = "pending")]
    status: &'static str,
    asset_options: AssetOptions,
    content_type: String,
    /// In bytes: as announced, then as found.
    #[serde(skip_serializing_if = "Option::is_none")]
    file_size: Option<u64>,
    /// The asset, once it is imported.
    #[serde(skip_serializing_if = "Option::is_none")]
    entity_id: Option<String>,
    /// Why it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    error_message: Option<String>,
    /// Where the parts are sent to, by `PUT`, while they are awaited.
    #[serde(skip_serializing_if = "Option::is_none")]
    parts: Option<Vec<PartBody>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    parts_count: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
}

/// Where one part is sent to.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = scenario::UploadPart)]
pub(super) struct PartBody {
    /// From 1.
    number: u32,
    /// Signed; takes the raw bytes by `PUT`.
    url: String,
    /// Good until then; with milliseconds.
    expires: String,
}

/// One upload.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = scenario::OneUpload)]
pub(super) struct OneUpload {
    upload: UploadBody,
}

impl UploadBody {
    fn new(state: UploadState, links: &Links) -> Self {
        let in_parts = state.parts_count > 0;
        let entity_id = state.is_complete().then(|| asset_id(state.asset_id));
        let part = |it| {
            let url = links.part(state.id, it);
            PartBody { number: it.number, url, expires: time::to_millis(it.expires_at) }
        };
        let parts = (!state.parts.is_empty()).then(|| state.parts.iter().map(part).collect());
        let owner_id = state.organization_id.map_or_else(|| user_id(state.owner_id), project_id);
        let collections: Vec<String> =
            state.collection_ids.iter().copied().map(collection_id).collect();
        Self {
            id: state.id.dressed("upload"),
            author_id: user_id(state.owner_id),
            owner_id,
            created_at: time::to_millis(state.created_at),
            updated_at: time::to_millis(state.updated_at),
            file_name: state.filename.clone(),
            original_file_name: state.filename,
            kind: state.kind.word(),
            source: match state.source {
                UploadSource::Put | UploadSource::Parts => "multipart",
                UploadSource::Url | UploadSource::Asset => "url",
            },
            status: state.status.word(),
            asset_options: AssetOptions {
                collection_ids: (!collections.is_empty()).then_some(collections),
                hide: state.is_hidden.then_some(true),
                parent_id: state.parent_id.map(asset_id),
            },
            content_type: state.content_type,
            file_size: state.size,
            entity_id,
            error_message: state.error,
            parts,
            parts_count: in_parts.then_some(state.parts_count),
            url: state.url,
        }
    }
}

/// Begin an upload
///
/// In parts, or from a `url`, which is fetched after the answer.
#[utoipa::path(
    post, path = "/uploads", operation_id = "createUpload", tag = "Uploads",
    params(("projectId" = Option<String>, Query, description = "One of the caller's projects.")),
    request_body = NewUploadBody,
    responses(
        (status = 200, description = "The upload, with the addresses of its parts.", body = OneUpload),
        Refused, UnfitBody, Conflict,
    ),
)]
pub(super) async fn create(
    State(app): State<App>,
    asking: Asking,
    links: Links,
    Body(body): Body<NewUploadBody>,
) -> Result<Json<OneUpload>, Refusal> {
    let caller = &asking.caller;
    let mut asked = read(body, &links)?;
    asked.new.visibility = Some(shared_if_possible(caller));
    let begun = app.library().begin_upload(caller, asked).await.map_err(in_body)?;
    Ok(Json(OneUpload { upload: UploadBody::new(begun, &links) }))
}

fn read(body: NewUploadBody, links: &Links) -> Result<NewUpload, Fault> {
    if body.hugging_face_model_name.is_some() || body.civitai_model_url.is_some() {
        let said = "models are not kept here; upload an asset";
        return Err(Fault::invalid("body.kind", "enum", said));
    }
    let kind = body.kind.ok_or_else(|| missing("kind"))?;
    let kind = UploadKind::parse(&kind).ok_or_else(|| {
        let words: Vec<_> = UploadKind::ALL.iter().map(|kind| kind.word()).collect();
        let said = format!("must be one of {}", words.join(", "));
        let fault = FieldFault::new("body.kind", "enum", said).with_input(&kind);
        Fault::invalid_fields(vec![fault])
    })?;
    let Object(options) = body.asset_options.unwrap_or(Object(AssetOptions::default()));
    let new = NewAsset {
        filename: body.file_name.clone(),
        is_hidden: options.hide.unwrap_or(false),
        parent_id: options.parent_id,
        collection_ids: options.collection_ids.unwrap_or_default(),
        ..NewAsset::default()
    };
    let from = match body.url {
        Some(url) => match links.asset_at(&url) {
            Some(id) => UploadFrom::Asset(id),
            None => UploadFrom::Url(url),
        },
        None => {
            body.file_name.ok_or_else(|| missing("fileName"))?;
            let size = whole("fileSize", body.file_size, u64::MAX >> 11)?;
            let count = whole("parts", body.parts, PARTS_MAX.into())?;
            UploadFrom::Parts {
                count: u32::try_from(count).unwrap_or(PARTS_MAX),
                size: Some(size),
                content_type: Some(body.content_type.ok_or_else(|| missing("contentType"))?),
            }
        }
    };
    Ok(NewUpload { kind, from, new })
}

/// A whole number, however it is written.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "it is whole, and in a range that both types hold exactly"
)]
fn whole(field: &str, number: Option<f64>, most: u64) -> Result<u64, Fault> {
    let number = number.ok_or_else(|| missing(field))?;
    if number.fract() == 0.0 && (1.0..=most as f64).contains(&number) {
        return Ok(number as u64);
    }
    let said = format!("must be a whole number between 1 and {most}");
    Err(Fault::invalid(&format!("body.{field}"), "range", said))
}

/// The library's names of fields, as this call spells them.
fn in_body(fault: Fault) -> Fault {
    const SPELT: &[Spelling] = &[
        ("parent_id", &["assetOptions", "parentId"]),
        ("collection_ids", &["assetOptions", "collectionIds"]),
        ("filename", &["fileName"]),
        ("size", &["fileSize"]),
        ("file", &["url"]),
    ];
    respelt(fault, SPELT)
}

/// Get an upload
#[utoipa::path(
    get, path = "/uploads/{uploadId}", operation_id = "getUpload", tag = "Uploads",
    params(
        ("uploadId" = String, Path, description = "The upload's id."),
        ("projectId" = Option<String>, Query, description = "One of the caller's projects."),
    ),
    responses((status = 200, description = "The upload.", body = OneUpload), Refused),
)]
pub(super) async fn get(
    State(app): State<App>,
    asking: Asking,
    links: Links,
    path: PathFields,
) -> Result<Json<OneUpload>, Refusal> {
    let found = app.library().upload(&asking.caller, named(&path)?).await?;
    Ok(Json(OneUpload { upload: UploadBody::new(found, &links) }))
}

/// What is done to an upload.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = scenario::UploadAction, example = json!({"action": "complete"}))]
pub(super) struct UploadAction {
    action: Action,
}

/// The one thing that can be done.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = scenario::UploadActionWord)]
pub(super) enum Action {
    /// All parts were sent.
    Complete,
}

/// Complete an upload
///
/// Says that all parts were sent. Of one that awaits no parts any more, its state.
#[utoipa::path(
    post, path = "/uploads/{uploadId}/action", operation_id = "actOnUpload", tag = "Uploads",
    params(
        ("uploadId" = String, Path, description = "The upload's id."),
        ("projectId" = Option<String>, Query, description = "One of the caller's projects."),
    ),
    request_body = UploadAction,
    responses((status = 200, description = "The upload.", body = OneUpload), Refused, UnfitBody, Conflict),
)]
pub(super) async fn act(
    State(app): State<App>,
    asking: Asking,
    links: Links,
    path: PathFields,
    Body(UploadAction { action }): Body<UploadAction>,
) -> Result<Json<OneUpload>, Refusal> {
    let id = named(&path)?;
    let state = match action {
        Action::Complete => app.library().complete_parts(&asking.caller, id).await?,
    };
    Ok(Json(OneUpload { upload: UploadBody::new(state, &links) }))
}

fn named(path: &PathFields) -> Result<Id<Upload>, Fault> {
    let unknown = || Fault::new(Kind::NotFound, "upload-not-found", "upload not found");
    path.id("uploadId", unknown)
}

fn missing(field: &str) -> Fault {
    Fault::invalid(&format!("body.{field}"), "missing", "is required")
}
