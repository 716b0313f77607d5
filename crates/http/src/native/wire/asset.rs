//! The asset as it is shown.

use backlot_library::Library;
use backlot_library::assets::{CanvasState, TagCount};
use backlot_library::delivery::Picture;
use backlot_model::account::Caller;
use backlot_model::asset::{Asset, Lineage};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::at;
use super::detected::DetectedHints;
use super::word::{KindWord, StatusWord, VisibilityWord, Word};
use crate::app::Links;

/// A library entry. Every field is always there; what is unknown or unset is null.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Asset, example = json!({
    "id": "0190f2c4-a7e0-7d1b-8a55-0c2f6b0f4a11",
    "owner_id": "0190f2c4-0000-7000-8000-000000000001",
    "organization_id": null, "author_id": null, "project": "autumn",
    "name": "Blue sneaker", "filename": "sneaker.jpg", "description": null,
    "type": "uploaded", "kind": "image", "status": "ready", "error": null,
    "visibility": "private", "tags": ["shoe", "blue"], "styling_note": null, "detected": null,
    "parent_id": null, "root_id": null, "inference_id": null, "model_id": null,
    "parameters": {"prompt": "a blue sneaker", "seed": 7}, "collection_ids": [],
    "url": "http://localhost:8080/media/assets/0190f2c4-a7e0-7d1b-8a55-0c2f6b0f4a11/original.jpg?e=1767225600&k=k1&s=AbC",
    "thumbnail_small_url": "http://localhost:8080/media/assets/0190f2c4-a7e0-7d1b-8a55-0c2f6b0f4a11/small?e=1767225600&k=k1&s=AbC",
    "thumbnail_big_url": "http://localhost:8080/media/assets/0190f2c4-a7e0-7d1b-8a55-0c2f6b0f4a11/big?e=1767225600&k=k1&s=AbC",
    "mime_type": "image/jpeg", "size": 482113, "width": 1600, "height": 1200,
    "content_hash": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "thumbhash": "1QcSHQRnh493V4dIh4eXh1h4kJUI", "dominant_color": "#3a5f8b",
    "created_at": "2026-01-15T10:30:00.000Z", "updated_at": "2026-01-15T10:30:01.250Z",
    "deleted_at": null, "thumbnail_id": null, "is_hidden": false, "locked_until": null
}))]
pub(in crate::native) struct AssetBody {
    /// Identifier.
    #[schema(format = Uuid)]
    id: String,
    /// Who uploaded it; never changes.
    #[schema(format = Uuid)]
    owner_id: String,
    /// Whose members see it when it is shared.
    #[schema(format = Uuid)]
    organization_id: Option<String>,
    /// A label of who made it; grants nothing.
    author_id: Option<String>,
    /// A free label.
    project: Option<String>,
    /// Display name.
    name: String,
    /// As uploaded; if that was not said, the id with an extension that fits the bytes.
    filename: String,
    /// Free text.
    description: Option<String>,
    /// What sort of asset it is: `uploaded`, `face`, `template`, `inference-txt2img` …
    #[serde(rename = "type")]
    asset_type: String,
    /// Which kind of medium.
    kind: KindWord,
    /// How far it is.
    status: StatusWord,
    /// Why it failed; only the uploader sees it.
    error: Option<String>,
    /// Who may see it.
    visibility: VisibilityWord,
    /// In the order given.
    tags: Vec<String>,
    /// An instruction kept with the picture.
    styling_note: Option<String>,
    /// Hints about the content.
    detected: Option<DetectedHints>,
    /// The asset it was made from.
    #[schema(format = Uuid)]
    parent_id: Option<String>,
    /// The first asset of its line.
    #[schema(format = Uuid)]
    root_id: Option<String>,
    /// The run that made it.
    inference_id: Option<String>,
    /// The model that made it.
    model_id: Option<String>,
    /// Generation parameters.
    parameters: Map<String, Value>,
    /// The collections it is in.
    collection_ids: Vec<String>,
    /// Signed address of the bytes; the same for a day, good for a week. There before the bytes are,
    /// as long as they may come; null of what is deleted, and where there will be none.
    url: Option<String>,
    /// Signed address of a picture of at most 320 pixels.
    thumbnail_small_url: Option<String>,
    /// Signed address of a picture of at most 1024 pixels.
    thumbnail_big_url: Option<String>,
    /// Sniffed from the bytes.
    mime_type: Option<String>,
    /// In bytes.
    size: Option<u64>,
    /// In pixels, after orientation.
    width: Option<u32>,
    /// In pixels, after orientation.
    height: Option<u32>,
    /// SHA-256 of the bytes, in lower-case hexadecimal.
    content_hash: Option<String>,
    /// A blurred preview in about 25 bytes, in base64; see <https://evanw.github.io/thumbhash/>.
    thumbhash: Option<String>,
    /// `#rrggbb`.
    dominant_color: Option<String>,
    /// When it was made.
    #[schema(format = DateTime)]
    created_at: String,
    /// When it last changed.
    #[schema(format = DateTime)]
    updated_at: String,
    /// When it was deleted; it can be restored for 30 days.
    #[schema(format = DateTime)]
    deleted_at: Option<String>,
    /// Another asset that stands for it where pictures are shown.
    #[schema(format = Uuid)]
    thumbnail_id: Option<String>,
    /// Whether it should not be shown among others; a mere mark.
    is_hidden: bool,
    /// Until then only who holds its lock may change it; a time that is past means nothing.
    #[schema(format = DateTime)]
    locked_until: Option<String>,
}

impl AssetBody {
    /// The asset as `viewer` sees it.
    pub(in crate::native) fn of(asset: Asset, links: &Links, viewer: &Caller) -> Self {
        // The bytes of what is deleted are given to nobody.
        let live = asset.deleted_at.is_none();
        let picture = |picture| links.picture(&asset, picture).filter(|_| live);
        let url = picture(Picture::Original);
        let thumbnail_small_url = picture(Picture::Small);
        let thumbnail_big_url = picture(Picture::Big);
        let collection_ids = Library::collections_shown(viewer, &asset);
        let told_why = Library::is_told_why(viewer, &asset);
        // No `..`: a new field of the model must be shown or left out here by name. Set by hand,
        // since one name a line would be a page.
        #[rustfmt::skip]
        let Asset {
            id, uploader_id, uploader_name: _, uploader_is_superuser: _, organization_id, project,
            name, filename, description, asset_type, kind, status, error, visibility, tags,
            styling_note, detected, lineage, parameters, collections: _, digest, size, mime_type,
            width, height, dominant_color, thumbhash, has_thumbnails: _, access_epoch: _,
            version: _, created_at, updated_at, deleted_at, thumbnail_id, is_hidden, lock,
        } = asset;
        let Lineage { parent_id, root_id, inference_id, model_id, author_id } = lineage;
        Self {
            id: id.to_string(),
            owner_id: uploader_id.to_string(),
            organization_id: organization_id.map(|id| id.to_string()),
            author_id,
            project,
            name,
            filename,
            description,
            asset_type,
            kind: Word(kind),
            status: Word(status),
            error: error.filter(|_| told_why),
            visibility: Word(visibility),
            tags,
            styling_note,
            detected: detected.map(DetectedHints::from),
            parent_id: parent_id.map(|id| id.to_string()),
            root_id: root_id.map(|id| id.to_string()),
            inference_id,
            model_id,
            // What was stored is an object; it was checked when it came.
            parameters: serde_json::from_str(&parameters).unwrap_or_default(),
            collection_ids: collection_ids.iter().map(ToString::to_string).collect(),
            url,
            thumbnail_small_url,
            thumbnail_big_url,
            mime_type,
            size,
            width,
            height,
            content_hash: digest.map(|digest| digest.to_string()),
            thumbhash: thumbhash.map(|hash| STANDARD.encode(hash)),
            dominant_color,
            created_at: at(created_at),
            updated_at: at(updated_at),
            deleted_at: deleted_at.map(at),
            thumbnail_id: thumbnail_id.map(|id| id.to_string()),
            is_hidden,
            locked_until: lock.map(|lock| at(lock.until)),
        }
    }
}

/// One page of assets.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::native) struct AssetPage {
    /// In the order asked for.
    pub(in crate::native) data: Vec<AssetBody>,
    /// How many there are in all; null when `count=false`.
    #[schema(example = 42)]
    pub(in crate::native) count: Option<u64>,
    /// Give it as `cursor` to get the next page; null at the end.
    pub(in crate::native) next_cursor: Option<String>,
}

/// A tag, and how many assets carry it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Tag)]
pub(in crate::native) struct TagBody {
    /// The tag.
    #[schema(example = "shoe")]
    tag: String,
    /// How many assets that the caller can list carry it.
    #[schema(example = 3)]
    count: u64,
}

impl From<TagCount> for TagBody {
    fn from(counted: TagCount) -> Self {
        let TagCount { tag, count, created_at: _, updated_at: _ } = counted;
        Self { tag, count }
    }
}

/// One page of tags, by name.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::native) struct TagPage {
    /// By name.
    pub(in crate::native) data: Vec<TagBody>,
    /// Give it as `after` to get the next page; null at the end.
    pub(in crate::native) next_after: Option<String>,
}

impl TagPage {
    /// A page of at most `limit` tags, of which one more was read than is shown.
    pub(in crate::native) fn of(mut counts: Vec<TagCount>, limit: usize) -> Self {
        let more = counts.len() > limit;
        counts.truncate(limit);
        let data: Vec<TagBody> = counts.into_iter().map(TagBody::from).collect();
        let next_after = data.last().filter(|_| more).map(|last| last.tag.clone());
        Self { data, next_after }
    }
}

/// An asset that looks like another one.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Duplicate)]
pub(in crate::native) struct DuplicateBody {
    /// The other asset.
    pub(in crate::native) asset: AssetBody,
    /// In how many of 64 bits their perceptual hashes differ: 0 (the same picture) to 7.
    #[schema(minimum = 0, maximum = 7)]
    pub(in crate::native) distance: u32,
}

/// In which format an asset is wanted.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
#[schema(as = DownloadRequest, example = json!({"target_format": "png"}))]
pub(in crate::native) struct DownloadAsked {
    /// For pictures `jpeg`, `png`, `webp` or `avif`; what it has already if absent.
    pub(in crate::native) target_format: Option<String>,
}

/// Where an asset can be fetched.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Download)]
pub(in crate::native) struct DownloadBody {
    /// Signed; good as long as those of the asset itself.
    pub(in crate::native) url: String,
    /// What the bytes there are.
    #[schema(example = "image/png")]
    pub(in crate::native) mime_type: String,
}

/// One state of a canvas.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Snapshot)]
pub(in crate::native) struct SnapshotBody {
    /// SHA-256 of `raw_data`, in lower-case hexadecimal.
    content_hash: String,
    /// JSON text.
    raw_data: String,
    /// Who made it so.
    #[schema(format = Uuid)]
    author_id: String,
    /// When.
    #[schema(format = DateTime)]
    taken_at: String,
}

impl From<CanvasState> for SnapshotBody {
    fn from(state: CanvasState) -> Self {
        let CanvasState { snapshot, raw_data } = state;
        Self {
            content_hash: snapshot.digest.to_string(),
            raw_data,
            author_id: snapshot.author_id.to_string(),
            taken_at: at(snapshot.taken_at),
        }
    }
}

/// One page of the states of a canvas.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "data": [{
        "content_hash": "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824", "raw_data": "{}", "author_id": "0190f2c4-a7e0-7d1b-8a55-0c2f6b0f4a11",
        "taken_at": "2026-01-15T10:30:00.000Z"
    }],
    "next_cursor": null
}))]
pub(in crate::native) struct SnapshotPage {
    /// The latest first.
    pub(in crate::native) data: Vec<SnapshotBody>,
    /// Give it as `cursor` to get the next page; null at the end.
    pub(in crate::native) next_cursor: Option<String>,
}
