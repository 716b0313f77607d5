//! On-demand renditions; the first bytes say which.
#![no_main]

use backlot_imaging::{Deadline, Fit, Limits, OutputFormat, Transform, probe, transform};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let [width, height, choice, data @ ..] = data else { return };
    let limits = Limits { pixels_max: 1_000_000, ..Limits::default() };
    let Ok(probe) = probe(data, &limits) else { return };
    let asked = Transform {
        width: Some(u32::from(*width)).filter(|side| *side > 0),
        height: Some(u32::from(*height)).filter(|side| *side > 0),
        fit: [Fit::Contain, Fit::Cover, Fit::Fill, Fit::Inside][usize::from(choice & 3)],
        format: [OutputFormat::Jpeg, OutputFormat::Png, OutputFormat::WebP]
            [usize::from(choice >> 2) % 3],
        quality: 50,
        deadline: Deadline::never(),
    };
    let _ = transform(data, &probe, &asked);
});
