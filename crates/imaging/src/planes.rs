//! Luma and chroma apart, as a JPEG stores them.
//!
//! Invariant, which libjpeg-turbo relies on: each plane is as large as the picture's size rounded
//! up to whole chroma samples. What lies beyond the picture repeats its last column and row.

use fast_image_resize::PixelType;
use turbojpeg::Subsamp;

use crate::ImageFault;
use crate::orient::Orientation;
use crate::pixels::{Crop, Layout, Pixels, Raster, resize};

/// One plane: rows without gaps.
#[derive(Debug, Clone)]
pub(crate) struct Plane {
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) data: Vec<u8>,
}

/// A picture of the size given as three planes, full range, BT.601.
#[derive(Debug, Clone)]
pub(crate) struct Planes {
    pub(crate) width: u32,
    pub(crate) height: u32,
    /// How chroma is thinned out.
    pub(crate) subsamp: Subsamp,
    pub(crate) luma: Plane,
    pub(crate) chroma: [Plane; 2],
}

/// Horizontal and vertical luma samples of one chroma sample.
fn factors(subsamp: Subsamp) -> (u32, u32) {
    let (x, y) = subsamp.size();
    (x as u32, y as u32)
}

impl Plane {
    /// Repeats the last column and row of the `width` × `height` at the beginning. What the decoder
    /// leaves there is whatever its buffers held.
    pub(crate) fn repeat_edges(&mut self, width: u32, height: u32) {
        let (stride, width, height) = (self.width as usize, width as usize, height as usize);
        if width < stride {
            for row in self.data.chunks_exact_mut(stride).take(height) {
                let last = row[width - 1];
                row[width..].fill(last);
            }
        }
        for row in height..self.height as usize {
            self.data.copy_within((height - 1) * stride..height * stride, row * stride);
        }
    }

    /// Widened to at least the size given by repeating the last column and row.
    fn padded(mut self, width: u32, height: u32) -> Self {
        if self.width < width {
            let missing = (width - self.width) as usize;
            let mut data = Vec::with_capacity(width as usize * height as usize);
            for row in self.data.chunks_exact(self.width as usize) {
                data.extend_from_slice(row);
                let last = row.last().copied().unwrap_or(0);
                data.extend(std::iter::repeat_n(last, missing));
            }
            self.data = data;
            self.width = width;
        }
        while self.height < height {
            let last = self.data.len() - self.width as usize;
            self.data.extend_from_within(last..);
            self.height += 1;
        }
        self
    }

    fn resize(&self, crop: Crop, width: u32, height: u32) -> Result<Self, ImageFault> {
        let source = (self.data.as_slice(), self.width, self.height);
        let data = resize(source, PixelType::U8, false, crop, (width, height))?;
        Ok(Self { width, height, data })
    }

    /// Turns the `width` × `height` at its beginning.
    fn upright(&self, orientation: Orientation, width: u32, height: u32) -> Self {
        let stride = self.width as usize;
        let data = orientation.apply::<1>(&self.data, stride, width as usize, height as usize);
        let (width, height) = orientation.upright_size(width, height);
        Self { width, height, data }
    }
}

impl Planes {
    /// Resizes each plane; the result has chroma at half the size both ways.
    pub(crate) fn resize(&self, crop: Crop, width: u32, height: u32) -> Result<Self, ImageFault> {
        let (x, y) = factors(self.subsamp);
        let chroma_crop = Crop {
            left: crop.left / f64::from(x),
            top: crop.top / f64::from(y),
            width: crop.width / f64::from(x),
            height: crop.height / f64::from(y),
        };
        let (half_width, half_height) = (width.div_ceil(2), height.div_ceil(2));
        let luma = self.luma.resize(crop, width, height)?;
        let half = |plane: &Plane| plane.resize(chroma_crop, half_width, half_height);
        let chroma = [half(&self.chroma[0])?, half(&self.chroma[1])?];
        let luma = luma.padded(half_width * 2, half_height * 2);
        Ok(Self { width, height, subsamp: Subsamp::Sub2x2, luma, chroma })
    }

    /// Turned. Where turning would move chroma against luma, it becomes a raster.
    pub(crate) fn upright(self, orientation: Orientation) -> Pixels {
        let (x, y) = factors(self.subsamp);
        let is_exact = self.width.is_multiple_of(x) && self.height.is_multiple_of(y);
        let is_halved = self.subsamp == Subsamp::Sub2x2;
        let turned =
            if orientation.swaps_sides() { swapped(self.subsamp) } else { Some(self.subsamp) };
        let (Some(subsamp), true) = (turned, is_exact || is_halved) else {
            let raster = Pixels::Raster(self.to_rgb());
            return raster.upright(orientation);
        };
        let (width, height) = orientation.upright_size(self.width, self.height);
        let (x, y) = factors(subsamp);
        let luma = self.luma.upright(orientation, self.width, self.height);
        let luma = luma.padded(width.next_multiple_of(x), height.next_multiple_of(y));
        let chroma = self.chroma.map(|plane| plane.upright(orientation, plane.width, plane.height));
        Pixels::Planes(Self { width, height, subsamp, luma, chroma })
    }

    /// Whole pixels; each takes the chroma sample that covers it.
    pub(crate) fn to_rgb(&self) -> Raster {
        let (x, y) = factors(self.subsamp);
        let (width, height) = (self.width as usize, self.height as usize);
        let mut data = Vec::with_capacity(width * height * 3);
        let [blue, red] = &self.chroma;
        for row in 0..height {
            let luma = &self.luma.data[row * self.luma.width as usize..][..width];
            let start = row / y as usize * blue.width as usize;
            let (blue, red) = (&blue.data[start..], &red.data[start..]);
            for (at, luma) in luma.iter().enumerate() {
                let at = at / x as usize;
                data.extend_from_slice(&rgb(*luma, blue[at], red[at]));
            }
        }
        Raster::new(self.width, self.height, Layout::Rgb, data)
    }
}

fn swapped(subsamp: Subsamp) -> Option<Subsamp> {
    Some(match subsamp {
        Subsamp::None => Subsamp::None,
        Subsamp::Sub2x2 => Subsamp::Sub2x2,
        Subsamp::Sub2x1 => Subsamp::Sub1x2,
        Subsamp::Sub1x2 => Subsamp::Sub2x1,
        Subsamp::Sub4x1 => Subsamp::Sub1x4,
        Subsamp::Sub1x4 => Subsamp::Sub4x1,
        _ => return None,
    })
}

/// JFIF's conversion, with 16 bits of fraction.
fn rgb(luma: u8, blue: u8, red: u8) -> [u8; 3] {
    let luma = (i32::from(luma) << 16) + (1 << 15);
    let (blue, red) = (i32::from(blue) - 128, i32::from(red) - 128);
    let sample = |value: i32| (value >> 16).clamp(0, 255) as u8;
    [
        sample(luma + 91_881 * red),
        sample(luma - 22_554 * blue - 46_802 * red),
        sample(luma + 116_130 * blue),
    ]
}
