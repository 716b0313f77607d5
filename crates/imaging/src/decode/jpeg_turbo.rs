//! JPEG by libjpeg-turbo, scaled while its blocks are transformed where that saves work.

use turbojpeg::{
    Colorspace, DecompressHeader, Decompressor, Error, Image, PixelFormat, ScalingFactor, Subsamp,
    YuvImage,
};

use super::Want;
use crate::ImageFault;
use crate::limits::JPEG_SCANS_MAX;
use crate::pixels::{Layout, Pixels, Raster};
use crate::planes::{Plane, Planes};
use crate::probe::{JpegColour, JpegSpace, Probe};

/// The scales that libjpeg-turbo has SIMD code for, smallest first.
const SCALES: [ScalingFactor; 4] = [
    ScalingFactor::ONE_EIGHTH,
    ScalingFactor::ONE_QUARTER,
    ScalingFactor::ONE_HALF,
    ScalingFactor::ONE,
];

/// `None` if there are stray bytes between its segments: they lose nothing, but libjpeg-turbo's
/// wrapper takes the warning for the end. Another decoder has to read it.
pub(super) fn decode(
    bytes: &[u8],
    probe: &Probe,
    want: Want,
) -> Result<Option<Pixels>, ImageFault> {
    let Some(colour) = probe.jpeg else { return Err(ImageFault::Truncated) };
    let mut decompressor = Decompressor::new().map_err(fault)?;
    decompressor.set_scan_limit(JPEG_SCANS_MAX).map_err(fault)?;
    let header = match decompressor.read_header(bytes) {
        Err(cause) if is_about_stray_bytes(&cause) => return Ok(None),
        header => header.map_err(fault)?,
    };
    super::check_size(probe, header.width as u32, header.height as u32)?;
    let scale = scale(header, want);
    decompressor.set_scaling_factor(scale).map_err(fault)?;
    let header = header.scaled(scale);
    let has_planes = header.colorspace == Colorspace::YCbCr
        && !matches!(header.subsamp, Subsamp::Unknown | Subsamp::Gray);
    if want.planes && has_planes && !header.is_lossless {
        return planes(&mut decompressor, bytes, header).map(|it| Some(Pixels::Planes(it)));
    }
    raster(&mut decompressor, bytes, header, colour).map(|it| Some(Pixels::Raster(it)))
}

fn scale(header: DecompressHeader, want: Want) -> ScalingFactor {
    let is_enough = |scale: &ScalingFactor| {
        scale.scale(header.width) >= want.at_least.0 as usize
            && scale.scale(header.height) >= want.at_least.1 as usize
    };
    let scale = SCALES.into_iter().find(is_enough).filter(|_| !header.is_lossless);
    scale.unwrap_or(ScalingFactor::ONE)
}

fn planes(
    decompressor: &mut Decompressor,
    bytes: &[u8],
    header: DecompressHeader,
) -> Result<Planes, ImageFault> {
    let DecompressHeader { width, height, subsamp, .. } = header;
    let len = turbojpeg::yuv_pixels_len(width, 1, height, subsamp).map_err(fault)?;
    let mut pixels = vec![0; len];
    let image = YuvImage { pixels: pixels.as_mut_slice(), width, align: 1, height, subsamp };
    tolerate(decompressor.decompress_to_yuv(bytes, image))?;
    let (x, y) = subsamp.size();
    let (luma_width, luma_height) = (width.next_multiple_of(x), height.next_multiple_of(y));
    let (chroma_width, chroma_height) = (luma_width / x, luma_height / y);
    // What is split off is copied; luma, the largest, stays where it is.
    let chroma_len = chroma_width * chroma_height;
    let red = pixels.split_off(luma_width * luma_height + chroma_len);
    let blue = pixels.split_off(luma_width * luma_height);
    let plane = |width: usize, height: usize, data| Plane {
        width: width as u32,
        height: height as u32,
        data,
    };
    let mut luma = plane(luma_width, luma_height, pixels);
    luma.repeat_edges(width as u32, height as u32);
    Ok(Planes {
        width: width as u32,
        height: height as u32,
        subsamp,
        luma,
        chroma: [blue, red].map(|data| plane(chroma_width, chroma_height, data)),
    })
}

fn raster(
    decompressor: &mut Decompressor,
    bytes: &[u8],
    header: DecompressHeader,
    colour: JpegColour,
) -> Result<Raster, ImageFault> {
    let DecompressHeader { width, height, .. } = header;
    let (format, layout) = match colour.space {
        JpegSpace::Gray => (PixelFormat::GRAY, Layout::Gray),
        JpegSpace::Cmyk | JpegSpace::Ycck => (PixelFormat::CMYK, Layout::Cmyk),
        JpegSpace::Rgb | JpegSpace::YCbCr => (PixelFormat::RGB, Layout::Rgb),
    };
    let pitch = width * layout.bytes();
    let mut data = vec![0; pitch * height];
    let image = Image { pixels: data.as_mut_slice(), width, pitch, height, format };
    tolerate(decompressor.decompress(bytes, image))?;
    if layout == Layout::Cmyk && colour.is_inverted {
        data.iter_mut().for_each(|ink| *ink = 255 - *ink);
    }
    Ok(Raster::new(width as u32, height as u32, layout, data))
}

/// Stray bytes before the last marker lose nothing; every other complaint means lost pixels.
fn tolerate(result: Result<(), Error>) -> Result<(), ImageFault> {
    match result {
        Err(cause) if is_about_stray_bytes(&cause) => Ok(()),
        Err(cause) => Err(fault(cause)),
        Ok(()) => Ok(()),
    }
}

fn is_about_stray_bytes(cause: &Error) -> bool {
    matches!(cause, Error::TurboJpegError(text) if text.contains("extraneous bytes before marker"))
}

#[expect(clippy::needless_pass_by_value, reason = "it is what `map_err` hands over")]
fn fault(cause: Error) -> ImageFault {
    let text = cause.to_string();
    let is_foreign = text.contains("Unsupported") || text.contains("precision");
    if is_foreign {
        return ImageFault::Unsupported(format!("a JPEG of this sort ({text})"));
    }
    ImageFault::from_decoder(&text)
}
