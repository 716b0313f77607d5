//! What a call takes.

use backlot_imaging::Sniffed;
use backlot_model::asset::Asset;
use backlot_model::limits::UploadLimits;
use backlot_model::media::MediaKind;
use backlot_model::{Fault, Kind};
use serde::{Deserialize, Serialize};

/// Every type of picture that can be decoded or at least stored as one.
pub const PICTURE_TYPES: &[&str] = &[
    "image/jpeg",
    "image/png",
    "image/webp",
    "image/gif",
    "image/avif",
    "image/bmp",
    "image/tiff",
    "image/heic",
    "image/heif",
];

/// Where an uploaded file stands in a body.
pub(super) const FILE: &str = "body.file";

/// Which types a call takes, and up to which size. Serialised, it travels with the job that
/// fetches a URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Accepts {
    /// One bit for each of [`PICTURE_TYPES`]; `None` means every kind of file that Backlot keeps.
    #[serde(with = "type_words")]
    pictures: Option<u16>,
    /// One bit for each of [`MediaKind::ALL`]; `None` means every kind.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "kind_words")]
    kinds: Option<u16>,
    image_bytes_max: u64,
    other_bytes_max: u64,
}

impl Accepts {
    /// Every kind of file, each up to the limit of its kind.
    #[must_use]
    pub const fn anything(limits: &UploadLimits) -> Self {
        Self {
            pictures: None,
            kinds: None,
            image_bytes_max: limits.image_bytes_max,
            other_bytes_max: limits.other_bytes_max,
        }
    }

    /// Pictures of any type.
    #[must_use]
    pub fn pictures(limits: &UploadLimits) -> Self {
        Self::only(PICTURE_TYPES, limits.image_bytes_max)
    }

    /// Pictures of these types, which are among [`PICTURE_TYPES`], up to `image_bytes_max`.
    #[must_use]
    pub fn only(types: &[&str], image_bytes_max: u64) -> Self {
        let pictures = Some(bits_of(types));
        Self { pictures, kinds: None, image_bytes_max, other_bytes_max: image_bytes_max }
    }

    /// Files of these kinds, each up to the limit of its kind.
    #[must_use]
    pub fn kinds(kinds: &[MediaKind], limits: &UploadLimits) -> Self {
        Self { kinds: Some(bits_of_kinds(kinds)), ..Self::anything(limits) }
    }

    /// Whether a call takes a file of this kind and type.
    fn takes(&self, kind: MediaKind, media_type: &str) -> bool {
        self.kinds.is_none_or(|kinds| kinds & bits_of_kinds(&[kind]) != 0)
            && self.pictures.is_none_or(|types| types & bits_of(&[media_type]) != 0)
    }

    /// The most that any file may have.
    #[must_use]
    pub fn bytes_max(&self) -> u64 {
        self.image_bytes_max.max(self.other_bytes_max)
    }

    /// The most that a file of this type may have.
    ///
    /// # Errors
    /// `unsupported-media`, naming the accepted types, when the call does not take it.
    pub(crate) fn bytes_max_of(&self, sniffed: Option<&Sniffed>) -> Result<u64, Fault> {
        let Some(sniffed) = sniffed else { return Err(self.refusal("this kind of file", FILE)) };
        let never = sniffed.is_active_content() || sniffed.kind == MediaKind::Other;
        if never || !self.takes(sniffed.kind, sniffed.media_type) {
            return Err(self.refusal(sniffed.media_type, FILE));
        }
        Ok(match sniffed.kind {
            MediaKind::Image | MediaKind::ImageHdr => self.image_bytes_max,
            _ => self.other_bytes_max,
        })
    }

    /// Refuses a picture that is here already and that the call would not take as an upload.
    ///
    /// # Errors
    /// `unsupported-media`, `too-large`, at `body.url`.
    pub(crate) fn refuse_existing(&self, asset: &Asset) -> Result<(), Fault> {
        let media_type = asset.mime_type.as_deref().unwrap_or_default();
        if !self.takes(asset.kind, media_type) {
            return Err(self.refusal(media_type, "body.url"));
        }
        let bytes_max = match asset.kind {
            MediaKind::Image | MediaKind::ImageHdr => self.image_bytes_max,
            _ => self.other_bytes_max,
        };
        if asset.size.is_some_and(|size| size > bytes_max) {
            return Err(too_large(bytes_max, "body.url"));
        }
        Ok(())
    }

    fn refusal(&self, what: &str, path: &str) -> Fault {
        let taken = match (self.pictures, self.kinds) {
            (Some(taken), _) => words_of(taken).join(", "),
            (None, Some(kinds)) => {
                kinds_of(kinds).map(MediaKind::word).collect::<Vec<_>>().join(", ")
            }
            (None, None) => "pictures, video, audio, 3D, documents, text and JSON".to_owned(),
        };
        let said = format!("{what} is not accepted here; accepted are {taken}");
        Fault::new(Kind::UnsupportedMedia, "unsupported-media", said).at(path, "type")
    }
}

/// A file over the limit of its kind.
pub(super) fn too_large(bytes_max: u64, path: &str) -> Fault {
    let said = format!("the file is larger than {bytes_max} bytes, the most this call takes");
    Fault::new(Kind::TooLarge, "too-large", said).at(path, "length")
}

fn bits_of(types: &[&str]) -> u16 {
    let bit = |place: usize| if types.contains(&PICTURE_TYPES[place]) { 1 << place } else { 0 };
    (0..PICTURE_TYPES.len()).fold(0, |bits, place| bits | bit(place))
}

fn bits_of_kinds(kinds: &[MediaKind]) -> u16 {
    kinds.iter().fold(0, |bits, kind| bits | 1 << *kind as u16)
}

fn kinds_of(bits: u16) -> impl Iterator<Item = MediaKind> {
    MediaKind::ALL.iter().copied().filter(move |kind| bits & bits_of_kinds(&[*kind]) != 0)
}

fn words_of(bits: u16) -> Vec<&'static str> {
    let taken = |(place, _): &(usize, _)| bits & (1 << place) != 0;
    PICTURE_TYPES.iter().copied().enumerate().filter(taken).map(|(_, word)| word).collect()
}

/// The types by name, so that a job outlives a change of their order.
mod type_words {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use super::{bits_of, words_of};

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
    pub(super) fn serialize<S: Serializer>(
        bits: &Option<u16>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        bits.map(words_of).serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<u16>, D::Error> {
        let words = Option::<Vec<String>>::deserialize(deserializer)?;
        Ok(words.map(|words| bits_of(&words.iter().map(String::as_str).collect::<Vec<_>>())))
    }
}

/// The kinds by name, for the same reason.
mod kind_words {
    use backlot_model::media::MediaKind;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use super::{bits_of_kinds, kinds_of};

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
    pub(super) fn serialize<S: Serializer>(
        bits: &Option<u16>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        let words = bits.map(|bits| kinds_of(bits).map(MediaKind::word).collect::<Vec<_>>());
        words.serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<u16>, D::Error> {
        let words = Option::<Vec<String>>::deserialize(deserializer)?;
        let kinds = |words: Vec<String>| -> Vec<MediaKind> {
            words.iter().filter_map(|word| MediaKind::parse(word)).collect()
        };
        Ok(words.map(|words| bits_of_kinds(&kinds(words))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_travels_by_name() {
        let limits = UploadLimits::default();
        let accepts = Accepts::only(&["image/png", "image/webp"], 7);
        let json = serde_json::to_string(&accepts).unwrap();
        assert_eq!(
            json,
            r#"{"pictures":["image/png","image/webp"],"image_bytes_max":7,"other_bytes_max":7}"#
        );
        assert_eq!(serde_json::from_str::<Accepts>(&json).unwrap(), accepts);
        let anything = Accepts::anything(&limits);
        let json = serde_json::to_string(&anything).unwrap();
        assert_eq!(serde_json::from_str::<Accepts>(&json).unwrap(), anything);
    }

    #[test]
    fn kinds_travel_by_name_too() {
        let limits = UploadLimits::default();
        let accepts = Accepts::kinds(&[MediaKind::Video, MediaKind::Json], &limits);
        let json = serde_json::to_string(&accepts).unwrap();
        assert!(json.contains(r#""kinds":["video","json"]"#), "{json}");
        assert_eq!(serde_json::from_str::<Accepts>(&json).unwrap(), accepts);
        assert!(accepts.takes(MediaKind::Video, "video/mp4"));
        assert!(!accepts.takes(MediaKind::Image, "image/png"));
        let fault = accepts.bytes_max_of(None).unwrap_err();
        assert!(fault.message.ends_with("accepted are video, json"), "{}", fault.message);
    }

    #[test]
    fn the_refusal_names_what_is_taken() {
        let accepts = Accepts::only(&["image/png"], 7);
        let fault = accepts.bytes_max_of(None).unwrap_err();
        assert_eq!(fault.kind, Kind::UnsupportedMedia);
        assert!(fault.message.ends_with("accepted are image/png"), "{}", fault.message);
    }
}
