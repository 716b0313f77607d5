//! The first directory of a TIFF. EXIF is a TIFF too: its orientation is read here.

use super::{ColorType, Header};
use crate::ImageFault;
use crate::limits::Limits;
use crate::orient::Orientation;

const WIDTH: u16 = 256;
const HEIGHT: u16 = 257;
const BITS: u16 = 258;
const PHOTOMETRIC: u16 = 262;
const ORIENTATION: u16 = 274;
const SAMPLES: u16 = 277;
const EXTRA_SAMPLES: u16 = 338;
const ICC: u16 = 34_675;

/// How many entries of a directory are looked at.
const ENTRIES_MAX: u64 = 1_024;

/// The first directory, read in the file's own byte order.
struct Directory<'a> {
    data: &'a [u8],
    is_little: bool,
    is_big_tiff: bool,
    start: u64,
    count: u64,
}

struct Entry {
    kind: u16,
    count: u64,
    /// Where the value stands, or where its offset does if it does not fit.
    value_at: u64,
}

impl<'a> Directory<'a> {
    fn read(data: &'a [u8]) -> Option<Self> {
        let is_little = match data.get(..2)? {
            b"II" => true,
            b"MM" => false,
            _ => return None,
        };
        let mut directory = Self { data, is_little, is_big_tiff: false, start: 0, count: 0 };
        directory.is_big_tiff = match directory.uint(2, 2)? {
            42 => false,
            43 => true,
            _ => return None,
        };
        let at =
            if directory.is_big_tiff { directory.uint(8, 8)? } else { directory.uint(4, 4)? };
        let count_len = if directory.is_big_tiff { 8 } else { 2 };
        directory.count = directory.uint(at, count_len)?.min(ENTRIES_MAX);
        directory.start = at.checked_add(count_len)?;
        Some(directory)
    }

    fn uint(&self, at: u64, len: u64) -> Option<u64> {
        let start = usize::try_from(at).ok()?;
        let bytes = self.data.get(start..start.checked_add(usize::try_from(len).ok()?)?)?;
        let push = |sum: u64, byte: &u8| sum << 8 | u64::from(*byte);
        Some(if self.is_little {
            bytes.iter().rev().fold(0, push)
        } else {
            bytes.iter().fold(0, push)
        })
    }

    fn entry(&self, tag: u16) -> Option<Entry> {
        let (entry_len, count_len) = if self.is_big_tiff { (20, 8) } else { (12, 4) };
        (0..self.count).find_map(|index| {
            let at = self.start.checked_add(index * entry_len)?;
            if self.uint(at, 2)? != u64::from(tag) {
                return None;
            }
            let kind = u16::try_from(self.uint(at + 2, 2)?).ok()?;
            let count = self.uint(at + 4, count_len)?;
            Some(Entry { kind, count, value_at: at + 4 + count_len })
        })
    }

    /// The first value of a tag of a whole-number type.
    fn number(&self, tag: u16) -> Option<u32> {
        let entry = self.entry(tag)?;
        let len = match entry.kind {
            1 | 7 => 1,
            3 => 2,
            4 | 13 => 4,
            16 | 18 => 8,
            _ => return None,
        };
        let room = if self.is_big_tiff { 8 } else { 4 };
        let at = if entry.count.saturating_mul(len) <= room {
            entry.value_at
        } else {
            self.uint(entry.value_at, room)?
        };
        u32::try_from(self.uint(at, len)?).ok()
    }

    fn bytes(&self, tag: u16) -> Option<&'a [u8]> {
        let entry = self.entry(tag)?;
        let room = if self.is_big_tiff { 8 } else { 4 };
        if !matches!(entry.kind, 1 | 7) || entry.count <= room {
            return None;
        }
        let start = usize::try_from(self.uint(entry.value_at, room)?).ok()?;
        self.data.get(start..start.checked_add(usize::try_from(entry.count).ok()?)?)
    }
}

/// The orientation in a block of EXIF, which is a TIFF of its own.
pub(super) fn orientation(exif: &[u8]) -> Option<Orientation> {
    Directory::read(exif)?.number(ORIENTATION).map(Orientation::from_exif)
}

pub(super) fn read(data: &[u8], limits: &Limits) -> Result<Header, ImageFault> {
    let Some(directory) = Directory::read(data) else { return Err(ImageFault::Truncated) };
    let (Some(width), Some(height)) = (directory.number(WIDTH), directory.number(HEIGHT)) else {
        return Err(ImageFault::Corrupt("its size is missing".to_owned()));
    };
    let samples = directory.number(SAMPLES).unwrap_or(1);
    let color = match directory.number(PHOTOMETRIC) {
        Some(0 | 1) => ColorType::Gray,
        Some(3) => ColorType::Palette,
        Some(5) => ColorType::Cmyk,
        _ => ColorType::Rgb,
    };
    let bits = directory.number(BITS).and_then(|bits| u8::try_from(bits).ok()).unwrap_or(1);
    let mut header = Header::new(width, height, color, bits);
    header.has_alpha = directory.entry(EXTRA_SAMPLES).is_some() && samples > 1;
    header.orientation =
        directory.number(ORIENTATION).map_or(Orientation::UPRIGHT, Orientation::from_exif);
    if let Some(icc) = directory.bytes(ICC) {
        limits.check_metadata(icc.len() as u64)?;
        header.icc = Some(icc.to_vec());
    }
    Ok(header)
}
