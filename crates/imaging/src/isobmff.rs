//! Boxes of ISO base media: the movie index of MP4 and animated AVIF.
//!
//! Nothing here takes memory by a length that a file states: boxes are slices of the bytes given.

use crate::bytes::Bytes;

/// How many boxes of one level are looked at.
const BOXES_MAX: usize = 4_096;

/// One box: its name and content. A box that says it is longer than the bytes is cut.
pub(crate) struct Boxed<'a> {
    pub(crate) name: [u8; 4],
    pub(crate) body: &'a [u8],
    /// Whether the bytes hold all of it.
    pub(crate) is_whole: bool,
}

/// The boxes of one level.
pub(crate) fn boxes(data: &[u8]) -> impl Iterator<Item = Boxed<'_>> {
    let mut bytes = Bytes::new(data);
    std::iter::from_fn(move || next_box(&mut bytes)).take(BOXES_MAX)
}

fn next_box<'a>(bytes: &mut Bytes<'a>) -> Option<Boxed<'a>> {
    let stated = bytes.u32_be()?;
    let name = bytes.tag()?;
    let len = match stated {
        0 => Some(bytes.rest().len()),
        1 => usize::try_from(bytes.u64_be()?.checked_sub(16)?).ok(),
        _ => usize::try_from(stated.checked_sub(8)?).ok(),
    };
    let there = bytes.rest().len();
    let len = len.unwrap_or(usize::MAX);
    let body = bytes.take(len.min(there))?;
    Some(Boxed { name, body, is_whole: len <= there })
}

/// The content of the first box of that name.
pub(crate) fn find<'a>(data: &'a [u8], name: &[u8; 4]) -> Option<&'a [u8]> {
    boxes(data).find(|it| it.name == *name).map(|it| it.body)
}

/// What the index of a movie says.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Movie {
    pub(crate) width: Option<u32>,
    pub(crate) height: Option<u32>,
    pub(crate) duration_ms: Option<u64>,
    /// Samples of the track that has most.
    pub(crate) samples: u32,
}

/// Reads the first `moov` in `data`.
pub(crate) fn movie(data: &[u8]) -> Option<Movie> {
    let moov = find(data, b"moov")?;
    let mut movie = Movie::default();
    for it in boxes(moov) {
        match &it.name {
            b"mvhd" => movie.duration_ms = duration(it.body),
            b"trak" => track(it.body, &mut movie),
            _ => {}
        }
    }
    Some(movie)
}

/// `mvhd` states a time scale and a duration in it.
fn duration(body: &[u8]) -> Option<u64> {
    let mut bytes = Bytes::new(body);
    let is_long = bytes.u8()? == 1;
    bytes.skip(if is_long { 19 } else { 11 })?;
    let scale = u64::from(bytes.u32_be()?);
    let ticks = if is_long { bytes.u64_be()? } else { u64::from(bytes.u32_be()?) };
    let unknown = if is_long { u64::MAX } else { u64::from(u32::MAX) };
    if scale == 0 || ticks == unknown {
        return None;
    }
    u64::try_from(u128::from(ticks) * 1_000 / u128::from(scale)).ok()
}

fn track(trak: &[u8], movie: &mut Movie) {
    if let Some((width, height)) = find(trak, b"tkhd").and_then(track_size) {
        movie.width = movie.width.or(Some(width));
        movie.height = movie.height.or(Some(height));
    }
    let table = find(trak, b"mdia")
        .and_then(|mdia| find(mdia, b"minf"))
        .and_then(|minf| find(minf, b"stbl"))
        .and_then(|stbl| find(stbl, b"stsz"));
    if let Some(samples) = table.and_then(|stsz| Bytes::new(stsz.get(8..)?).u32_be()) {
        movie.samples = movie.samples.max(samples);
    }
}

/// The size a track is shown at: its sides, swapped if its matrix turns it by a quarter.
fn track_size(tkhd: &[u8]) -> Option<(u32, u32)> {
    let mut bytes = Bytes::new(tkhd);
    let is_long = bytes.u8()? == 1;
    bytes.skip(if is_long { 51 } else { 39 })?;
    let mut matrix = [0_u32; 9];
    for cell in &mut matrix {
        *cell = bytes.u32_be()?;
    }
    let (width, height) = (bytes.u32_be()? >> 16, bytes.u32_be()? >> 16);
    if width == 0 || height == 0 {
        return None;
    }
    let is_turned = matrix[0] == 0 && matrix[1] != 0;
    Some(if is_turned { (height, width) } else { (width, height) })
}
