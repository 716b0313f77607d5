//! AVIF: AV1 still pictures, single or in tiles, with an alpha plane or without.

use re_rav1d::{Decoder, Picture, Settings};

use super::yuv::Tile;
use crate::ImageFault;
use crate::heif::{Coded, Heif};
use crate::limits::Deadline;
use crate::pixels::{Layout, Raster};
use crate::probe::Probe;

pub(super) fn decode(
    bytes: &[u8],
    probe: &Probe,
    deadline: Deadline<'_>,
) -> Result<Raster, ImageFault> {
    let index = Heif::read(bytes).ok_or(ImageFault::Truncated)?;
    let size = (probe.stored_width, probe.stored_height);
    let cicp = index.cicp();
    let mut canvas = Canvas::new(size, 3);
    each_tile(&index, index.primary(), size, deadline, &mut |at, picture| {
        canvas.put(at, &Tile::new(picture, cicp));
    })?;
    let Some(alpha) = index.alpha() else {
        return Ok(Raster::new(size.0, size.1, Layout::Rgb, canvas.data));
    };
    let mut mask = Canvas::new(size, 1);
    each_tile(&index, alpha, size, deadline, &mut |at, picture| {
        mask.put(at, &Tile::new(picture, None));
    })?;
    let pixels = canvas.data.chunks_exact(3).zip(&mask.data);
    let data = pixels.flat_map(|(rgb, alpha)| [rgb[0], rgb[1], rgb[2], *alpha]).collect();
    Ok(Raster::new(size.0, size.1, Layout::Rgba, data))
}

/// Decodes the tiles of an item one after the other and hands each to `put` with its place.
fn each_tile(
    index: &Heif<'_>,
    id: u32,
    size: (u32, u32),
    deadline: Deadline<'_>,
    put: &mut dyn FnMut((u32, u32), &Picture),
) -> Result<(), ImageFault> {
    let pixels_max = size.0.saturating_mul(size.1);
    match index.coded(id).ok_or(ImageFault::Truncated)? {
        Coded::Single(data) => {
            let picture = frame(data, pixels_max)?;
            if (picture.width(), picture.height()) != size {
                return Err(mismatch(size, picture.width(), picture.height()));
            }
            put((0, 0), &picture);
            Ok(())
        }
        Coded::Grid { columns, rows, width, height, tiles } => {
            if (width, height) != size {
                return Err(mismatch(size, width, height));
            }
            let mut tile_size = None;
            for (number, tile) in (0_u32..).zip(tiles) {
                deadline.check()?;
                // The tiles of the last row and column may reach beyond the picture.
                let picture = frame(tile, pixels_max.saturating_mul(4).max(1 << 16))?;
                let (width, height) = (picture.width(), picture.height());
                let covers = u64::from(width) * u64::from(columns) >= u64::from(size.0)
                    && u64::from(height) * u64::from(rows) >= u64::from(size.1);
                if !covers || *tile_size.get_or_insert((width, height)) != (width, height) {
                    return Err(mismatch(size, width, height));
                }
                put((number % columns * width, number / columns * height), &picture);
            }
            Ok(())
        }
        Coded::Foreign(kind) => {
            let kind = String::from_utf8_lossy(kind).into_owned();
            Err(ImageFault::Unsupported(format!("an AVIF with a picture of type {kind}")))
        }
    }
}

fn mismatch((width, height): (u32, u32), got_width: u32, got_height: u32) -> ImageFault {
    ImageFault::Corrupt(format!(
        "its header says {width}×{height} px, its content {got_width}×{got_height} px"
    ))
}

/// The first frame in a piece of AV1.
fn frame(data: Vec<u8>, pixels_max: u32) -> Result<Picture, ImageFault> {
    let fault = |cause: re_rav1d::Error| ImageFault::Corrupt(format!("AV1: {cause}"));
    if data.is_empty() {
        return Err(ImageFault::Truncated);
    }
    let mut settings = Settings::new();
    settings.set_n_threads(1);
    settings.set_max_frame_delay(1);
    settings.set_frame_size_limit(pixels_max);
    settings.set_strict_std_compliance(false);
    let mut decoder = Decoder::with_settings(&settings).map_err(fault)?;
    match decoder.send_data(data, None, None, None) {
        Ok(()) | Err(re_rav1d::Error::Again) => {}
        Err(cause) => return Err(fault(cause)),
    }
    loop {
        match decoder.get_picture() {
            Ok(picture) => return Ok(picture),
            Err(re_rav1d::Error::Again) => match decoder.send_pending_data() {
                Ok(()) => return decoder.get_picture().map_err(|_| ImageFault::Truncated),
                Err(re_rav1d::Error::Again) => {}
                Err(cause) => return Err(fault(cause)),
            },
            Err(cause) => return Err(fault(cause)),
        }
    }
}

/// Pixels of `samples` bytes that tiles are laid into.
struct Canvas {
    width: usize,
    height: usize,
    samples: usize,
    data: Vec<u8>,
}

impl Canvas {
    fn new((width, height): (u32, u32), samples: usize) -> Self {
        let (width, height) = (width as usize, height as usize);
        Self { width, height, samples, data: vec![0; width * height * samples] }
    }

    /// Writes a tile's rows, cut at the edges.
    fn put(&mut self, (left, top): (u32, u32), tile: &Tile) {
        let (left, top) = (left as usize, top as usize);
        let width = tile.width.min(self.width.saturating_sub(left));
        let height = tile.height.min(self.height.saturating_sub(top));
        for row in 0..height {
            let start = ((top + row) * self.width + left) * self.samples;
            let to = &mut self.data[start..start + width * self.samples];
            if self.samples == 3 { tile.write_rgb(row, to) } else { tile.write_luma(row, to) }
        }
    }
}
