//! Files that end early or were altered: a fault, never half a picture.

use super::files::{self, Jpeg, Png};
use super::{ASTRONAUT, HUBBLE, ROCKET, probed};
use crate::{
    Deadline, Fit, ImageFault, Limits, OutputFormat, ProcessOptions, Transform, probe, process,
    transform,
};

fn outcome(file: &[u8]) -> Result<(), ImageFault> {
    let probe = probe(file, &Limits::default())?;
    process(file, &probe, &ProcessOptions::default()).map(|_| ())
}

#[test]
fn a_file_cut_anywhere_is_refused() {
    let busy = files::busy(160, 120);
    let mut all: Vec<(&str, Vec<u8>)> = vec![
        ("astronaut", ASTRONAUT.to_vec()),
        ("hubble", HUBBLE.to_vec()),
        ("rocket", ROCKET.to_vec()),
        ("animated gif", files::gif(60, 40, &[[200, 0, 0], [0, 200, 0], [0, 0, 200]])),
        ("animated webp", files::webp_animation(60, 40, &[[200, 0, 0], [0, 200, 0]])),
        ("animated png", Png { frames: 3, ..Png::default() }.write(&busy, 160, 120)),
        ("busy jpeg", Jpeg::default().write(&busy, 160, 120)),
        (
            "busy progressive jpeg",
            Jpeg { progressive: true, ..Jpeg::default() }.write(&busy, 160, 120),
        ),
        ("busy avif", files::avif(&busy, 160, 120)),
    ];
    all.extend(files::every_format(160, 120));
    for (name, file) in all {
        assert_eq!(outcome(&file), Ok(()), "{name}, whole");
        for tenth in 0..10 {
            let cut = &file[..file.len() * tenth / 10];
            assert!(outcome(cut).is_err(), "{name}, cut at {tenth}/10");
        }
    }
}

#[test]
fn a_cut_is_called_a_cut() {
    for (name, file) in [("jpeg", HUBBLE), ("png", ASTRONAUT)] {
        let fault = outcome(&file[..file.len() * 7 / 10]).unwrap_err();
        assert_eq!(fault, ImageFault::Truncated, "{name}");
    }
    let cut = &HUBBLE[..HUBBLE.len() * 7 / 10];
    let asked = Transform {
        width: Some(100),
        height: None,
        fit: Fit::Inside,
        format: OutputFormat::WebP,
        quality: 80,
        deadline: Deadline::never(),
    };
    assert_eq!(transform(cut, &probed(cut), &asked).unwrap_err(), ImageFault::Truncated);
}

#[test]
fn altered_pixels_of_a_png_are_noticed() {
    let mut file = ASTRONAUT.to_vec();
    let middle = file.len() / 2;
    file[middle] ^= 0x55;
    assert!(matches!(outcome(&file), Err(ImageFault::Corrupt(_))));
}

#[test]
fn stray_bytes_between_segments_lose_nothing() {
    let file = Jpeg::default().write(&files::busy(64, 48), 64, 48);
    let app = file.windows(2).position(|pair| pair == [0xff, 0xdb]).unwrap();
    let mut strayed = file[..app].to_vec();
    strayed.extend_from_slice(&[1, 2, 3]);
    strayed.extend_from_slice(&file[app..]);
    assert_eq!(outcome(&strayed), Ok(()));
    let mut trailed = file;
    trailed.extend_from_slice(b"a camera's own data");
    assert_eq!(outcome(&trailed), Ok(()));
}

#[test]
fn a_progressive_jpeg_of_endless_scans_is_refused() {
    let progressive =
        Jpeg { progressive: true, color: jpeg_encoder::ColorType::Luma, ..Jpeg::default() };
    let file = progressive.write(&[100; 16 * 16], 16, 16);
    let last = file.windows(2).rposition(|pair| pair == [0xff, 0xda]).unwrap();
    let scan = file[last..file.len() - 2].to_vec();
    let mut many = file[..file.len() - 2].to_vec();
    (0..500).for_each(|_| many.extend_from_slice(&scan));
    many.extend_from_slice(&[0xff, 0xd9]);
    assert!(matches!(outcome(&many), Err(ImageFault::Corrupt(_) | ImageFault::Truncated)));
}
