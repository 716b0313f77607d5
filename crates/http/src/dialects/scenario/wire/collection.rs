//! Collections and tags.

use backlot_library::assets::TagCount;
use backlot_library::delivery::Picture as Which;
use backlot_model::asset::{self, Collection};
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;

use super::asset::{Picture, collection_id, project_id, user_id};
use crate::app::Links;
use crate::edge::time;

/// A collection of assets.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = scenario::Collection)]
pub(in crate::dialects::scenario) struct CollectionBody {
    #[schema(example = "collection_01932b6e7a407cc19b5e3f1f6a0b9c2d")]
    id: String,
    name: String,
    /// The project it belongs to, else who made it.
    owner_id: String,
    asset_count: u64,
    item_count: u64,
    /// 0: there are no models here.
    model_count: u64,
    /// With milliseconds.
    created_at: String,
    /// With milliseconds.
    updated_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    thumbnail: Option<Picture>,
}

impl CollectionBody {
    /// `pictures` are those of the assets that stand for collections that the caller may see.
    pub(in crate::dialects::scenario) fn new(
        collection: Collection,
        pictures: &[asset::Asset],
        links: &Links,
    ) -> Self {
        let it = collection;
        let shown = pictures.iter().find(|asset| it.thumbnail == Some(asset.id));
        Self {
            id: collection_id(it.id),
            name: it.name,
            owner_id: it.organization_id.map_or_else(|| user_id(it.owner_id), project_id),
            asset_count: it.asset_count,
            item_count: it.asset_count,
            model_count: 0,
            created_at: time::to_millis(it.created_at),
            updated_at: time::to_millis(it.updated_at),
            thumbnail: shown.and_then(|asset| Picture::of(asset, Which::Small, links)),
        }
    }
}

/// One collection.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = scenario::OneCollection)]
pub(in crate::dialects::scenario) struct OneCollection {
    pub(in crate::dialects::scenario) collection: CollectionBody,
}

/// A page of collections.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = scenario::CollectionPage)]
pub(in crate::dialects::scenario) struct CollectionPage {
    pub(in crate::dialects::scenario) collections: Vec<CollectionBody>,
    /// Of the next page; absent at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::dialects::scenario) next_pagination_token: Option<String>,
}

/// A new collection.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = scenario::NewCollection)]
pub(in crate::dialects::scenario) struct NewCollection {
    #[schema(min_length = 1, max_length = 255, example = "Spring")]
    pub(in crate::dialects::scenario) name: String,
}

/// A change of a collection.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = scenario::CollectionChange)]
pub(in crate::dialects::scenario) struct CollectionChange {
    #[schema(min_length = 1, max_length = 255, example = "Spring")]
    pub(in crate::dialects::scenario) name: Option<String>,
    /// The asset that shall stand for it; null leaves that to the server again.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    pub(in crate::dialects::scenario) thumbnail: Option<Option<String>>,
}

/// Tells null from absent.
fn given<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<String>>, D::Error> {
    Option::<String>::deserialize(deserializer).map(Some)
}

/// A tag, and how many assets have it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = scenario::Tag)]
pub(in crate::dialects::scenario) struct TagBody {
    #[schema(example = "footwear")]
    tag_name: String,
    #[schema(minimum = 1)]
    item_count: u64,
    owner_id: String,
    /// When it was first given; with milliseconds.
    created_at: String,
    /// When it was last given; with milliseconds.
    updated_at: String,
}

impl TagBody {
    pub(in crate::dialects::scenario) fn new(count: TagCount, owner_id: &str) -> Self {
        Self {
            tag_name: count.tag,
            item_count: count.count,
            owner_id: owner_id.to_owned(),
            created_at: time::to_millis(count.created_at),
            updated_at: time::to_millis(count.updated_at),
        }
    }
}

/// A page of tags.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = scenario::TagPage)]
pub(in crate::dialects::scenario) struct TagPage {
    pub(in crate::dialects::scenario) tags: Vec<TagBody>,
    /// Of the next page; absent at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::dialects::scenario) next_pagination_token: Option<String>,
}
