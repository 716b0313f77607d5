//! What an upload is to become, kept until its bytes are there.

use backlot_model::Fault;
use backlot_model::asset::Visibility;
use backlot_model::limits::UploadLimits;
use backlot_model::media::MediaKind;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::assets::NewAsset;
use crate::ingest::Accepts;

/// Which sort of file an upload is to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UploadKind {
    /// Whatever Backlot keeps.
    Asset,
    /// A picture.
    Image,
    /// A picture of a person.
    Avatar,
    /// A video.
    Video,
    /// A sound.
    Audio,
    /// A 3D model.
    ThreeD,
    /// Text, JSON or a document.
    Text,
}

impl UploadKind {
    /// Every value.
    pub const ALL: &'static [Self] = &[
        Self::Asset,
        Self::Image,
        Self::Avatar,
        Self::Video,
        Self::Audio,
        Self::ThreeD,
        Self::Text,
    ];

    /// The word that stands for it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Asset => "asset",
            Self::Image => "image",
            Self::Avatar => "avatar",
            Self::Video => "video",
            Self::Audio => "audio",
            Self::ThreeD => "3d",
            Self::Text => "text",
        }
    }

    /// The value that `word` stands for.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|it| it.word() == word)
    }

    /// What its bytes may be, and how many.
    #[must_use]
    pub fn accepts(self, limits: &UploadLimits) -> Accepts {
        let kinds: &[MediaKind] = match self {
            Self::Asset => return Accepts::anything(limits),
            Self::Image | Self::Avatar => return Accepts::pictures(limits),
            Self::Video => &[MediaKind::Video],
            Self::Audio => &[MediaKind::Audio],
            Self::ThreeD => &[MediaKind::ThreeD],
            Self::Text => &[MediaKind::Text, MediaKind::Json, MediaKind::Document],
        };
        Accepts::kinds(kinds, limits)
    }

    /// The type of the asset that a file of this kind becomes when nobody says.
    pub(super) const fn asset_type(self, found: MediaKind) -> &'static str {
        match (self, found) {
            (Self::Avatar, _) => "uploaded-avatar",
            (_, MediaKind::Video) => "uploaded-video",
            (_, MediaKind::Audio) => "uploaded-audio",
            (_, MediaKind::ThreeD) => "uploaded-3d",
            (_, MediaKind::Text | MediaKind::Json | MediaKind::Document) => "uploaded-text",
            _ => "uploaded",
        }
    }
}

/// What the asset will be called. Hints are not kept: nobody has any before the bytes are there.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Promise {
    name: Option<String>,
    description: Option<String>,
    project: Option<String>,
    #[serde(rename = "type")]
    asset_type: Option<String>,
    visibility: Option<String>,
    tags: Vec<String>,
    styling_note: Option<String>,
    pub(super) parent_id: Option<String>,
    inference_id: Option<String>,
    model_id: Option<String>,
    author_id: Option<String>,
    parameters: Option<Map<String, Value>>,
    pub(super) collection_ids: Vec<String>,
    organization_id: Option<String>,
    pub(super) is_hidden: bool,
}

impl Promise {
    pub(super) fn of(new: &NewAsset) -> Self {
        let NewAsset {
            name,
            filename: _,
            description,
            project,
            asset_type,
            visibility,
            tags,
            styling_note,
            parent_id,
            inference_id,
            model_id,
            author_id,
            parameters,
            detected: _,
            collection_ids,
            organization_id,
            is_hidden,
        } = new.clone();
        Self {
            name,
            description,
            project,
            asset_type,
            visibility: visibility.map(|it| it.word().to_owned()),
            tags,
            styling_note,
            parent_id,
            inference_id,
            model_id,
            author_id,
            parameters,
            collection_ids,
            organization_id,
            is_hidden,
        }
    }

    pub(super) fn json(&self) -> Result<String, Fault> {
        serde_json::to_string(self).map_err(Fault::internal)
    }

    pub(super) fn read(json: &str) -> Result<Self, Fault> {
        serde_json::from_str(json).map_err(Fault::internal)
    }

    pub(super) fn into_new(self, filename: String) -> NewAsset {
        NewAsset {
            name: self.name,
            filename: Some(filename),
            description: self.description,
            project: self.project,
            asset_type: self.asset_type,
            visibility: self.visibility.as_deref().and_then(Visibility::parse),
            tags: self.tags,
            styling_note: self.styling_note,
            parent_id: self.parent_id,
            inference_id: self.inference_id,
            model_id: self.model_id,
            author_id: self.author_id,
            parameters: self.parameters,
            detected: None,
            collection_ids: self.collection_ids,
            organization_id: self.organization_id,
            is_hidden: self.is_hidden,
        }
    }
}
