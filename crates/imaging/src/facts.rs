//! What is computed from a small picture: its main colour, its placeholder, its fingerprint.

use std::f32::consts::PI;

use fast_image_resize::PixelType;

use crate::ImageFault;
use crate::pixels::{Crop, Layout, Pixels, Raster, luma, resize};

/// The longest side of what colour and perceptual hash are taken from.
const SMALL_PX: u32 = 100;
/// The longest side of what the placeholder is taken from: it keeps seven waves a side, and its
/// cost grows with the area.
const THUMBHASH_PX: u32 = 50;
/// The side of the square whose frequencies make the perceptual hash.
const HASH_PX: usize = 32;
/// The side of the block of low frequencies that are kept; 64 bits.
const HASH_BLOCK: usize = 8;

/// Facts of one picture.
#[derive(Debug)]
pub(crate) struct Facts {
    pub(crate) dominant_color: String,
    pub(crate) thumbhash: Vec<u8>,
    pub(crate) perceptual_hash: u64,
}

/// Computes them from a small version of the picture.
pub(crate) fn facts(small: &Pixels) -> Result<Facts, ImageFault> {
    let small = small.fit(SMALL_PX)?;
    let tiny = small.fit(THUMBHASH_PX)?.into_raster();
    let raster = small.into_raster();
    let (width, height) = (tiny.width as usize, tiny.height as usize);
    Ok(Facts {
        dominant_color: dominant_color(&raster),
        thumbhash: thumbhash::rgba_to_thumb_hash(width, height, &tiny.to_rgba()),
        perceptual_hash: perceptual_hash(&raster)?,
    })
}

/// The mean of the fullest of 512 boxes of colour; what can be seen through does not count.
fn dominant_color(raster: &Raster) -> String {
    let mut boxes = vec![([0_u64; 3], 0_u64); 512];
    let rgba = raster.to_rgba();
    for pixel in rgba.chunks_exact(4).filter(|pixel| pixel[3] >= 128) {
        let index = |sample: u8| usize::from(sample >> 5);
        let at = index(pixel[0]) << 6 | index(pixel[1]) << 3 | index(pixel[2]);
        let (sums, count) = &mut boxes[at];
        sums.iter_mut().zip(pixel).for_each(|(sum, sample)| *sum += u64::from(*sample));
        *count += 1;
    }
    let fullest = boxes.into_iter().max_by_key(|(_, count)| *count);
    match fullest.filter(|(_, count)| *count > 0) {
        Some((sums, count)) => {
            let [r, g, b] = sums.map(|sum| (sum + count / 2) / count);
            format!("#{r:02x}{g:02x}{b:02x}")
        }
        None => "#ffffff".to_owned(),
    }
}

/// The signs of the 64 lowest frequencies of a gray 32 × 32 square against their median, as
/// `pHash` does it. Pictures that look alike differ in few bits; up to 8 is a near-duplicate.
fn perceptual_hash(raster: &Raster) -> Result<u64, ImageFault> {
    let gray = match raster.layout {
        Layout::Rgba => luma(&raster.to_rgb()),
        _ => raster.to_gray(),
    };
    let side = HASH_PX as u32;
    let crop = Crop::all(raster.width, raster.height);
    let source = (gray.as_slice(), raster.width, raster.height);
    let square = resize(source, PixelType::U8, false, crop, (side, side))?;
    let block = low_frequencies(&square);
    // The first coefficient is brightness: it is left out of the median.
    let mut sorted = block;
    sorted[1..].sort_by(f32::total_cmp);
    let median = sorted[HASH_BLOCK * HASH_BLOCK / 2];
    Ok(block.iter().fold(0, |hash, value| hash << 1 | u64::from(*value > median)))
}

/// The lowest coefficients of the two-dimensional cosine transform.
fn low_frequencies(square: &[u8]) -> [f32; HASH_BLOCK * HASH_BLOCK] {
    let mut waves = [[0_f32; HASH_PX]; HASH_BLOCK];
    for (frequency, wave) in waves.iter_mut().enumerate() {
        for (at, value) in wave.iter_mut().enumerate() {
            *value = (PI * frequency as f32 * (at as f32 + 0.5) / HASH_PX as f32).cos();
        }
    }
    let along = |samples: &mut dyn Iterator<Item = f32>, wave: &[f32; HASH_PX]| -> f32 {
        samples.zip(wave).map(|(sample, wave)| sample * wave).sum()
    };
    let mut rows = [[0_f32; HASH_PX]; HASH_BLOCK];
    for (y, row) in square.chunks_exact(HASH_PX).enumerate() {
        for (frequency, wave) in waves.iter().enumerate() {
            rows[frequency][y] = along(&mut row.iter().map(|sample| f32::from(*sample)), wave);
        }
    }
    let mut block = [0_f32; HASH_BLOCK * HASH_BLOCK];
    for (vertical, wave) in waves.iter().enumerate() {
        for (horizontal, row) in rows.iter().enumerate() {
            block[vertical * HASH_BLOCK + horizontal] = along(&mut row.iter().copied(), wave);
        }
    }
    block
}
