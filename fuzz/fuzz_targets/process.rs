//! Decoding, thumbnails and facts, of pictures small enough to be quick.
#![no_main]

use backlot_imaging::{Limits, ProcessOptions, probe, process};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let limits = Limits { pixels_max: 1_000_000, ..Limits::default() };
    let Ok(probe) = probe(data, &limits) else { return };
    let options = ProcessOptions { preview_edge_px: Some(64), ..ProcessOptions::default() };
    if let Ok(made) = process(data, &probe, &options) {
        for thumb in made.thumbs {
            assert!(thumb.width.max(thumb.height) <= thumb.edge_px);
        }
    }
});
