//! A small writer of HEIF files, for turned, tiled and lying AVIFs.

use crate::heif::{Coded, Heif};

fn boxed(name: &[u8; 4], body: &[u8]) -> Vec<u8> {
    let mut file = (body.len() as u32 + 8).to_be_bytes().to_vec();
    file.extend_from_slice(name);
    file.extend_from_slice(body);
    file
}

/// The AV1 bytes of a plain AVIF.
pub(in crate::tests) fn av1_of(avif: &[u8]) -> Vec<u8> {
    let index = Heif::read(avif).unwrap();
    match index.coded(index.primary()).unwrap() {
        Coded::Single(data) => data,
        _ => panic!("not a single picture"),
    }
}

/// What to write.
pub(in crate::tests) struct HeifFile {
    /// As the file states it.
    pub(in crate::tests) width: u32,
    /// As the file states it.
    pub(in crate::tests) height: u32,
    pub(in crate::tests) brand: [u8; 4],
    pub(in crate::tests) item: [u8; 4],
    pub(in crate::tests) turn: Option<u8>,
    pub(in crate::tests) mirror: Option<u8>,
    /// Columns and rows, if it is a grid.
    pub(in crate::tests) grid: Option<(u8, u8)>,
    pub(in crate::tests) colr: Option<Vec<u8>>,
}

impl HeifFile {
    pub(in crate::tests) fn avif(width: u32, height: u32) -> Self {
        Self {
            width,
            height,
            brand: *b"avif",
            item: *b"av01",
            turn: None,
            mirror: None,
            grid: None,
            colr: None,
        }
    }

    fn properties(&self) -> Vec<Vec<u8>> {
        let mut ispe = vec![0; 4];
        ispe.extend_from_slice(&self.width.to_be_bytes());
        ispe.extend_from_slice(&self.height.to_be_bytes());
        let mut properties = vec![boxed(b"ispe", &ispe)];
        properties.extend(self.turn.map(|turn| boxed(b"irot", &[turn])));
        properties.extend(self.mirror.map(|mirror| boxed(b"imir", &[mirror])));
        properties.extend(self.colr.as_ref().map(|colr| boxed(b"colr", colr)));
        properties
    }

    /// `coded` are the AV1 bytes: one piece, or one for each tile.
    pub(in crate::tests) fn write(&self, coded: &[Vec<u8>]) -> Vec<u8> {
        // Item 1 is the picture; of a grid, items 2 and on are the tiles.
        let mut contents: Vec<([u8; 4], Vec<u8>)> = Vec::new();
        if let Some((columns, rows)) = self.grid {
            let mut layout = vec![0, 0, rows - 1, columns - 1];
            layout.extend_from_slice(&(self.width as u16).to_be_bytes());
            layout.extend_from_slice(&(self.height as u16).to_be_bytes());
            contents.push((*b"grid", layout));
        }
        contents.extend(coded.iter().map(|data| (self.item, data.clone())));
        let ftyp = boxed(b"ftyp", &[self.brand.as_slice(), &[0; 4], b"mif1"].concat());
        let head_len = ftyp.len() + self.meta(&contents, 0).len() + 8;
        let meta = self.meta(&contents, head_len as u32);
        let data: Vec<u8> = contents.into_iter().flat_map(|(_, data)| data).collect();
        [ftyp, meta, boxed(b"mdat", &data)].concat()
    }

    fn meta(&self, contents: &[([u8; 4], Vec<u8>)], data_at: u32) -> Vec<u8> {
        let count = (contents.len() as u16).to_be_bytes();
        let mut infos = [&[0; 4], count.as_slice()].concat();
        let mut places = [[0, 0, 0, 0, 0x44, 0].as_slice(), &count].concat();
        let mut at = data_at;
        for (id, (kind, data)) in (1_u16..).zip(contents) {
            let id = id.to_be_bytes();
            infos.extend(boxed(
                b"infe",
                &[[2, 0, 0, 0].as_slice(), &id, &[0, 0], kind, &[0]].concat(),
            ));
            places.extend_from_slice(&id);
            places.extend_from_slice(&[0, 0, 0, 1]);
            places.extend_from_slice(&at.to_be_bytes());
            places.extend_from_slice(&(data.len() as u32).to_be_bytes());
            at += data.len() as u32;
        }
        let properties = self.properties();
        let mut owners = vec![0, 0, 0, 0, 0, 0, 0, 1, 0, 1, properties.len() as u8];
        owners.extend(1..=properties.len() as u8);
        let iprp = [boxed(b"ipco", &properties.concat()), boxed(b"ipma", &owners)].concat();
        let mut meta = vec![0; 4];
        meta.extend(boxed(b"pitm", &[0, 0, 0, 0, 0, 1]));
        meta.extend(boxed(b"iloc", &places));
        meta.extend(boxed(b"iinf", &infos));
        meta.extend(boxed(b"iprp", &iprp));
        if self.grid.is_some() {
            let tiles = contents.len() as u16 - 1;
            let mut dimg = [1_u16.to_be_bytes(), tiles.to_be_bytes()].concat();
            (2..=tiles + 1).for_each(|id| dimg.extend_from_slice(&id.to_be_bytes()));
            meta.extend(boxed(b"iref", &[[0; 4].as_slice(), &boxed(b"dimg", &dimg)].concat()));
        }
        boxed(b"meta", &meta)
    }
}

/// An MP4 with an index behind its data, and nothing in it but one track.
pub(in crate::tests) fn movie(
    width: u32,
    height: u32,
    scale: u32,
    ticks: u32,
    samples: u32,
) -> Vec<u8> {
    let mut mvhd = vec![0; 12];
    mvhd.extend_from_slice(&scale.to_be_bytes());
    mvhd.extend_from_slice(&ticks.to_be_bytes());
    let mut tkhd = vec![0; 40];
    for cell in [0x1_0000_u32, 0, 0, 0, 0x1_0000, 0, 0, 0, 0x4000_0000, width << 16, height << 16] {
        tkhd.extend_from_slice(&cell.to_be_bytes());
    }
    let mut stsz = vec![0; 8];
    stsz.extend_from_slice(&samples.to_be_bytes());
    let stbl = boxed(b"stbl", &boxed(b"stsz", &stsz));
    let mdia = boxed(b"mdia", &boxed(b"minf", &stbl));
    let trak = boxed(b"trak", &[boxed(b"tkhd", &tkhd), mdia].concat());
    let moov = boxed(b"moov", &[boxed(b"mvhd", &mvhd), trak].concat());
    [boxed(b"ftyp", b"isom\0\0\0\0mp42"), boxed(b"mdat", &[0; 100]), moov].concat()
}
