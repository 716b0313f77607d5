//! The asset.

use std::collections::BTreeMap;

use backlot_library::Library;
use backlot_library::delivery::{Picture as Which, extension};
use backlot_model::account::{Caller, Organization, User};
use backlot_model::asset::{self, Collection, Status, Visibility};
use backlot_model::media::MediaKind;
use backlot_model::{Id, Millis};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::parameters;
use super::source::{source_of, type_of};
use crate::app::Links;
use crate::edge::time;

/// The original types that the vendor has a word for, and that word.
const ORIGINAL_TYPES: &[(&str, &str)] = &[
    ("application/gzip", "application/gzip"),
    ("application/json", "application/json"),
    ("application/pdf", "application/pdf"),
    ("application/x-safetensors", "application/safetensors"),
    ("application/zip", "application/zip"),
    ("audio/flac", "audio/flac"),
    ("audio/mp4", "audio/m4a"),
    ("audio/mpeg", "audio/mpeg"),
    ("audio/ogg", "audio/ogg"),
    ("audio/wav", "audio/wav"),
    ("image/avif", "image/avif"),
    ("image/bmp", "image/bmp"),
    ("image/gif", "image/gif"),
    ("image/heic", "image/heic"),
    ("image/jpeg", "image/jpeg"),
    ("image/png", "image/png"),
    ("image/tiff", "image/tiff"),
    ("image/vnd.radiance", "image/vnd.radiance"),
    ("image/webp", "image/webp"),
    ("image/x-exr", "image/x-exr"),
    ("model/gltf+json", "model/gltf+json"),
    ("model/gltf-binary", "model/gltf-binary"),
    ("model/obj", "model/obj"),
    ("model/stl", "model/stl"),
    ("model/vnd.usdz+zip", "model/vnd.usdz+zip"),
    ("model/x-fbx", "model/x-fbx"),
    ("model/x-ply", "model/ply"),
    ("text/plain", "text/plain"),
    ("video/mp4", "video/mp4"),
    ("video/quicktime", "video/quicktime"),
    ("video/webm", "video/webm"),
];

/// An asset.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = scenario::Asset)]
pub(in crate::dialects::scenario) struct Asset {
    /// Begins with `asset_`.
    #[schema(example = "asset_01932b6e7a407cc19b5e3f1f6a0b9c2d")]
    id: String,
    /// The label it was registered with, else the uploader's id.
    author_id: String,
    collection_ids: Vec<String>,
    /// With milliseconds.
    #[schema(example = "2024-01-15T10:30:00.000Z")]
    created_at: String,
    /// Of a deleted one.
    #[serde(skip_serializing_if = "Option::is_none")]
    deleted_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    /// What the server could make of it; nothing here makes pictures.
    edit_capabilities: Vec<String>,
    /// What an image encoder makes of it, if it was asked for and the server has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    embedding: Option<Vec<f32>>,
    /// Whether clients should not show it among others.
    is_hidden: bool,
    #[schema(example = "image")]
    kind: &'static str,
    metadata: Metadata,
    #[schema(example = "image/jpeg")]
    mime_type: String,
    /// Signed.
    #[serde(skip_serializing_if = "Option::is_none")]
    original_file_url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "image/jpeg")]
    original_mime_type: Option<&'static str>,
    /// Its place among the results of its inference, if it was registered with one.
    #[serde(skip_serializing_if = "Option::is_none")]
    output_index: Option<Value>,
    /// The project it belongs to, else the uploader.
    owner_id: String,
    /// At most 1024 pixels wide and high.
    #[serde(skip_serializing_if = "Option::is_none")]
    preview: Option<Picture>,
    privacy: Privacy,
    properties: Properties,
    /// Its type, in another spelling.
    #[schema(example = "uploaded")]
    source: String,
    status: Progress,
    tags: Vec<String>,
    /// At most 320 pixels wide and high.
    #[serde(skip_serializing_if = "Option::is_none")]
    thumbnail: Option<Picture>,
    /// With milliseconds.
    #[schema(example = "2024-01-15T10:30:00.000Z")]
    updated_at: String,
    /// Signed; of the original. `&width=256&format=jpeg&quality=80` gets a smaller picture.
    url: String,
}

/// What an asset is and was made from, with the parameters it was registered with.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = scenario::Metadata)]
pub(in crate::dialects::scenario) struct Metadata {
    #[schema(example = "image")]
    kind: &'static str,
    #[serde(rename = "type")]
    #[schema(example = "uploaded")]
    asset_type: String,
    name: String,
    file_name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    parent_id: Option<String>,
    /// The first asset of the line.
    #[serde(skip_serializing_if = "Option::is_none")]
    root_parent_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    inference_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    model_id: Option<String>,
    /// When the lock ends that holds.
    #[serde(skip_serializing_if = "Option::is_none")]
    lock_expires_at: Option<String>,
    /// What stands for a canvas.
    #[serde(skip_serializing_if = "Option::is_none")]
    thumbnail: Option<Picture>,
    /// `prompt`, `seed` (a text) and all others that the vendor knows.
    #[serde(flatten)]
    parameters: BTreeMap<String, Value>,
}

/// What is known of the bytes.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = scenario::Properties)]
pub(in crate::dialects::scenario) struct Properties {
    /// In bytes; 0 while it is not known.
    size: u64,
    /// In pixels.
    #[serde(skip_serializing_if = "Option::is_none")]
    width: Option<u32>,
    /// In pixels.
    #[serde(skip_serializing_if = "Option::is_none")]
    height: Option<u32>,
    /// The usual extension of the type.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "jpg")]
    format: Option<&'static str>,
}

/// A picture of an asset.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = scenario::Picture)]
pub(in crate::dialects::scenario) struct Picture {
    asset_id: String,
    /// Signed.
    url: String,
}

/// Who may see an asset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = scenario::Privacy)]
pub(in crate::dialects::scenario) enum Privacy {
    /// The uploader, or his project.
    Private,
    /// Whoever has the id and a credential.
    Unlisted,
    /// Everyone.
    Public,
}

impl Privacy {
    pub(in crate::dialects::scenario) const WORDS: &'static [(&'static str, Self)] =
        &[("private", Self::Private), ("unlisted", Self::Unlisted), ("public", Self::Public)];

    /// The visibilities that show as this one.
    pub(in crate::dialects::scenario) fn visibilities(self) -> Vec<Visibility> {
        match self {
            Self::Private => vec![Visibility::Private, Visibility::Shared],
            Self::Unlisted => vec![Visibility::Unlisted],
            Self::Public => vec![Visibility::Public],
        }
    }
}

impl From<Visibility> for Privacy {
    fn from(visibility: Visibility) -> Self {
        match visibility {
            Visibility::Private | Visibility::Shared => Self::Private,
            Visibility::Unlisted => Self::Unlisted,
            Visibility::Public => Self::Public,
        }
    }
}

/// How far an asset is.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = scenario::Status)]
pub(in crate::dialects::scenario) enum Progress {
    /// Its bytes are being fetched, or worked on.
    Pending,
    /// Complete.
    Success,
    /// It will never be complete.
    Error,
}

impl From<Status> for Progress {
    fn from(status: Status) -> Self {
        match status {
            Status::Processing => Self::Pending,
            Status::Ready => Self::Success,
            Status::Failed => Self::Error,
        }
    }
}

impl Asset {
    /// `now` says which locks still hold; `stands_for` is what [`asset::Asset::thumbnail_id`]
    /// names, if the caller may see it.
    pub(in crate::dialects::scenario) fn new(
        asset: asset::Asset,
        stands_for: Option<&asset::Asset>,
        now: Millis,
        links: &Links,
        viewer: &Caller,
    ) -> Self {
        let collections = Library::collections_shown(viewer, &asset);
        let picture = |which| Picture::of(&asset, which, links);
        let (thumbnail, preview) = (picture(Which::Small), picture(Which::Big));
        let url = links.original(&asset);
        let stands_for = stands_for.and_then(|it| Picture::of(it, Which::Small, links));
        let metadata = Metadata::new(&asset, stands_for, now);
        let mime_type = asset.mime_type.as_deref();
        let original = ORIGINAL_TYPES.iter().find(|(known, _)| Some(*known) == mime_type);
        Self {
            id: asset_id(asset.id),
            author_id: author_id(&asset),
            collection_ids: collections.into_iter().map(collection_id).collect(),
            created_at: time::to_millis(asset.created_at),
            deleted_at: asset.deleted_at.map(time::to_millis),
            edit_capabilities: Vec::new(),
            embedding: None,
            is_hidden: asset.is_hidden,
            kind: metadata.kind,
            mime_type: mime_type_of(&asset),
            original_file_url: original.map(|_| url.clone()),
            original_mime_type: original.map(|(_, word)| *word),
            output_index: metadata.parameters.get("outputIndex").cloned(),
            owner_id: owner_id(&asset),
            preview,
            privacy: asset.visibility.into(),
            properties: Properties::new(&asset),
            source: source_of(&metadata.asset_type).to_owned(),
            status: asset.status.into(),
            thumbnail: metadata.thumbnail.clone().or(thumbnail),
            updated_at: time::to_millis(asset.updated_at),
            url,
            metadata,
            description: asset.description,
            tags: asset.tags,
        }
    }

    /// With its embedding.
    pub(in crate::dialects::scenario) fn embedded(self, embedding: Option<Vec<f32>>) -> Self {
        Self { embedding, ..self }
    }
}

impl Metadata {
    fn new(asset: &asset::Asset, thumbnail: Option<Picture>, now: Millis) -> Self {
        let lineage = &asset.lineage;
        Self {
            kind: kind_of(asset.kind),
            asset_type: type_of(&asset.asset_type).to_owned(),
            name: asset.name.clone(),
            file_name: asset.filename.clone(),
            parent_id: lineage.parent_id.map(asset_id),
            root_parent_id: lineage.root_id.map(asset_id),
            inference_id: lineage.inference_id.clone(),
            model_id: lineage.model_id.clone(),
            lock_expires_at: asset.lock_at(now).map(|lock| time::to_millis(lock.until)),
            thumbnail,
            parameters: parameters::shown(&asset.parameters),
        }
    }
}

impl Properties {
    fn new(asset: &asset::Asset) -> Self {
        let format = asset.mime_type.as_deref().map(extension);
        Self {
            size: asset.size.unwrap_or_default(),
            width: asset.width,
            height: asset.height,
            format: format.filter(|word| *word != "bin"),
        }
    }
}

impl Picture {
    pub(in crate::dialects::scenario) fn of(
        asset: &asset::Asset,
        which: Which,
        links: &Links,
    ) -> Option<Self> {
        let url = links.picture(asset, which)?;
        Some(Self { asset_id: asset_id(asset.id), url })
    }
}

/// What the vendor has no kind for is a document.
fn kind_of(kind: MediaKind) -> &'static str {
    match kind {
        MediaKind::Other => MediaKind::Document.word(),
        known => known.word(),
    }
}

/// What is not known yet is said to be anything.
fn mime_type_of(asset: &asset::Asset) -> String {
    let unknown = || "application/octet-stream".to_owned();
    asset.mime_type.clone().unwrap_or_else(unknown)
}

pub(in crate::dialects::scenario) fn asset_id(id: Id<asset::Asset>) -> String {
    id.dressed("asset")
}

pub(in crate::dialects::scenario) fn collection_id(id: Id<Collection>) -> String {
    id.dressed("collection")
}

pub(in crate::dialects::scenario) fn user_id(id: Id<User>) -> String {
    id.dressed("user")
}

pub(in crate::dialects::scenario) fn project_id(id: Id<Organization>) -> String {
    id.dressed("proj")
}

pub(in crate::dialects::scenario) fn team_id(id: Id<Organization>) -> String {
    id.dressed("team")
}

fn author_id(asset: &asset::Asset) -> String {
    asset.lineage.author_id.clone().unwrap_or_else(|| user_id(asset.uploader_id))
}

fn owner_id(asset: &asset::Asset) -> String {
    asset.organization_id.map_or_else(|| user_id(asset.uploader_id), project_id)
}
