//! Colours into sRGB, which is what every rendition is in.
//!
//! A profile that cannot be read, or that is for other colours than the pixels have, is passed
//! over: the pixels then count as sRGB. It never fails a picture.

use moxcms::{
    CicpColorPrimaries, CicpProfile, ColorProfile, DataColorSpace, Layout as CmsLayout,
    MatrixCoefficients, ProfileText, TransferCharacteristics, Transform8BitExecutor,
    TransformOptions,
};
use std::sync::Arc;

use crate::heif::Cicp;
use crate::pixels::{Layout, Raster};

/// How far a profile may move a sample and still count as sRGB.
const SAME_WITHIN: u8 = 2;
/// A profile's name is cut to this many characters.
const NAME_CHARS_MAX: usize = 100;

/// The name that a profile states.
pub(crate) fn profile_name(icc: &[u8]) -> Option<String> {
    let profile = ColorProfile::new_from_slice(icc).ok()?;
    let name = match profile.description? {
        ProfileText::PlainString(name) => name,
        ProfileText::Localizable(names) => {
            let english = names.iter().position(|name| name.language == "en").unwrap_or(0);
            names.into_iter().nth(english)?.value
        }
        ProfileText::Description(name) if name.ascii_string.trim().is_empty() => {
            name.unicode_string
        }
        ProfileText::Description(name) => name.ascii_string,
    };
    let name: String = name.chars().filter(|c| !c.is_control()).take(NAME_CHARS_MAX).collect();
    let name = name.trim();
    (!name.is_empty()).then(|| name.to_owned())
}

/// Whether the colours need converting at all; `false` is the fast way through.
pub(crate) enum Colours {
    /// They are sRGB, or as good as.
    Srgb,
    /// They are of this profile.
    Profiled(Box<ColorProfile>),
}

impl Colours {
    /// Decides by the embedded profile, or else by code points.
    pub(crate) fn of(icc: Option<&[u8]>, cicp: Option<Cicp>) -> Self {
        let profile = match icc {
            Some(icc) => ColorProfile::new_from_slice(icc).ok(),
            None => cicp.and_then(from_cicp),
        };
        match profile {
            Some(profile) if !is_srgb(&profile) => Self::Profiled(Box::new(profile)),
            _ => Self::Srgb,
        }
    }

    /// The raster in sRGB; inks become red, green and blue in any case.
    pub(crate) fn convert(&self, raster: Raster) -> Raster {
        let converted = match self {
            Self::Srgb => None,
            Self::Profiled(profile) => apply(profile, &raster),
        };
        let raster = converted.unwrap_or(raster);
        if raster.layout == Layout::Cmyk { raster.flattened() } else { raster }
    }

    pub(crate) fn is_srgb(&self) -> bool {
        matches!(self, Self::Srgb)
    }
}

fn from_cicp(cicp: Cicp) -> Option<ColorProfile> {
    let is_common =
        matches!(cicp.primaries, 1 | 2) && matches!(cicp.transfer, 1 | 2 | 6 | 13 | 14 | 15);
    if is_common {
        return None;
    }
    let primaries = if cicp.primaries == 2 { 1 } else { cicp.primaries };
    // What video curves call 1, 6, 14 and 15 is shown as sRGB's.
    let transfer = if matches!(cicp.transfer, 1 | 2 | 6 | 14 | 15) { 13 } else { cicp.transfer };
    let mut profile = ColorProfile::new_srgb();
    profile.update_rgb_colorimetry_from_cicp(CicpProfile {
        color_primaries: CicpColorPrimaries::try_from(primaries).ok()?,
        transfer_characteristics: TransferCharacteristics::try_from(transfer).ok()?,
        matrix_coefficients: MatrixCoefficients::Identity,
        full_range: true,
    });
    Some(profile)
}

/// Runs a lattice of colours through: sRGB is what changes nothing that can be seen.
fn is_srgb(profile: &ColorProfile) -> bool {
    if profile.color_space != DataColorSpace::Rgb {
        return false;
    }
    const STEPS: [u8; 6] = [0, 24, 64, 128, 192, 255];
    let mut lattice = Vec::with_capacity(6 * 6 * 6 * 3);
    for red in STEPS {
        for green in STEPS {
            for blue in STEPS {
                lattice.extend_from_slice(&[red, green, blue]);
            }
        }
    }
    let mut moved = vec![0; lattice.len()];
    let done = executor(profile, CmsLayout::Rgb, CmsLayout::Rgb)
        .is_some_and(|it| it.transform(&lattice, &mut moved).is_ok());
    // A profile that cannot be applied is passed over later; that is the same as sRGB.
    !done || lattice.iter().zip(&moved).all(|(was, is)| was.abs_diff(*is) <= SAME_WITHIN)
}

fn executor(
    profile: &ColorProfile,
    from: CmsLayout,
    to: CmsLayout,
) -> Option<Arc<Transform8BitExecutor>> {
    let options = TransformOptions { allow_use_cicp_transfer: true, ..TransformOptions::default() };
    profile.create_transform_8bit(from, &ColorProfile::new_srgb(), to, options).ok()
}

fn apply(profile: &ColorProfile, raster: &Raster) -> Option<Raster> {
    let (from, to, layout) = match (raster.layout, profile.color_space) {
        (Layout::Rgb, DataColorSpace::Rgb) => (CmsLayout::Rgb, CmsLayout::Rgb, Layout::Rgb),
        (Layout::Rgba, DataColorSpace::Rgb) => (CmsLayout::Rgba, CmsLayout::Rgba, Layout::Rgba),
        (Layout::Gray, DataColorSpace::Gray) => (CmsLayout::Gray, CmsLayout::Rgb, Layout::Rgb),
        (Layout::Cmyk, DataColorSpace::Cmyk) => (CmsLayout::Rgba, CmsLayout::Rgb, Layout::Rgb),
        _ => return None,
    };
    let executor = executor(profile, from, to)?;
    let pixels = raster.width as usize * raster.height as usize;
    let mut data = vec![0; pixels * layout.bytes()];
    executor.transform(&raster.data, &mut data).ok()?;
    Some(Raster::new(raster.width, raster.height, layout, data))
}
