//! The asset, and what changes one.

use backlot_library::assets::BulkResult;
use backlot_library::delivery::Picture;
use backlot_model::{asset, media};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::listing::Pagination;
use crate::app::Links;
use crate::edge::time;

/// The fixed set of tags.
pub(in crate::dialects::piktid) const TAGS: &[&str] = &["model", "product", "background", "other"];

/// A tag of the fixed set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = piktid::Tag)]
pub(in crate::dialects::piktid) enum Tag {
    /// A person.
    Model,
    /// A product or garment alone.
    Product,
    /// A scene or backdrop.
    Background,
    /// Anything else.
    Other,
}

impl Tag {
    const ALL: [Self; 4] = [Self::Model, Self::Product, Self::Background, Self::Other];

    pub(in crate::dialects::piktid) const fn word(self) -> &'static str {
        TAGS[self as usize]
    }

    /// `None` for tags that this vendor does not know.
    fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|tag| tag.word() == word)
    }
}

/// Who can see an asset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = piktid::Visibility)]
pub(in crate::dialects::piktid) enum Visibility {
    /// The uploader lists it.
    Private,
    /// His group lists it.
    Shared,
    /// Everyone lists it; the platform provides it.
    Default,
}

impl Visibility {
    fn of(asset: &asset::Asset) -> Self {
        match asset.visibility {
            asset::Visibility::Private | asset::Visibility::Unlisted => Self::Private,
            asset::Visibility::Public if asset.uploader_is_superuser => Self::Default,
            asset::Visibility::Shared | asset::Visibility::Public => Self::Shared,
        }
    }
}

/// Best-effort hints about the content. What nobody computed is absent.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = piktid::Detected)]
pub(in crate::dialects::piktid) struct Detected {
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    has_person: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    has_clothing: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = json!(["Adult", "Female"]))]
    person_attributes: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = json!(["Shirt", "Pants"]))]
    clothing_items: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = json!(["Apparel and Accessories"]))]
    categories: Option<Vec<String>>,
}

impl From<media::Detected> for Detected {
    fn from(hints: media::Detected) -> Self {
        Self {
            has_person: hints.has_person,
            has_clothing: hints.has_clothing,
            person_attributes: hints.person_attributes,
            clothing_items: hints.clothing_items,
            categories: hints.categories,
        }
    }
}

/// A picture of the library.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = piktid::Asset)]
pub(in crate::dialects::piktid) struct Asset {
    #[schema(example = "01932b6e-7a40-7cc1-9b5e-3f1f6a0b9c2d")]
    id: String,
    #[schema(example = "linen-shirt.jpg")]
    filename: String,
    /// The whole picture. Signed; asking again later gives a fresh one.
    url: String,
    #[schema(format = DateTime, example = "2024-01-15T10:30:00.000000+00:00")]
    created_at: String,
    /// The uploader's username.
    #[schema(example = "anna")]
    created_by: String,
    tags: Vec<Tag>,
    visibility: Visibility,
    /// Signed; null until it is made.
    #[schema(required)]
    thumbnail_big: Option<String>,
    /// Signed; null until it is made.
    #[schema(required)]
    thumbnail_small: Option<String>,
    #[schema(required, example = "keep the sleeves rolled up")]
    styling_note: Option<String>,
    #[schema(required)]
    detected: Option<Detected>,
    /// Width and height in pixels.
    #[schema(required, value_type = Option<Vec<u32>>, min_items = 2, max_items = 2,
        example = json!([1024, 768]))]
    dimensions: Option<[u32; 2]>,
}

impl Asset {
    pub(in crate::dialects::piktid) fn new(asset: asset::Asset, links: &Links) -> Self {
        let thumbnail = |picture| links.picture(&asset, picture).filter(|_| asset.has_thumbnails);
        Self {
            id: asset.id.to_string(),
            url: links.original(&asset),
            created_at: time::to_micros_offset(asset.created_at),
            tags: asset.tags.iter().filter_map(|tag| Tag::parse(tag)).collect(),
            visibility: Visibility::of(&asset),
            thumbnail_big: thumbnail(Picture::Big),
            thumbnail_small: thumbnail(Picture::Small),
            dimensions: asset.width.zip(asset.height).map(|(width, height)| [width, height]),
            filename: asset.filename,
            created_by: asset.uploader_name,
            styling_note: asset.styling_note,
            detected: asset.detected.filter(|hints| !hints.is_empty()).map(Into::into),
        }
    }
}

/// A page of assets.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = piktid::AssetPage)]
pub(in crate::dialects::piktid) struct AssetPage {
    pub(in crate::dialects::piktid) pagination: Pagination,
    pub(in crate::dialects::piktid) assets: Vec<Asset>,
}

/// The tags that an asset is to have.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = piktid::TagsChange)]
pub(in crate::dialects::piktid) struct TagsChange {
    #[schema(max_items = 10, example = json!(["product"]))]
    pub(in crate::dialects::piktid) tags: Vec<Tag>,
}

/// The note that an asset is to have.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = piktid::NoteChange)]
pub(in crate::dialects::piktid) struct NoteChange {
    /// Empty or null clears it.
    // Naming the function makes the field required: absent is not null.
    #[serde(deserialize_with = "Option::deserialize")]
    #[schema(required, max_length = 10_000, example = "keep the sleeves rolled up")]
    pub(in crate::dialects::piktid) styling_note: Option<String>,
}

/// The assets to delete.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = piktid::BulkDelete)]
pub(in crate::dialects::piktid) struct BulkDelete {
    #[schema(min_items = 1, max_items = 100,
        example = json!(["01932b6e-7a40-7cc1-9b5e-3f1f6a0b9c2d"]))]
    pub(in crate::dialects::piktid) asset_ids: Vec<String>,
}

/// What became of them.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = piktid::BulkDeleted)]
pub(in crate::dialects::piktid) struct BulkDeleted {
    #[schema(example = 1)]
    deleted_count: usize,
    /// As they were given.
    #[schema(example = json!([]))]
    failed_ids: Vec<String>,
}

impl BulkDeleted {
    pub(in crate::dialects::piktid) fn new(results: Vec<BulkResult>) -> Self {
        let (deleted, failed): (Vec<_>, Vec<_>) =
            results.into_iter().partition(|it| it.result.is_ok());
        let failed_ids = failed.into_iter().map(|it| it.id).collect();
        Self { deleted_count: deleted.len(), failed_ids }
    }
}
