//! ProductAI's types.

use backlot_library::Library;
use backlot_library::delivery::Picture;
use backlot_model::Fault;
use backlot_model::account::Caller;
use backlot_model::asset::Asset;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::app::Links;
use crate::edge::time;

/// An asset as a listing shows it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = productai::Asset)]
pub(super) struct AssetBody {
    /// `asset_` and an opaque, URL-safe id.
    #[schema(example = "asset_01932b6e7a407cc19b5e3f1f6a0b9c2d")]
    asset_id: String,
    #[schema(example = "Blue Sneaker")]
    name: String,
    /// `processing`, `ready` or `failed`.
    #[schema(example = "ready")]
    status: &'static str,
    /// Signed; null when the import failed.
    #[schema(required)]
    url: Option<String>,
    /// Signed; null for what has no thumbnail.
    #[schema(required)]
    thumbnail_url: Option<String>,
    /// In pixels; null until known.
    #[schema(required, example = 1024)]
    width: Option<u32>,
    /// In pixels; null until known.
    #[schema(required, example = 1024)]
    height: Option<u32>,
    #[schema(example = json!(["footwear", "summer"]))]
    tags: Vec<String>,
    /// In whole seconds.
    #[schema(example = "2024-01-15T10:30:00Z")]
    created_at: String,
    /// Why the asset failed, for its uploader; absent otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

impl AssetBody {
    pub(super) fn new(asset: Asset, links: &Links, viewer: &Caller) -> Self {
        let told_why = Library::is_told_why(viewer, &asset);
        Self {
            asset_id: asset.id.dressed("asset"),
            url: links.picture(&asset, Picture::Original),
            thumbnail_url: links.picture(&asset, Picture::Small),
            name: asset.name,
            status: asset.status.word(),
            width: asset.width,
            height: asset.height,
            tags: asset.tags,
            created_at: time::to_seconds(asset.created_at),
            error: asset.error.filter(|_| told_why),
        }
    }
}

/// An asset that was just made.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = productai::CreatedAsset)]
pub(super) struct CreatedBody {
    #[serde(flatten)]
    asset: AssetBody,
    /// In bytes; null while a URL is being imported.
    #[schema(required, example = 245_678)]
    file_size: Option<u64>,
    /// `jpeg`, `png`, `webp`, …; null while a URL is being imported.
    #[schema(required, example = "jpeg")]
    format: Option<String>,
}

impl CreatedBody {
    pub(super) fn new(asset: Asset, links: &Links, viewer: &Caller) -> Self {
        let (file_size, format) = (asset.size, format_of(&asset));
        Self { file_size, format, asset: AssetBody::new(asset, links, viewer) }
    }
}

/// One asset with everything.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = productai::AssetDetails)]
pub(super) struct DetailsBody {
    #[serde(flatten)]
    asset: CreatedBody,
    /// In whole seconds.
    #[schema(example = "2024-01-15T10:31:00Z")]
    updated_at: String,
}

impl DetailsBody {
    pub(super) fn new(asset: Asset, links: &Links, viewer: &Caller) -> Self {
        let updated_at = time::to_seconds(asset.updated_at);
        Self { updated_at, asset: CreatedBody::new(asset, links, viewer) }
    }
}

/// `image/jpeg` is `jpeg`.
fn format_of(asset: &Asset) -> Option<String> {
    let (_, format) = asset.mime_type.as_deref()?.split_once('/')?;
    Some(format.to_owned())
}

/// A page of the caller's uploads.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = productai::AssetList)]
pub(super) struct ListBody {
    pub(super) assets: Vec<AssetBody>,
    /// How many there are in all.
    #[schema(example = 42)]
    pub(super) total: u64,
    pub(super) limit: u32,
    pub(super) offset: u64,
    pub(super) has_more: bool,
}

/// A URL to import.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = productai::ImportRequest)]
pub(super) struct ImportBody {
    /// `http` or `https`, publicly reachable.
    #[schema(example = "https://example.com/product.jpg")]
    pub(super) url: Option<String>,
    /// Display name.
    #[schema(example = "Blue Sneaker")]
    pub(super) name: Option<String>,
    #[serde(default)]
    #[schema(nullable, example = json!(["footwear", "summer"]))]
    pub(super) tags: Option<Vec<String>>,
}

/// A file to upload, or a URL to import.
#[derive(Debug, ToSchema)]
#[schema(as = productai::UploadForm)]
#[expect(dead_code, reason = "describes the form for the OpenAPI document; it is read as a stream")]
pub(super) struct UploadForm {
    /// JPEG, PNG or WebP, at most 10 MB.
    #[schema(value_type = Option<String>, format = Binary)]
    file: Option<String>,
    /// Instead of a file.
    url: Option<String>,
    name: Option<String>,
    /// Repeated, or as a JSON array; `tags[]` is the same.
    tags: Option<Vec<String>>,
}

/// A file to upload.
#[derive(Debug, ToSchema)]
#[schema(as = productai::LegacyUploadForm)]
#[expect(dead_code, reason = "describes the form for the OpenAPI document; it is read as a stream")]
pub(super) struct LegacyUploadForm {
    /// JPEG, PNG or WebP, at most 10 MB.
    #[schema(value_type = String, format = Binary)]
    file: String,
}

/// The envelope of the second face.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = productai::LegacyUpload)]
pub(super) struct LegacyUploadBody {
    /// `OK`.
    #[schema(example = "OK")]
    pub(super) status: &'static str,
    pub(super) data: LegacyAsset,
}

/// An uploaded picture as the second face knows it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = productai::LegacyAsset)]
pub(super) struct LegacyAsset {
    /// Below 2^53.
    #[schema(example = 4_503_599_627_370_496_u64)]
    pub(super) id: u64,
    pub(super) image_url: String,
    #[schema(example = "image/jpeg")]
    pub(super) mimetype: String,
}

/// The envelope of a key check.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = productai::KeyCheck)]
pub(super) struct KeyCheckBody {
    /// `OK`.
    #[schema(example = "OK")]
    pub(super) status: &'static str,
    pub(super) data: KeyState,
}

/// What a key is good for.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = productai::KeyState)]
pub(super) struct KeyState {
    pub(super) valid: bool,
    /// Storing pictures costs no tokens: the greatest whole number that every client can hold.
    #[schema(example = 9_007_199_254_740_991_u64)]
    pub(super) tokens_remaining: u64,
    #[schema(example = "self-hosted")]
    pub(super) plan: &'static str,
}

/// A refusal.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = productai::Error)]
pub(super) struct ErrorBody {
    /// `ERROR`.
    #[schema(example = "ERROR")]
    status: &'static str,
    /// For people.
    #[schema(example = "asset not found")]
    message: String,
    /// For programs; never reworded.
    #[schema(example = "ASSET_NOT_FOUND")]
    code: String,
}

impl From<&Fault> for ErrorBody {
    fn from(fault: &Fault) -> Self {
        let code = fault.code.replace('-', "_").to_ascii_uppercase();
        Self { status: "ERROR", message: all_of(fault), code }
    }
}

/// The envelope has one message, so it names every field at fault.
fn all_of(fault: &Fault) -> String {
    match &*fault.fields {
        [] | [_] => fault.message.clone(),
        many => {
            let named = many.iter().map(|it| format!("{}: {}", it.path.join("."), it.message));
            named.collect::<Vec<_>>().join("; ")
        }
    }
}
