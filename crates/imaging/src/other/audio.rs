//! Durations of sound files, from their headers.

use std::io::{Read, Seek, SeekFrom};

use super::{OtherFacts, WINDOW_BYTES, millis, window};
use crate::bytes::Bytes;

pub(super) fn facts<R: Read + Seek>(reader: &mut R, extension: &str) -> Option<OtherFacts> {
    let head = window(reader, 0)?;
    let len = reader.seek(SeekFrom::End(0)).ok()?;
    let duration_ms = match extension {
        "wav" => wav(&head, len),
        "flac" => flac(&head),
        "mp3" => mp3(reader, &head, len),
        _ => ogg(reader, &head, len),
    };
    Some(OtherFacts { duration_ms, ..OtherFacts::default() })
}

/// Data bytes over bytes a second.
fn wav(head: &[u8], len: u64) -> Option<u64> {
    let mut bytes = Bytes::new(head);
    bytes.skip(12)?;
    let mut bytes_a_second = 0;
    loop {
        let name = bytes.tag()?;
        let chunk_len = bytes.u32_le()?;
        if name == *b"data" {
            let there = len.saturating_sub(bytes.at() as u64);
            return millis(u64::from(chunk_len).min(there), bytes_a_second);
        }
        if name == *b"fmt " {
            let mut format = bytes;
            format.skip(8)?;
            bytes_a_second = u64::from(format.u32_le()?);
        }
        bytes.skip(usize::try_from(chunk_len).ok()?.checked_next_multiple_of(2)?)?;
    }
}

/// `STREAMINFO` is always the first block.
fn flac(head: &[u8]) -> Option<u64> {
    let packed = Bytes::new(head.get(18..)?).u64_be()?;
    let rate = packed >> 44;
    let samples = packed & 0xf_ffff_ffff;
    millis(samples, rate)
}

/// One frame header of MPEG audio.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Mp3Frame {
    bits_a_second: u64,
    samples_a_second: u64,
    samples: u64,
    /// Where a Xing header would stand, from the start of the frame.
    xing_at: usize,
}

/// Reads a frame header of MPEG audio layer III, if `head` begins with one.
pub(crate) fn mp3_frame(head: &[u8]) -> Option<Mp3Frame> {
    const KBITS_V1: [u64; 15] = [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320];
    const KBITS_V2: [u64; 15] = [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160];
    let [sync, version, rates, mode]: [u8; 4] = head.get(..4)?.try_into().ok()?;
    if sync != 0xff || version & 0xe6 != 0xe2 {
        return None;
    }
    let (is_v1, divisor) = match version >> 3 & 3 {
        3 => (true, 1),
        2 => (false, 2),
        0 => (false, 4),
        _ => return None,
    };
    let kbits = if is_v1 { KBITS_V1 } else { KBITS_V2 };
    let bits_a_second = kbits.get(usize::from(rates >> 4)).filter(|kbit| **kbit > 0)? * 1_000;
    let samples_a_second = [44_100, 48_000, 32_000].get(usize::from(rates >> 2 & 3))? / divisor;
    let is_mono = mode >> 6 == 3;
    let xing_at = match (is_v1, is_mono) {
        (true, false) => 36,
        (true, true) | (false, false) => 21,
        (false, true) => 13,
    };
    let samples = if is_v1 { 1_152 } else { 576 };
    Some(Mp3Frame { bits_a_second, samples_a_second, samples, xing_at })
}

/// The frame count of a Xing header, else the size over the bit rate of the first frame.
fn mp3<R: Read + Seek>(reader: &mut R, head: &[u8], len: u64) -> Option<u64> {
    let tag_len = match head {
        [b'I', b'D', b'3', _, _, _, a, b, c, d, ..] => {
            10 + [a, b, c, d].iter().fold(0, |sum, byte| sum << 7 | u64::from(**byte & 0x7f))
        }
        _ => 0,
    };
    let frames = window(reader, tag_len)?;
    let start = (0..frames.len()).find(|at| mp3_frame(&frames[*at..]).is_some())?;
    let first = mp3_frame(&frames[start..])?;
    let mut xing = Bytes::new(frames.get(start + first.xing_at..)?);
    let name = xing.tag()?;
    if matches!(&name, b"Xing" | b"Info") && xing.u32_be()? & 1 == 1 {
        return millis(u64::from(xing.u32_be()?) * first.samples, first.samples_a_second);
    }
    let audio_bytes = len.saturating_sub(tag_len + start as u64);
    millis(audio_bytes * 8, first.bits_a_second)
}

/// The position that the last page states, over the rate that the first one states.
fn ogg<R: Read + Seek>(reader: &mut R, head: &[u8], len: u64) -> Option<u64> {
    let find = |name: &[u8]| head.windows(name.len()).position(|bytes| bytes == name);
    let rate = match (find(b"\x01vorbis"), find(b"OpusHead")) {
        (Some(at), _) => u64::from(Bytes::new(head.get(at + 12..)?).u32_le()?),
        (None, Some(_)) => 48_000,
        (None, None) => return None,
    };
    let tail = window(reader, len.saturating_sub(WINDOW_BYTES))?;
    let last = tail.windows(4).rposition(|name| name == b"OggS")?;
    let position = Bytes::new(tail.get(last + 6..)?).u64_le()?;
    millis(position, rate).filter(|_| position < u64::MAX / 2)
}
