//! A blob seen as media: what its bytes are and what was found out about them.

use std::fmt;

use crate::Millis;

/// The SHA-256 of a blob; its name in the store.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest(pub [u8; 32]);

impl Digest {
    /// Reads 64 hexadecimal digits of either case.
    #[must_use]
    pub fn parse(raw: &str) -> Option<Self> {
        let raw = raw.as_bytes();
        if raw.len() != 64 {
            return None;
        }
        let mut bytes = [0; 32];
        for (byte, pair) in bytes.iter_mut().zip(raw.chunks_exact(2)) {
            *byte = nibble(pair[0])? << 4 | nibble(pair[1])?;
        }
        Some(Self(bytes))
    }
}

fn nibble(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

/// Lower-case hexadecimal.
impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

macro_rules! words {
    ($(#[$meta:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $($(#[$doc])* $variant,)+ }

        impl $name {
            /// Every value, in the order of the declaration.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The word that stands for it in rows and in the native API.
            #[must_use]
            pub const fn word(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }

            /// The value that `word` stands for.
            #[must_use]
            pub fn parse(word: &str) -> Option<Self> {
                match word { $($word => Some(Self::$variant),)+ _ => None }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.word())
            }
        }
    };
}
pub(crate) use words;

words! {
    /// The kind of a medium.
    MediaKind {
        /// A raster picture of 8 or 16 bit.
        Image = "image",
        /// A high-dynamic-range picture (Radiance, OpenEXR).
        ImageHdr = "image-hdr",
        /// A moving picture.
        Video = "video",
        /// Sound.
        Audio = "audio",
        /// A mesh, scene or point cloud.
        ThreeD = "3d",
        /// Plain text.
        Text = "text",
        /// A formatted document.
        Document = "document",
        /// JSON.
        Json = "json",
        /// Anything else.
        Other = "other",
    }
}

/// What is known of a blob's content. Facts belong to the bytes, so equal bytes share them.
#[derive(Debug, Clone, PartialEq)]
pub struct Facts {
    /// Which kind of medium.
    pub kind: MediaKind,
    /// The type sniffed from the bytes.
    pub mime_type: String,
    /// In bytes.
    pub size: u64,
    /// In pixels, after orientation.
    pub width: Option<u32>,
    /// In pixels, after orientation.
    pub height: Option<u32>,
    /// The EXIF orientation, 1 to 8.
    pub orientation: Option<u8>,
    /// `#rrggbb`.
    pub dominant_color: Option<String>,
    /// The name of the embedded colour profile.
    pub color_profile: Option<String>,
    /// Bytes as `thumbhash` defines them.
    pub thumbhash: Option<Vec<u8>>,
    /// 64 bits; near-duplicates are near in Hamming distance.
    pub perceptual_hash: Option<u64>,
    /// Whether it has more than one frame.
    pub animated: bool,
    /// Of video, audio and animations.
    pub duration_ms: Option<Millis>,
}

/// Best-effort hints about the content. `None` means nobody computed it, not `false`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Detected {
    /// A person is in the picture.
    pub has_person: Option<bool>,
    /// Clothing is in the picture.
    pub has_clothing: Option<bool>,
    /// High-level descriptors of a person.
    pub person_attributes: Option<Vec<String>>,
    /// Garments.
    pub clothing_items: Option<Vec<String>>,
    /// Broad content categories.
    pub categories: Option<Vec<String>>,
    /// Which detector gave which hint: `(hint, "name/version")`.
    pub sources: Vec<(String, String)>,
}

impl Detected {
    /// Nothing is known.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.has_person.is_none()
            && self.has_clothing.is_none()
            && self.person_attributes.is_none()
            && self.clothing_items.is_none()
            && self.categories.is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_reads_what_it_writes() {
        let digest = Digest([0xab; 32]);
        assert_eq!(Digest::parse(&digest.to_string()), Some(digest));
        assert_eq!(Digest::parse("ab"), None);
        assert_eq!(Digest::parse(&"g".repeat(64)), None);
    }
}
