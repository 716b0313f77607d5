//! Sniffing and headers: no panic, no limit passed over.
#![no_main]

use std::io::Cursor;

use backlot_imaging::{Limits, SNIFF_BYTES, probe, probe_other, sniff};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    if let Some(sniffed) = sniff(&data[..data.len().min(SNIFF_BYTES)]) {
        let _ = probe_other(&mut Cursor::new(data), &sniffed);
    }
    let limits = Limits::default();
    if let Ok(probe) = probe(data, &limits) {
        assert!(probe.longest_px() <= limits.side_px_max);
        assert!(u64::from(probe.width) * u64::from(probe.height) <= limits.pixels_max);
        assert!(probe.frames <= limits.frames_max);
    }
});
