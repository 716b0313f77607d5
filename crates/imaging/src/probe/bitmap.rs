//! Headers of one glance: BMP, Radiance HDR, OpenEXR.

use super::{ColorType, Header};
use crate::ImageFault;
use crate::bytes::Bytes;

pub(super) fn bmp(data: &[u8]) -> Result<Header, ImageFault> {
    let mut bytes = Bytes::new(data);
    let mut read = || {
        bytes.skip(14)?;
        let header_len = bytes.u32_le()?;
        let (width, height) = if header_len == 12 {
            (i32::from(bytes.u16_le()?.cast_signed()), i32::from(bytes.u16_le()?.cast_signed()))
        } else {
            (bytes.u32_le()?.cast_signed(), bytes.u32_le()?.cast_signed())
        };
        bytes.skip(2)?;
        let bits = bytes.u16_le()?;
        // From the third version on, a mask says which bits are alpha.
        let mut masks = Bytes::new(data.get(54..)?);
        let alpha_mask =
            if header_len >= 56 { masks.skip(12).and_then(|()| masks.u32_le()) } else { None };
        Some((width, height, bits, alpha_mask.unwrap_or(0) != 0))
    };
    let (width, height, bits, has_alpha) = read().ok_or(ImageFault::Truncated)?;
    if width < 0 {
        return Err(ImageFault::Corrupt("its width is negative".to_owned()));
    }
    let color = if bits <= 8 { ColorType::Palette } else { ColorType::Rgb };
    let bits = if bits <= 8 { bits as u8 } else { 8 };
    let mut header = Header::new(width.unsigned_abs(), height.unsigned_abs(), color, bits);
    header.has_alpha = has_alpha;
    Ok(header)
}

/// Lines of text, an empty one, then `-Y height +X width`.
pub(super) fn hdr(head: &[u8]) -> Result<Header, ImageFault> {
    let end = head.windows(2).position(|pair| pair == b"\n\n").ok_or(ImageFault::Truncated)?;
    let line = head[end + 2..].split(|byte| *byte == b'\n').next().unwrap_or_default();
    let line = String::from_utf8_lossy(line);
    let words: Vec<&str> = line.split_ascii_whitespace().collect();
    let number = |word: &str| word.parse::<u32>().ok();
    let size = match words.as_slice() {
        ["-Y" | "+Y", height, "-X" | "+X", width] | ["-X" | "+X", width, "-Y" | "+Y", height] => {
            number(width).zip(number(height))
        }
        _ => None,
    };
    let (width, height) =
        size.ok_or_else(|| ImageFault::Corrupt("its size is missing".to_owned()))?;
    Ok(Header::new(width, height, ColorType::Rgb, 32))
}

/// Attributes of a name, a type and a length; `dataWindow` is a box of four numbers.
pub(super) fn exr(head: &[u8]) -> Result<Header, ImageFault> {
    let mut bytes = Bytes::new(head);
    let mut read = || {
        bytes.skip(8)?;
        loop {
            let name = word(&mut bytes)?;
            if name.is_empty() {
                return None;
            }
            word(&mut bytes)?;
            let len = usize::try_from(bytes.u32_le()?).ok()?;
            let mut value = Bytes::new(bytes.take(len)?);
            if name == b"dataWindow" {
                let mut number = || value.u32_le().map(|bits| i64::from(bits.cast_signed()));
                let (left, top, right, bottom) = (number()?, number()?, number()?, number()?);
                let width = u32::try_from(right - left + 1).ok()?;
                let height = u32::try_from(bottom - top + 1).ok()?;
                return Some((width, height));
            }
        }
    };
    let (width, height) =
        read().ok_or_else(|| ImageFault::Corrupt("its size is missing".to_owned()))?;
    Ok(Header::new(width, height, ColorType::Rgb, 16))
}

/// Bytes up to a zero.
fn word<'a>(bytes: &mut Bytes<'a>) -> Option<&'a [u8]> {
    let len = bytes.rest().iter().position(|byte| *byte == 0)?;
    let word = bytes.take(len)?;
    bytes.skip(1)?;
    Some(word)
}
