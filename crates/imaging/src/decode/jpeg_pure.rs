//! JPEG in pure Rust, scaled while its blocks are transformed where that saves work.

use jpeg_decoder::{ColorTransform, Decoder, PixelFormat};

use super::{Want, reader::Guarded};
use crate::ImageFault;
use crate::limits::{Deadline, JPEG_SCANS_MAX};
use crate::pixels::{Layout, Pixels, Raster};
use crate::probe::{JpegColour, JpegSpace, Probe};

pub(super) fn decode(
    bytes: &[u8],
    probe: &Probe,
    want: Want,
    deadline: Deadline<'_>,
) -> Result<Pixels, ImageFault> {
    let Some(colour) = probe.jpeg else { return Err(ImageFault::Truncated) };
    if colour.is_progressive {
        check_scans(bytes)?;
    }
    let mut decoder = Decoder::new(Guarded::new(bytes, deadline));
    decoder.set_color_transform(match colour.space {
        JpegSpace::Gray => ColorTransform::Grayscale,
        JpegSpace::YCbCr => ColorTransform::YCbCr,
        JpegSpace::Rgb => ColorTransform::RGB,
        JpegSpace::Cmyk => ColorTransform::CMYK,
        JpegSpace::Ycck => ColorTransform::YCCK,
    });
    decoder.read_info().map_err(fault)?;
    let stated = decoder.info().ok_or(ImageFault::Truncated)?;
    super::check_size(probe, u32::from(stated.width), u32::from(stated.height))?;
    let side = |px: u32| u16::try_from(px).unwrap_or(u16::MAX);
    let (width, height) =
        decoder.scale(side(want.at_least.0), side(want.at_least.1)).map_err(fault)?;
    let data = decoder.decode().map_err(fault)?;
    let format = decoder.info().ok_or(ImageFault::Truncated)?.pixel_format;
    let (width, height) = (u32::from(width), u32::from(height));
    raster(width, height, format, data, colour).map(Pixels::Raster)
}

fn raster(
    width: u32,
    height: u32,
    format: PixelFormat,
    mut data: Vec<u8>,
    colour: JpegColour,
) -> Result<Raster, ImageFault> {
    let layout = match format {
        PixelFormat::L8 => Layout::Gray,
        PixelFormat::RGB24 => Layout::Rgb,
        PixelFormat::CMYK32 => Layout::Cmyk,
        PixelFormat::L16 => {
            return Err(ImageFault::Unsupported("a JPEG of more than 8 bits a sample".to_owned()));
        }
    };
    // The decoder takes for granted that ink is stored as its opposite.
    if layout == Layout::Cmyk && !colour.is_inverted {
        data.iter_mut().for_each(|ink| *ink = 255 - *ink);
    }
    if data.len() != width as usize * height as usize * layout.bytes() {
        return Err(ImageFault::Truncated);
    }
    Ok(Raster::new(width, height, layout, data))
}

fn fault(cause: jpeg_decoder::Error) -> ImageFault {
    match cause {
        jpeg_decoder::Error::Unsupported(what) => {
            ImageFault::Unsupported(format!("a JPEG with {what:?}"))
        }
        other => ImageFault::from_decoder(&other),
    }
}

/// Refuses a progressive JPEG of so many scans that it can only be meant to keep us busy.
fn check_scans(bytes: &[u8]) -> Result<(), ImageFault> {
    let scans = bytes.windows(2).filter(|pair| pair == b"\xff\xda").count();
    if scans > JPEG_SCANS_MAX as usize {
        return Err(ImageFault::Corrupt(format!(
            "it has {scans} scans; at most {JPEG_SCANS_MAX} are read"
        )));
    }
    Ok(())
}
