//! Every format and colour type through decode and process: pixels end where and as they must.

use jpeg_encoder::{ColorType as JpegColor, SamplingFactor};
use png::{BitDepth, ColorType as PngColor};

use super::files::{self, Jpeg, Png, Tiff};
use super::heif_files::{self, HeifFile};
use super::{assert_near, assert_upright, colour_at, pixels_of, probed, processed};
use crate::{ImageFault, Limits, ProcessOptions, probe, process};

/// The bigger thumbnail's pixels.
fn thumb_of(file: &[u8]) -> crate::pixels::Raster {
    pixels_of(&processed(file).thumbs[1].bytes)
}

#[test]
fn every_format_keeps_its_colours() {
    for (name, file) in files::every_format(97, 61) {
        assert_upright(&pixels_of(&file), 14, name);
        assert_upright(&thumb_of(&file), 20, name);
    }
}

#[test]
fn every_orientation_ends_upright() {
    // Small and odd, as it is; and large, scaled while decoding, to an odd size.
    for (width, height) in [(67, 41), (2_301, 1_537)] {
        for orientation in 1..=8 {
            let (rgb, stored_width, stored_height) =
                files::lying_quadrants(width, height, orientation);
            let jpeg = Jpeg { orientation, ..Jpeg::default() };
            let file = jpeg.write(&rgb, stored_width, stored_height);
            let made = processed(&file);
            assert_eq!((made.width, made.height, made.orientation), (width, height, orientation));
            for thumb in &made.thumbs {
                let raster = pixels_of(&thumb.bytes);
                assert_eq!((raster.width, raster.height), (thumb.width, thumb.height));
                assert_upright(&raster, 16, &format!("orientation {orientation}, {width} px"));
            }
        }
    }
}

#[test]
fn every_orientation_of_other_formats_ends_upright() {
    for orientation in 1..=8 {
        let (rgb, width, height) = files::lying_quadrants(40, 26, orientation);
        let png = Png { orientation, ..Png::default() }.write(&rgb, width, height);
        let tiff = Tiff { orientation: u16::from(orientation), ..Tiff::default() };
        let webp = files::webp_with_exif(&rgb, width, height, &files::exif(orientation));
        for file in [png, tiff.write(&rgb, width, height), webp] {
            assert_upright(&thumb_of(&file), 16, &format!("orientation {orientation}"));
        }
    }
    let (rgb, width, height) = files::lying_quadrants(40, 26, 7);
    let av1 = heif_files::av1_of(&files::avif(&rgb, width, height));
    let file = HeifFile { turn: Some(1), mirror: Some(1), ..HeifFile::avif(width, height) };
    assert_upright(&thumb_of(&file.write(&[av1])), 24, "avif turned and mirrored");
}

#[test]
fn every_subsampling_is_read_at_even_and_odd_sizes() {
    let samplings = [
        SamplingFactor::F_1_1,
        SamplingFactor::F_2_1,
        SamplingFactor::F_1_2,
        SamplingFactor::F_2_2,
        SamplingFactor::F_4_1,
        SamplingFactor::F_1_4,
    ];
    for sampling in samplings {
        for (width, height) in [(64, 48), (63, 47), (2_051, 1_033)] {
            for orientation in [1, 6] {
                let (rgb, stored_width, stored_height) =
                    files::lying_quadrants(width, height, orientation);
                let jpeg = Jpeg { sampling, orientation, ..Jpeg::default() };
                let file = jpeg.write(&rgb, stored_width, stored_height);
                let what = format!("{sampling:?} {width}×{height} {orientation}");
                assert_upright(&thumb_of(&file), 20, &what);
            }
        }
    }
}

#[test]
fn grayscale_stays_gray() {
    let ramp: Vec<u8> = (0..200_u32 * 100).map(|at| (at % 200) as u8).collect();
    for progressive in [false, true] {
        let jpeg = Jpeg { color: JpegColor::Luma, progressive, ..Jpeg::default() };
        let raster = thumb_of(&jpeg.write(&ramp, 200, 100));
        assert_near(colour_at(&raster, 0.25, 0.5), [50; 3], 5, "a quarter");
        assert_near(colour_at(&raster, 0.9, 0.5), [180; 3], 5, "nine tenths");
    }
}

#[test]
fn ink_becomes_light() {
    let inks: [([u8; 4], [u8; 3]); 5] = [
        ([0, 0, 0, 0], [255, 255, 255]),
        ([0, 0, 0, 255], [0, 0, 0]),
        ([255, 0, 0, 0], [0, 255, 255]),
        ([0, 255, 255, 0], [255, 0, 0]),
        ([0, 0, 0, 128], [127, 127, 127]),
    ];
    for (ink, light) in inks {
        for color in [JpegColor::Cmyk, JpegColor::CmykAsYcck] {
            for (width, height) in [(64, 48), (2_200, 1_100)] {
                let data = ink.repeat((width * height) as usize);
                let sampling = SamplingFactor::F_1_1;
                let file = Jpeg { color, sampling, ..Jpeg::default() }.write(&data, width, height);
                let what = format!("{ink:?} {color:?} {width}");
                assert_near(colour_at(&thumb_of(&file), 0.5, 0.5), light, 6, &what);
            }
        }
        let tiff = Tiff { photometric: 5, samples: 4, ..Tiff::default() };
        let file = tiff.write(&ink.repeat(20 * 10), 20, 10);
        assert_near(colour_at(&thumb_of(&file), 0.5, 0.5), light, 6, "tiff");
    }
}

#[test]
fn ink_without_adobes_mark_is_not_inverted() {
    // The writer stores the opposite and says so; without the mark the opposite is meant.
    let data = [0_u8, 255, 255, 0].repeat(64 * 48);
    let mut file = Jpeg { color: JpegColor::Cmyk, ..Jpeg::default() }.write(&data, 64, 48);
    let mark = file.windows(5).position(|bytes| bytes == b"Adobe").unwrap() - 4;
    file.drain(mark..mark + 16);
    // Stored are ink 255, 0, 0, 255: black in any case.
    assert_near(colour_at(&thumb_of(&file), 0.5, 0.5), [0, 0, 0], 6, "bare cmyk");
}

#[test]
fn every_png_is_read() {
    let (width, height) = (16, 12);
    let pixels = (width * height) as usize;
    let check = |png: Png<'_>, data: &[u8], expected: [u8; 3], what: &str| {
        let file = png.write(data, width, height);
        assert_near(colour_at(&thumb_of(&file), 0.5, 0.5), expected, 6, what);
    };
    let gray = |depth| Png { color: PngColor::Grayscale, depth, ..Png::default() };
    check(gray(BitDepth::One), &vec![0xff; pixels / 8], [255; 3], "1 bit");
    check(gray(BitDepth::Two), &vec![0b1010_1010; pixels / 4], [170; 3], "2 bits");
    check(gray(BitDepth::Four), &vec![0x66; pixels / 2], [102; 3], "4 bits");
    check(gray(BitDepth::Eight), &vec![77; pixels], [77; 3], "8 bits");
    check(gray(BitDepth::Sixteen), &[0x80, 0x12].repeat(pixels), [128; 3], "16 bits");
    let alpha = |color, depth| Png { color, depth, ..Png::default() };
    let data = [90, 255].repeat(pixels);
    check(alpha(PngColor::GrayscaleAlpha, BitDepth::Eight), &data, [90; 3], "gray with alpha");
    let data = [200, 0, 100, 0, 50, 0].repeat(pixels);
    check(alpha(PngColor::Rgb, BitDepth::Sixteen), &data, [200, 100, 50], "rgb of 16 bits");
    let data = [200, 0, 100, 0, 50, 0, 255, 255].repeat(pixels);
    check(alpha(PngColor::Rgba, BitDepth::Sixteen), &data, [200, 100, 50], "rgba of 16 bits");
    let palette = Png {
        color: PngColor::Indexed,
        palette: Some(vec![1, 2, 3, 40, 160, 80]),
        ..Png::default()
    };
    check(palette, &vec![1; pixels], [40, 160, 80], "palette");
}

#[test]
fn what_can_be_seen_through_becomes_a_webp_that_can() {
    let mut rgba = [250_u8, 10, 10, 255].repeat(40 * 40);
    rgba[..40 * 20 * 4].chunks_exact_mut(4).for_each(|pixel| pixel[3] = 0);
    let png = Png { color: PngColor::Rgba, ..Png::default() }.write(&rgba, 40, 40);
    let palette = Png {
        color: PngColor::Indexed,
        palette: Some(vec![0, 0, 0, 250, 10, 10]),
        transparency: Some(vec![0, 255]),
        ..Png::default()
    };
    let indices: Vec<u8> = (0..40 * 40).map(|at| u8::from(at >= 40 * 20)).collect();
    for file in [
        png,
        palette.write(&indices, 40, 40),
        files::webp_rgba(&rgba, 40, 40),
        files::avif_rgba(&rgba, 40, 40),
    ] {
        let made = processed(&file);
        let thumb = &made.thumbs[0];
        assert_eq!(thumb.media_type, "image/webp");
        assert!(probed(&thumb.bytes).has_alpha);
        let raster = pixels_of(&thumb.bytes);
        assert_near(colour_at(&raster, 0.5, 0.1), [255; 3], 3, "clear shows white");
        assert_near(colour_at(&raster, 0.5, 0.9), [250, 10, 10], 12, "the rest does not");
        assert!(made.dominant_color.starts_with("#f") || made.dominant_color.starts_with("#e"));
    }
}

#[test]
fn alpha_that_hides_nothing_is_dropped() {
    let rgba = [10_u8, 20, 30, 255].repeat(40 * 40);
    let file = Png { color: PngColor::Rgba, ..Png::default() }.write(&rgba, 40, 40);
    assert_eq!(processed(&file).thumbs[0].media_type, "image/jpeg");
}

#[test]
fn an_animation_shows_its_first_frame() {
    let colours = [[220, 40, 40], [40, 220, 40]];
    for file in [files::gif(30, 20, &colours), files::webp_animation(30, 20, &colours)] {
        assert_near(colour_at(&thumb_of(&file), 0.5, 0.5), colours[0], 14, "first frame");
    }
    let apng = Png { frames: 3, ..Png::default() }.write(&files::quadrants(30, 20), 30, 20);
    assert_upright(&thumb_of(&apng), 24, "apng");
}

#[test]
fn tiles_of_an_avif_are_put_together() {
    // Two by two tiles of 64 px, of which the picture shows 100 × 90.
    let tiles: Vec<Vec<u8>> = super::QUADRANTS
        .iter()
        .map(|colour| heif_files::av1_of(&files::avif(&colour.repeat(64 * 64), 64, 64)))
        .collect();
    let file = HeifFile { grid: Some((2, 2)), ..HeifFile::avif(100, 90) }.write(&tiles);
    let raster = thumb_of(&file);
    assert_eq!((raster.width, raster.height), (100, 90));
    assert_upright(&raster, 16, "grid");
    let one_missing = HeifFile { grid: Some((2, 2)), ..HeifFile::avif(100, 90) }.write(&tiles[..3]);
    let probe = probed(&one_missing);
    assert!(process(&one_missing, &probe, &ProcessOptions::default()).is_err());
}

#[test]
fn a_size_that_the_content_denies_is_refused() {
    let av1 = heif_files::av1_of(&files::avif(&files::quadrants(64, 64), 64, 64));
    let file = HeifFile::avif(48, 48).write(&[av1]);
    let probe = probe(&file, &Limits::default()).unwrap();
    let fault = process(&file, &probe, &ProcessOptions::default()).unwrap_err();
    assert!(matches!(fault, ImageFault::Corrupt(_)), "{fault:?}");
}

/// What a linear mix of the primaries of Display P3 is in sRGB, by the published matrices.
fn p3_in_srgb(rgb: [u8; 3]) -> [u8; 3] {
    let linear = rgb.map(|sample| {
        let sample = f64::from(sample) / 255.0;
        if sample <= 0.040_45 { sample / 12.92 } else { ((sample + 0.055) / 1.055).powf(2.4) }
    });
    let matrix = [
        [1.224_940_2, -0.224_940_2, 0.0],
        [-0.042_056_9, 1.042_056_9, 0.0],
        [-0.019_637_6, -0.078_636_1, 1.098_273_5],
    ];
    matrix.map(|row| {
        let sum: f64 = row.iter().zip(linear).map(|(factor, sample)| factor * sample).sum();
        let sum = sum.clamp(0.0, 1.0);
        let coded =
            if sum <= 0.003_130_8 { sum * 12.92 } else { 1.055 * sum.powf(1.0 / 2.4) - 0.055 };
        (coded * 255.0).round() as u8
    })
}

#[test]
fn wide_colours_become_srgb() {
    let p3 = moxcms::ColorProfile::new_display_p3().encode().unwrap();
    for colour in [[200, 100, 60], [60, 180, 90], [128, 128, 128], [255, 0, 0]] {
        let expected = p3_in_srgb(colour);
        let rgb = colour.repeat(80 * 60);
        let sampling = SamplingFactor::F_1_1;
        let jpeg = Jpeg { icc: Some(&p3), sampling, ..Jpeg::default() }.write(&rgb, 80, 60);
        let png = Png { icc: Some(&p3), ..Png::default() }.write(&rgb, 80, 60);
        let av1 = heif_files::av1_of(&files::avif(&rgb, 80, 60));
        let icc =
            HeifFile { colr: Some([b"prof", p3.as_slice()].concat()), ..HeifFile::avif(80, 60) };
        // Display P3 by code points, with the matrix of BT.601, full range.
        let nclx = b"nclx\0\x0c\0\x0d\0\x06\x80".to_vec();
        let nclx = HeifFile { colr: Some(nclx), ..HeifFile::avif(80, 60) };
        let avifs = [icc.write(std::slice::from_ref(&av1)), nclx.write(&[av1])];
        for (name, file) in ["jpeg", "png", "icc avif", "nclx avif"]
            .iter()
            .zip([jpeg, png].into_iter().chain(avifs))
        {
            let what = format!("{name} {colour:?}");
            assert_near(colour_at(&thumb_of(&file), 0.5, 0.5), expected, 9, &what);
        }
    }
}

#[test]
fn srgb_profiles_change_nothing_and_broken_ones_are_passed_over() {
    let srgb = moxcms::ColorProfile::new_srgb().encode().unwrap();
    assert!(crate::colour::Colours::of(Some(&srgb), None).is_srgb());
    for icc in [&srgb[..], &srgb[..200], b"nonsense"] {
        let file =
            Jpeg { icc: Some(icc), ..Jpeg::default() }.write(&files::quadrants(60, 40), 60, 40);
        assert_upright(&thumb_of(&file), 12, "profile");
    }
}

/// A printer's profile with two points a side: each ink takes light away, linearly in Lab.
fn ink_profile() -> Vec<u8> {
    let mut table = b"mft1\0\0\0\0\x04\x03\x02\0".to_vec();
    for cell in [1_u32, 0, 0, 0, 1, 0, 0, 0, 1] {
        table.extend_from_slice(&(cell << 16).to_be_bytes());
    }
    let ramp: Vec<u8> = (0..=255).collect();
    (0..4).for_each(|_| table.extend_from_slice(&ramp));
    for node in 0..16_u8 {
        // Bits are cyan, magenta, yellow, black; Lab has 255 for L = 100 and 128 for none.
        let light = if node & 1 == 1 { 0 } else { 255 - 40 * (node >> 1).count_ones() as u8 };
        table.extend_from_slice(&[light, 128, 128]);
    }
    (0..3).for_each(|_| table.extend_from_slice(&ramp));
    let mut profile = vec![0; 128];
    profile[8..12].copy_from_slice(&[2, 0x40, 0, 0]);
    profile[12..24].copy_from_slice(b"prtrCMYKLab ");
    profile[36..40].copy_from_slice(b"acsp");
    for (at, value) in [(68, 0xf6d6_u32), (72, 0x1_0000), (76, 0xd32d)] {
        profile[at..at + 4].copy_from_slice(&value.to_be_bytes());
    }
    profile.extend_from_slice(&1_u32.to_be_bytes());
    profile.extend_from_slice(b"A2B0");
    profile.extend_from_slice(&144_u32.to_be_bytes());
    profile.extend_from_slice(&(table.len() as u32).to_be_bytes());
    profile.extend_from_slice(&table);
    let len = (profile.len() as u32).to_be_bytes();
    profile[..4].copy_from_slice(&len);
    profile
}

#[test]
fn the_profile_of_inks_is_honoured() {
    let icc = ink_profile();
    let made = |ink: [u8; 4]| {
        let jpeg = Jpeg {
            color: JpegColor::Cmyk,
            icc: Some(&icc),
            sampling: SamplingFactor::F_1_1,
            ..Jpeg::default()
        };
        colour_at(&thumb_of(&jpeg.write(&ink.repeat(64 * 48), 64, 48)), 0.5, 0.5)
    };
    assert_near(made([0, 0, 0, 0]), [255; 3], 4, "paper");
    assert_near(made([0, 0, 0, 255]), [0; 3], 4, "black");
    // Without the profile full cyan would be a pure colour; this one makes it a light gray:
    // L = 84.3 is 211.
    assert_near(made([255, 0, 0, 0]), [211; 3], 8, "cyan");
}
