//! Facts from headers, and every limit.

use backlot_model::{Fault, Kind};

use super::files::{self, Jpeg, Png, Tiff};
use super::heif_files::{self, HeifFile};
use super::{ASTRONAUT, HUBBLE, ROCKET, probed};
use crate::{ColorType, Format, ImageFault, Limits, probe};

#[test]
fn photographs_tell_their_size() {
    for (file, format, width, height) in [
        (ASTRONAUT, Format::Png, 512, 512),
        (ROCKET, Format::Jpeg, 640, 427),
        (HUBBLE, Format::Jpeg, 1_000, 872),
    ] {
        let probe = probed(file);
        assert_eq!((probe.format, probe.width, probe.height), (format, width, height));
        assert_eq!((probe.frames, probe.orientation, probe.has_alpha), (1, 1, false));
    }
}

#[test]
fn every_format_tells_its_size() {
    for (name, file) in files::every_format(37, 22) {
        let probe = probed(&file);
        assert_eq!((probe.width, probe.height), (37, 22), "{name}");
        assert!(!probe.is_animated() && probe.color == ColorType::Rgb && probe.bits == 8, "{name}");
    }
    let probe = probed(&files::gif(37, 22, &[[1, 2, 3]]));
    assert_eq!((probe.width, probe.height, probe.frames), (37, 22, 1));
}

#[test]
fn pictures_that_are_only_stored_tell_their_size() {
    let heic =
        HeifFile { brand: *b"heic", item: *b"hvc1", turn: Some(1), ..HeifFile::avif(4_032, 3_024) };
    let probe = probed(&heic.write(&[vec![0; 40]]));
    assert_eq!((probe.format, probe.width, probe.height), (Format::Heic, 3_024, 4_032));
    assert!(!probe.format.has_decoder());

    let probe = probed(b"#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n\n-Y 480 +X 640\n\x02\x02");
    assert_eq!((probe.format, probe.width, probe.height), (Format::Hdr, 640, 480));

    let mut exr = b"\x76\x2f\x31\x01\x02\0\0\0dataWindow\0box2i\0\x10\0\0\0".to_vec();
    [0_i32, 0, 99, 49].iter().for_each(|side| exr.extend_from_slice(&side.to_le_bytes()));
    let probe = probed(&exr);
    assert_eq!((probe.format, probe.width, probe.height), (Format::Exr, 100, 50));
}

#[test]
fn orientation_swaps_the_sides_told() {
    for orientation in 1..=8 {
        let (rgb, width, height) = files::lying_quadrants(40, 20, orientation);
        let jpeg = Jpeg { orientation, ..Jpeg::default() };
        let png = Png { orientation, ..Png::default() };
        let tiff = Tiff { orientation: u16::from(orientation), ..Tiff::default() };
        let exif = files::exif(orientation);
        for file in [
            jpeg.write(&rgb, width, height),
            png.write(&rgb, width, height),
            tiff.write(&rgb, width, height),
            files::webp_with_exif(&rgb, width, height, &exif),
        ] {
            let probe = probed(&file);
            assert_eq!(probe.orientation, orientation, "{}", probe.format);
            assert_eq!((probe.width, probe.height), (40, 20), "{}", probe.format);
            assert_eq!((probe.stored_width, probe.stored_height), (width, height));
        }
    }
}

#[test]
fn animations_tell_frames_and_duration() {
    let colours = [[200, 0, 0], [0, 200, 0], [0, 0, 200]];
    let gif = probed(&files::gif(8, 6, &colours));
    assert_eq!((gif.frames, gif.duration_ms), (3, Some(150)));
    let webp = probed(&files::webp_animation(8, 6, &colours));
    assert_eq!(webp.frames, 3);
    assert!(webp.is_animated() && webp.duration_ms.is_some_and(|ms| ms >= 200), "{webp:?}");
    let apng = Png { frames: 4, ..Png::default() };
    let apng = probed(&apng.write(&files::quadrants(8, 6), 8, 6));
    assert_eq!((apng.frames, apng.duration_ms), (4, Some(200)));
}

#[test]
fn colours_depth_and_profile_are_told() {
    let gray =
        Png { color: png::ColorType::Grayscale, depth: png::BitDepth::Sixteen, ..Png::default() };
    let probe = probed(&gray.write(&[0; 8 * 8 * 2], 8, 8));
    assert_eq!((probe.color, probe.bits, probe.has_alpha), (ColorType::Gray, 16, false));
    let rgba = Png { color: png::ColorType::Rgba, ..Png::default() };
    assert!(probed(&rgba.write(&[0; 8 * 8 * 4], 8, 8)).has_alpha);
    let cmyk = Jpeg { color: jpeg_encoder::ColorType::Cmyk, ..Jpeg::default() };
    assert_eq!(probed(&cmyk.write(&[0; 8 * 8 * 4], 8, 8)).color, ColorType::Cmyk);

    let p3 = moxcms::ColorProfile::new_display_p3().encode().unwrap();
    let rgb = files::quadrants(8, 8);
    let jpeg = Jpeg { icc: Some(&p3), ..Jpeg::default() }.write(&rgb, 8, 8);
    let png = Png { icc: Some(&p3), ..Png::default() }.write(&rgb, 8, 8);
    for file in [jpeg, png] {
        let name = probed(&file).color_profile.unwrap();
        assert!(name.contains("P3"), "{name}");
    }
}

#[track_caller]
fn assert_side_refused(file: &[u8], what: &str) {
    match probe(file, &Limits::default()) {
        Err(ImageFault::SideTooLong { side_px, side_px_max: 16_384 }) => assert!(side_px > 16_384),
        other => panic!("{what}: {other:?}"),
    }
}

#[test]
fn lying_headers_are_refused_before_anything_is_decoded() {
    let rgb = files::quadrants(8, 8);
    let patched = |mut file: Vec<u8>, at: usize, bytes: &[u8]| {
        file[at..at + bytes.len()].copy_from_slice(bytes);
        file
    };
    let side = 60_000_u32;
    let png = patched(Png::default().write(&rgb, 8, 8), 16, &side.to_be_bytes());
    assert_side_refused(&png, "png");
    assert_side_refused(&patched(files::tiny_gif(1), 8, &[0xff, 0xff]), "gif");
    assert_side_refused(&patched(files::tiny_gif(1), 24, &[0xff, 0xff]), "gif frame");
    assert_side_refused(&patched(files::bmp(&rgb, 8, 8), 22, &side.to_le_bytes()), "bmp");
    assert_side_refused(&Tiff::default().write(&rgb, side, side), "tiff");
    let webp = files::webp_with_exif(&rgb, 8, 8, &files::exif(1));
    assert_side_refused(&patched(webp, 24, &[0xff, 0xff, 0xff]), "webp");
    let jpeg = Jpeg::default().write(&rgb, 8, 8);
    let sof = jpeg.windows(2).position(|pair| pair == [0xff, 0xc0]).unwrap();
    assert_side_refused(&patched(jpeg, sof + 5, &[0xff, 0xff]), "jpeg");
    let av1 = heif_files::av1_of(&files::avif(&rgb, 8, 8));
    assert_side_refused(&HeifFile::avif(side, side).write(&[av1]), "avif");
}

#[test]
fn each_limit_has_its_own_fault() {
    let limits = Limits {
        side_px_max: 100,
        pixels_max: 2_000,
        frames_max: 3,
        animation_pixels_max: 1_000,
        metadata_bytes_max: 400,
    };
    let rgb = files::quadrants(50, 50);
    let file = Png::default().write(&rgb, 50, 50);
    let expected = ImageFault::TooManyPixels { width: 50, height: 50, pixels_max: 2_000 };
    assert_eq!(probe(&file, &limits).unwrap_err(), expected);
    let expected = ImageFault::TooManyFrames { frames: 4, frames_max: 3 };
    assert_eq!(probe(&files::tiny_gif(4), &limits).unwrap_err(), expected);
    let file = files::gif(25, 20, &[[0, 0, 0], [9, 9, 9], [99, 0, 0]]);
    let expected =
        ImageFault::AnimationTooLarge { width: 25, height: 20, frames: 3, pixels_max: 1_000 };
    assert_eq!(probe(&file, &limits).unwrap_err(), expected);
    // Ten thousand zeros deflate to a few bytes: what counts is what they inflate to.
    let bomb = vec![0; 10_000];
    let png = Png { icc: Some(&bomb), ..Png::default() }.write(&files::quadrants(8, 8), 8, 8);
    let jpeg = Jpeg { icc: Some(&bomb), ..Jpeg::default() }.write(&files::quadrants(8, 8), 8, 8);
    for file in [png, jpeg] {
        assert!(matches!(probe(&file, &limits), Err(ImageFault::MetadataTooLarge { .. })));
    }
}

#[test]
fn frames_are_counted_without_decoding() {
    let file = files::tiny_gif(1_500);
    let expected = ImageFault::TooManyFrames { frames: 1_001, frames_max: 1_000 };
    assert_eq!(probe(&file, &Limits::default()).unwrap_err(), expected);
    let sequence = [
        HeifFile::avif(8, 8).write(&[heif_files::av1_of(&files::avif(
            &files::quadrants(8, 8),
            8,
            8,
        ))]),
        heif_files::movie(8, 8, 1_000, 60_000, 1_200),
    ];
    let expected = ImageFault::TooManyFrames { frames: 1_200, frames_max: 1_000 };
    assert_eq!(probe(&sequence.concat(), &Limits::default()).unwrap_err(), expected);
}

#[test]
fn what_is_no_picture_is_refused_by_name() {
    for (file, said) in [
        (&b"<svg xmlns='http://www.w3.org/2000/svg'/>"[..], "image/svg+xml"),
        (b"%PDF-1.4", "application/pdf"),
        (b"\x01\x02\x03\x04", "unknown type"),
        (b"", "unknown type"),
    ] {
        let fault = Fault::from(probe(file, &Limits::default()).unwrap_err());
        assert_eq!((fault.kind, fault.code), (Kind::UnsupportedMedia, "unsupported-media"));
        assert!(fault.message.contains(said), "{}", fault.message);
    }
}

#[test]
fn faults_keep_their_codes() {
    let too_many = ImageFault::TooManyFrames { frames: 2, frames_max: 1 };
    for (fault, code) in [
        (ImageFault::SideTooLong { side_px: 2, side_px_max: 1 }, "too-many-pixels"),
        (too_many, "too-many-pixels"),
        (ImageFault::Truncated, "bytes-truncated"),
        (ImageFault::Corrupt("x".to_owned()), "invalid"),
        (ImageFault::NoDecoder { format: "HEIC" }, "unsupported-media"),
        (ImageFault::TooSlow { limit_ms: 1 }, "too-large"),
    ] {
        assert_eq!(Fault::from(fault).code, code);
    }
}
