//! Facts from a picture's header, and the limits checked against them.
//!
//! Invariant: no memory is taken by what a header states. What is copied (profile, EXIF) is a
//! slice of the bytes given, or inflated up to the metadata limit.

mod bitmap;
mod gif;
mod jpeg;
mod png;
mod riff;
mod tiff;

use std::fmt;

use crate::heif::{Cicp, Heif};
use crate::limits::Limits;
use crate::orient::Orientation;
use crate::{ImageFault, colour, guarded, isobmff, sniff};

pub(crate) use jpeg::{JpegColour, JpegSpace};

/// The formats whose header is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// JPEG, baseline or progressive.
    Jpeg,
    /// PNG, animated ones included.
    Png,
    /// GIF.
    Gif,
    /// WebP, lossy, lossless and animated.
    WebP,
    /// AVIF, animated ones included.
    Avif,
    /// HEIC and other HEIF: stored; there is no decoder for it here.
    Heic,
    /// Windows bitmap.
    Bmp,
    /// TIFF: the first page.
    Tiff,
    /// Radiance HDR: stored only.
    Hdr,
    /// OpenEXR: stored only.
    Exr,
}

impl Format {
    /// Whether [`process`](crate::process) and [`transform`](crate::transform) can read it.
    #[must_use]
    pub fn has_decoder(self) -> bool {
        !matches!(self, Self::Heic | Self::Hdr | Self::Exr)
    }

    fn of(media_type: &str) -> Option<Self> {
        Some(match media_type {
            "image/jpeg" => Self::Jpeg,
            "image/png" => Self::Png,
            "image/gif" => Self::Gif,
            "image/webp" => Self::WebP,
            "image/avif" => Self::Avif,
            "image/heic" | "image/heif" => Self::Heic,
            "image/bmp" => Self::Bmp,
            "image/tiff" => Self::Tiff,
            "image/vnd.radiance" => Self::Hdr,
            "image/x-exr" => Self::Exr,
            _ => return None,
        })
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Format {
    /// The name that people know it by.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Jpeg => "JPEG",
            Self::Png => "PNG",
            Self::Gif => "GIF",
            Self::WebP => "WebP",
            Self::Avif => "AVIF",
            Self::Heic => "HEIC",
            Self::Bmp => "BMP",
            Self::Tiff => "TIFF",
            Self::Hdr => "Radiance HDR",
            Self::Exr => "OpenEXR",
        }
    }
}

/// How colours are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ColorType {
    /// Shades of gray.
    Gray,
    /// Red, green and blue, or luma and chroma made of them.
    Rgb,
    /// Indices into a palette.
    Palette,
    /// Cyan, magenta, yellow and black.
    Cmyk,
}

/// What a picture's header says.
#[derive(Debug, Clone)]
pub struct Probe {
    /// The format.
    pub format: Format,
    /// As stored, in pixels.
    pub stored_width: u32,
    /// As stored, in pixels.
    pub stored_height: u32,
    /// As shown, after orientation, in pixels.
    pub width: u32,
    /// As shown, after orientation, in pixels.
    pub height: u32,
    /// The EXIF orientation (or what stands for it in the format), 1 to 8; 1 where none is given.
    pub orientation: u8,
    /// How colours are stored.
    pub color: ColorType,
    /// Bits of one sample.
    pub bits: u8,
    /// Whether it can have transparent pixels.
    pub has_alpha: bool,
    /// Frames; 1 for a still picture.
    pub frames: u32,
    /// How long one run of the animation takes, where the format says.
    pub duration_ms: Option<u64>,
    /// The name of the embedded colour profile.
    pub color_profile: Option<String>,
    pub(crate) icc: Option<Vec<u8>>,
    pub(crate) cicp: Option<Cicp>,
    pub(crate) jpeg: Option<JpegColour>,
    /// The size of the first frame, where it is not the picture's.
    pub(crate) first_frame: Option<(u32, u32)>,
    pub(crate) lies: Orientation,
}

impl Probe {
    /// Whether it has more than one frame.
    #[must_use]
    pub fn is_animated(&self) -> bool {
        self.frames > 1
    }

    /// The longest side, in pixels.
    #[must_use]
    pub fn longest_px(&self) -> u32 {
        self.width.max(self.height)
    }
}

/// What the reader of one format found; [`probe`] turns it into a [`Probe`].
#[derive(Debug)]
struct Header {
    width: u32,
    height: u32,
    orientation: Orientation,
    color: ColorType,
    bits: u8,
    has_alpha: bool,
    frames: u32,
    duration_ms: Option<u64>,
    icc: Option<Vec<u8>>,
    cicp: Option<Cicp>,
    jpeg: Option<JpegColour>,
    first_frame: Option<(u32, u32)>,
}

impl Header {
    fn new(width: u32, height: u32, color: ColorType, bits: u8) -> Self {
        Self {
            width,
            height,
            orientation: Orientation::UPRIGHT,
            color,
            bits,
            has_alpha: false,
            frames: 1,
            duration_ms: None,
            icc: None,
            cicp: None,
            jpeg: None,
            first_frame: None,
        }
    }
}

/// Reads the header of a picture and checks every limit against it. `bytes` is the whole file.
///
/// # Errors
/// [`ImageFault::Unsupported`] if it is not a picture of a format that is read here,
/// [`ImageFault::Truncated`] or [`ImageFault::Corrupt`] if its structure shows damage (the pixels
/// are not looked at), and one fault per limit.
pub fn probe(bytes: &[u8], limits: &Limits) -> Result<Probe, ImageFault> {
    guarded(|| probe_inner(bytes, limits))
}

fn probe_inner(bytes: &[u8], limits: &Limits) -> Result<Probe, ImageFault> {
    let head = &bytes[..bytes.len().min(sniff::SNIFF_BYTES)];
    let Some(sniffed) = sniff::sniff(head) else {
        return Err(ImageFault::Unsupported("a file of an unknown type".to_owned()));
    };
    let Some(format) = Format::of(sniffed.media_type) else {
        return Err(ImageFault::Unsupported(format!("a file of type {}", sniffed.media_type)));
    };
    let header = match format {
        Format::Jpeg => jpeg::read(bytes, limits),
        Format::Png => png::read(bytes, limits),
        Format::Gif => gif::read(bytes, limits),
        Format::WebP => riff::read(bytes, limits),
        Format::Avif | Format::Heic => heif(bytes, limits),
        Format::Bmp => bitmap::bmp(bytes),
        Format::Tiff => tiff::read(bytes, limits),
        Format::Hdr => bitmap::hdr(head),
        Format::Exr => bitmap::exr(head),
    }?;
    limits.check_size(header.width, header.height)?;
    limits.check_frames(header.width, header.height, header.frames)?;
    if let Some((width, height)) = header.first_frame {
        limits.check_size(width, height)?;
    }
    Ok(finish(format, header))
}

fn finish(format: Format, header: Header) -> Probe {
    let (width, height) = header.orientation.upright_size(header.width, header.height);
    Probe {
        format,
        stored_width: header.width,
        stored_height: header.height,
        width,
        height,
        orientation: header.orientation.exif(),
        color: header.color,
        bits: header.bits,
        has_alpha: header.has_alpha,
        frames: header.frames,
        duration_ms: header.duration_ms.filter(|ms| header.frames > 1 && *ms > 0),
        color_profile: header.icc.as_deref().and_then(colour::profile_name),
        icc: header.icc,
        cicp: header.cicp,
        jpeg: header.jpeg,
        first_frame: header.first_frame,
        lies: header.orientation,
    }
}

fn heif(bytes: &[u8], limits: &Limits) -> Result<Header, ImageFault> {
    if isobmff::boxes(bytes).any(|it| !it.is_whole) {
        return Err(ImageFault::Truncated);
    }
    let index = Heif::read(bytes)
        .ok_or_else(|| ImageFault::Corrupt("it has no readable index of items".to_owned()))?;
    let (width, height) =
        index.size().ok_or_else(|| ImageFault::Corrupt("it does not say its size".to_owned()))?;
    let mut header = Header::new(width, height, ColorType::Rgb, index.bits());
    header.orientation = index.orientation();
    header.has_alpha = index.alpha().is_some();
    if let Some(icc) = index.icc() {
        limits.check_metadata(icc.len() as u64)?;
        header.icc = Some(icc.to_vec());
    }
    header.cicp = index.cicp();
    if let Some(movie) = isobmff::movie(bytes) {
        header.frames = movie.samples.max(1);
        header.duration_ms = movie.duration_ms;
    }
    Ok(header)
}
