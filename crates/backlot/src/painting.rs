//! Pictures made by code: for the demo library, and for the first upload of a newcomer.
//!
//! The same seed gives the same picture. Owns: pixels. Never: a codec; `backlot_imaging` has those.

use backlot_imaging::{Deadline, Fit, Limits, OutputFormat, Transform, probe, transform};
use backlot_model::Fault;

/// What a picture shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Motif {
    /// Hills under a sun.
    Landscape,
    /// Transparent discs.
    Discs,
    /// Fields between black lines.
    Fields,
    /// Cells around scattered points.
    Cells,
    /// Waves that run into each other.
    Waves,
    /// A head and shoulders.
    Portrait,
}

impl Motif {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Landscape, Self::Discs, Self::Fields, Self::Cells, Self::Waves, Self::Portrait];
}

/// Repeatable chance, good enough for pictures.
#[derive(Debug, Clone)]
pub struct Dice(u64);

impl Dice {
    /// The same throws for the same `seed`.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// 0 up to, and without, `count`; 0 when that is 0.
    pub fn below(&mut self, count: usize) -> usize {
        usize::try_from(self.next() % (count.max(1) as u64)).unwrap_or(0)
    }

    /// One of `choices`, which is not empty.
    pub fn pick<'a, T>(&mut self, choices: &'a [T]) -> &'a T {
        &choices[self.below(choices.len())]
    }

    /// From `low` to `high`.
    pub fn between(&mut self, low: f32, high: f32) -> f32 {
        // 24 bits are exact in a float.
        let unit = f32::from(u16::try_from(self.next() >> 48).unwrap_or(0)) / f32::from(u16::MAX);
        low + (high - low) * unit
    }
}

type Colour = [f32; 3];

/// A picture file of this motif, seed and size (in pixels).
///
/// # Errors
/// When the picture cannot be encoded, which is a defect.
pub fn paint(
    motif: Motif,
    seed: u64,
    (width, height): (u32, u32),
    format: OutputFormat,
) -> Result<Vec<u8>, Fault> {
    let mut dice = Dice::new(seed);
    let scene = Scene::new(motif, &mut dice);
    let mut grain = Dice::new(seed ^ 0x5eed);
    let (across, down) = (width as f32, height as f32);
    let mut pixels = Vec::with_capacity((width * height * 3) as usize);
    // A bitmap's rows come from below, its colours from behind.
    for y in (0..height).rev() {
        for x in 0..width {
            let colour = scene.at(x as f32 / across, y as f32 / down, across / down);
            let noise = grain.between(-0.02, 0.02);
            pixels.extend(colour.iter().rev().map(|part| byte(part + noise)));
        }
        // Its rows end at multiples of four bytes.
        pixels.resize(pixels.len().next_multiple_of(4), 0);
    }
    encode(&bitmap(width, height, &pixels), format)
}

fn byte(part: f32) -> u8 {
    // Clamped, so that nothing is cut off.
    (part.clamp(0.0, 1.0) * 255.0) as u8
}

fn bitmap(width: u32, height: u32, pixels: &[u8]) -> Vec<u8> {
    const HEAD_BYTES: u32 = 54;
    let size = HEAD_BYTES + pixels.len() as u32;
    let mut file = Vec::with_capacity(size as usize);
    file.extend(b"BM");
    file.extend(size.to_le_bytes());
    file.extend([0; 4]);
    file.extend(HEAD_BYTES.to_le_bytes());
    file.extend(40_u32.to_le_bytes());
    file.extend(width.to_le_bytes());
    file.extend(height.to_le_bytes());
    file.extend(1_u16.to_le_bytes());
    file.extend(24_u16.to_le_bytes());
    file.extend([0; 24]);
    file.extend(pixels);
    file
}

fn encode(bitmap: &[u8], format: OutputFormat) -> Result<Vec<u8>, Fault> {
    let probed = probe(bitmap, &Limits::default()).map_err(Fault::internal)?;
    let wanted = Transform {
        width: None,
        height: None,
        fit: Fit::Inside,
        format,
        quality: 86,
        deadline: Deadline::never(),
    };
    Ok(transform(bitmap, &probed, &wanted).map_err(Fault::internal)?.bytes)
}

/// What is where, in a square of one by one.
struct Scene {
    motif: Motif,
    palette: [Colour; 5],
    points: Vec<[f32; 4]>,
}

impl Scene {
    fn new(motif: Motif, dice: &mut Dice) -> Self {
        let hue = dice.between(0.0, 1.0);
        let spread = dice.between(0.05, 0.22);
        let palette = std::array::from_fn(|index| {
            let step = index as f32;
            let light = 0.85 - 0.15 * step;
            hsl((hue + spread * step).fract(), dice.between(0.35, 0.75), light)
        });
        let count = match motif {
            Motif::Landscape => 4,
            Motif::Discs => 14,
            Motif::Fields => 6,
            Motif::Cells => 24,
            Motif::Waves => 3,
            Motif::Portrait => 1,
        };
        let point = |_| {
            let mut part = || dice.between(0.0, 1.0);
            [part(), part(), part(), part()]
        };
        Self { motif, palette, points: (0..count).map(point).collect() }
    }

    /// The colour at a place; `shape` is how much wider than high the picture is.
    fn at(&self, x: f32, y: f32, shape: f32) -> Colour {
        match self.motif {
            Motif::Landscape => self.landscape(x, y, shape),
            Motif::Discs => self.discs(x, y, shape),
            Motif::Fields => self.fields(x, y),
            Motif::Cells => self.cells(x, y, shape),
            Motif::Waves => self.waves(x, y),
            Motif::Portrait => self.portrait(x, y, shape),
        }
    }

    fn landscape(&self, x: f32, y: f32, shape: f32) -> Colour {
        let mut colour = mix(self.palette[1], self.palette[0], y * 1.4);
        let [sun_x, sun_y, size, _] = self.points[0];
        let away = distance((x - sun_x) * shape, y - 0.15 - sun_y * 0.25);
        colour = mix(colour, [1.0, 0.96, 0.85], soft(0.05 + size * 0.06, away, 0.01));
        for (index, [phase, height, width, rough]) in self.points.iter().enumerate() {
            let depth = index as f32;
            let swing = (x * (3.0 + 5.0 * width) + phase * 6.3).sin() * 0.06
                + (x * (14.0 + 9.0 * rough) + height * 6.3).sin() * 0.015;
            let top = 0.45 + 0.13 * depth + swing;
            if y > top {
                colour = mix(self.palette[index + 1], [0.05, 0.06, 0.08], (y - top) * 0.6);
            }
        }
        colour
    }

    fn discs(&self, x: f32, y: f32, shape: f32) -> Colour {
        let mut colour = mix(self.palette[0], self.palette[1], x * 0.5 + y * 0.5);
        for (index, [cx, cy, size, clear]) in self.points.iter().enumerate() {
            let away = distance((x - cx) * shape, y - cy);
            let inside = soft(0.04 + size * 0.2, away, 0.003);
            colour = mix(colour, self.palette[index % 5], inside * (0.35 + clear * 0.5));
        }
        colour
    }

    fn fields(&self, x: f32, y: f32) -> Colour {
        let (mut column, mut row, mut on_line) = (0, 0, false);
        for [cx, cy, ..] in &self.points {
            column += usize::from(x > *cx);
            row += usize::from(y > *cy);
            on_line |= (x - cx).abs() < 0.006 || (y - cy).abs() < 0.006;
        }
        if on_line {
            return [0.07, 0.07, 0.08];
        }
        match (column * 7 + row * 3) % 8 {
            index @ 0..5 => self.palette[index],
            _ => [0.96, 0.95, 0.92],
        }
    }

    fn cells(&self, x: f32, y: f32, shape: f32) -> Colour {
        let (mut nearest, mut second, mut which) = (f32::MAX, f32::MAX, 0);
        for (index, [cx, cy, ..]) in self.points.iter().enumerate() {
            let away = distance((x - cx) * shape, y - cy);
            if away < nearest {
                (second, nearest, which) = (nearest, away, index);
            } else {
                second = second.min(away);
            }
        }
        let edge = ((second - nearest) * 30.0).clamp(0.0, 1.0);
        mix([0.08, 0.08, 0.1], mix(self.palette[which % 5], [1.0; 3], 0.3 - nearest), edge)
    }

    fn waves(&self, x: f32, y: f32) -> Colour {
        let mut sum = 0.0;
        for [a, b, c, d] in &self.points {
            sum += (x * (4.0 + 12.0 * a) + y * (2.0 + 9.0 * b) + c * 6.3).sin()
                + (distance(x - b, y - d) * (8.0 + 14.0 * c)).cos();
        }
        let place = (sum / 12.0 + 0.5).clamp(0.0, 0.999) * 4.0;
        let index = place as usize;
        mix(self.palette[index], self.palette[index + 1], place.fract())
    }

    fn portrait(&self, x: f32, y: f32, shape: f32) -> Colour {
        let [tone, hair, wide, tilt] = self.points[0];
        let (x, y) = ((x - 0.5) * shape - (tilt - 0.5) * 0.06, y);
        let skin = mix([0.96, 0.82, 0.72], [0.45, 0.3, 0.22], tone);
        let dark = mix([0.08, 0.06, 0.05], [0.6, 0.42, 0.2], hair);
        let mut colour = mix(self.palette[0], self.palette[2], y);
        let oval = |cx: f32, cy: f32, rx: f32, ry: f32| {
            soft(1.0, distance((x - cx) / rx, (y - cy) / ry), 0.02)
        };
        let half = 0.17 + wide * 0.03;
        colour = mix(colour, dark, oval(0.0, 0.38, half + 0.04, 0.27));
        colour = mix(colour, self.palette[4], oval(0.0, 1.05, 0.42, 0.36));
        colour = mix(colour, mix(skin, [0.0; 3], 0.15), oval(0.0, 0.68, 0.08, 0.14));
        colour = mix(colour, skin, oval(0.0, 0.43, half, 0.24));
        for side in [-1.0, 1.0] {
            colour = mix(colour, [0.97; 3], oval(side * half * 0.42, 0.4, 0.032, 0.016));
            colour = mix(colour, dark, oval(side * half * 0.42, 0.4, 0.014, 0.015));
            colour = mix(colour, dark, oval(side * half * 0.42, 0.355, 0.045, 0.009));
        }
        colour = mix(colour, mix(skin, [0.3, 0.1, 0.08], 0.35), oval(0.0, 0.475, 0.02, 0.03));
        mix(colour, [0.7, 0.3, 0.3], oval(0.0, 0.555, 0.06, 0.016))
    }
}

fn distance(x: f32, y: f32) -> f32 {
    x.hypot(y)
}

/// 1 within `radius`, 0 outside, with a soft edge.
fn soft(radius: f32, away: f32, edge: f32) -> f32 {
    ((radius - away) / edge + 0.5).clamp(0.0, 1.0)
}

fn mix(from: Colour, to: Colour, share: f32) -> Colour {
    let share = share.clamp(0.0, 1.0);
    std::array::from_fn(|part| from[part] + (to[part] - from[part]) * share)
}

fn hsl(hue: f32, saturation: f32, light: f32) -> Colour {
    let strength = saturation * light.min(1.0 - light);
    [0.0, 8.0, 4.0].map(|offset: f32| {
        let place = (offset + hue * 12.0) % 12.0;
        light - strength * (place - 3.0).min(9.0 - place).clamp(-1.0, 1.0)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_motif_gives_a_picture_of_its_own_again_and_again() {
        let mut seen: Vec<Vec<u8>> = Vec::new();
        for motif in Motif::ALL {
            for seed in [1, 2] {
                let picture = paint(motif, seed, (61, 40), OutputFormat::Png).unwrap();
                assert_eq!(picture, paint(motif, seed, (61, 40), OutputFormat::Png).unwrap());
                let probed = probe(&picture, &Limits::default()).unwrap();
                assert_eq!((probed.width, probed.height), (61, 40));
                assert!(!seen.contains(&picture), "{motif:?} {seed}");
                seen.push(picture);
            }
        }
    }

    #[test]
    fn pictures_come_in_every_format() {
        for format in [OutputFormat::Jpeg, OutputFormat::Png, OutputFormat::WebP] {
            let picture = paint(Motif::Waves, 3, (32, 32), format).unwrap();
            let sniffed = backlot_imaging::sniff(&picture).unwrap();
            assert_eq!(sniffed.media_type, format.media_type());
        }
    }
}
