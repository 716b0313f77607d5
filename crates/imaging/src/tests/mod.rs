//! One set of tests for every decoder and both JPEG paths.

mod damage;
mod files;
mod formats;
mod heif_files;
mod probes;
mod processes;
mod property;
mod sniffs;
mod transforms;

use crate::decode::{Want, decode};
use crate::pixels::Raster;
use crate::{Deadline, Limits, Probe, ProcessOptions, Processed, probe, process};

pub(super) const ASTRONAUT: &[u8] = include_bytes!("../../../../fixtures/pictures/astronaut.png");
pub(super) const CHELSEA: &[u8] = include_bytes!("../../../../fixtures/pictures/chelsea.png");
pub(super) const COFFEE: &[u8] = include_bytes!("../../../../fixtures/pictures/coffee.png");
pub(super) const HUBBLE: &[u8] =
    include_bytes!("../../../../fixtures/pictures/hubble_deep_field.jpg");
pub(super) const ROCKET: &[u8] = include_bytes!("../../../../fixtures/pictures/rocket.jpg");

pub(super) fn probed(bytes: &[u8]) -> Probe {
    probe(bytes, &Limits::default()).unwrap()
}

pub(super) fn processed(bytes: &[u8]) -> Processed {
    process(bytes, &probed(bytes), &ProcessOptions::default()).unwrap()
}

/// All pixels of a file as red, green and blue, upright, colours as stored.
pub(super) fn pixels_of(bytes: &[u8]) -> Raster {
    let probe = probed(bytes);
    let want = Want { at_least: (probe.stored_width, probe.stored_height), planes: false };
    let pixels = decode(bytes, &probe, want, Deadline::never()).unwrap();
    pixels.upright(probe.lies).into_raster().flattened()
}

/// The colour at a place given in fractions of the sides.
pub(super) fn colour_at(raster: &Raster, x: f64, y: f64) -> [u8; 3] {
    let column = ((f64::from(raster.width) * x) as usize).min(raster.width as usize - 1);
    let row = ((f64::from(raster.height) * y) as usize).min(raster.height as usize - 1);
    let at = row * raster.width as usize + column;
    let rgb = raster.to_rgb();
    [rgb[at * 3], rgb[at * 3 + 1], rgb[at * 3 + 2]]
}

#[track_caller]
pub(super) fn assert_near(got: [u8; 3], expected: [u8; 3], within: u8, what: &str) {
    let is_near = got.iter().zip(expected).all(|(got, expected)| got.abs_diff(expected) <= within);
    assert!(is_near, "{what}: got {got:?}, expected {expected:?} ± {within}");
}

/// The corners of [`files::quadrants`], in the order they are read.
pub(super) const QUADRANTS: [[u8; 3]; 4] = [[220, 30, 30], [30, 160, 40], [30, 50, 220], [240; 3]];

/// Checks that the corners of a picture are those of the upright quadrants.
#[track_caller]
pub(super) fn assert_upright(raster: &Raster, within: u8, what: &str) {
    for (expected, (x, y)) in
        QUADRANTS.into_iter().zip([(0.2, 0.2), (0.8, 0.2), (0.2, 0.8), (0.8, 0.8)])
    {
        assert_near(colour_at(raster, x, y), expected, within, &format!("{what} at {x}, {y}"));
    }
}

/// Peak signal to noise in decibels between pictures of one size.
#[track_caller]
pub(super) fn psnr(one: &Raster, other: &Raster) -> f64 {
    assert_eq!((one.width, one.height), (other.width, other.height));
    let (one, other) = (one.to_rgb(), other.to_rgb());
    let squares: f64 = one.iter().zip(&other).map(|(a, b)| f64::from(a.abs_diff(*b)).powi(2)).sum();
    10.0 * (255.0_f64.powi(2) / (squares / one.len() as f64).max(1e-9)).log10()
}
