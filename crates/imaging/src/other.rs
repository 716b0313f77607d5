//! Cheap facts about what is not a picture: duration and size of video and audio.
//!
//! Reads headers and, where a format keeps its length at the end, the last 64 KiB; never the
//! content. Never fails on garbage: it gives less.

use std::io::{Read, Seek, SeekFrom};

use crate::bytes::Bytes;
use crate::{Sniffed, isobmff};

mod audio;
mod matroska;

pub(crate) use audio::mp3_frame;

/// How much is read at the start and at the end of a file, in bytes.
const WINDOW_BYTES: u64 = 64 << 10;
/// The largest index box of an MP4 that is read, in bytes.
const MOOV_BYTES_MAX: u64 = 32 << 20;
/// How many boxes are passed over in search of the index.
const TOP_BOXES_MAX: usize = 4_096;

/// What a cheap look gives.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct OtherFacts {
    /// In pixels, as shown.
    pub width: Option<u32>,
    /// In pixels, as shown.
    pub height: Option<u32>,
    /// How long it plays.
    pub duration_ms: Option<u64>,
}

/// Looks into video and audio. What it cannot tell is absent.
pub fn probe_other<R: Read + Seek>(reader: &mut R, sniffed: &Sniffed) -> OtherFacts {
    let facts = match sniffed.extension {
        "mp4" | "mov" | "m4a" | "3gp" | "3g2" => mp4(reader),
        "webm" | "mkv" => window(reader, 0).map(|head| matroska::facts(&head)),
        "avi" => window(reader, 0).and_then(|head| avi(&head)),
        "wav" | "flac" | "mp3" | "ogg" | "ogv" => audio::facts(reader, sniffed.extension),
        _ => None,
    };
    let facts = facts.unwrap_or_default();
    OtherFacts { duration_ms: facts.duration_ms.filter(|ms| *ms > 0), ..facts }
}

/// Up to [`WINDOW_BYTES`] from `at`.
fn window<R: Read + Seek>(reader: &mut R, at: u64) -> Option<Vec<u8>> {
    reader.seek(SeekFrom::Start(at)).ok()?;
    let mut bytes = Vec::new();
    reader.by_ref().take(WINDOW_BYTES).read_to_end(&mut bytes).ok()?;
    Some(bytes)
}

/// `amount` of `rate` a second, in milliseconds.
fn millis(amount: u64, rate: u64) -> Option<u64> {
    let ms = u128::from(amount) * 1_000 / u128::from(rate).max(1);
    u64::try_from(ms).ok().filter(|_| rate > 0)
}

fn mp4<R: Read + Seek>(reader: &mut R) -> Option<OtherFacts> {
    let mut at = 0_u64;
    for _ in 0..TOP_BOXES_MAX {
        reader.seek(SeekFrom::Start(at)).ok()?;
        let mut head = [0; 16];
        reader.read_exact(&mut head[..8]).ok()?;
        let mut bytes = Bytes::new(&head);
        let mut len = u64::from(bytes.u32_be()?);
        let name = bytes.tag()?;
        if len == 1 {
            reader.read_exact(&mut head[8..]).ok()?;
            len = Bytes::new(&head[8..]).u64_be()?;
        }
        if name == *b"moov" {
            reader.seek(SeekFrom::Start(at)).ok()?;
            let mut moov = Vec::new();
            reader.by_ref().take(len.min(MOOV_BYTES_MAX)).read_to_end(&mut moov).ok()?;
            let movie = isobmff::movie(&moov)?;
            return Some(OtherFacts {
                width: movie.width,
                height: movie.height,
                duration_ms: movie.duration_ms,
            });
        }
        if len < 8 {
            return None;
        }
        at = at.checked_add(len)?;
    }
    None
}

/// The main header of an AVI stands at a fixed place.
fn avi(head: &[u8]) -> Option<OtherFacts> {
    let at = head.windows(4).position(|name| name == b"avih")?;
    let mut bytes = Bytes::new(head.get(at + 8..)?);
    let frame_us = u64::from(bytes.u32_le()?);
    bytes.skip(12)?;
    let frames = u64::from(bytes.u32_le()?);
    bytes.skip(12)?;
    let (width, height) = (bytes.u32_le()?, bytes.u32_le()?);
    Some(OtherFacts {
        width: Some(width).filter(|px| *px > 0),
        height: Some(height).filter(|px| *px > 0),
        duration_ms: Some(frame_us.saturating_mul(frames) / 1_000),
    })
}
