//! The chunks of a WebP.

use super::{ColorType, Header, tiff};
use crate::ImageFault;
use crate::bytes::Bytes;
use crate::limits::Limits;

pub(super) fn read(data: &[u8], limits: &Limits) -> Result<Header, ImageFault> {
    let mut bytes = Bytes::new(data);
    let stated = bytes.skip(4).and_then(|()| bytes.u32_le()).ok_or(ImageFault::Truncated)?;
    bytes.skip(4).ok_or(ImageFault::Truncated)?;
    if u64::from(stated) + 8 > data.len() as u64 + 1 {
        return Err(ImageFault::Truncated);
    }
    let mut header = Header::new(0, 0, ColorType::Rgb, 8);
    let mut frames = 0_u32;
    let mut metadata_bytes = 0;
    let mut duration_ms = 0;
    while let Some((name, body)) = chunk(&mut bytes) {
        let body = body.ok_or(ImageFault::Truncated)?;
        match &name {
            b"VP8X" => extended(body, &mut header),
            b"VP8 " if header.width == 0 => lossy(body, &mut header),
            b"VP8L" if header.width == 0 => lossless(body, &mut header),
            b"ANMF" => {
                frames += 1;
                header.first_frame = header.first_frame.or_else(|| frame_size(body));
                duration_ms +=
                    Bytes::new(body.get(12..).unwrap_or_default()).u24_le().map_or(0, u64::from);
                limits.check_frames(header.width, header.height, frames)?;
            }
            b"ICCP" | b"EXIF" | b"XMP " => {
                metadata_bytes += body.len() as u64;
                limits.check_metadata(metadata_bytes)?;
                annotate(&name, body, &mut header);
            }
            _ => {}
        }
    }
    if header.width == 0 {
        return Err(ImageFault::Corrupt("it does not say its size".to_owned()));
    }
    header.frames = frames.max(1);
    header.duration_ms = Some(duration_ms);
    Ok(header)
}

/// The next chunk; its body is absent if the bytes end within it.
fn chunk<'a>(bytes: &mut Bytes<'a>) -> Option<([u8; 4], Option<&'a [u8]>)> {
    let name = bytes.tag()?;
    let len = usize::try_from(bytes.u32_le()?).ok()?;
    let body = bytes.take(len);
    if len % 2 == 1 {
        // The padding byte may be missing at the very end.
        let _ = bytes.skip(1);
    }
    Some((name, body))
}

fn extended(body: &[u8], header: &mut Header) {
    let mut bytes = Bytes::new(body);
    let flags = bytes.u8().unwrap_or(0);
    header.has_alpha = flags & 0x10 != 0;
    if let (Some(()), Some(width), Some(height)) = (bytes.skip(3), bytes.u24_le(), bytes.u24_le()) {
        header.width = width + 1;
        header.height = height + 1;
    }
}

fn lossy(body: &[u8], header: &mut Header) {
    let mut bytes = Bytes::new(body.get(6..).unwrap_or_default());
    if let (Some(width), Some(height)) = (bytes.u16_le(), bytes.u16_le()) {
        header.width = u32::from(width & 0x3fff);
        header.height = u32::from(height & 0x3fff);
    }
}

fn lossless(body: &[u8], header: &mut Header) {
    let Some(packed) = Bytes::new(body.get(1..).unwrap_or_default()).u32_le() else { return };
    header.width = (packed & 0x3fff) + 1;
    header.height = (packed >> 14 & 0x3fff) + 1;
    header.has_alpha = packed >> 28 & 1 == 1;
}

fn frame_size(body: &[u8]) -> Option<(u32, u32)> {
    let mut bytes = Bytes::new(body.get(6..)?);
    Some((bytes.u24_le()? + 1, bytes.u24_le()? + 1))
}

fn annotate(name: &[u8; 4], body: &[u8], header: &mut Header) {
    match name {
        b"ICCP" => header.icc = Some(body.to_vec()),
        b"EXIF" => {
            let exif = body.strip_prefix(b"Exif\0\0").unwrap_or(body);
            if let Some(orientation) = tiff::orientation(exif) {
                header.orientation = orientation;
            }
        }
        _ => {}
    }
}
