//! Odd files made of plain pixels, for the other tests.

use jpeg_encoder::{ColorType as JpegColor, Encoder as JpegEncoder, SamplingFactor};
use png::{BitDepth, ColorType as PngColor};

use super::QUADRANTS;
use crate::orient::Orientation;

/// Four colours in four corners.
pub(in crate::tests) fn quadrants(width: u32, height: u32) -> Vec<u8> {
    let mut rgb = Vec::new();
    for y in 0..height {
        for x in 0..width {
            let corner = usize::from(y * 2 >= height) * 2 + usize::from(x * 2 >= width);
            rgb.extend_from_slice(&QUADRANTS[corner]);
        }
    }
    rgb
}

/// Quadrants stored so that `exif` puts them upright as `width` × `height`; with stored size.
pub(in crate::tests) fn lying_quadrants(width: u32, height: u32, exif: u8) -> (Vec<u8>, u32, u32) {
    // The inverse of a turn is the other turn; every other orientation is its own.
    let inverse = match exif {
        6 => 8,
        8 => 6,
        other => other,
    };
    let orientation = Orientation::from_exif(u32::from(inverse));
    let upright = quadrants(width, height);
    let stride = width as usize * 3;
    let stored = orientation.apply::<3>(&upright, stride, width as usize, height as usize);
    let (width, height) = orientation.upright_size(width, height);
    (stored, width, height)
}

/// A picture that is busy everywhere.
pub(in crate::tests) fn busy(width: u32, height: u32) -> Vec<u8> {
    let mut state = 1_u32;
    (0..width as usize * height as usize * 3)
        .map(|at| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            ((at / 7) as u32 ^ state >> 24) as u8
        })
        .collect()
}

/// EXIF with nothing but an orientation.
pub(in crate::tests) fn exif(orientation: u8) -> Vec<u8> {
    let mut tiff = b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0".to_vec();
    tiff.extend_from_slice(&[orientation, 0, 0, 0, 0, 0, 0]);
    tiff
}

/// How to write a JPEG.
#[derive(Clone)]
pub(in crate::tests) struct Jpeg<'a> {
    pub(in crate::tests) color: JpegColor,
    pub(in crate::tests) sampling: SamplingFactor,
    pub(in crate::tests) progressive: bool,
    pub(in crate::tests) orientation: u8,
    pub(in crate::tests) icc: Option<&'a [u8]>,
    pub(in crate::tests) quality: u8,
}

impl Default for Jpeg<'_> {
    fn default() -> Self {
        Self {
            color: JpegColor::Rgb,
            sampling: SamplingFactor::F_2_2,
            progressive: false,
            orientation: 1,
            icc: None,
            quality: 92,
        }
    }
}

impl Jpeg<'_> {
    pub(in crate::tests) fn write(&self, data: &[u8], width: u32, height: u32) -> Vec<u8> {
        let mut file = Vec::new();
        let mut encoder = JpegEncoder::new(&mut file, self.quality);
        encoder.set_sampling_factor(self.sampling);
        encoder.set_progressive(self.progressive);
        if self.orientation != 1 {
            encoder.add_exif_metadata(&exif(self.orientation)).unwrap();
        }
        if let Some(icc) = self.icc {
            encoder.add_icc_profile(icc).unwrap();
        }
        encoder.encode(data, width as u16, height as u16, self.color).unwrap();
        file
    }
}

/// How to write a PNG.
#[derive(Clone)]
pub(in crate::tests) struct Png<'a> {
    pub(in crate::tests) color: PngColor,
    pub(in crate::tests) depth: BitDepth,
    pub(in crate::tests) palette: Option<Vec<u8>>,
    pub(in crate::tests) transparency: Option<Vec<u8>>,
    pub(in crate::tests) icc: Option<&'a [u8]>,
    pub(in crate::tests) orientation: u8,
    pub(in crate::tests) frames: u32,
}

impl Default for Png<'_> {
    fn default() -> Self {
        Self {
            color: PngColor::Rgb,
            depth: BitDepth::Eight,
            palette: None,
            transparency: None,
            icc: None,
            orientation: 1,
            frames: 1,
        }
    }
}

impl Png<'_> {
    /// `data` is written once for each frame.
    pub(in crate::tests) fn write(&self, data: &[u8], width: u32, height: u32) -> Vec<u8> {
        let mut info = png::Info::with_size(width, height);
        info.color_type = self.color;
        info.bit_depth = self.depth;
        info.palette = self.palette.clone().map(Into::into);
        info.trns = self.transparency.clone().map(Into::into);
        info.icc_profile = self.icc.map(Into::into);
        let mut file = Vec::new();
        let mut encoder = png::Encoder::with_info(&mut file, info).unwrap();
        if self.frames > 1 {
            encoder.set_animated(self.frames, 0).unwrap();
            encoder.set_frame_delay(1, 20).unwrap();
        }
        let mut writer = encoder.write_header().unwrap();
        if self.orientation != 1 {
            writer.write_chunk(png::chunk::eXIf, &exif(self.orientation)).unwrap();
        }
        for _ in 0..self.frames {
            writer.write_image_data(data).unwrap();
        }
        writer.finish().unwrap();
        file
    }
}

/// A GIF whose frames are of one colour each.
pub(in crate::tests) fn gif(width: u32, height: u32, colours: &[[u8; 3]]) -> Vec<u8> {
    let mut file = Vec::new();
    let mut encoder = image::codecs::gif::GifEncoder::new_with_speed(&mut file, 30);
    for colour in colours {
        let [r, g, b] = *colour;
        let buffer = image::RgbaImage::from_pixel(width, height, image::Rgba([r, g, b, 255]));
        let delay = image::Delay::from_numer_denom_ms(50, 1);
        encoder.encode_frame(image::Frame::from_parts(buffer, 0, 0, delay)).unwrap();
    }
    drop(encoder);
    file
}

/// A GIF of that many frames of one pixel, written by hand.
pub(in crate::tests) fn tiny_gif(frames: usize) -> Vec<u8> {
    let mut file = b"GIF89a\x01\0\x01\0\x80\0\0\x10\x20\x30\xff\xff\xff".to_vec();
    for _ in 0..frames {
        file.extend_from_slice(b"\x2c\0\0\0\0\x01\0\x01\0\0\x02\x02\x44\x01\0");
    }
    file.push(0x3b);
    file
}

pub(in crate::tests) fn webp(rgb: &[u8], width: u32, height: u32, is_lossless: bool) -> Vec<u8> {
    let encoder = webp::Encoder::from_rgb(rgb, width, height);
    encoder.encode_simple(is_lossless, 92.0).unwrap().to_vec()
}

pub(in crate::tests) fn webp_rgba(rgba: &[u8], width: u32, height: u32) -> Vec<u8> {
    webp::Encoder::from_rgba(rgba, width, height).encode_lossless().to_vec()
}

/// A WebP whose frames are of one colour each, 100 ms long.
pub(in crate::tests) fn webp_animation(width: u32, height: u32, colours: &[[u8; 3]]) -> Vec<u8> {
    let config = webp::WebPConfig::new().unwrap();
    let frames: Vec<Vec<u8>> =
        colours.iter().map(|colour| colour.repeat((width * height) as usize)).collect();
    let mut encoder = webp::AnimEncoder::new(width, height, &config);
    for (at, frame) in (0..).zip(&frames) {
        encoder.add_frame(webp::AnimFrame::from_rgb(frame, width, height, at * 100));
    }
    encoder.try_encode().unwrap().to_vec()
}

/// A WebP with an EXIF chunk behind its picture.
pub(in crate::tests) fn webp_with_exif(
    rgb: &[u8],
    width: u32,
    height: u32,
    exif: &[u8],
) -> Vec<u8> {
    let plain = webp(rgb, width, height, true);
    let mut body = b"WEBPVP8X\x0a\0\0\0\x08\0\0\0".to_vec();
    body.extend_from_slice(&(width - 1).to_le_bytes()[..3]);
    body.extend_from_slice(&(height - 1).to_le_bytes()[..3]);
    body.extend_from_slice(&plain[12..]);
    body.extend_from_slice(b"EXIF");
    body.extend_from_slice(&(exif.len() as u32).to_le_bytes());
    body.extend_from_slice(exif);
    if exif.len() % 2 == 1 {
        body.push(0);
    }
    let mut file = b"RIFF".to_vec();
    file.extend_from_slice(&(body.len() as u32).to_le_bytes());
    file.extend_from_slice(&body);
    file
}

pub(in crate::tests) fn bmp(rgb: &[u8], width: u32, height: u32) -> Vec<u8> {
    let mut file = Vec::new();
    let mut encoder = image::codecs::bmp::BmpEncoder::new(&mut file);
    encoder.encode(rgb, width, height, image::ExtendedColorType::Rgb8).unwrap();
    file
}

/// How to write a TIFF: one strip, not compressed, little-endian.
pub(in crate::tests) struct Tiff {
    pub(in crate::tests) photometric: u16,
    pub(in crate::tests) samples: u16,
    pub(in crate::tests) bits: u16,
    pub(in crate::tests) orientation: u16,
}

impl Default for Tiff {
    fn default() -> Self {
        Self { photometric: 2, samples: 3, bits: 8, orientation: 1 }
    }
}

impl Tiff {
    pub(in crate::tests) fn write(&self, data: &[u8], width: u32, height: u32) -> Vec<u8> {
        let entries: Vec<(u16, u16, u32, u32)> = vec![
            (256, 4, 1, width),
            (257, 4, 1, height),
            // The bits of each sample stand behind the directory: 8 + 2 + 10 × 12 + 4.
            (
                258,
                3,
                u32::from(self.samples),
                if self.samples == 1 { u32::from(self.bits) } else { 134 },
            ),
            (259, 3, 1, 1),
            (262, 3, 1, u32::from(self.photometric)),
            (273, 4, 1, 142),
            (274, 3, 1, u32::from(self.orientation)),
            (277, 3, 1, u32::from(self.samples)),
            (278, 4, 1, height),
            (279, 4, 1, data.len() as u32),
        ];
        let mut file = b"II*\0\x08\0\0\0".to_vec();
        file.extend_from_slice(&(entries.len() as u16).to_le_bytes());
        for (tag, kind, count, value) in entries {
            file.extend_from_slice(&tag.to_le_bytes());
            file.extend_from_slice(&kind.to_le_bytes());
            file.extend_from_slice(&count.to_le_bytes());
            file.extend_from_slice(&value.to_le_bytes());
        }
        file.extend_from_slice(&[0; 4]);
        (0..4).for_each(|_| file.extend_from_slice(&self.bits.to_le_bytes()));
        assert_eq!(file.len(), 142);
        file.extend_from_slice(data);
        file
    }
}

pub(in crate::tests) fn avif(rgb: &[u8], width: u32, height: u32) -> Vec<u8> {
    let pixels: Vec<ravif::RGB8> =
        rgb.chunks_exact(3).map(|p| ravif::RGB8::new(p[0], p[1], p[2])).collect();
    let image = ravif::Img::new(pixels.as_slice(), width as usize, height as usize);
    avif_encoder().with_bit_depth(ravif::BitDepth::Eight).encode_rgb(image).unwrap().avif_file
}

pub(in crate::tests) fn avif_rgba(rgba: &[u8], width: u32, height: u32) -> Vec<u8> {
    let pixels: Vec<ravif::RGBA8> =
        rgba.chunks_exact(4).map(|p| ravif::RGBA8::new(p[0], p[1], p[2], p[3])).collect();
    let image = ravif::Img::new(pixels.as_slice(), width as usize, height as usize);
    avif_encoder().with_bit_depth(ravif::BitDepth::Ten).encode_rgba(image).unwrap().avif_file
}

fn avif_encoder() -> ravif::Encoder<'static> {
    ravif::Encoder::new().with_quality(85.0).with_speed(10).with_num_threads(Some(1))
}

/// Every decodable format once, of the same quadrants.
pub(in crate::tests) fn every_format(width: u32, height: u32) -> Vec<(&'static str, Vec<u8>)> {
    let rgb = quadrants(width, height);
    let progressive = Jpeg { progressive: true, ..Jpeg::default() };
    vec![
        ("baseline jpeg", Jpeg::default().write(&rgb, width, height)),
        ("progressive jpeg", progressive.write(&rgb, width, height)),
        ("png", Png::default().write(&rgb, width, height)),
        ("lossy webp", webp(&rgb, width, height, false)),
        ("lossless webp", webp(&rgb, width, height, true)),
        ("bmp", bmp(&rgb, width, height)),
        ("tiff", Tiff::default().write(&rgb, width, height)),
        ("avif", avif(&rgb, width, height)),
    ]
}
