//! Whatever comes in: no panic, no limit exceeded, no thumbnail larger than asked.

use std::io::Cursor;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};

use super::files::{self, Jpeg, Png};
use crate::{
    Deadline, Fit, Limits, OutputFormat, ProcessOptions, Transform, probe, probe_other, process,
    sniff, transform,
};

const LIMITS: Limits = Limits {
    side_px_max: 300,
    pixels_max: 40_000,
    frames_max: 5,
    animation_pixels_max: 100_000,
    metadata_bytes_max: 5_000,
};

fn check(file: &[u8]) {
    let head = &file[..file.len().min(crate::SNIFF_BYTES)];
    if let Some(sniffed) = sniff(head) {
        let _ = probe_other(&mut Cursor::new(file), &sniffed);
    }
    let Ok(probe) = probe(file, &LIMITS) else { return };
    assert!(probe.width.max(probe.height) <= LIMITS.side_px_max);
    assert!(u64::from(probe.width) * u64::from(probe.height) <= LIMITS.pixels_max);
    assert!(probe.frames <= LIMITS.frames_max && (1..=8).contains(&probe.orientation));
    let options = ProcessOptions { thumb_edges_px: vec![16, 64], ..ProcessOptions::default() };
    if let Ok(made) = process(file, &probe, &options) {
        for thumb in made.thumbs {
            assert!(thumb.width.max(thumb.height) <= thumb.edge_px && !thumb.bytes.is_empty());
        }
    }
    let asked = Transform {
        width: Some(20),
        height: Some(30),
        fit: Fit::Cover,
        format: OutputFormat::Png,
        quality: 50,
        deadline: Deadline::never(),
    };
    if let Ok(made) = transform(file, &probe, &asked) {
        assert!(made.width <= 20 && made.height <= 30);
    }
}

fn seeds() -> Vec<Vec<u8>> {
    let busy = files::busy(48, 40);
    let p3 = moxcms::ColorProfile::new_display_p3().encode().unwrap();
    let mut seeds: Vec<Vec<u8>> =
        files::every_format(48, 40).into_iter().map(|(_, file)| file).collect();
    seeds.push(files::gif(30, 20, &[[200, 0, 0], [0, 200, 0]]));
    seeds.push(files::webp_animation(30, 20, &[[200, 0, 0], [0, 200, 0]]));
    seeds.push(Png { frames: 2, icc: Some(&p3), ..Png::default() }.write(&busy, 48, 40));
    seeds.push(Jpeg { orientation: 6, icc: Some(&p3), ..Jpeg::default() }.write(&busy, 48, 40));
    seeds.push(super::heif_files::movie(64, 48, 600, 3_000, 3));
    seeds
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn altered_files_are_read_or_refused(
        seed in select(seeds()),
        changes in vec((any::<Index>(), any::<u8>()), 1..12),
        early in prop::bool::ANY,
        cut in prop::option::weighted(0.3, any::<Index>()),
    ) {
        let mut file = seed;
        for (at, byte) in changes {
            // Headers are where it gets interesting.
            let len = if early { file.len().min(200) } else { file.len() };
            file[at.index(len)] = byte;
        }
        if let Some(cut) = cut {
            file.truncate(cut.index(file.len()));
        }
        check(&file);
    }

    #[test]
    fn random_bytes_are_read_or_refused(
        magic in select(vec![
            &b""[..], b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF89a", b"RIFF\xff\0\0\0WEBP", b"BM", b"II*\0",
            b"MM\0+", b"\0\0\0\x18ftypavif\0\0\0\0avifmif1", b"#?RADIANCE\n", b"\x76\x2f\x31\x01",
            b"RIFF\0\0\0\0WAVE", b"\x1a\x45\xdf\xa3", b"OggS", b"ID3", b"\0\0\0\x14ftypisom\0\0\0\0mp42",
        ]),
        tail in vec(any::<u8>(), 0..600),
    ) {
        check(&[magic, tail.as_slice()].concat());
    }
}
