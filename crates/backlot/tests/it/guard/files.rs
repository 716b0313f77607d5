//! Hostile files, made byte by byte.

use backlot_imaging::OutputFormat;

use crate::app::CAT;

fn chunk(kind: &[u8; 4], data: &[u8]) -> Vec<u8> {
    let mut body = kind.to_vec();
    body.extend_from_slice(data);
    let mut chunk = (data.len() as u32).to_be_bytes().to_vec();
    chunk.extend_from_slice(&body);
    chunk.extend_from_slice(&crc(&body).to_be_bytes());
    chunk
}

fn crc(bytes: &[u8]) -> u32 {
    let step = |mut crc: u32, byte: &u8| {
        crc ^= u32::from(*byte);
        (0..8).fold(crc, |crc, _| if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 })
    };
    !bytes.iter().fold(u32::MAX, step)
}

/// A PNG of a few bytes that says it is this large.
pub(super) fn png_of(width: u32, height: u32) -> Vec<u8> {
    let mut header = width.to_be_bytes().to_vec();
    header.extend_from_slice(&height.to_be_bytes());
    header.extend_from_slice(&[8, 6, 0, 0, 0]);
    let mut file = b"\x89PNG\r\n\x1a\n".to_vec();
    file.extend(chunk(b"IHDR", &header));
    file.extend(chunk(b"IDAT", &[0x78, 0x9c, 0x63, 0, 0, 0, 1, 0, 1]));
    file.extend(chunk(b"IEND", b""));
    file
}

/// The cat with a text chunk before its pixels.
pub(super) fn png_with(kind: &[u8; 4], data: &[u8]) -> Vec<u8> {
    let mut file = CAT[..33].to_vec();
    file.extend(chunk(kind, data));
    file.extend_from_slice(&CAT[33..]);
    file
}

/// A GIF of one pixel, this many times.
pub(super) fn gif_of(frames: usize) -> Vec<u8> {
    let mut file = b"GIF89a\x01\0\x01\0\x80\0\0\0\0\0\xff\xff\xff".to_vec();
    for _ in 0..frames {
        file.extend_from_slice(
            b"\x21\xf9\x04\0\x0a\0\0\0\x2c\0\0\0\0\x01\0\x01\0\0\x02\x02\x44\x01\0",
        );
    }
    file.push(0x3b);
    file
}

/// A gray BMP of this size, whole.
pub(super) fn bmp_of(width: u32, height: u32, rows: u32) -> Vec<u8> {
    let size = width.next_multiple_of(4) * rows * 3;
    let mut file = b"BM".to_vec();
    for word in [54 + size, 0, 54, 40, width, height] {
        file.extend_from_slice(&word.to_le_bytes());
    }
    file.extend_from_slice(&[1, 0, 24, 0]);
    for word in [0, size, 0, 0, 0, 0] {
        file.extend_from_slice(&word.to_le_bytes());
    }
    file.extend(vec![0x80; size as usize]);
    file
}

/// A gray TIFF of this size, whole.
pub(super) fn tiff_of(width: u16, height: u16) -> Vec<u8> {
    let pixels = u32::from(width) * u32::from(height);
    let entries: [(u16, u16, u32); 8] = [
        (256, 3, width.into()),
        (257, 3, height.into()),
        (258, 3, 8),
        (259, 3, 1),
        (262, 3, 1),
        (273, 4, 8),
        (278, 3, height.into()),
        (279, 4, pixels),
    ];
    let mut file = b"II*\0".to_vec();
    file.extend_from_slice(&(8 + pixels).to_le_bytes());
    file.extend(vec![0x80; pixels as usize]);
    file.extend_from_slice(&(entries.len() as u16).to_le_bytes());
    for (tag, kind, value) in entries {
        file.extend_from_slice(&tag.to_le_bytes());
        file.extend_from_slice(&kind.to_le_bytes());
        file.extend_from_slice(&1_u32.to_le_bytes());
        file.extend_from_slice(&value.to_le_bytes());
    }
    file.extend_from_slice(&[0; 4]);
    file
}

/// A good picture of every format that is decoded, with its type.
pub(super) fn every_format() -> Vec<(&'static str, Vec<u8>)> {
    use backlot::painting::{Motif, paint};
    let painted = |format| paint(Motif::Discs, 3, (64, 48), format).unwrap();
    vec![
        ("image/jpeg", painted(OutputFormat::Jpeg)),
        ("image/png", painted(OutputFormat::Png)),
        ("image/webp", painted(OutputFormat::WebP)),
        ("image/avif", painted(OutputFormat::Avif)),
        ("image/gif", gif_of(3)),
        ("image/bmp", bmp_of(64, 48, 48)),
        ("image/tiff", tiff_of(64, 48)),
    ]
}
