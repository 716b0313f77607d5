//! Bytes into pixels, with the decoder that fits.
//!
//! Invariants: what a decoder says of the size must be what the probe checked, before memory is
//! taken for it; nothing comes out of a file that ends early.

mod avif;
mod jpeg_pure;
#[cfg(feature = "turbojpeg")]
mod jpeg_turbo;
mod reader;
mod yuv;

use image::{DynamicImage, ImageDecoder};

use crate::ImageFault;
use crate::limits::Deadline;
use crate::pixels::{Layout, Pixels, Raster};
use crate::probe::{Format, Probe};
use reader::Guarded;

/// What is to be done with the pixels: decoders may save work by it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Want {
    /// The picture may come out smaller than stored, but not smaller than this (as stored).
    pub(crate) at_least: (u32, u32),
    /// Luma and chroma may come apart.
    #[cfg_attr(not(feature = "turbojpeg"), expect(dead_code, reason = "only libjpeg-turbo can"))]
    pub(crate) planes: bool,
}

/// Decodes the first frame, as stored: neither turned nor in sRGB.
pub(crate) fn decode(
    bytes: &[u8],
    probe: &Probe,
    want: Want,
    deadline: Deadline<'_>,
) -> Result<Pixels, ImageFault> {
    deadline.check()?;
    let pixels = match probe.format {
        Format::Jpeg => jpeg(bytes, probe, want, deadline),
        Format::Png => png(bytes, probe, deadline).map(Pixels::Raster),
        Format::Avif => avif::decode(bytes, probe, deadline).map(Pixels::Raster),
        Format::Gif => image::codecs::gif::GifDecoder::new(Guarded::new(bytes, deadline))
            .map_err(|fault| ImageFault::from_decoder(&fault))
            .and_then(|decoder| by_image(decoder, probe)),
        Format::WebP => image::codecs::webp::WebPDecoder::new(Guarded::new(bytes, deadline))
            .map_err(|fault| ImageFault::from_decoder(&fault))
            .and_then(|decoder| by_image(decoder, probe)),
        Format::Bmp => image::codecs::bmp::BmpDecoder::new(Guarded::new(bytes, deadline))
            .map_err(|fault| ImageFault::from_decoder(&fault))
            .and_then(|decoder| by_image(decoder, probe)),
        Format::Tiff => image::codecs::tiff::TiffDecoder::new(Guarded::new(bytes, deadline))
            .map_err(|fault| ImageFault::from_decoder(&fault))
            .and_then(|decoder| by_image(decoder, probe)),
        Format::Heic | Format::Hdr | Format::Exr => {
            Err(ImageFault::NoDecoder { format: probe.format.name() })
        }
    };
    // A decoder that was stopped reports a fault of reading; what stopped it is what counts.
    deadline.check()?;
    Ok(match pixels? {
        Pixels::Raster(raster) => Pixels::Raster(raster.without_idle_alpha()),
        #[cfg(feature = "turbojpeg")]
        planes @ Pixels::Planes(_) => planes,
    })
}

fn jpeg(
    bytes: &[u8],
    probe: &Probe,
    want: Want,
    deadline: Deadline<'_>,
) -> Result<Pixels, ImageFault> {
    #[cfg(feature = "turbojpeg")]
    if let Some(pixels) = jpeg_turbo::decode(bytes, probe, want)? {
        return Ok(pixels);
    }
    jpeg_pure::decode(bytes, probe, want, deadline)
}

/// Refuses a decoder's size if the probe has not checked it.
fn check_size(probe: &Probe, width: u32, height: u32) -> Result<(), ImageFault> {
    if (width, height) == (probe.stored_width, probe.stored_height) {
        return Ok(());
    }
    Err(ImageFault::Corrupt(format!(
        "its header says {}×{} px, its content {width}×{height} px",
        probe.stored_width, probe.stored_height
    )))
}

fn by_image(mut decoder: impl ImageDecoder, probe: &Probe) -> Result<Pixels, ImageFault> {
    let (width, height) = decoder.dimensions();
    check_size(probe, width, height)?;
    let mut limits = image::Limits::default();
    limits.max_image_width = Some(width);
    limits.max_image_height = Some(height);
    limits.max_alloc = Some(crate::memory::decoder_bytes_max(probe));
    decoder.set_limits(limits).map_err(|fault| ImageFault::from_decoder(&fault))?;
    let picture =
        DynamicImage::from_decoder(decoder).map_err(|fault| ImageFault::from_decoder(&fault))?;
    let color = picture.color();
    let (layout, data) = match (color.has_alpha(), color.has_color()) {
        (true, _) => (Layout::Rgba, picture.into_rgba8().into_raw()),
        (false, true) => (Layout::Rgb, picture.into_rgb8().into_raw()),
        (false, false) => (Layout::Gray, picture.into_luma8().into_raw()),
    };
    Ok(Pixels::Raster(Raster::new(width, height, layout, data)))
}

/// PNG without a detour: 8 bits a sample come straight out of the decoder.
fn png(bytes: &[u8], probe: &Probe, deadline: Deadline<'_>) -> Result<Raster, ImageFault> {
    let fault = |cause: png::DecodingError| ImageFault::from_decoder(&cause);
    let bytes_max = usize::try_from(crate::memory::decoder_bytes_max(probe)).unwrap_or(usize::MAX);
    let limits = png::Limits { bytes: bytes_max };
    let mut decoder = png::Decoder::new_with_limits(Guarded::new(bytes, deadline), limits);
    decoder.set_ignore_text_chunk(true);
    decoder.set_ignore_iccp_chunk(true);
    decoder.set_transformations(png::Transformations::EXPAND | png::Transformations::STRIP_16);
    let mut reader = decoder.read_info().map_err(fault)?;
    let (width, height) = (reader.info().width, reader.info().height);
    check_size(probe, width, height)?;
    let (color, _) = reader.output_color_type();
    let len = reader.output_buffer_size().ok_or(ImageFault::Truncated)?;
    let mut data = vec![0; len];
    reader.next_frame(&mut data).map_err(fault)?;
    let (layout, data) = match color {
        png::ColorType::Grayscale => (Layout::Gray, data),
        png::ColorType::Rgb => (Layout::Rgb, data),
        png::ColorType::Rgba => (Layout::Rgba, data),
        png::ColorType::GrayscaleAlpha => {
            let spread = |pair: &[u8]| [pair[0], pair[0], pair[0], pair[1]];
            (Layout::Rgba, data.chunks_exact(2).flat_map(spread).collect())
        }
        png::ColorType::Indexed => {
            return Err(ImageFault::Corrupt("its palette is missing".to_owned()));
        }
    };
    Ok(Raster::new(width, height, layout, data))
}
