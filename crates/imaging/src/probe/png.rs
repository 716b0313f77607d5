//! The chunks of a PNG.

use super::{ColorType, Header, tiff};
use crate::ImageFault;
use crate::bytes::Bytes;
use crate::heif::Cicp;
use crate::limits::Limits;

pub(super) fn read(data: &[u8], limits: &Limits) -> Result<Header, ImageFault> {
    let mut bytes = Bytes::new(data);
    bytes.skip(8).ok_or(ImageFault::Truncated)?;
    let (name, body) = chunk(&mut bytes)?;
    if name != *b"IHDR" {
        return Err(ImageFault::Corrupt("it does not begin with its header".to_owned()));
    }
    let mut header =
        size(body).ok_or_else(|| ImageFault::Corrupt("its header is short".to_owned()))?;
    // Before anything else is read: the rest may be megabytes.
    limits.check_size(header.width, header.height)?;
    let mut animation = Animation::default();
    let mut metadata_bytes = 0;
    loop {
        let (name, body) = chunk(&mut bytes)?;
        match &name {
            b"IEND" => break,
            b"tRNS" => header.has_alpha = true,
            b"acTL" => animation.stated = Bytes::new(body).u32_be(),
            b"fcTL" => animation.frame(body),
            b"iCCP" | b"eXIf" | b"iTXt" | b"tEXt" | b"zTXt" => {
                metadata_bytes += body.len() as u64;
                limits.check_metadata(metadata_bytes)?;
                annotate(&mut header, &name, body, limits)?;
            }
            b"cICP" => header.cicp = cicp(body),
            _ => {}
        }
    }
    if animation.stated.is_some() {
        header.frames = animation.stated.unwrap_or(1).max(animation.frames).max(1);
        header.duration_ms = Some(animation.duration_us / 1_000);
    }
    Ok(header)
}

#[derive(Default)]
struct Animation {
    stated: Option<u32>,
    frames: u32,
    duration_us: u64,
}

impl Animation {
    fn frame(&mut self, body: &[u8]) {
        self.frames = self.frames.saturating_add(1);
        let mut bytes = Bytes::new(body.get(20..).unwrap_or_default());
        if let (Some(amount), Some(rate)) = (bytes.u16_be(), bytes.u16_be()) {
            let rate = if rate == 0 { 100 } else { u64::from(rate) };
            self.duration_us += u64::from(amount) * 1_000_000 / rate;
        }
    }
}

fn chunk<'a>(bytes: &mut Bytes<'a>) -> Result<([u8; 4], &'a [u8]), ImageFault> {
    let mut whole = || {
        let len = usize::try_from(bytes.u32_be()?).ok()?;
        let name = bytes.tag()?;
        let body = bytes.take(len)?;
        bytes.skip(4)?;
        Some((name, body))
    };
    whole().ok_or(ImageFault::Truncated)
}

fn size(body: &[u8]) -> Option<Header> {
    let mut bytes = Bytes::new(body);
    let (width, height) = (bytes.u32_be()?, bytes.u32_be()?);
    let (bits, kind) = (bytes.u8()?, bytes.u8()?);
    let color = match kind {
        0 | 4 => ColorType::Gray,
        3 => ColorType::Palette,
        _ => ColorType::Rgb,
    };
    let mut header = Header::new(width, height, color, bits);
    header.has_alpha = kind & 4 != 0;
    Some(header)
}

fn annotate(
    header: &mut Header,
    name: &[u8; 4],
    body: &[u8],
    limits: &Limits,
) -> Result<(), ImageFault> {
    match name {
        b"eXIf" => {
            if let Some(orientation) = tiff::orientation(body) {
                header.orientation = orientation;
            }
        }
        b"iCCP" => header.icc = inflate(body, limits)?,
        _ => {}
    }
    Ok(())
}

/// A profile's name, a method byte and zlib data. A profile that does not inflate is ignored,
/// one that inflates beyond the limit is refused.
fn inflate(body: &[u8], limits: &Limits) -> Result<Option<Vec<u8>>, ImageFault> {
    let Some(end) = body.iter().position(|byte| *byte == 0) else { return Ok(None) };
    let Some(packed) = body.get(end + 2..) else { return Ok(None) };
    let max = usize::try_from(limits.metadata_bytes_max).unwrap_or(usize::MAX);
    match miniz_oxide::inflate::decompress_to_vec_zlib_with_limit(packed, max) {
        Ok(profile) => Ok(Some(profile)),
        Err(fault) if fault.status == miniz_oxide::inflate::TINFLStatus::HasMoreOutput => {
            let bytes_max = limits.metadata_bytes_max;
            Err(ImageFault::MetadataTooLarge { bytes: bytes_max + 1, bytes_max })
        }
        Err(_) => Ok(None),
    }
}

fn cicp(body: &[u8]) -> Option<Cicp> {
    let [primaries, transfer, matrix, range] = body.try_into().ok()?;
    Some(Cicp { primaries, transfer, matrix, is_full_range: range != 0 })
}
