//! One decode of a picture: its thumbnails and every fact that needs pixels.

use crate::colour::Colours;
use crate::decode::{Want, decode};
use crate::facts::facts;
use crate::limits::Deadline;
use crate::pixels::{Pixels, fit};
use crate::probe::Probe;
use crate::{ImageFault, encode, guarded};

/// What facts are computed from, in pixels, where no thumbnail is that small.
const FACTS_PX: u32 = 320;

/// What to make of a picture.
#[derive(Clone)]
pub struct ProcessOptions<'a> {
    /// Longest sides of the thumbnails, in pixels, in any order.
    pub thumb_edges_px: Vec<u32>,
    /// Quality of lossy thumbnails, 1 to 100.
    pub quality: u8,
    /// Longest side of [`Processed::preview`], in pixels; `None` for none.
    pub preview_edge_px: Option<u32>,
    /// Until when to go on.
    pub deadline: Deadline<'a>,
}

impl Default for ProcessOptions<'_> {
    fn default() -> Self {
        use backlot_model::limits::{THUMB_BIG_PX, THUMB_SMALL_PX};
        Self {
            thumb_edges_px: vec![THUMB_SMALL_PX, THUMB_BIG_PX],
            quality: 80,
            preview_edge_px: None,
            deadline: Deadline::never(),
        }
    }
}

/// What came of a picture.
#[derive(Debug, Clone)]
pub struct Processed {
    /// As shown, in pixels.
    pub width: u32,
    /// As shown, in pixels.
    pub height: u32,
    /// `#rrggbb`, in sRGB.
    pub dominant_color: String,
    /// A placeholder of some 25 bytes, as `thumbhash` defines them.
    pub thumbhash: Vec<u8>,
    /// 64 bits; look-alikes differ in few of them.
    pub perceptual_hash: u64,
    /// The name of the embedded colour profile.
    pub color_profile: Option<String>,
    /// The EXIF orientation, 1 to 8, already applied to everything here.
    pub orientation: u8,
    /// One for each edge asked for, in that order.
    pub thumbs: Vec<Thumb>,
    /// Pixels to look for things in, if asked for.
    pub preview: Option<Preview>,
}

/// One thumbnail: upright, in sRGB, without metadata. JPEG, or WebP if it can be seen through.
#[derive(Debug, Clone)]
pub struct Thumb {
    /// The longest side that was asked for, in pixels.
    pub edge_px: u32,
    /// In pixels; never more than the picture's.
    pub width: u32,
    /// In pixels; never more than the picture's.
    pub height: u32,
    /// `image/jpeg` or `image/webp`.
    pub media_type: &'static str,
    /// The file.
    pub bytes: Vec<u8>,
}

/// Small upright pixels, for detectors.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preview {
    /// In pixels.
    pub width: u32,
    /// In pixels.
    pub height: u32,
    /// Red, green, blue, row by row, in sRGB; white behind what can be seen through.
    pub rgb: Vec<u8>,
}

/// Decodes a picture once and makes everything of it that `options` names. Of an animation, the
/// first frame.
///
/// # Errors
/// [`ImageFault::NoDecoder`] for formats that are only stored, [`ImageFault::Truncated`] and
/// [`ImageFault::Corrupt`] if a pixel is missing or wrong, [`ImageFault::TooSlow`] after the
/// deadline. Nothing is made of a damaged picture.
pub fn process(
    bytes: &[u8],
    probe: &Probe,
    options: &ProcessOptions<'_>,
) -> Result<Processed, ImageFault> {
    guarded(|| process_inner(bytes, probe, options))
}

fn process_inner(
    bytes: &[u8],
    probe: &Probe,
    options: &ProcessOptions<'_>,
) -> Result<Processed, ImageFault> {
    let mut edges: Vec<u32> = options.thumb_edges_px.iter().map(|edge| (*edge).max(1)).collect();
    edges.extend(options.preview_edge_px);
    edges.push(FACTS_PX);
    let biggest = edges.iter().copied().max().unwrap_or(FACTS_PX);
    let colours = Colours::of(probe.icc.as_deref(), probe.cicp);
    let want = Want {
        at_least: fit(probe.stored_width, probe.stored_height, biggest),
        planes: colours.is_srgb(),
    };
    let deadline = options.deadline;
    let decoded = decode(bytes, probe, want, deadline)?;
    // The target is taken from the stored size: a scaled decode rounds up.
    let top = sized(decoded, want.at_least)?.upright(probe.lies);
    let top = match colours.is_srgb() {
        true if !is_ink(&top) => top,
        _ => Pixels::Raster(colours.convert(top.into_raster())),
    };
    deadline.check()?;
    let small = top.fit(FACTS_PX)?;
    let facts = facts(&small)?;
    let mut thumbs = Vec::with_capacity(options.thumb_edges_px.len());
    for edge_px in &options.thumb_edges_px {
        let from = if *edge_px <= FACTS_PX { &small } else { &top };
        thumbs.push(thumb(from, *edge_px, options.quality)?);
        deadline.check()?;
    }
    let preview = options.preview_edge_px.map(|edge_px| preview(&top, edge_px)).transpose()?;
    Ok(Processed {
        width: probe.width,
        height: probe.height,
        dominant_color: facts.dominant_color,
        thumbhash: facts.thumbhash,
        perceptual_hash: facts.perceptual_hash,
        color_profile: probe.color_profile.clone(),
        orientation: probe.orientation,
        thumbs,
        preview,
    })
}

fn is_ink(pixels: &Pixels) -> bool {
    matches!(pixels, Pixels::Raster(raster) if raster.layout == crate::pixels::Layout::Cmyk)
}

fn sized(pixels: Pixels, (width, height): (u32, u32)) -> Result<Pixels, ImageFault> {
    if (pixels.width(), pixels.height()) == (width, height) {
        return Ok(pixels);
    }
    let all = crate::pixels::Crop::all(pixels.width(), pixels.height());
    pixels.resize(all, width, height)
}

fn thumb(top: &Pixels, edge_px: u32, quality: u8) -> Result<Thumb, ImageFault> {
    let small = top.fit(edge_px.max(1))?;
    let (width, height) = (small.width(), small.height());
    let (media_type, bytes) = if small.has_alpha() {
        ("image/webp", encode::webp(&small.into_raster(), quality)?)
    } else {
        ("image/jpeg", encode::jpeg(small, quality)?)
    };
    Ok(Thumb { edge_px, width, height, media_type, bytes })
}

fn preview(top: &Pixels, edge_px: u32) -> Result<Preview, ImageFault> {
    let small = top.fit(edge_px.max(1))?.into_raster();
    Ok(Preview { width: small.width, height: small.height, rgb: small.to_rgb() })
}
