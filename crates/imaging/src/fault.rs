//! Why a picture could not be read, in words for the person who sent it.

use std::fmt;

use backlot_model::{Fault, Kind};

/// Why a picture could not be read or was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ImageFault {
    /// A side is longer than allowed.
    SideTooLong {
        /// The longest side, in pixels.
        side_px: u32,
        /// What is allowed.
        side_px_max: u32,
    },
    /// Width × height is more than allowed.
    TooManyPixels {
        /// In pixels.
        width: u32,
        /// In pixels.
        height: u32,
        /// What is allowed.
        pixels_max: u64,
    },
    /// An animation has more frames than allowed.
    TooManyFrames {
        /// How many there are.
        frames: u32,
        /// What is allowed.
        frames_max: u32,
    },
    /// Width × height × frames of an animation is more than allowed.
    AnimationTooLarge {
        /// In pixels.
        width: u32,
        /// In pixels.
        height: u32,
        /// How many there are.
        frames: u32,
        /// What is allowed, in pixels over all frames.
        pixels_max: u64,
    },
    /// EXIF, ICC and the like are larger than allowed.
    MetadataTooLarge {
        /// How large they are, in bytes.
        bytes: u64,
        /// What is allowed.
        bytes_max: u64,
    },
    /// The bytes end before the picture does.
    Truncated,
    /// The bytes contradict their format; the text says how.
    Corrupt(String),
    /// Not a picture, or a variant of a format that is not read; the text says which.
    Unsupported(String),
    /// A picture that is stored and whose size is known, but that cannot be shown: a decoder for
    /// it is not part of this crate. The seam for one from outside.
    NoDecoder {
        /// The format's name.
        format: &'static str,
    },
    /// Reading took longer than allowed.
    TooSlow {
        /// What is allowed, in milliseconds.
        limit_ms: u64,
    },
}

impl ImageFault {
    /// A fault of a decoder, told apart by its text where decoders give no more.
    pub(crate) fn from_decoder(cause: &dyn fmt::Display) -> Self {
        let text = cause.to_string();
        let lower = text.to_lowercase();
        let ends_early = [
            "unexpected end",
            "unexpectedeof",
            "premature end",
            "fill whole buffer",
            "end of file",
            "unexpected eof",
        ];
        if ends_early.iter().any(|sign| lower.contains(sign)) {
            return Self::Truncated;
        }
        Self::Corrupt(text)
    }
}

impl fmt::Display for ImageFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SideTooLong { side_px, side_px_max } => {
                write!(
                    f,
                    "the picture's longest side is {side_px} px; at most {side_px_max} px are allowed"
                )
            }
            Self::TooManyPixels { width, height, pixels_max } => {
                write!(
                    f,
                    "the picture is {width}×{height} px; at most {pixels_max} pixels are allowed"
                )
            }
            Self::TooManyFrames { frames, frames_max } => {
                write!(f, "the animation has {frames} frames; at most {frames_max} are allowed")
            }
            Self::AnimationTooLarge { width, height, frames, pixels_max } => write!(
                f,
                "the animation is {width}×{height} px × {frames} frames; at most {pixels_max} pixels over all frames are allowed"
            ),
            Self::MetadataTooLarge { bytes, bytes_max } => {
                write!(
                    f,
                    "the picture's metadata is {bytes} bytes; at most {bytes_max} are allowed"
                )
            }
            Self::Truncated => f.write_str("the file ends before the picture does"),
            Self::Corrupt(how) => write!(f, "the picture is damaged: {how}"),
            Self::Unsupported(what) => write!(f, "{what} is not supported"),
            Self::NoDecoder { format } => {
                write!(f, "{format} is stored, but there is no decoder to preview it")
            }
            Self::TooSlow { limit_ms } => {
                write!(f, "reading the picture took longer than {limit_ms} ms")
            }
        }
    }
}

impl std::error::Error for ImageFault {}

impl From<ImageFault> for Fault {
    fn from(fault: ImageFault) -> Self {
        let (kind, code) = match &fault {
            ImageFault::SideTooLong { .. }
            | ImageFault::TooManyPixels { .. }
            | ImageFault::TooManyFrames { .. }
            | ImageFault::AnimationTooLarge { .. } => (Kind::TooLarge, "too-many-pixels"),
            ImageFault::MetadataTooLarge { .. } | ImageFault::TooSlow { .. } => {
                (Kind::TooLarge, "too-large")
            }
            ImageFault::Truncated => (Kind::Invalid, "bytes-truncated"),
            ImageFault::Corrupt(_) => (Kind::Invalid, "invalid"),
            ImageFault::Unsupported(_) | ImageFault::NoDecoder { .. } => {
                (Kind::UnsupportedMedia, "unsupported-media")
            }
        };
        match fault {
            // What a decoder says helps nobody who has the picture.
            ImageFault::Corrupt(how) => {
                Self::new(kind, code, "the picture is damaged and cannot be decoded").because(how)
            }
            other => Self::new(kind, code, other.to_string()),
        }
    }
}
