//! What a call takes.

use backlot_imaging::Sniffed;
use backlot_model::limits::UploadLimits;
use backlot_model::media::MediaKind;
use backlot_model::{Fault, Kind};

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

/// Which types a call takes, and up to which size.
#[derive(Debug, Clone, Copy)]
pub struct Accepts {
    /// Only these types; empty means every kind of file that Backlot keeps.
    types: &'static [&'static str],
    image_bytes_max: u64,
    other_bytes_max: u64,
}

impl Accepts {
    /// Every kind of file, each up to the limit of its kind.
    #[must_use]
    pub const fn anything(limits: &UploadLimits) -> Self {
        Self {
            types: &[],
            image_bytes_max: limits.image_bytes_max,
            other_bytes_max: limits.other_bytes_max,
        }
    }

    /// Pictures of any type.
    #[must_use]
    pub const fn pictures(limits: &UploadLimits) -> Self {
        Self::only(PICTURE_TYPES, limits.image_bytes_max)
    }

    /// Pictures of these types, up to `image_bytes_max`.
    #[must_use]
    pub const fn only(types: &'static [&'static str], image_bytes_max: u64) -> Self {
        Self { types, image_bytes_max, other_bytes_max: image_bytes_max }
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
        let Some(sniffed) = sniffed else { return Err(self.refusal("this kind of file")) };
        let refused = if self.types.is_empty() {
            sniffed.is_active_content() || sniffed.kind == MediaKind::Other
        } else {
            !self.types.contains(&sniffed.media_type)
        };
        if refused {
            return Err(self.refusal(sniffed.media_type));
        }
        Ok(match sniffed.kind {
            MediaKind::Image | MediaKind::ImageHdr => self.image_bytes_max,
            _ => self.other_bytes_max,
        })
    }

    fn refusal(&self, what: &str) -> Fault {
        let taken = match self.types {
            [] => "pictures, video, audio, 3D, documents, text and JSON".to_owned(),
            types => types.join(", "),
        };
        let said = format!("{what} is not accepted here; accepted are {taken}");
        Fault::new(Kind::UnsupportedMedia, "unsupported-media", said).at("body.file", "type")
    }
}
