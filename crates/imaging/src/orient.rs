//! The eight ways a stored picture may lie, and turning it upright.

/// An EXIF orientation: what to do to the stored picture to see it upright.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Orientation(u8);

impl Orientation {
    pub(crate) const UPRIGHT: Self = Self(1);

    /// Anything but 1 to 8 counts as 1, as viewers do.
    pub(crate) fn from_exif(value: u32) -> Self {
        match u8::try_from(value) {
            Ok(value @ 1..=8) => Self(value),
            _ => Self::UPRIGHT,
        }
    }

    /// `turn` quarter turns against the clock, then a mirror: 0 swaps top and bottom, 1 left and
    /// right.
    pub(crate) fn from_turn_and_mirror(turn: u8, mirror: Option<u8>) -> Self {
        let by_turn = |upright, left, half, right| match turn & 3 {
            0 => Self(upright),
            1 => Self(left),
            2 => Self(half),
            _ => Self(right),
        };
        match mirror {
            None => by_turn(1, 8, 3, 6),
            Some(0) => by_turn(4, 5, 2, 7),
            Some(_) => by_turn(2, 7, 4, 5),
        }
    }

    pub(crate) fn exif(self) -> u8 {
        self.0
    }

    /// Whether width and height change places.
    pub(crate) fn swaps_sides(self) -> bool {
        self.0 >= 5
    }

    /// The upright size of something stored as `width` × `height`.
    pub(crate) fn upright_size(self, width: u32, height: u32) -> (u32, u32) {
        if self.swaps_sides() { (height, width) } else { (width, height) }
    }

    /// The upright copy of `width` × `height` pixels of `N` bytes, rows of `stride` bytes.
    pub(crate) fn apply<const N: usize>(
        self,
        data: &[u8],
        stride: usize,
        width: usize,
        height: usize,
    ) -> Vec<u8> {
        let row = |y: usize| &data[y * stride..y * stride + width * N];
        let mut upright = Vec::with_capacity(width * height * N);
        match self.0 {
            2 => (0..height).for_each(|y| push_reversed::<N>(&mut upright, row(y))),
            3 => (0..height).rev().for_each(|y| push_reversed::<N>(&mut upright, row(y))),
            4 => (0..height).rev().for_each(|y| upright.extend_from_slice(row(y))),
            5..=8 => {
                // One column of the stored picture becomes one row of the upright one.
                for x in 0..width {
                    let x = if matches!(self.0, 7 | 8) { width - 1 - x } else { x };
                    for y in 0..height {
                        let y = if matches!(self.0, 6 | 7) { height - 1 - y } else { y };
                        let at = y * stride + x * N;
                        upright.extend_from_slice(&data[at..at + N]);
                    }
                }
            }
            _ => (0..height).for_each(|y| upright.extend_from_slice(row(y))),
        }
        upright
    }
}

fn push_reversed<const N: usize>(to: &mut Vec<u8>, row: &[u8]) {
    row.chunks_exact(N).rev().for_each(|pixel| to.extend_from_slice(pixel));
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `ab` over `cd` over `ef`, and what each orientation makes of it.
    #[test]
    fn every_orientation_puts_each_pixel_where_exif_says() {
        let stored = b"abcdef";
        let upright =
            ["abcdef", "badcfe", "fedcba", "efcdab", "acebdf", "ecafdb", "fdbeca", "bdface"];
        for (exif, expected) in (1..).zip(upright) {
            let got = Orientation::from_exif(exif).apply::<1>(stored, 2, 2, 3);
            assert_eq!(std::str::from_utf8(&got).unwrap(), expected, "orientation {exif}");
        }
    }

    #[test]
    fn turn_and_mirror_compose_as_two_steps() {
        let stored = b"abcdef";
        for turn in 0..4 {
            for mirror in 0..2 {
                let turned = Orientation::from_turn_and_mirror(turn, None);
                let (width, height) = turned.upright_size(2, 3);
                let first = turned.apply::<1>(stored, 2, 2, 3);
                let axis = Orientation::from_exif(if mirror == 0 { 4 } else { 2 });
                let (width, height) = (width as usize, height as usize);
                let expected = axis.apply::<1>(&first, width, width, height);
                let both = Orientation::from_turn_and_mirror(turn, Some(mirror));
                assert_eq!(both.apply::<1>(stored, 2, 2, 3), expected, "{turn} {mirror}");
            }
        }
    }

    #[test]
    fn nonsense_counts_as_upright() {
        assert_eq!(Orientation::from_exif(0), Orientation::UPRIGHT);
        assert_eq!(Orientation::from_exif(9), Orientation::UPRIGHT);
        assert_eq!(Orientation::from_exif(70_000), Orientation::UPRIGHT);
    }
}
