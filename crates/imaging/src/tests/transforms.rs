//! On-demand renditions.

use super::files::{self, Jpeg, Png};
use super::{ROCKET, assert_near, assert_upright, colour_at, pixels_of, probed};
use crate::{Deadline, Encoded, Fit, OutputFormat, Transform, side_px_max, transform};

fn asked(
    width: Option<u32>,
    height: Option<u32>,
    fit: Fit,
    format: OutputFormat,
) -> Transform<'static> {
    Transform { width, height, fit, format, quality: 80, deadline: Deadline::never() }
}

fn made(file: &[u8], transform_: &Transform<'_>) -> Encoded {
    let made = transform(file, &probed(file), transform_).unwrap();
    let probe = probed(&made.bytes);
    assert_eq!((probe.width, probe.height), (made.width, made.height));
    assert_eq!(crate::sniff(&made.bytes).unwrap().media_type, made.media_type);
    made
}

const FORMATS: [OutputFormat; 4] =
    [OutputFormat::Jpeg, OutputFormat::Png, OutputFormat::WebP, OutputFormat::Avif];

#[test]
fn every_format_and_orientation_comes_out_upright() {
    for orientation in [1, 3, 6, 7] {
        let (rgb, width, height) = files::lying_quadrants(300, 200, orientation);
        let file = Jpeg { orientation, ..Jpeg::default() }.write(&rgb, width, height);
        for format in FORMATS {
            let rendition = made(&file, &asked(Some(151), None, Fit::Inside, format));
            assert_eq!((rendition.width, rendition.height), (151, 101));
            assert_upright(&pixels_of(&rendition.bytes), 22, &format!("{format:?} {orientation}"));
        }
    }
}

#[test]
fn the_box_is_kept_as_the_fit_says() {
    // The picture is 640 × 427.
    let cases = [
        (Some(320), None, Fit::Inside, (320, 214)),
        (None, Some(100), Fit::Inside, (150, 100)),
        (Some(200), Some(200), Fit::Inside, (200, 133)),
        (Some(200), Some(200), Fit::Contain, (200, 200)),
        (Some(200), Some(200), Fit::Cover, (200, 200)),
        (Some(200), Some(50), Fit::Cover, (200, 50)),
        (Some(200), Some(50), Fit::Fill, (200, 50)),
        (None, None, Fit::Cover, (640, 427)),
        // Never beyond the picture.
        (Some(5_000), None, Fit::Inside, (640, 427)),
        (Some(5_000), Some(5_000), Fit::Fill, (640, 427)),
        (Some(2_000), Some(2_000), Fit::Cover, (427, 427)),
        (Some(2_000), Some(2_000), Fit::Contain, (640, 640)),
        (Some(0), Some(0), Fit::Fill, (1, 1)),
        (Some(1), Some(4_000), Fit::Cover, (1, 427)),
    ];
    for (width, height, fit, expected) in cases {
        for format in [OutputFormat::Jpeg, OutputFormat::Png] {
            let rendition = made(ROCKET, &asked(width, height, fit, format));
            let what = format!("{width:?} {height:?} {fit:?} {format:?}");
            assert_eq!((rendition.width, rendition.height), expected, "{what}");
        }
    }
}

#[test]
fn no_rendition_is_larger_than_the_limit() {
    let rgb = [9, 90, 200].repeat(9_000 * 10);
    let file = Png::default().write(&rgb, 9_000, 10);
    for fit in [Fit::Inside, Fit::Cover, Fit::Fill, Fit::Contain] {
        for (width, height) in [(None, None), (Some(u32::MAX), Some(u32::MAX)), (Some(8_000), None)]
        {
            let rendition = made(&file, &asked(width, height, fit, OutputFormat::Jpeg));
            let side = rendition.width.max(rendition.height);
            assert!(side <= side_px_max(width, height), "{fit:?} {width:?}");
        }
    }
}

#[test]
fn cover_cuts_the_edges_and_fill_keeps_them() {
    // A red bar left, a blue one right, gray between.
    let mut rgb = Vec::new();
    for _ in 0..100 {
        rgb.extend([220, 20, 20].repeat(60));
        rgb.extend([128, 128, 128].repeat(180));
        rgb.extend([20, 20, 220].repeat(60));
    }
    for file in [Jpeg::default().write(&rgb, 300, 100), Png::default().write(&rgb, 300, 100)] {
        let cover = made(&file, &asked(Some(90), Some(90), Fit::Cover, OutputFormat::Png));
        let cover = pixels_of(&cover.bytes);
        for x in [0.02, 0.5, 0.98] {
            assert_near(colour_at(&cover, x, 0.5), [128; 3], 10, "cover");
        }
        let fill = made(&file, &asked(Some(90), Some(90), Fit::Fill, OutputFormat::Jpeg));
        let fill = pixels_of(&fill.bytes);
        assert_near(colour_at(&fill, 0.05, 0.5), [220, 20, 20], 16, "fill left");
        assert_near(colour_at(&fill, 0.95, 0.5), [20, 20, 220], 16, "fill right");
    }
}

#[test]
fn contain_fills_up_with_nothing() {
    let rgb = [30, 140, 60].repeat(120 * 40);
    let file = Jpeg::default().write(&rgb, 120, 40);
    for format in FORMATS {
        let rendition = made(&file, &asked(Some(60), Some(60), Fit::Contain, format));
        assert_eq!((rendition.width, rendition.height), (60, 60));
        assert_eq!(probed(&rendition.bytes).has_alpha, format != OutputFormat::Jpeg, "{format:?}");
        let raster = pixels_of(&rendition.bytes);
        assert_near(colour_at(&raster, 0.5, 0.05), [255; 3], 6, "around");
        assert_near(colour_at(&raster, 0.5, 0.5), [30, 140, 60], 14, "within");
    }
}

#[test]
fn transparency_is_kept_where_it_can_be_and_white_elsewhere() {
    let mut rgba = [250_u8, 10, 10, 255].repeat(64 * 64);
    rgba[..64 * 32 * 4].chunks_exact_mut(4).for_each(|pixel| pixel[3] = 0);
    let file = Png { color: png::ColorType::Rgba, ..Png::default() }.write(&rgba, 64, 64);
    for format in FORMATS {
        let rendition = made(&file, &asked(Some(32), None, Fit::Inside, format));
        assert_eq!(probed(&rendition.bytes).has_alpha, format != OutputFormat::Jpeg, "{format:?}");
        assert_near(colour_at(&pixels_of(&rendition.bytes), 0.5, 0.2), [255; 3], 6, "clear");
    }
}

#[test]
fn quality_changes_the_size() {
    let rgb = files::busy(200, 150);
    let file = Png::default().write(&rgb, 200, 150);
    for format in [OutputFormat::Jpeg, OutputFormat::WebP, OutputFormat::Avif] {
        let sized = |quality| {
            let transform = Transform { quality, ..asked(None, None, Fit::Inside, format) };
            made(&file, &transform).bytes.len()
        };
        assert!(sized(20) * 3 < sized(95) * 2, "{format:?}");
    }
}
