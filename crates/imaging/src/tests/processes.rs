//! Thumbnails and facts.

use std::sync::atomic::{AtomicI64, Ordering};

use backlot_model::{Clock, HandClock, Millis};

use super::files::{self, Jpeg, Png};
use super::heif_files::HeifFile;
use super::{
    ASTRONAUT, CHELSEA, COFFEE, HUBBLE, ROCKET, assert_near, assert_upright, pixels_of, probed,
    processed, psnr,
};
use crate::faces::FaceFinder;
use crate::pixels::{Layout, Pixels, Raster};
use crate::{Deadline, ImageFault, ProcessOptions, decode_bytes, process};

#[test]
fn thumbnails_have_the_edges_asked_for_and_never_more_than_the_picture() {
    for (file, sizes) in [
        (HUBBLE, [(320, 279), (1_000, 872)]),
        (ASTRONAUT, [(320, 320), (512, 512)]),
        (CHELSEA, [(320, 213), (451, 300)]),
    ] {
        let made = processed(file);
        let got: Vec<(u32, u32)> =
            made.thumbs.iter().map(|thumb| (thumb.width, thumb.height)).collect();
        assert_eq!(got, sizes);
        for thumb in &made.thumbs {
            assert_eq!(thumb.media_type, "image/jpeg");
            let raster = pixels_of(&thumb.bytes);
            assert_eq!((raster.width, raster.height), (thumb.width, thumb.height));
        }
    }
}

#[test]
fn extreme_shapes_get_a_thumbnail() {
    for (width, height) in [(1, 1), (2, 1), (16_384, 1), (1, 16_384), (9_000, 3), (3, 2)] {
        let rgb = [200, 100, 50].repeat((width * height) as usize);
        let jpeg = Jpeg::default().write(&rgb, width, height);
        for file in [jpeg, Png::default().write(&rgb, width, height)] {
            let made = processed(&file);
            for thumb in &made.thumbs {
                assert!(thumb.width.max(thumb.height) <= thumb.edge_px.min(width.max(height)));
                let colour = super::colour_at(&pixels_of(&thumb.bytes), 0.5, 0.5);
                let what = format!("{width}×{height} {} px", thumb.edge_px);
                assert_near(colour, [200, 100, 50], 6, &what);
            }
        }
    }
}

/// Twelve megapixels, made of the astronaut.
fn large(width: u32, height: u32) -> Raster {
    let small = Pixels::Raster(pixels_of(ASTRONAUT));
    small.resize(crate::pixels::Crop::all(512, 512), width, height).unwrap().into_raster()
}

#[test]
fn twelve_megapixels_look_like_a_plain_resize() {
    let raster = large(4_000, 3_000);
    let reference = Pixels::Raster(raster.clone()).fit(1_024).unwrap().into_raster();
    for progressive in [false, true] {
        let jpeg = Jpeg { progressive, quality: 90, ..Jpeg::default() };
        let file = jpeg.write(&raster.data, 4_000, 3_000);
        let made = processed(&file);
        assert_eq!((made.width, made.height), (4_000, 3_000));
        let thumb = pixels_of(&made.thumbs[1].bytes);
        let decibels = psnr(&thumb, &reference);
        assert!(decibels > 32.0, "{decibels} dB");
    }
}

#[test]
fn nothing_but_the_picture_is_in_a_thumbnail() {
    let p3 = moxcms::ColorProfile::new_display_p3().encode().unwrap();
    let jpeg = Jpeg { orientation: 6, icc: Some(&p3), ..Jpeg::default() };
    let file = jpeg.write(&files::quadrants(600, 400), 600, 400);
    assert!(file.windows(4).any(|bytes| bytes == b"Exif"));
    for thumb in processed(&file).thumbs {
        for sign in [&b"Exif"[..], b"ICC_PROFILE", b"http://ns.adobe.com", b"Photoshop"] {
            assert!(!thumb.bytes.windows(sign.len()).any(|bytes| bytes == sign));
        }
        let probe = probed(&thumb.bytes);
        assert_eq!((probe.orientation, probe.color_profile), (1, None));
    }
}

#[test]
fn the_dominant_colour_is_the_commonest() {
    let mut rgb = [200, 30, 40].repeat(100 * 70);
    rgb.extend([20, 30, 240].repeat(100 * 30));
    let made = processed(&Png::default().write(&rgb, 100, 100));
    assert_eq!(made.dominant_color, "#c81e28");
    assert!((15..40).contains(&made.thumbhash.len()));
    let clear = [0_u8; 20 * 20 * 4];
    let clear = Png { color: png::ColorType::Rgba, ..Png::default() }.write(&clear, 20, 20);
    assert_eq!(processed(&clear).dominant_color, "#ffffff");
}

#[test]
fn look_alikes_have_near_hashes_and_others_far_ones() {
    let pictures = [ASTRONAUT, CHELSEA, COFFEE, HUBBLE, ROCKET];
    let hashes = pictures.map(|file| processed(file).perceptual_hash);
    for (at, file) in pictures.into_iter().enumerate() {
        let raster = Pixels::Raster(pixels_of(file)).fit(240).unwrap().into_raster();
        let copy = Jpeg { quality: 40, ..Jpeg::default() };
        let copy = processed(&copy.write(&raster.to_rgb(), raster.width, raster.height));
        for (other, hash) in hashes.iter().enumerate() {
            let distance = (copy.perceptual_hash ^ hash).count_ones();
            if other == at {
                assert!(distance <= 6, "copy of {at}: {distance}");
            } else {
                assert!(distance >= 14, "copy of {at} against {other}: {distance}");
            }
        }
    }
}

#[test]
fn the_preview_is_upright_and_small() {
    let (rgb, width, height) = files::lying_quadrants(900, 500, 6);
    let file = Jpeg { orientation: 6, ..Jpeg::default() }.write(&rgb, width, height);
    let options = ProcessOptions { preview_edge_px: Some(640), ..ProcessOptions::default() };
    let preview = process(&file, &probed(&file), &options).unwrap().preview.unwrap();
    assert_eq!((preview.width, preview.height), (640, 356));
    let raster = Raster::new(preview.width, preview.height, Layout::Rgb, preview.rgb);
    assert_upright(&raster, 12, "preview");
    assert_eq!(processed(&file).preview, None);
}

#[test]
fn faces_are_found_where_there_are_some() {
    let finder = FaceFinder::new().unwrap();
    for (file, expected) in
        [(ASTRONAUT, true), (CHELSEA, false), (COFFEE, false), (HUBBLE, false), (ROCKET, false)]
    {
        let options = ProcessOptions { preview_edge_px: Some(640), ..ProcessOptions::default() };
        let preview = process(file, &probed(file), &options).unwrap().preview.unwrap();
        assert_eq!(finder.has_face(&preview), expected);
    }
    let speck = crate::Preview { width: 1, height: 1, rgb: vec![0; 3] };
    assert!(!finder.has_face(&speck));
}

#[test]
fn heic_is_said_to_have_no_decoder() {
    let heic = HeifFile { brand: *b"heic", item: *b"hvc1", ..HeifFile::avif(400, 300) };
    let file = heic.write(&[vec![0; 40]]);
    let fault = process(&file, &probed(&file), &ProcessOptions::default()).unwrap_err();
    assert_eq!(fault, ImageFault::NoDecoder { format: "HEIC" });
}

/// A clock that moves on by a second at each look.
#[derive(Default)]
struct Impatient(AtomicI64);

impl Clock for Impatient {
    fn now_ms(&self) -> Millis {
        self.0.fetch_add(1_000, Ordering::Relaxed)
    }
}

#[test]
fn work_ends_at_the_deadline() {
    let clock = Impatient::default();
    for (name, file) in files::every_format(300, 200) {
        let options = ProcessOptions {
            deadline: Deadline::after(&clock, 1_500),
            ..ProcessOptions::default()
        };
        let fault = process(&file, &probed(&file), &options).unwrap_err();
        assert_eq!(fault, ImageFault::TooSlow { limit_ms: 1_500 }, "{name}");
    }
    let clock = HandClock::default();
    let options =
        ProcessOptions { deadline: Deadline::after(&clock, 1_500), ..ProcessOptions::default() };
    assert!(process(ROCKET, &probed(ROCKET), &options).is_ok());
}

#[test]
fn memory_is_told_before_it_is_taken() {
    let big = Png::default().write(&files::quadrants(2_000, 1_500), 2_000, 1_500);
    let small = Png::default().write(&files::quadrants(20, 15), 20, 15);
    let (big, small) = (probed(&big), probed(&small));
    assert!(decode_bytes(&big, 1_024) > 2_000 * 1_500 * 3 + decode_bytes(&small, 1_024));
    // A hundred megapixels, the most that is let in, fit a gigabyte or two.
    let mut huge = probed(ROCKET);
    (huge.stored_width, huge.stored_height) = (10_000, 10_000);
    (huge.width, huge.height) = (10_000, 10_000);
    assert!(decode_bytes(&huge, 1_024) < 1 << 30);
}
