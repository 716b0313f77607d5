//! Pixels into files: no metadata, sRGB taken for granted.

use ravif::{Img, RGB8, RGBA8};

use crate::ImageFault;
use crate::pixels::{Layout, Pixels, Raster};

/// Effort of the WebP encoder, 0 to 6: twice as fast as the usual 4 for six percent more bytes.
const WEBP_METHOD: i32 = 2;
/// Effort of the AVIF encoder, 1 (best) to 10 (fastest).
const AVIF_SPEED: u8 = 8;

fn fault(format: &str, cause: &dyn std::fmt::Display) -> ImageFault {
    ImageFault::Corrupt(format!("it cannot be written as {format}: {cause}"))
}

/// Luma and chroma go as they are; what can be seen through shows white behind it.
#[cfg(feature = "turbojpeg")]
pub(crate) fn jpeg(pixels: Pixels, quality: u8) -> Result<Vec<u8>, ImageFault> {
    use turbojpeg::{Compressor, Image, PixelFormat, Subsamp, YuvPlanesImage};

    let failed = |cause: turbojpeg::Error| fault("JPEG", &cause);
    let mut compressor = Compressor::new().map_err(failed)?;
    compressor.set_quality(i32::from(quality.clamp(1, 100))).map_err(failed)?;
    let raster = match pixels {
        Pixels::Planes(planes) => {
            let [blue, red] = &planes.chroma;
            let image = YuvPlanesImage {
                y_plane: planes.luma.data.as_slice(),
                u_plane: blue.data.as_slice(),
                v_plane: red.data.as_slice(),
                width: planes.width as usize,
                height: planes.height as usize,
                y_stride: planes.luma.width as usize,
                u_stride: blue.width as usize,
                v_stride: red.width as usize,
                subsamp: planes.subsamp,
            };
            return compressor.compress_yuv_planes_to_vec(&image).map_err(failed);
        }
        Pixels::Raster(raster) => raster.flattened(),
    };
    let (format, subsamp) = match raster.layout {
        Layout::Gray => (PixelFormat::GRAY, Subsamp::Gray),
        _ => (PixelFormat::RGB, Subsamp::Sub2x2),
    };
    compressor.set_subsamp(subsamp).map_err(failed)?;
    let (width, height) = (raster.width as usize, raster.height as usize);
    let pitch = width * raster.layout.bytes();
    let image = Image { pixels: raster.data.as_slice(), width, pitch, height, format };
    compressor.compress_to_vec(image).map_err(failed)
}

/// What can be seen through shows white behind it.
#[cfg(not(feature = "turbojpeg"))]
pub(crate) fn jpeg(pixels: Pixels, quality: u8) -> Result<Vec<u8>, ImageFault> {
    use jpeg_encoder::{ColorType, Encoder, SamplingFactor};

    let raster = pixels.into_raster().flattened();
    let color = match raster.layout {
        Layout::Gray => ColorType::Luma,
        _ => ColorType::Rgb,
    };
    let side = |px: u32| u16::try_from(px).map_err(|cause| fault("JPEG", &cause));
    let (width, height) = (side(raster.width)?, side(raster.height)?);
    let mut file = Vec::new();
    let mut encoder = Encoder::new(&mut file, quality.clamp(1, 100));
    encoder.set_sampling_factor(SamplingFactor::F_2_2);
    encoder.encode(&raster.data, width, height, color).map_err(|cause| fault("JPEG", &cause))?;
    Ok(file)
}

/// Lossy, with alpha where there is some.
pub(crate) fn webp(raster: &Raster, quality: u8) -> Result<Vec<u8>, ImageFault> {
    let mut config = webp::WebPConfig::new().map_err(|()| fault("WebP", &"no configuration"))?;
    config.quality = f32::from(quality.min(100));
    config.method = WEBP_METHOD;
    config.alpha_quality = 90;
    let (data, layout) = match raster.layout {
        Layout::Rgba => (raster.to_rgba(), webp::PixelLayout::Rgba),
        _ => (raster.to_rgb(), webp::PixelLayout::Rgb),
    };
    let encoder = webp::Encoder::new(&data, layout, raster.width, raster.height);
    let file =
        encoder.encode_advanced(&config).map_err(|cause| fault("WebP", &format!("{cause:?}")))?;
    Ok(file.to_vec())
}

/// Lossless, at the effort that costs little.
pub(crate) fn png(raster: &Raster) -> Result<Vec<u8>, ImageFault> {
    let failed = |cause: png::EncodingError| fault("PNG", &cause);
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, raster.width, raster.height);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_compression(png::Compression::Fast);
    encoder.set_color(match raster.layout {
        Layout::Gray => png::ColorType::Grayscale,
        Layout::Rgba => png::ColorType::Rgba,
        Layout::Rgb | Layout::Cmyk => png::ColorType::Rgb,
    });
    let mut writer = encoder.write_header().map_err(failed)?;
    let written = match raster.layout {
        Layout::Cmyk => writer.write_image_data(&raster.to_rgb()),
        _ => writer.write_image_data(&raster.data),
    };
    written.map_err(failed)?;
    writer.finish().map_err(failed)?;
    Ok(file)
}

/// Slow: some 100 ms for 320 px, a second and more for 1,024 px.
pub(crate) fn avif(raster: &Raster, quality: u8) -> Result<Vec<u8>, ImageFault> {
    let encoder = ravif::Encoder::new()
        .with_quality(f32::from(quality.clamp(1, 100)))
        .with_alpha_quality(f32::from(quality.clamp(1, 100)))
        .with_speed(AVIF_SPEED)
        .with_bit_depth(ravif::BitDepth::Eight)
        .with_num_threads(Some(1));
    let (width, height) = (raster.width as usize, raster.height as usize);
    let file = if raster.layout == Layout::Rgba {
        let pixels: Vec<RGBA8> = raster
            .data
            .chunks_exact(4)
            .map(|pixel| RGBA8::new(pixel[0], pixel[1], pixel[2], pixel[3]))
            .collect();
        encoder.encode_rgba(Img::new(pixels.as_slice(), width, height))
    } else {
        let pixels: Vec<RGB8> = raster
            .to_rgb()
            .chunks_exact(3)
            .map(|pixel| RGB8::new(pixel[0], pixel[1], pixel[2]))
            .collect();
        encoder.encode_rgb(Img::new(pixels.as_slice(), width, height))
    };
    file.map(|file| file.avif_file).map_err(|cause| fault("AVIF", &cause))
}
