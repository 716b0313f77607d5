//! Decoded AV1 samples into red, green and blue.

use re_rav1d::pixel::{MatrixCoefficients, YUVRange};
use re_rav1d::{Picture, PixelLayout, PlanarImageComponent, Plane};

use crate::heif::Cicp;

/// How luma and chroma make a colour.
#[derive(Clone, Copy)]
enum Matrix {
    /// The planes are green, blue and red.
    Identity,
    YCgCo,
    /// By the weights of red and blue in luma.
    Weights(f32, f32),
}

/// One decoded frame and how to read it.
pub(super) struct Tile {
    pub(super) width: usize,
    pub(super) height: usize,
    luma: Samples,
    chroma: Option<[Samples; 2]>,
    /// Luma samples of one chroma sample.
    factors: (usize, usize),
    matrix: Matrix,
    range: Range,
}

struct Samples {
    plane: Plane,
    stride: usize,
    is_wide: bool,
}

/// Where black and white lie.
struct Range {
    black: f32,
    luma: f32,
    middle: f32,
    chroma: f32,
}

impl Samples {
    fn new(picture: &Picture, component: PlanarImageComponent) -> Self {
        let stride = picture.stride(component) as usize;
        Self { plane: picture.plane(component), stride, is_wide: picture.bit_depth() > 8 }
    }

    fn at(&self, row: usize, column: usize) -> f32 {
        if self.is_wide {
            let at = row * self.stride + column * 2;
            f32::from(u16::from_ne_bytes([self.plane[at], self.plane[at + 1]]))
        } else {
            f32::from(self.plane[row * self.stride + column])
        }
    }
}

impl Tile {
    /// What the container says of colour goes before what the stream says.
    pub(super) fn new(picture: &Picture, cicp: Option<Cicp>) -> Self {
        let layout = picture.pixel_layout();
        let chroma = (layout != PixelLayout::I400).then(|| {
            [PlanarImageComponent::U, PlanarImageComponent::V]
                .map(|component| Samples::new(picture, component))
        });
        let factors = match layout {
            PixelLayout::I420 => (2, 2),
            PixelLayout::I422 => (2, 1),
            PixelLayout::I444 | PixelLayout::I400 => (1, 1),
        };
        let is_full = match cicp {
            Some(cicp) => cicp.is_full_range,
            None => picture.color_range() == YUVRange::Full,
        };
        Self {
            width: picture.width() as usize,
            height: picture.height() as usize,
            luma: Samples::new(picture, PlanarImageComponent::Y),
            chroma,
            factors,
            matrix: matrix(picture, cicp),
            range: Range::new(picture.bit_depth(), is_full),
        }
    }

    pub(super) fn write_luma(&self, row: usize, to: &mut [u8]) {
        for (column, gray) in to.iter_mut().enumerate() {
            *gray = sample(self.range.luma(self.luma.at(row, column)));
        }
    }

    pub(super) fn write_rgb(&self, row: usize, to: &mut [u8]) {
        for (column, rgb) in to.chunks_exact_mut(3).enumerate() {
            let luma = self.luma.at(row, column);
            let Some([blue, red]) = &self.chroma else {
                rgb.fill(sample(self.range.luma(luma)));
                continue;
            };
            let (x, y) = (column / self.factors.0, row / self.factors.1);
            rgb.copy_from_slice(&self.rgb(luma, blue.at(y, x), red.at(y, x)));
        }
    }

    fn rgb(&self, luma: f32, blue: f32, red: f32) -> [u8; 3] {
        let range = &self.range;
        let y = range.luma(luma);
        let (u, v) = (range.chroma(blue), range.chroma(red));
        let rgb = match self.matrix {
            Matrix::Identity => [range.luma(red), y, range.luma(blue)],
            Matrix::YCgCo => [y - u + v, y + u, y - u - v],
            Matrix::Weights(red, blue) => {
                let r = y + 2.0 * (1.0 - red) * v;
                let b = y + 2.0 * (1.0 - blue) * u;
                [r, (y - red * r - blue * b) / (1.0 - red - blue), b]
            }
        };
        rgb.map(sample)
    }
}

impl Range {
    fn new(bits: usize, is_full: bool) -> Self {
        let unit = (1_u32 << (bits.clamp(8, 16) - 8)) as f32;
        let max = 256.0 * unit - 1.0;
        let middle = 128.0 * unit;
        if is_full {
            Self { black: 0.0, luma: max, middle, chroma: max }
        } else {
            Self { black: 16.0 * unit, luma: 219.0 * unit, middle, chroma: 224.0 * unit }
        }
    }

    fn luma(&self, value: f32) -> f32 {
        (value - self.black) / self.luma
    }

    fn chroma(&self, value: f32) -> f32 {
        (value - self.middle) / self.chroma
    }
}

fn sample(value: f32) -> u8 {
    (value * 255.0 + 0.5).clamp(0.0, 255.0) as u8
}

fn matrix(picture: &Picture, cicp: Option<Cicp>) -> Matrix {
    let code = match cicp {
        Some(cicp) if cicp.matrix != 2 => cicp.matrix,
        _ => match picture.matrix_coefficients() {
            MatrixCoefficients::Identity => 0,
            MatrixCoefficients::BT709 => 1,
            MatrixCoefficients::ST240M => 7,
            MatrixCoefficients::YCgCo => 8,
            MatrixCoefficients::BT2020NonConstantLuminance => 9,
            _ => 6,
        },
    };
    match code {
        0 => Matrix::Identity,
        1 => Matrix::Weights(0.2126, 0.0722),
        7 => Matrix::Weights(0.212, 0.087),
        8 => Matrix::YCgCo,
        9 => Matrix::Weights(0.2627, 0.0593),
        _ => Matrix::Weights(0.299, 0.114),
    }
}
