//! The item index of HEIF files: AVIF and HEIC.
//!
//! Owns: which item is the picture, where its bytes stand, its size, orientation and colour.
//! Never: decodes.

use std::ops::Range;

use crate::bytes::Bytes;
use crate::isobmff::{boxes, find};
use crate::orient::Orientation;

/// How many items, properties and associations are read.
const ENTRIES_MAX: usize = 4_096;
/// How many tiles a grid may have.
const TILES_MAX: usize = 1_024;

/// Code points of ITU-T H.273.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cicp {
    pub(crate) primaries: u8,
    pub(crate) transfer: u8,
    pub(crate) matrix: u8,
    pub(crate) is_full_range: bool,
}

#[derive(Debug, Clone)]
enum Property {
    Size(u32, u32),
    /// Quarter turns against the clock.
    Turn(u8),
    /// 0 swaps top and bottom, 1 left and right.
    Mirror(u8),
    Colour(Cicp),
    Profile(Vec<u8>),
    Bits(u8),
    Alpha,
    Other,
}

#[derive(Debug, Clone, Default)]
struct Item {
    id: u32,
    kind: [u8; 4],
    properties: Vec<usize>,
    /// Where the bytes stand: in the file, or in `idat`.
    extents: Vec<(u64, u64)>,
    in_idat: bool,
}

/// The index, as far as it concerns the primary item.
#[derive(Debug)]
pub(crate) struct Heif<'a> {
    file: &'a [u8],
    idat: &'a [u8],
    primary: u32,
    items: Vec<Item>,
    properties: Vec<Property>,
    /// `(kind, from, to)`
    references: Vec<([u8; 4], u32, Vec<u32>)>,
}

/// How a picture is made of coded items.
pub(crate) enum Coded<'a> {
    /// One item: its bytes.
    Single(Vec<u8>),
    /// Tiles in rows of `columns`, cut to the picture's size.
    Grid { columns: u32, rows: u32, width: u32, height: u32, tiles: Vec<Vec<u8>> },
    /// A kind that is not read here.
    Foreign(&'a [u8; 4]),
}

impl<'a> Heif<'a> {
    /// Reads the index of `file`; `None` if there is none or it ends early.
    pub(crate) fn read(file: &'a [u8]) -> Option<Self> {
        let meta = find(file, b"meta")?.get(4..)?;
        let properties = find(meta, b"iprp")?;
        let mut heif = Self {
            file,
            idat: find(meta, b"idat").unwrap_or_default(),
            primary: primary(find(meta, b"pitm")?)?,
            items: items(find(meta, b"iinf")?)?,
            properties: boxes(find(properties, b"ipco")?)
                .take(ENTRIES_MAX)
                .map(|it| property(&it.name, it.body).unwrap_or(Property::Other))
                .collect(),
            references: find(meta, b"iref").and_then(references).unwrap_or_default(),
        };
        for ipma in boxes(properties).filter(|it| it.name == *b"ipma") {
            heif.associate(ipma.body);
        }
        heif.locate(find(meta, b"iloc")?);
        Some(heif)
    }

    fn item(&self, id: u32) -> Option<&Item> {
        self.items.iter().find(|item| item.id == id)
    }

    fn properties_of(&self, id: u32) -> impl Iterator<Item = &Property> {
        let indices = self.item(id).map(|item| item.properties.as_slice()).unwrap_or_default();
        indices.iter().filter_map(|index| self.properties.get(index.checked_sub(1)?))
    }

    /// The stored size, before orientation.
    pub(crate) fn size(&self) -> Option<(u32, u32)> {
        self.properties_of(self.primary).find_map(|it| match it {
            Property::Size(width, height) => Some((*width, *height)),
            _ => None,
        })
    }

    /// First turned, then mirrored, as the format prescribes.
    pub(crate) fn orientation(&self) -> Orientation {
        let mut turn = 0;
        let mut mirror = None;
        for it in self.properties_of(self.primary) {
            match it {
                Property::Turn(quarters) => turn = *quarters,
                Property::Mirror(axis) => mirror = Some(*axis),
                _ => {}
            }
        }
        Orientation::from_turn_and_mirror(turn, mirror)
    }

    pub(crate) fn icc(&self) -> Option<&[u8]> {
        self.properties_of(self.primary).find_map(|it| match it {
            Property::Profile(bytes) => Some(bytes.as_slice()),
            _ => None,
        })
    }

    pub(crate) fn cicp(&self) -> Option<Cicp> {
        self.properties_of(self.primary).find_map(|it| match it {
            Property::Colour(cicp) => Some(*cicp),
            _ => None,
        })
    }

    pub(crate) fn bits(&self) -> u8 {
        let bits = self.properties_of(self.primary).find_map(|it| match it {
            Property::Bits(bits) => Some(*bits),
            _ => None,
        });
        bits.unwrap_or(8)
    }

    /// The item that holds the primary one's alpha plane.
    pub(crate) fn alpha(&self) -> Option<u32> {
        let is_alpha = |id: u32| self.properties_of(id).any(|it| matches!(it, Property::Alpha));
        self.references
            .iter()
            .find(|(kind, from, to)| {
                kind == b"auxl" && to.contains(&self.primary) && is_alpha(*from)
            })
            .map(|(_, from, _)| *from)
    }

    pub(crate) fn primary(&self) -> u32 {
        self.primary
    }

    /// The coded bytes of an item; `None` if the index points outside the file.
    pub(crate) fn coded(&self, id: u32) -> Option<Coded<'_>> {
        let item = self.item(id)?;
        match &item.kind {
            b"av01" => self.content(item).map(Coded::Single),
            b"grid" => self.grid(item),
            kind => Some(Coded::Foreign(kind)),
        }
    }

    fn grid(&self, item: &Item) -> Option<Coded<'_>> {
        let layout = self.content(item)?;
        let mut bytes = Bytes::new(&layout);
        bytes.skip(1)?;
        let is_long = bytes.u8()? & 1 == 1;
        let rows = u32::from(bytes.u8()?) + 1;
        let columns = u32::from(bytes.u8()?) + 1;
        let side = |bytes: &mut Bytes<'_>| {
            if is_long { bytes.u32_be() } else { bytes.u16_be().map(u32::from) }
        };
        let (width, height) = (side(&mut bytes)?, side(&mut bytes)?);
        let (_, _, ids) =
            self.references.iter().find(|(kind, from, _)| kind == b"dimg" && *from == item.id)?;
        if ids.len() > TILES_MAX || ids.len() != (rows * columns) as usize {
            return None;
        }
        let first = self.item(*ids.first()?)?;
        if first.kind != *b"av01" {
            return Some(Coded::Foreign(&first.kind));
        }
        let tiles = ids.iter().map(|id| self.content(self.item(*id)?)).collect::<Option<_>>()?;
        Some(Coded::Grid { columns, rows, width, height, tiles })
    }

    /// The extents of an item, put together; never more than the file holds.
    fn content(&self, item: &Item) -> Option<Vec<u8>> {
        let source = if item.in_idat { self.idat } else { self.file };
        let mut content = Vec::new();
        for (at, len) in &item.extents {
            let start = usize::try_from(*at).ok()?;
            let end = match *len {
                0 => source.len(),
                len => start.checked_add(usize::try_from(len).ok()?)?,
            };
            content.extend_from_slice(source.get(start..end)?);
            if content.len() > self.file.len() {
                return None;
            }
        }
        Some(content)
    }

    /// `ipma`: which properties an item has.
    fn associate(&mut self, body: &[u8]) -> Option<()> {
        let mut bytes = Bytes::new(body);
        let version = bytes.u8()?;
        bytes.skip(2)?;
        let is_wide = bytes.u8()? & 1 == 1;
        let count = bytes.u32_be()?;
        for _ in 0..(count as usize).min(ENTRIES_MAX) {
            let id = if version < 1 { u32::from(bytes.u16_be()?) } else { bytes.u32_be()? };
            let mut indices = Vec::new();
            for _ in 0..bytes.u8()? {
                indices.push(if is_wide {
                    usize::from(bytes.u16_be()? & 0x7fff)
                } else {
                    usize::from(bytes.u8()? & 0x7f)
                });
            }
            if let Some(item) = self.items.iter_mut().find(|item| item.id == id) {
                item.properties = indices;
            }
        }
        Some(())
    }

    /// `iloc`: where an item's bytes are.
    fn locate(&mut self, body: &[u8]) -> Option<()> {
        let mut bytes = Bytes::new(body);
        let version = bytes.u8()?;
        bytes.skip(3)?;
        let sizes = bytes.u16_be()?;
        let nibble = |at: u16| usize::from(sizes >> at & 15);
        let (offset_len, length_len, base_len) = (nibble(12), nibble(8), nibble(4));
        let index_len = if version == 0 { 0 } else { nibble(0) };
        let number = |bytes: &mut Bytes<'_>| {
            if version < 2 { bytes.u16_be().map(u32::from) } else { bytes.u32_be() }
        };
        let count = number(&mut bytes)? as usize;
        for _ in 0..count.min(ENTRIES_MAX) {
            let id = number(&mut bytes)?;
            let in_idat = version > 0 && bytes.u16_be()? & 15 == 1;
            bytes.skip(2)?;
            let base = bytes.uint_be(base_len)?;
            let mut extents = Vec::new();
            for _ in 0..bytes.u16_be()? {
                bytes.skip(index_len)?;
                let at = base.checked_add(bytes.uint_be(offset_len)?)?;
                extents.push((at, bytes.uint_be(length_len)?));
            }
            if let Some(item) = self.items.iter_mut().find(|item| item.id == id) {
                item.extents = extents;
                item.in_idat = in_idat;
            }
        }
        Some(())
    }
}

fn primary(pitm: &[u8]) -> Option<u32> {
    let mut bytes = Bytes::new(pitm);
    let version = bytes.u8()?;
    bytes.skip(3)?;
    if version == 0 { bytes.u16_be().map(u32::from) } else { bytes.u32_be() }
}

fn items(iinf: &[u8]) -> Option<Vec<Item>> {
    let version = *iinf.first()?;
    let entries = iinf.get(if version == 0 { 6 } else { 8 }..)?;
    Some(
        boxes(entries)
            .filter(|it| it.name == *b"infe")
            .take(ENTRIES_MAX)
            .filter_map(|it| {
                let mut bytes = Bytes::new(it.body);
                let version = bytes.u8()?;
                bytes.skip(3)?;
                let id = if version < 3 { u32::from(bytes.u16_be()?) } else { bytes.u32_be()? };
                bytes.skip(2)?;
                Some(Item { id, kind: bytes.tag()?, ..Item::default() })
            })
            .collect(),
    )
}

fn property(name: &[u8; 4], body: &[u8]) -> Option<Property> {
    let mut bytes = Bytes::new(body);
    Some(match name {
        b"ispe" => {
            bytes.skip(4)?;
            Property::Size(bytes.u32_be()?, bytes.u32_be()?)
        }
        b"irot" => Property::Turn(bytes.u8()? & 3),
        b"imir" => Property::Mirror(bytes.u8()? & 1),
        b"pixi" => {
            bytes.skip(5)?;
            Property::Bits(bytes.u8()?)
        }
        b"colr" => match &bytes.tag()? {
            b"nclx" => Property::Colour(Cicp {
                primaries: u8::try_from(bytes.u16_be()?).ok()?,
                transfer: u8::try_from(bytes.u16_be()?).ok()?,
                matrix: u8::try_from(bytes.u16_be()?).ok()?,
                is_full_range: bytes.u8()? & 0x80 != 0,
            }),
            b"prof" | b"rICC" => Property::Profile(bytes.rest().to_vec()),
            _ => Property::Other,
        },
        b"auxC" => {
            let urn = bytes.rest().get(4..)?;
            let is_alpha = urn.starts_with(b"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha")
                || urn.starts_with(b"urn:mpeg:hevc:2015:auxid:1");
            if is_alpha { Property::Alpha } else { Property::Other }
        }
        _ => Property::Other,
    })
}

/// The sort of a reference, the item it is from, the items it is to.
type Reference = ([u8; 4], u32, Vec<u32>);

fn references(iref: &[u8]) -> Option<Vec<Reference>> {
    let version = *iref.first()?;
    let number = |bytes: &mut Bytes<'_>| {
        if version == 0 { bytes.u16_be().map(u32::from) } else { bytes.u32_be() }
    };
    let read = |name: [u8; 4], body: &[u8]| {
        let mut bytes = Bytes::new(body);
        let from = number(&mut bytes)?;
        let count: Range<u16> = 0..bytes.u16_be()?;
        let to = count.map(|_| number(&mut bytes)).collect::<Option<Vec<u32>>>()?;
        Some((name, from, to))
    };
    let entries = boxes(iref.get(4..)?).take(ENTRIES_MAX);
    Some(entries.filter_map(|it| read(it.name, it.body)).collect())
}
