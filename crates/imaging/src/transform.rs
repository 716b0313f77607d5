//! On-demand renditions: one size, one format.

use crate::colour::Colours;
use crate::decode::{Want, decode};
use crate::limits::{Deadline, FULL_SIDE_PX_MAX, RENDITION_SIDE_PX_MAX};
use crate::pixels::{Crop, Layout, Pixels, Raster};
use crate::probe::Probe;
use crate::{ImageFault, encode, guarded};

/// How a picture goes into a box of another shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Fit {
    /// The box is filled up with transparency (white in a JPEG) around the whole picture.
    Contain,
    /// The box is filled; what hangs over is cut off evenly.
    Cover,
    /// The box is filled by stretching.
    Fill,
    /// The picture keeps its shape and is at most as large as the box.
    #[default]
    Inside,
}

/// A format that renditions are written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OutputFormat {
    /// Lossy, no transparency: white shows through.
    Jpeg,
    /// Lossless; the quality is not used.
    Png,
    /// Lossy.
    WebP,
    /// Lossy and slow to make.
    Avif,
}

impl OutputFormat {
    /// The media type.
    #[must_use]
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
            Self::WebP => "image/webp",
            Self::Avif => "image/avif",
        }
    }

    /// The file extension, without the dot.
    #[must_use]
    pub fn extension(self) -> &'static str {
        match self {
            Self::Jpeg => "jpg",
            Self::Png => "png",
            Self::WebP => "webp",
            Self::Avif => "avif",
        }
    }
}

/// What to make. A side that is not given follows from the other; with none the picture keeps
/// its size, up to [`FULL_SIDE_PX_MAX`]. Otherwise no side is made longer than
/// [`RENDITION_SIDE_PX_MAX`]; none is ever longer than needed to show every pixel of the picture
/// once.
#[derive(Clone)]
pub struct Transform<'a> {
    /// Of the box, in pixels.
    pub width: Option<u32>,
    /// Of the box, in pixels.
    pub height: Option<u32>,
    /// How the picture goes into the box.
    pub fit: Fit,
    /// What to write.
    pub format: OutputFormat,
    /// 1 to 100.
    pub quality: u8,
    /// Until when to go on.
    pub deadline: Deadline<'a>,
}

/// How long a side of what is made for this box can be, in pixels.
#[must_use]
pub const fn side_px_max(width: Option<u32>, height: Option<u32>) -> u32 {
    match (width, height) {
        (None, None) => FULL_SIDE_PX_MAX,
        _ => RENDITION_SIDE_PX_MAX,
    }
}

/// A rendition: upright, in sRGB, without metadata.
#[derive(Debug, Clone)]
pub struct Encoded {
    /// The file.
    pub bytes: Vec<u8>,
    /// Its type.
    pub media_type: &'static str,
    /// In pixels.
    pub width: u32,
    /// In pixels.
    pub height: u32,
}

/// Makes one rendition of a picture; of an animation, of its first frame.
///
/// # Errors
/// As [`process`](crate::process).
pub fn transform(
    bytes: &[u8],
    probe: &Probe,
    transform: &Transform<'_>,
) -> Result<Encoded, ImageFault> {
    guarded(|| transform_inner(bytes, probe, transform))
}

fn transform_inner(
    bytes: &[u8],
    probe: &Probe,
    transform: &Transform<'_>,
) -> Result<Encoded, ImageFault> {
    let plan = plan(probe.width, probe.height, transform);
    let colours = Colours::of(probe.icc.as_deref(), probe.cicp);
    let want = Want {
        at_least: probe.lies.upright_size(plan.scaled.0, plan.scaled.1),
        planes: colours.is_srgb() && transform.format == OutputFormat::Jpeg,
    };
    let decoded = decode(bytes, probe, want, transform.deadline)?;
    let pixels = shape(decoded, probe, &plan)?;
    transform.deadline.check()?;
    let pixels = match pixels {
        Pixels::Raster(raster) => Pixels::Raster(pad(colours.convert(raster), plan.canvas)),
        #[cfg(feature = "turbojpeg")]
        planes @ Pixels::Planes(_) if plan.canvas == (planes.width(), planes.height()) => planes,
        #[cfg(feature = "turbojpeg")]
        Pixels::Planes(planes) => Pixels::Raster(pad(planes.to_rgb(), plan.canvas)),
    };
    let (width, height) = (pixels.width(), pixels.height());
    let bytes = match transform.format {
        OutputFormat::Jpeg => encode::jpeg(pixels, transform.quality),
        OutputFormat::Png => encode::png(&pixels.into_raster()),
        OutputFormat::WebP => encode::webp(&pixels.into_raster(), transform.quality),
        OutputFormat::Avif => encode::avif(&pixels.into_raster(), transform.quality),
    }?;
    Ok(Encoded { bytes, media_type: transform.format.media_type(), width, height })
}

/// What to do, in upright pixels.
#[derive(Debug, PartialEq, Eq)]
struct Plan {
    /// The whole picture's size after scaling.
    scaled: (u32, u32),
    /// What is cut out of the scaled picture.
    kept: (u32, u32),
    /// What is written.
    canvas: (u32, u32),
}

/// Decides sizes; touches nothing.
fn plan(width: u32, height: u32, transform: &Transform<'_>) -> Plan {
    let (w, h) = (f64::from(width), f64::from(height));
    let max = f64::from(side_px_max(transform.width, transform.height));
    let side = |px: u32| f64::from(px.max(1)).min(max);
    let asked = match (transform.width.map(side), transform.height.map(side)) {
        (None, None) => None,
        (Some(width), Some(height)) => Some((width, height)),
        (Some(width), None) => Some((width, (width * h / w).clamp(1.0, max))),
        (None, Some(height)) => Some(((height * w / h).clamp(1.0, max), height)),
    };
    let is_box = transform.width.is_some() && transform.height.is_some();
    let px = |side: f64| side.round().clamp(1.0, max) as u32;
    let pair = |(width, height): (f64, f64)| (px(width), px(height));
    let inside = |(box_w, box_h): (f64, f64)| {
        let scale = (box_w / w).min(box_h / h).min(1.0);
        pair((w * scale, h * scale))
    };
    let (box_w, box_h) = asked.unwrap_or((w.min(max), h.min(max)));
    match transform.fit {
        Fit::Fill if is_box => {
            let all = pair((box_w.min(w), box_h.min(h)));
            Plan { scaled: all, kept: all, canvas: all }
        }
        Fit::Cover if is_box => {
            let shrink = (w / box_w).min(h / box_h).min(1.0);
            let kept = pair((box_w * shrink, box_h * shrink));
            let scale = (f64::from(kept.0) / w).max(f64::from(kept.1) / h);
            let over = |side: f64, kept: u32| ((side * scale).round() as u32).max(kept);
            Plan { scaled: (over(w, kept.0), over(h, kept.1)), kept, canvas: kept }
        }
        Fit::Contain if is_box => {
            let shrink = (w / box_w).max(h / box_h).min(1.0);
            let canvas = (box_w * shrink, box_h * shrink);
            let scaled = inside(canvas);
            let canvas = pair(canvas);
            Plan { scaled, kept: scaled, canvas: (canvas.0.max(scaled.0), canvas.1.max(scaled.1)) }
        }
        _ => {
            let scaled = inside((box_w, box_h));
            Plan { scaled, kept: scaled, canvas: scaled }
        }
    }
}

/// Scales, cuts and turns the stored pixels.
fn shape(decoded: Pixels, probe: &Probe, plan: &Plan) -> Result<Pixels, ImageFault> {
    let (width, height) = (decoded.width(), decoded.height());
    let (target_width, target_height) = probe.lies.upright_size(plan.kept.0, plan.kept.1);
    let (scaled_width, scaled_height) = probe.lies.upright_size(plan.scaled.0, plan.scaled.1);
    if (target_width, target_height) == (width, height) {
        return Ok(decoded.upright(probe.lies));
    }
    let kept_width = f64::from(width) * f64::from(target_width) / f64::from(scaled_width);
    let kept_height = f64::from(height) * f64::from(target_height) / f64::from(scaled_height);
    let crop = Crop {
        left: (f64::from(width) - kept_width) / 2.0,
        top: (f64::from(height) - kept_height) / 2.0,
        width: kept_width,
        height: kept_height,
    };
    Ok(decoded.resize(crop, target_width, target_height)?.upright(probe.lies))
}

/// Puts a picture in the middle of a transparent canvas.
fn pad(raster: Raster, (width, height): (u32, u32)) -> Raster {
    if (raster.width, raster.height) == (width, height) {
        return raster;
    }
    let (left, top) = ((width - raster.width) / 2, (height - raster.height) / 2);
    let stride = width as usize * 4;
    let mut data = vec![0; stride * height as usize];
    let row_len = raster.width as usize * 4;
    for (row, pixels) in raster.to_rgba().chunks_exact(row_len).enumerate() {
        let at = (top as usize + row) * stride + left as usize * 4;
        data[at..at + row_len].copy_from_slice(pixels);
    }
    Raster::new(width, height, Layout::Rgba, data)
}
