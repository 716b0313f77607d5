//! How much memory work on a picture takes at most, told before it is taken.

use crate::probe::{ColorType, Format, Probe};

/// Tables, windows and small buffers of decoders and encoders.
const FIXED_BYTES: u64 = 8 << 20;

/// An upper bound, in bytes, of the memory that [`process`](crate::process) and
/// [`transform`](crate::transform) take beside the file itself, for outputs whose longest side is
/// at most `edge_px`. A pool sized in bytes hands out this much for each picture.
#[must_use]
pub fn decode_bytes(probe: &Probe, edge_px: u32) -> u64 {
    let pixels = u64::from(probe.stored_width) * u64::from(probe.stored_height);
    let output_side = u64::from(edge_px.min(probe.longest_px()));
    let decoded = match probe.format {
        Format::Jpeg => jpeg_bytes(probe, pixels),
        Format::Heic | Format::Hdr | Format::Exr => 0,
        // The decoder's own buffers, then 8-bit pixels, then the same with alpha multiplied in.
        _ => decoder_bytes_max(probe) + pixels * if probe.has_alpha { 8 } else { 4 },
    };
    // Between its two passes a resize holds rows of the target's width and the source's height.
    let between = output_side * u64::from(probe.longest_px()) * 4;
    let outputs = output_side * output_side * 16;
    FIXED_BYTES + decoded + between + outputs
}

fn jpeg_bytes(probe: &Probe, pixels: u64) -> u64 {
    let samples = match probe.color {
        ColorType::Gray => 1,
        ColorType::Cmyk => 4,
        ColorType::Rgb | ColorType::Palette => 3,
    };
    let is_progressive = probe.jpeg.is_some_and(|colour| colour.is_progressive);
    // A progressive one holds two bytes of every coefficient until its last scan; planes and the
    // pixels made of them exist at the same time.
    pixels * samples * if is_progressive { 4 } else { 2 }
}

/// What a decoder other than JPEG's may take for itself and what it gives out.
pub(crate) fn decoder_bytes_max(probe: &Probe) -> u64 {
    let pixels = u64::from(probe.stored_width) * u64::from(probe.stored_height);
    let frame = probe.first_frame.map_or(0, |(width, height)| u64::from(width) * u64::from(height));
    let pixel_bytes = match probe.format {
        // Planes of 16 bits, the pixels made of them, and an alpha plane.
        Format::Avif => 12,
        // 16 bits of four samples, and a copy in 8 bits.
        Format::Tiff => 12,
        Format::WebP => 10,
        _ => 4,
    };
    FIXED_BYTES + pixels * pixel_bytes + frame * 8
}
