//! How a picture becomes the numbers that a network takes.

use fast_image_resize::PixelType;

use super::NetworkFault;
use crate::Preview;
use crate::pixels::{Crop, resize};

/// The longest side that a network may ask for, in pixels.
pub const SIDE_PX_MAX: u32 = 1_024;
/// What is put around a picture that is not of the network's shape.
const PADDING: u8 = 114;

/// In which order the numbers stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// One plane for each colour.
    Nchw,
    /// The colours of each pixel together.
    Nhwc,
}

/// In which order the colours stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Channels {
    /// Red first.
    Rgb,
    /// Blue first.
    Bgr,
}

/// What is done to a picture of another shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fitting {
    /// Stretched.
    Stretch,
    /// Grey around it.
    Pad,
    /// Its middle.
    Crop,
}

/// What a network takes: one picture as `[1, 3, height, width]` or `[1, height, width, 3]`, each
/// number `(byte / 255 - mean) / deviation`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NetworkInput {
    /// In pixels.
    pub width: u32,
    /// In pixels.
    pub height: u32,
    /// Order of the numbers.
    pub layout: Layout,
    /// Order of the colours; means and deviations follow it.
    pub channels: Channels,
    /// What is done to other shapes.
    pub fitting: Fitting,
    /// What is taken off.
    pub mean: [f32; 3],
    /// What it is divided by afterwards; not 0.
    pub deviation: [f32; 3],
}

impl NetworkInput {
    pub(super) fn check(&self) -> Result<(), NetworkFault> {
        let sides = [self.width, self.height];
        if sides.iter().any(|side| !(1..=SIDE_PX_MAX).contains(side)) {
            let said = format!("the sides of its input must be from 1 to {SIDE_PX_MAX} pixels");
            return Err(NetworkFault::new(said));
        }
        let usable = |it: &f32| it.is_normal();
        match self.deviation.iter().all(usable) && self.mean.iter().all(|it| it.is_finite()) {
            true => Ok(()),
            false => Err(NetworkFault::new("means must be numbers, and deviations not 0")),
        }
    }

    /// The shape and the numbers.
    pub(super) fn tensor(&self, preview: &Preview) -> Result<([usize; 4], Vec<f32>), NetworkFault> {
        let rgb = self.fitted(preview)?;
        let (width, height) = (self.width as usize, self.height as usize);
        let mut values = vec![0.0; rgb.len()];
        for (pixel, colours) in rgb.chunks_exact(3).enumerate() {
            for (place, colour) in colours.iter().enumerate() {
                let channel = if self.channels == Channels::Rgb { place } else { 2 - place };
                let value =
                    (f32::from(*colour) / 255.0 - self.mean[channel]) / self.deviation[channel];
                match self.layout {
                    Layout::Nchw => values[channel * width * height + pixel] = value,
                    Layout::Nhwc => values[pixel * 3 + channel] = value,
                }
            }
        }
        let shape = match self.layout {
            Layout::Nchw => [1, 3, height, width],
            Layout::Nhwc => [1, height, width, 3],
        };
        Ok((shape, values))
    }

    /// Pixels of exactly the network's size.
    fn fitted(&self, preview: &Preview) -> Result<Vec<u8>, NetworkFault> {
        let (from_width, from_height) = (f64::from(preview.width), f64::from(preview.height));
        let (width, height) = (f64::from(self.width), f64::from(self.height));
        let whole = Crop::all(preview.width, preview.height);
        let resized = |crop, size| {
            let source = (preview.rgb.as_slice(), preview.width, preview.height);
            resize(source, PixelType::U8x3, false, crop, size)
                .map_err(|fault| NetworkFault::new(fault.to_string()))
        };
        match self.fitting {
            Fitting::Stretch => resized(whole, (self.width, self.height)),
            Fitting::Crop => {
                let scale = (from_width / width).min(from_height / height);
                let (crop_width, crop_height) = (width * scale, height * scale);
                let crop = Crop {
                    left: (from_width - crop_width) / 2.0,
                    top: (from_height - crop_height) / 2.0,
                    width: crop_width,
                    height: crop_height,
                };
                resized(crop, (self.width, self.height))
            }
            Fitting::Pad => {
                let scale = (width / from_width).min(height / from_height);
                let inner_width = scaled(preview.width, scale).min(self.width);
                let inner_height = scaled(preview.height, scale).min(self.height);
                let inner = resized(whole, (inner_width, inner_height))?;
                Ok(self.padded(&inner, inner_width, inner_height))
            }
        }
    }

    fn padded(&self, inner: &[u8], width: u32, height: u32) -> Vec<u8> {
        let [outer, row] = [self.width, width].map(|pixels| pixels as usize * 3);
        let mut rgb = vec![PADDING; outer * self.height as usize];
        let left = (self.width - width) as usize / 2 * 3;
        let top = (self.height - height) as usize / 2;
        for (line, pixels) in inner.chunks_exact(row).enumerate() {
            let at = (top + line) * outer + left;
            rgb[at..at + row].copy_from_slice(pixels);
        }
        rgb
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a cast from f64 saturates"
)]
fn scaled(side: u32, scale: f64) -> u32 {
    ((f64::from(side) * scale).round() as u32).max(1)
}
