//! Duration and size out of the head of a Matroska or WebM file.

use super::OtherFacts;
use crate::bytes::Bytes;

/// How many elements are looked at.
const ELEMENTS_MAX: usize = 2_000;

const SEGMENT: u64 = 0x1853_8067;
const INFO: u64 = 0x1549_a966;
const TRACKS: u64 = 0x1654_ae6b;
const TRACK_ENTRY: u64 = 0xae;
const VIDEO: u64 = 0xe0;
const TIMESTAMP_SCALE: u64 = 0x2a_d7b1;
const DURATION: u64 = 0x4489;
const PIXEL_WIDTH: u64 = 0xb0;
const PIXEL_HEIGHT: u64 = 0xba;
const CLUSTER: u64 = 0x1f43_b675;

/// Walks the elements, going into those that hold what is wanted, until the first cluster.
pub(super) fn facts(head: &[u8]) -> OtherFacts {
    let mut found = OtherFacts::default();
    let mut scale_ns = 1_000_000_u64;
    let mut ticks = None;
    let mut bytes = Bytes::new(head);
    for _ in 0..ELEMENTS_MAX {
        let Some((id, len)) = element(&mut bytes) else { break };
        match id {
            CLUSTER => break,
            SEGMENT | INFO | TRACKS | TRACK_ENTRY | VIDEO => continue,
            _ => {}
        }
        let Some(content) = usize::try_from(len).ok().and_then(|len| bytes.take(len)) else {
            break;
        };
        match id {
            TIMESTAMP_SCALE => scale_ns = uint(content).unwrap_or(scale_ns),
            DURATION => ticks = float(content),
            PIXEL_WIDTH => found.width = found.width.or_else(|| pixels(content)),
            PIXEL_HEIGHT => found.height = found.height.or_else(|| pixels(content)),
            _ => {}
        }
    }
    found.duration_ms = ticks.and_then(|ticks: f64| {
        let ms = ticks * scale_ns as f64 / 1e6;
        (ms.is_finite() && ms > 0.0 && ms < 1e15).then_some(ms as u64)
    });
    found
}

/// An element's id (with its length marker) and the length of its content.
fn element(bytes: &mut Bytes<'_>) -> Option<(u64, u64)> {
    let id_len = bytes.rest().first()?.leading_zeros() as usize + 1;
    let id = bytes.uint_be(id_len.min(4))?;
    let len_len = bytes.rest().first()?.leading_zeros() as usize + 1;
    let len = bytes.uint_be(len_len)?;
    Some((id, len & !(1_u64 << (7 * len_len))))
}

fn uint(content: &[u8]) -> Option<u64> {
    Bytes::new(content).uint_be(content.len())
}

fn pixels(content: &[u8]) -> Option<u32> {
    uint(content).and_then(|px| u32::try_from(px).ok()).filter(|px| *px > 0)
}

fn float(content: &[u8]) -> Option<f64> {
    match content.len() {
        4 => Bytes::new(content).u32_be().map(|bits| f64::from(f32::from_bits(bits))),
        8 => Bytes::new(content).u64_be().map(f64::from_bits),
        _ => None,
    }
}
