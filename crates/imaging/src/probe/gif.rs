//! The blocks of a GIF.

use super::{ColorType, Header};
use crate::ImageFault;
use crate::bytes::Bytes;
use crate::limits::Limits;

/// What browsers show for a delay under 20 ms.
const SHORT_DELAY_MS: u64 = 100;

pub(super) fn read(data: &[u8], limits: &Limits) -> Result<Header, ImageFault> {
    let mut bytes = Bytes::new(data);
    let (width, height) = screen(&mut bytes).ok_or(ImageFault::Truncated)?;
    let mut header = Header::new(width, height, ColorType::Palette, 8);
    header.frames = 0;
    limits.check_size(width, height)?;
    let mut duration_ms = 0;
    loop {
        // A missing trailer between two blocks loses nothing; viewers do not mind it.
        let block = match bytes.u8() {
            Some(block) => block,
            None if header.frames > 0 => break,
            None => return Err(ImageFault::Truncated),
        };
        match block {
            0x21 => {
                duration_ms += extension(&mut bytes, &mut header).ok_or(ImageFault::Truncated)?
            }
            0x2c => {
                let size = frame(&mut bytes).ok_or(ImageFault::Truncated)?;
                limits.check_size(size.0, size.1)?;
                header.first_frame = header.first_frame.or(Some(size));
                header.frames += 1;
                limits.check_frames(width, height, header.frames)?;
            }
            0x00 => {}
            0x3b => break,
            _ => return Err(ImageFault::Corrupt(format!("it has a block of type {block:#04x}"))),
        }
    }
    if header.frames == 0 {
        return Err(ImageFault::Corrupt("it has no frame".to_owned()));
    }
    header.duration_ms = Some(duration_ms);
    Ok(header)
}

fn screen(bytes: &mut Bytes<'_>) -> Option<(u32, u32)> {
    bytes.skip(6)?;
    let (width, height) = (u32::from(bytes.u16_le()?), u32::from(bytes.u16_le()?));
    let flags = bytes.u8()?;
    bytes.skip(2)?;
    skip_palette(bytes, flags)?;
    Some((width, height))
}

fn skip_palette(bytes: &mut Bytes<'_>, flags: u8) -> Option<()> {
    if flags & 0x80 == 0 {
        return Some(());
    }
    bytes.skip(3 << ((flags & 7) + 1))
}

fn skip_blocks(bytes: &mut Bytes<'_>) -> Option<()> {
    loop {
        match bytes.u8()? {
            0 => return Some(()),
            len => bytes.skip(usize::from(len))?,
        }
    }
}

/// Gives the delay that a graphic control extension states.
fn extension(bytes: &mut Bytes<'_>, header: &mut Header) -> Option<u64> {
    let mut delay_ms = 0;
    if bytes.u8()? == 0xf9 {
        let mut control = *bytes;
        control.skip(1)?;
        header.has_alpha |= control.u8()? & 1 == 1;
        let stated_ms = u64::from(control.u16_le()?) * 10;
        delay_ms = if stated_ms < 20 { SHORT_DELAY_MS } else { stated_ms };
    }
    skip_blocks(bytes)?;
    Some(delay_ms)
}

/// Passes over a frame and gives its size.
fn frame(bytes: &mut Bytes<'_>) -> Option<(u32, u32)> {
    bytes.skip(4)?;
    let size = (u32::from(bytes.u16_le()?), u32::from(bytes.u16_le()?));
    let flags = bytes.u8()?;
    skip_palette(bytes, flags)?;
    bytes.skip(1)?;
    skip_blocks(bytes)?;
    Some(size)
}
