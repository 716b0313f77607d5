//! The asset: a library entry over a blob.

use crate::account::{Organization, User};
use crate::media::{Detected, Digest, MediaKind, words};
use crate::{Id, Millis};

words! {
    /// How far an asset is.
    Status {
        /// Bytes are being fetched, or facts and thumbnails made.
        Processing = "processing",
        /// Complete.
        Ready = "ready",
        /// Will never be complete; `error` says why.
        Failed = "failed",
    }
}

words! {
    /// Who may see an asset.
    Visibility {
        /// The uploader.
        Private = "private",
        /// The organisation.
        Shared = "shared",
        /// Whoever has the id and a credential.
        Unlisted = "unlisted",
        /// Everyone.
        Public = "public",
    }
}

/// A collection of assets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Collection {
    /// Identifier.
    pub id: Id<Collection>,
    /// Who made it.
    pub owner_id: Id<User>,
    /// Whose members see it; none: only the owner.
    pub organization_id: Option<Id<Organization>>,
    /// 1 to 255 characters.
    pub name: String,
    /// How many live assets are in it.
    pub asset_count: u64,
    /// A member whose thumbnail stands for it.
    pub thumbnail: Option<Id<Asset>>,
    /// When it was made.
    pub created_at: Millis,
    /// When it or its membership last changed.
    pub updated_at: Millis,
}

/// A collection that an asset is in, with what decides who is told so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Collected {
    /// The collection.
    pub id: Id<Collection>,
    /// Who made it.
    pub owner_id: Id<User>,
    /// Whose members see it; none: only the owner.
    pub organization_id: Option<Id<Organization>>,
}

impl From<&Collection> for Collected {
    fn from(it: &Collection) -> Self {
        Self { id: it.id, owner_id: it.owner_id, organization_id: it.organization_id }
    }
}

/// What an asset was made from and by.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lineage {
    /// The asset it was made from.
    pub parent_id: Option<Id<Asset>>,
    /// The first asset of the line; the parent's root, or the parent.
    pub root_id: Option<Id<Asset>>,
    /// The run that made it; opaque.
    pub inference_id: Option<String>,
    /// The model that made it; opaque.
    pub model_id: Option<String>,
    /// A label of who made it; grants nothing.
    pub author_id: Option<String>,
}

/// Keeps everybody from changing an asset who does not name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lock {
    /// A secret: told to nobody but who locked the asset.
    pub id: Id<Lock>,
    /// It ends by itself then.
    pub until: Millis,
}

/// A library entry.
#[derive(Debug, Clone, PartialEq)]
pub struct Asset {
    /// Identifier; its time is the time of creation.
    pub id: Id<Asset>,
    /// Who uploaded it; never changes; may change and delete it.
    pub uploader_id: Id<User>,
    /// The uploader's public name.
    pub uploader_name: String,
    /// Whether the uploader acts for the platform.
    pub uploader_is_superuser: bool,
    /// Whose members see it when it is shared.
    pub organization_id: Option<Id<Organization>>,
    /// A free label.
    pub project: Option<String>,
    /// Display name.
    pub name: String,
    /// As uploaded, with an extension that fits the bytes.
    pub filename: String,
    /// Free text.
    pub description: Option<String>,
    /// One of [`ASSET_TYPES`].
    pub asset_type: String,
    /// Which kind of medium.
    pub kind: MediaKind,
    /// How far it is.
    pub status: Status,
    /// Why it failed; for the uploader.
    pub error: Option<String>,
    /// Who may see it.
    pub visibility: Visibility,
    /// In the order given, without repeats.
    pub tags: Vec<String>,
    /// An instruction kept with the picture.
    pub styling_note: Option<String>,
    /// Hints about the content.
    pub detected: Option<Detected>,
    /// What it was made from and by.
    pub lineage: Lineage,
    /// Generation parameters: a JSON object as text, `{}` when there are none.
    pub parameters: String,
    /// All collections it is in, by id, those included that who sees the asset does not see.
    pub collections: Vec<Collected>,
    /// Another asset that stands for it where pictures are shown.
    pub thumbnail_id: Option<Id<Asset>>,
    /// Whether clients should not show it among others; a mere mark.
    pub is_hidden: bool,
    /// Who may change it meanwhile; one that has ended means nothing.
    pub lock: Option<Lock>,
    /// Its bytes; none while a URL is still being fetched or when that failed.
    pub digest: Option<Digest>,
    /// In bytes.
    pub size: Option<u64>,
    /// Sniffed from the bytes.
    pub mime_type: Option<String>,
    /// In pixels, after orientation.
    pub width: Option<u32>,
    /// In pixels, after orientation.
    pub height: Option<u32>,
    /// `#rrggbb`.
    pub dominant_color: Option<String>,
    /// As `thumbhash` defines it.
    pub thumbhash: Option<Vec<u8>>,
    /// Whether stored thumbnails exist.
    pub has_thumbnails: bool,
    /// Grows whenever fewer people may see it; older signed URLs are void.
    pub access_epoch: i64,
    /// Grows with every change; the ETag.
    pub version: i64,
    /// When it was made.
    pub created_at: Millis,
    /// When it last changed.
    pub updated_at: Millis,
    /// When it was deleted.
    pub deleted_at: Option<Millis>,
}

impl Asset {
    /// The lock that holds at `now`.
    #[must_use]
    pub fn lock_at(&self, now: Millis) -> Option<Lock> {
        self.lock.filter(|lock| lock.until > now)
    }
}

/// The type of a canvas: JSON whose states are kept.
pub const TYPE_CANVAS: &str = "canvas";
/// The type of what is uploaded by hand.
pub const TYPE_UPLOADED: &str = "uploaded";
/// A picture of a face, of which persons are made.
pub const TYPE_FACE: &str = "face";
/// A picture whose style is taken over.
pub const TYPE_TEMPLATE: &str = "template";

/// Every asset type: the union of what the dialects know.
pub const ASSET_TYPES: &[&str] = &[
    "3d-texture",
    "3d-texture-albedo",
    "3d-texture-metallic",
    "3d-texture-mtl",
    "3d-texture-normal",
    "3d-texture-roughness",
    "3d23d",
    "3d23d-texture",
    "audio2audio",
    "audio2txt",
    "audio2video",
    "background-removal",
    TYPE_CANVAS,
    "canvas-drawing",
    "canvas-export",
    "detection",
    "generative-fill",
    "image-prompt-editing",
    "img23d",
    "img2img",
    "img2splat",
    "img2txt",
    "img2video",
    "inference-controlnet",
    "inference-controlnet-img2img",
    "inference-controlnet-inpaint",
    "inference-controlnet-inpaint-ip-adapter",
    "inference-controlnet-ip-adapter",
    "inference-controlnet-reference",
    "inference-controlnet-texture",
    "inference-img2img",
    "inference-img2img-ip-adapter",
    "inference-img2img-texture",
    "inference-inpaint",
    "inference-inpaint-ip-adapter",
    "inference-reference",
    "inference-reference-texture",
    "inference-txt2img",
    "inference-txt2img-ip-adapter",
    "inference-txt2img-texture",
    "patch",
    "pixelization",
    "reframe",
    "restyle",
    "segment",
    "segmentation-image",
    "segmentation-mask",
    "skybox-3d",
    "skybox-base-360",
    "skybox-hdri",
    "texture",
    "texture-albedo",
    "texture-ao",
    "texture-edge",
    "texture-height",
    "texture-metallic",
    "texture-normal",
    "texture-smoothness",
    "txt23d",
    "txt2audio",
    "txt2img",
    "txt2txt",
    "txt2video",
    "unknown",
    "uploaded-3d",
    "uploaded-audio",
    "uploaded-avatar",
    "uploaded-text",
    "uploaded-video",
    "upscale",
    "upscale-skybox",
    "upscale-texture",
    "upscale-video",
    "vectorization",
    "video23d",
    "video2audio",
    "video2img",
    "video2txt",
    "video2video",
    "voice-clone",
    TYPE_UPLOADED,
    TYPE_FACE,
    TYPE_TEMPLATE,
];

/// Whether `word` is one of [`ASSET_TYPES`].
#[must_use]
pub fn is_asset_type(word: &str) -> bool {
    ASSET_TYPES.contains(&word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn asset_types_are_unique() {
        let mut sorted = ASSET_TYPES.to_vec();
        sorted.sort_unstable();
        sorted.dedup();
        assert_eq!(sorted.len(), ASSET_TYPES.len());
        assert!(is_asset_type(TYPE_UPLOADED));
    }
}
