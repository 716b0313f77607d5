//! YouThumbAI's types.

use std::collections::BTreeMap;

use backlot_library::delivery::Picture;
use backlot_library::persons::PersonWithImages;
use backlot_library::temp_files::TempFile;
use backlot_model::Fault;
use backlot_model::asset::{Asset, TYPE_FACE, TYPE_TEMPLATE};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::app::Links;
use crate::edge::time;

/// What a good answer is wrapped in.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = youthumb::Answer)]
pub(super) struct Answer<T> {
    /// `true`.
    #[schema(example = true)]
    success: bool,
    data: T,
    /// Of a deletion.
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<&'static str>,
}

impl<T> Answer<T> {
    pub(super) fn of(data: T) -> Self {
        Self { success: true, data, message: None }
    }
}

impl Answer<Message> {
    pub(super) fn said(message: &'static str) -> Self {
        Self { success: true, data: Message { message }, message: Some(message) }
    }
}

/// What was done.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = youthumb::Message)]
pub(super) struct Message {
    #[schema(example = "Asset deleted")]
    message: &'static str,
}

/// A face, a template, or a temporary file.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = youthumb::Asset)]
pub(super) struct AssetBody {
    /// A UUID; empty for a temporary file.
    #[schema(example = "01932b6e-7a40-7cc1-9b5e-3f1f6a0b9c2d")]
    id: String,
    /// `face`, `template` or `bucket`.
    #[serde(rename = "type")]
    #[schema(example = "face")]
    asset_type: &'static str,
    /// Signed.
    #[schema(required)]
    url: Option<String>,
    /// The file's name.
    #[schema(example = "my-face.jpg")]
    name: String,
    #[schema(required, example = "Front face photo")]
    description: Option<String>,
    #[schema(required, example = "image/jpeg")]
    mime_type: Option<String>,
    /// In bytes.
    #[schema(required, example = 245_000)]
    size: Option<u64>,
    /// In pixels; null for a temporary file.
    #[schema(required, example = 1920)]
    width: Option<u32>,
    /// In pixels; null for a temporary file.
    #[schema(required, example = 1080)]
    height: Option<u32>,
    /// With milliseconds.
    #[schema(example = "2024-01-15T10:30:00.000Z")]
    created_at: String,
    /// What a temporary file is known by; absent otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    file_key: Option<String>,
}

impl AssetBody {
    pub(super) fn new(asset: Asset, links: &Links) -> Self {
        let asset_type = if asset.asset_type == TYPE_FACE { TYPE_FACE } else { TYPE_TEMPLATE };
        Self {
            id: asset.id.to_string(),
            asset_type,
            url: links.picture(&asset, Picture::Original),
            name: asset.name,
            description: asset.description,
            mime_type: asset.mime_type,
            size: asset.size,
            width: asset.width,
            height: asset.height,
            created_at: time::to_millis(asset.created_at),
            file_key: None,
        }
    }

    pub(super) fn bucket(file: TempFile, links: &Links) -> Self {
        let url = links.temp_file(&file);
        let TempFile { key, filename, description, mime_type, size, created_at, .. } = file;
        Self {
            id: String::new(),
            asset_type: "bucket",
            url: Some(url),
            name: filename,
            description,
            mime_type: Some(mime_type),
            size: Some(size),
            width: None,
            height: None,
            created_at: time::to_millis(created_at),
            file_key: Some(key),
        }
    }
}

/// A page of assets.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = youthumb::AssetList)]
pub(super) struct ListBody {
    pub(super) assets: Vec<AssetBody>,
    pub(super) pagination: Pagination,
}

/// Which page it is.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = youthumb::Pagination)]
pub(super) struct Pagination {
    #[schema(example = 1)]
    pub(super) page: u64,
    #[schema(example = 20)]
    pub(super) limit: u32,
    /// Null for temporary files.
    #[schema(required, example = 42)]
    pub(super) total: Option<u64>,
    /// Null for temporary files.
    #[schema(required, example = 3)]
    pub(super) total_pages: Option<u64>,
    pub(super) has_more: bool,
}

impl Pagination {
    pub(super) fn counted(page: u64, limit: u32, total: u64) -> Self {
        let total_pages = total.div_ceil(u64::from(limit));
        let has_more = page < total_pages;
        Self { page, limit, total: Some(total), total_pages: Some(total_pages), has_more }
    }
}

/// A whole picture, so that the example can be tried.
const TINY_PNG: &str = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk\
                        +M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

/// An upload as JSON.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = youthumb::UploadRequest)]
pub(super) struct UploadBody {
    /// The picture, with or without a `data:` prefix.
    #[serde(default)]
    #[schema(value_type = String, required, example = json!(TINY_PNG))]
    pub(super) base64: Option<String>,
    /// `face`, `template` or `bucket`.
    #[serde(rename = "type")]
    #[schema(value_type = String, required, example = "face")]
    pub(super) asset_type: Option<String>,
    #[schema(example = "my-face.jpg")]
    pub(super) filename: Option<String>,
    /// `image/jpeg` (if absent), `image/png`, `image/webp` or `image/gif`; the bytes know better.
    #[schema(example = "image/jpeg")]
    pub(super) mime_type: Option<String>,
    #[schema(max_length = 500, example = "Front face photo")]
    pub(super) description: Option<String>,
}

/// An upload as a form.
#[derive(Debug, ToSchema)]
#[schema(as = youthumb::UploadForm)]
#[expect(dead_code, reason = "describes the form for the OpenAPI document; it is read as a stream")]
pub(super) struct UploadForm {
    /// The picture.
    #[schema(value_type = String, format = Binary)]
    file: String,
    /// `face`, `template` or `bucket`.
    #[schema(rename = "type", example = "face")]
    r#type: String,
    #[schema(max_length = 500)]
    description: Option<String>,
}

/// A person: a name and face pictures.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = youthumb::Person)]
pub(super) struct PersonBody {
    #[schema(example = "01932b6e-7a40-7cc1-9b5e-3f1f6a0b9c2e")]
    id: String,
    #[schema(example = "Mira")]
    name: String,
    images: Vec<AssetBody>,
    /// The picture that stands for the person; null without pictures.
    #[schema(required)]
    default_image_id: Option<String>,
    /// With milliseconds.
    created_at: String,
    /// With milliseconds.
    updated_at: String,
}

impl PersonBody {
    pub(super) fn new(found: PersonWithImages, links: &Links) -> Self {
        let PersonWithImages { person, images } = found;
        let default = person.default_image_id.filter(|id| images.iter().any(|it| it.id == *id));
        let default = default.or(images.first().map(|it| it.id));
        Self {
            id: person.id.to_string(),
            name: person.name,
            default_image_id: default.map(|id| id.to_string()),
            images: images.into_iter().map(|image| AssetBody::new(image, links)).collect(),
            created_at: time::to_millis(person.created_at),
            updated_at: time::to_millis(person.updated_at),
        }
    }
}

/// A page of persons.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = youthumb::PersonList)]
pub(super) struct PersonListBody {
    pub(super) persons: Vec<PersonBody>,
    pub(super) pagination: Pagination,
}

/// A new person.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = youthumb::NewPerson)]
pub(super) struct NewPersonBody {
    #[schema(min_length = 1, max_length = 255, example = "Mira")]
    pub(super) name: String,
    /// Of face assets.
    #[schema(min_items = 1, max_items = 10, example = json!(["01932b6e-7a40-7cc1-9b5e-3f1f6a0b9c2d"]))]
    pub(super) image_ids: Vec<String>,
}

/// A change of a person.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = youthumb::PersonUpdate)]
pub(super) struct PersonUpdateBody {
    #[schema(min_length = 1, max_length = 255, example = "Mira")]
    pub(super) name: String,
}

/// Pictures to add to a person.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = youthumb::ImageIds)]
pub(super) struct ImageIdsBody {
    /// Of face assets.
    #[schema(min_items = 1, max_items = 10, example = json!(["01932b6e-7a40-7cc1-9b5e-3f1f6a0b9c2d"]))]
    pub(super) image_ids: Vec<String>,
}

/// The picture that shall stand for a person.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = youthumb::DefaultImage)]
pub(super) struct DefaultImageBody {
    /// One of the person's pictures.
    #[schema(example = "01932b6e-7a40-7cc1-9b5e-3f1f6a0b9c2d")]
    pub(super) image_id: String,
}

/// A refusal.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = youthumb::Error)]
pub(super) struct ErrorBody {
    /// `false`.
    #[schema(example = false)]
    success: bool,
    /// For people.
    #[schema(example = "Asset not found")]
    error: String,
    /// What is wrong with each field; absent when it is none of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    details: Option<BTreeMap<String, Vec<String>>>,
}

impl From<&Fault> for ErrorBody {
    fn from(fault: &Fault) -> Self {
        let mut details: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for field in &fault.fields {
            let name = field.path.iter().skip(1).map(String::as_str).collect::<Vec<_>>().join(".");
            let name = if name.is_empty() { "body".to_owned() } else { name };
            details.entry(name).or_default().push(field.message.clone());
        }
        let details = (!details.is_empty()).then_some(details);
        Self { success: false, error: sentence(fault), details }
    }
}

/// A fault of a field begins with its name, as clients write it.
fn sentence(fault: &Fault) -> String {
    let Some(field) = fault.fields.first() else { return capital(&fault.message) };
    let root = field.path.first().map(|root| format!("{root}.")).unwrap_or_default();
    match fault.message.strip_prefix(&root) {
        Some(named) => named.to_owned(),
        None => capital(&fault.message),
    }
}

fn capital(message: &str) -> String {
    let mut chars = message.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}
