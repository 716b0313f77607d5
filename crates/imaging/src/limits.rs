//! What a picture may be, and until when work on it may go on.

use backlot_model::limits::{MIB, UploadLimits};
use backlot_model::{Clock, Millis};

use crate::ImageFault;

/// Width × height × frames of an animation, in pixels: 1,000 frames of 2,000 × 2,000.
pub const ANIMATION_PIXELS_MAX: u64 = 4_000_000_000;
/// Embedded metadata (EXIF, ICC and the like) of one picture, in bytes.
pub const METADATA_BYTES_MAX: u64 = 16 * MIB;
/// Scans of a progressive JPEG; each costs a pass over all of its blocks.
pub const JPEG_SCANS_MAX: u32 = 100;
/// Longest side of an on-demand rendition, in pixels.
pub const RENDITION_SIDE_PX_MAX: u32 = 4_096;

/// The longest side of a picture that is only written in another format, in pixels: what every
/// format can hold.
pub const FULL_SIDE_PX_MAX: u32 = 16_383;

const _: () =
    assert!(RENDITION_SIDE_PX_MAX < FULL_SIDE_PX_MAX, "a lossy WebP has at most 16,383 px a side");

/// What a picture may be. Checked from its header, before memory is taken for its pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// A side, in pixels.
    pub side_px_max: u32,
    /// Width × height, in pixels.
    pub pixels_max: u64,
    /// Frames of an animation.
    pub frames_max: u32,
    /// Width × height × frames of an animation, in pixels.
    pub animation_pixels_max: u64,
    /// Embedded metadata, in bytes, inflated.
    pub metadata_bytes_max: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self::from(&UploadLimits::default())
    }
}

impl From<&UploadLimits> for Limits {
    fn from(limits: &UploadLimits) -> Self {
        Self {
            side_px_max: limits.side_px_max,
            pixels_max: limits.pixels_max,
            frames_max: limits.frames_max,
            animation_pixels_max: ANIMATION_PIXELS_MAX,
            metadata_bytes_max: METADATA_BYTES_MAX,
        }
    }
}

impl Limits {
    /// Checks one frame's sides.
    pub(crate) fn check_size(&self, width: u32, height: u32) -> Result<(), ImageFault> {
        if width == 0 || height == 0 {
            return Err(ImageFault::Corrupt(format!("its size is {width}×{height} px")));
        }
        let side_px = width.max(height);
        if side_px > self.side_px_max {
            return Err(ImageFault::SideTooLong { side_px, side_px_max: self.side_px_max });
        }
        let pixels = u64::from(width) * u64::from(height);
        if pixels > self.pixels_max {
            return Err(ImageFault::TooManyPixels { width, height, pixels_max: self.pixels_max });
        }
        Ok(())
    }

    /// Checks the number of frames of a picture of that size.
    pub(crate) fn check_frames(
        &self,
        width: u32,
        height: u32,
        frames: u32,
    ) -> Result<(), ImageFault> {
        if frames > self.frames_max {
            return Err(ImageFault::TooManyFrames { frames, frames_max: self.frames_max });
        }
        let pixels = u64::from(width) * u64::from(height) * u64::from(frames);
        if frames > 1 && pixels > self.animation_pixels_max {
            let pixels_max = self.animation_pixels_max;
            return Err(ImageFault::AnimationTooLarge { width, height, frames, pixels_max });
        }
        Ok(())
    }

    /// Checks the size of a block of metadata.
    pub(crate) fn check_metadata(&self, bytes: u64) -> Result<(), ImageFault> {
        if bytes > self.metadata_bytes_max {
            let bytes_max = self.metadata_bytes_max;
            return Err(ImageFault::MetadataTooLarge { bytes, bytes_max });
        }
        Ok(())
    }
}

/// Until when work may go on.
///
/// Looked at between the stages (decode, resize, each encode), between the tiles of an AVIF and at
/// every 64 KiB that a decoder reads. A stage that has its input and is computing is not
/// interrupted: what bounds it is [`Limits`]. One tile of an AVIF, libjpeg-turbo's decoding and
/// every encoding are such stages.
#[derive(Clone, Copy, Default)]
pub struct Deadline<'a> {
    until: Option<(&'a dyn Clock, Millis)>,
    limit_ms: u64,
}

impl<'a> Deadline<'a> {
    /// `limit_ms` from now on.
    #[must_use]
    pub fn after(clock: &'a dyn Clock, limit_ms: u64) -> Self {
        let limit = Millis::try_from(limit_ms).unwrap_or(Millis::MAX);
        Self { until: Some((clock, clock.now_ms().saturating_add(limit))), limit_ms }
    }

    /// No limit.
    #[must_use]
    pub fn never() -> Self {
        Self::default()
    }

    pub(crate) fn check(&self) -> Result<(), ImageFault> {
        match self.until {
            Some((clock, until_ms)) if clock.now_ms() > until_ms => {
                Err(ImageFault::TooSlow { limit_ms: self.limit_ms })
            }
            _ => Ok(()),
        }
    }
}
