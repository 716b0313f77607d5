//! The segments of a JPEG before its first scan.

use super::{ColorType, Header, tiff};
use crate::ImageFault;
use crate::bytes::Bytes;
use crate::limits::Limits;
use crate::orient::Orientation;

/// How the components of a JPEG make a colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct JpegColour {
    pub(crate) space: JpegSpace,
    /// Adobe's writers store ink as its opposite.
    pub(crate) is_inverted: bool,
    pub(crate) is_progressive: bool,
}

/// The colour space of the stored components.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum JpegSpace {
    Gray,
    YCbCr,
    Rgb,
    Cmyk,
    Ycck,
}

#[derive(Default)]
struct Segments {
    frame: Option<Frame>,
    is_jfif: bool,
    adobe: Option<u8>,
    orientation: Option<Orientation>,
    icc: Vec<(u8, Vec<u8>)>,
    metadata_bytes: u64,
}

struct Frame {
    width: u32,
    height: u32,
    bits: u8,
    ids: Vec<u8>,
    is_progressive: bool,
}

pub(super) fn read(data: &[u8], limits: &Limits) -> Result<Header, ImageFault> {
    let mut segments = Segments::default();
    let mut bytes = Bytes::new(data);
    bytes.skip(2).ok_or(ImageFault::Truncated)?;
    while let Some((marker, body)) = segment(&mut bytes)? {
        segments.take(marker, body);
        limits.check_metadata(segments.metadata_bytes)?;
    }
    segments.header()
}

/// The next marker that has a body, up to the first scan.
fn segment<'a>(bytes: &mut Bytes<'a>) -> Result<Option<(u8, &'a [u8])>, ImageFault> {
    loop {
        // Stray bytes between segments are passed over, as every reader does.
        while bytes.u8().ok_or(ImageFault::Truncated)? != 0xff {}
        let mut marker = 0xff;
        while marker == 0xff {
            marker = bytes.u8().ok_or(ImageFault::Truncated)?;
        }
        match marker {
            0xda => return Ok(None),
            0xd9 => return Err(ImageFault::Corrupt("it has no picture data".to_owned())),
            0x00 | 0x01 | 0xd0..=0xd8 => {}
            _ => {
                let len = bytes.u16_be().ok_or(ImageFault::Truncated)?;
                let body = bytes.take(usize::from(len).saturating_sub(2));
                return Ok(Some((marker, body.ok_or(ImageFault::Truncated)?)));
            }
        }
    }
}

impl Segments {
    fn take(&mut self, marker: u8, body: &[u8]) {
        match marker {
            // All frame headers: 0xc4, 0xc8 and 0xcc are something else.
            0xc0..=0xcf if self.frame.is_none() && !matches!(marker, 0xc4 | 0xc8 | 0xcc) => {
                self.frame = frame(marker, body);
            }
            0xe0..=0xef => {
                self.metadata_bytes += body.len() as u64;
                self.application(marker, body);
            }
            0xfe => self.metadata_bytes += body.len() as u64,
            _ => {}
        }
    }

    fn application(&mut self, marker: u8, body: &[u8]) {
        match marker {
            0xe0 if body.starts_with(b"JFIF\0") => self.is_jfif = true,
            0xe1 => {
                if let Some(exif) = body.strip_prefix(b"Exif\0\0") {
                    self.orientation = self.orientation.or_else(|| tiff::orientation(exif));
                }
            }
            0xe2 => {
                if let Some([number, _, chunk @ ..]) = body.strip_prefix(b"ICC_PROFILE\0") {
                    self.icc.push((*number, chunk.to_vec()));
                }
            }
            0xee if body.starts_with(b"Adobe") => self.adobe = body.get(11).copied(),
            _ => {}
        }
    }

    fn header(mut self) -> Result<Header, ImageFault> {
        let Some(frame) = self.frame.take() else {
            return Err(ImageFault::Corrupt("its size is missing".to_owned()));
        };
        if frame.height == 0 {
            let what = "a JPEG that states its height after the picture";
            return Err(ImageFault::Unsupported(what.to_owned()));
        }
        let space = self.space(&frame.ids)?;
        let color = match space {
            JpegSpace::Gray => ColorType::Gray,
            JpegSpace::YCbCr | JpegSpace::Rgb => ColorType::Rgb,
            JpegSpace::Cmyk | JpegSpace::Ycck => ColorType::Cmyk,
        };
        let mut header = Header::new(frame.width, frame.height, color, frame.bits);
        header.orientation = self.orientation.unwrap_or(Orientation::UPRIGHT);
        header.jpeg = Some(JpegColour {
            space,
            is_inverted: self.adobe.is_some(),
            is_progressive: frame.is_progressive,
        });
        self.icc.sort_by_key(|(number, _)| *number);
        let icc: Vec<u8> = self.icc.into_iter().flat_map(|(_, chunk)| chunk).collect();
        header.icc = (!icc.is_empty()).then_some(icc);
        Ok(header)
    }

    /// The convention that all readers share, in its order.
    fn space(&self, ids: &[u8]) -> Result<JpegSpace, ImageFault> {
        match (ids.len(), self.is_jfif, self.adobe) {
            (1, ..) => Ok(JpegSpace::Gray),
            (3, true, _) => Ok(JpegSpace::YCbCr),
            (3, false, Some(0)) => Ok(JpegSpace::Rgb),
            (3, false, None) if ids == b"RGB" => Ok(JpegSpace::Rgb),
            (3, ..) => Ok(JpegSpace::YCbCr),
            (4, _, Some(2)) => Ok(JpegSpace::Ycck),
            (4, ..) => Ok(JpegSpace::Cmyk),
            (count, ..) => Err(ImageFault::Unsupported(format!("a JPEG of {count} components"))),
        }
    }
}

fn frame(marker: u8, body: &[u8]) -> Option<Frame> {
    let mut bytes = Bytes::new(body);
    let bits = bytes.u8()?;
    let height = u32::from(bytes.u16_be()?);
    let width = u32::from(bytes.u16_be()?);
    let count = bytes.u8()?;
    let components = bytes.take(usize::from(count) * 3)?;
    let ids = components.chunks_exact(3).map(|component| component[0]).collect();
    let is_progressive = matches!(marker, 0xc2 | 0xc6 | 0xca | 0xce);
    Some(Frame { width, height, bits, ids, is_progressive })
}
