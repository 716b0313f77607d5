//! Decoded pixels, and the steps that turn them into what is encoded.
//!
//! A [`Raster`] holds whole pixels. `Planes` (with the `turbojpeg` feature) holds luma and chroma
//! apart, as a JPEG stores them: resizing and encoding those saves two colour conversions.

use fast_image_resize::images::{Image, ImageRef};
use fast_image_resize::{PixelType, ResizeOptions, Resizer};

use crate::ImageFault;
use crate::orient::Orientation;
#[cfg(feature = "turbojpeg")]
use crate::planes::Planes;

/// What one pixel of a [`Raster`] is made of; one byte a sample.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Layout {
    Gray,
    Rgb,
    /// Alpha is not multiplied in.
    Rgba,
    /// 0 is no ink.
    Cmyk,
}

impl Layout {
    pub(crate) fn bytes(self) -> usize {
        match self {
            Self::Gray => 1,
            Self::Rgb => 3,
            Self::Rgba | Self::Cmyk => 4,
        }
    }

    fn pixel_type(self) -> PixelType {
        match self {
            Self::Gray => PixelType::U8,
            Self::Rgb => PixelType::U8x3,
            Self::Rgba | Self::Cmyk => PixelType::U8x4,
        }
    }
}

/// Rows of pixels, without gaps. Invariant: `data` is `width` × `height` × bytes of a pixel.
#[derive(Debug, Clone)]
pub(crate) struct Raster {
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) layout: Layout,
    pub(crate) data: Vec<u8>,
}

/// A part of a picture, in pixels, with fractions.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Crop {
    pub(crate) left: f64,
    pub(crate) top: f64,
    pub(crate) width: f64,
    pub(crate) height: f64,
}

impl Crop {
    pub(crate) fn all(width: u32, height: u32) -> Self {
        Self { left: 0.0, top: 0.0, width: f64::from(width), height: f64::from(height) }
    }
}

/// A decoded picture.
#[derive(Debug, Clone)]
pub(crate) enum Pixels {
    Raster(Raster),
    #[cfg(feature = "turbojpeg")]
    Planes(Planes),
}

impl Pixels {
    pub(crate) fn width(&self) -> u32 {
        match self {
            Self::Raster(raster) => raster.width,
            #[cfg(feature = "turbojpeg")]
            Self::Planes(planes) => planes.width,
        }
    }

    pub(crate) fn height(&self) -> u32 {
        match self {
            Self::Raster(raster) => raster.height,
            #[cfg(feature = "turbojpeg")]
            Self::Planes(planes) => planes.height,
        }
    }

    /// `crop` of the picture at the size given.
    pub(crate) fn resize(&self, crop: Crop, width: u32, height: u32) -> Result<Self, ImageFault> {
        match self {
            Self::Raster(raster) => raster.resize(crop, width, height).map(Self::Raster),
            #[cfg(feature = "turbojpeg")]
            Self::Planes(planes) => planes.resize(crop, width, height).map(Self::Planes),
        }
    }

    /// The picture with its longest side at most `edge`; a copy if it already is.
    pub(crate) fn fit(&self, edge: u32) -> Result<Self, ImageFault> {
        let (width, height) = fit(self.width(), self.height(), edge);
        if (width, height) == (self.width(), self.height()) {
            return Ok(self.clone());
        }
        self.resize(Crop::all(self.width(), self.height()), width, height)
    }

    /// Turned the way it is to be seen.
    pub(crate) fn upright(self, orientation: Orientation) -> Self {
        if orientation == Orientation::UPRIGHT {
            return self;
        }
        match self {
            Self::Raster(raster) => Self::Raster(raster.upright(orientation)),
            #[cfg(feature = "turbojpeg")]
            Self::Planes(planes) => planes.upright(orientation),
        }
    }

    pub(crate) fn into_raster(self) -> Raster {
        match self {
            Self::Raster(raster) => raster,
            #[cfg(feature = "turbojpeg")]
            Self::Planes(planes) => planes.to_rgb(),
        }
    }

    /// Whether some pixel can be seen through.
    pub(crate) fn has_alpha(&self) -> bool {
        matches!(self, Self::Raster(raster) if raster.layout == Layout::Rgba)
    }
}

/// The size of a picture of `width` × `height` with its longest side at most `edge`.
pub(crate) fn fit(width: u32, height: u32, edge: u32) -> (u32, u32) {
    let longest = width.max(height);
    if longest <= edge {
        return (width, height);
    }
    let scaled = |side: u32| {
        let side =
            (u64::from(side) * u64::from(edge) + u64::from(longest) / 2) / u64::from(longest);
        u32::try_from(side).unwrap_or(edge).clamp(1, edge)
    };
    (scaled(width), scaled(height))
}

/// Resizes samples of one type; the convolution is Lanczos with three lobes.
pub(crate) fn resize(
    (data, data_width, data_height): (&[u8], u32, u32),
    kind: PixelType,
    has_alpha: bool,
    crop: Crop,
    (width, height): (u32, u32),
) -> Result<Vec<u8>, ImageFault> {
    let fault = |cause: &dyn std::fmt::Display| ImageFault::Corrupt(format!("resizing: {cause}"));
    let source = ImageRef::new(data_width, data_height, data, kind).map_err(|it| fault(&it))?;
    let mut target = Image::new(width, height, kind);
    let options = ResizeOptions::new()
        .crop(crop.left, crop.top, crop.width, crop.height)
        .use_alpha(has_alpha);
    Resizer::new().resize(&source, &mut target, &options).map_err(|it| fault(&it))?;
    Ok(target.into_vec())
}

impl Raster {
    pub(crate) fn new(width: u32, height: u32, layout: Layout, data: Vec<u8>) -> Self {
        debug_assert_eq!(data.len(), width as usize * height as usize * layout.bytes());
        Self { width, height, layout, data }
    }

    fn resize(&self, crop: Crop, width: u32, height: u32) -> Result<Self, ImageFault> {
        let source = (self.data.as_slice(), self.width, self.height);
        let has_alpha = self.layout == Layout::Rgba;
        let data = resize(source, self.layout.pixel_type(), has_alpha, crop, (width, height))?;
        Ok(Self::new(width, height, self.layout, data))
    }

    fn upright(self, orientation: Orientation) -> Self {
        let (width, height) = (self.width as usize, self.height as usize);
        let stride = width * self.layout.bytes();
        let data = match self.layout.bytes() {
            1 => orientation.apply::<1>(&self.data, stride, width, height),
            3 => orientation.apply::<3>(&self.data, stride, width, height),
            _ => orientation.apply::<4>(&self.data, stride, width, height),
        };
        let (width, height) = orientation.upright_size(self.width, self.height);
        Self::new(width, height, self.layout, data)
    }

    /// Leaves alpha out where no pixel uses it.
    pub(crate) fn without_idle_alpha(self) -> Self {
        let is_opaque = self.layout == Layout::Rgba
            && self.data.chunks_exact(4).all(|pixel| pixel[3] == u8::MAX);
        if !is_opaque {
            return self;
        }
        let data = self.data.chunks_exact(4).flat_map(|pixel| [pixel[0], pixel[1], pixel[2]]);
        Self::new(self.width, self.height, Layout::Rgb, data.collect())
    }

    /// Red, green and blue; what can be seen through shows white behind it.
    pub(crate) fn to_rgb(&self) -> Vec<u8> {
        match self.layout {
            Layout::Gray => self.data.iter().flat_map(|gray| [*gray; 3]).collect(),
            Layout::Rgb => self.data.clone(),
            Layout::Rgba => self.data.chunks_exact(4).flat_map(over_white).collect(),
            Layout::Cmyk => self.data.chunks_exact(4).flat_map(ink_to_rgb).collect(),
        }
    }

    /// The same as [`Raster::to_rgb`], kept as a raster.
    pub(crate) fn flattened(self) -> Self {
        if matches!(self.layout, Layout::Gray | Layout::Rgb) {
            return self;
        }
        Self::new(self.width, self.height, Layout::Rgb, self.to_rgb())
    }

    pub(crate) fn to_rgba(&self) -> Vec<u8> {
        match self.layout {
            Layout::Gray => self.data.iter().flat_map(|g| [*g, *g, *g, u8::MAX]).collect(),
            Layout::Rgba => self.data.clone(),
            Layout::Rgb => rgb_to_rgba(&self.data),
            Layout::Cmyk => rgb_to_rgba(&self.to_rgb()),
        }
    }

    /// Luma by BT.601, as JPEG has it.
    pub(crate) fn to_gray(&self) -> Vec<u8> {
        if self.layout == Layout::Gray {
            return self.data.clone();
        }
        luma(&self.to_rgb())
    }
}

/// Luma by BT.601 of red, green and blue.
pub(crate) fn luma(rgb: &[u8]) -> Vec<u8> {
    rgb.chunks_exact(3)
        .map(|pixel| {
            let [r, g, b] = [pixel[0], pixel[1], pixel[2]].map(u32::from);
            ((r * 299 + g * 587 + b * 114 + 500) / 1_000) as u8
        })
        .collect()
}

fn rgb_to_rgba(rgb: &[u8]) -> Vec<u8> {
    rgb.chunks_exact(3).flat_map(|pixel| [pixel[0], pixel[1], pixel[2], u8::MAX]).collect()
}

fn over_white(pixel: &[u8]) -> [u8; 3] {
    let alpha = u32::from(pixel[3]);
    let over = |sample: u8| ((u32::from(sample) * alpha + 255 * (255 - alpha) + 127) / 255) as u8;
    [over(pixel[0]), over(pixel[1]), over(pixel[2])]
}

/// What ink looks like where no profile says better.
fn ink_to_rgb(pixel: &[u8]) -> [u8; 3] {
    let paper = 255 - u32::from(pixel[3]);
    let light = |ink: u8| ((255 - u32::from(ink)) * paper / 255) as u8;
    [light(pixel[0]), light(pixel[1]), light(pixel[2])]
}
