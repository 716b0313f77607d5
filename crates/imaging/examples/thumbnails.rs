//! Times the making of both thumbnails: `thumbnails [--webp|--avif] RUNS FILE…`.
//!
//! Prints milliseconds of wall time for each file, the best of the runs, and how much memory the
//! whole program took at most. Run it with `--release`, with and without `--features turbojpeg`.

use std::time::Instant;

use backlot_imaging::{
    Deadline, Fit, Limits, OutputFormat, ProcessOptions, Transform, decode_bytes, probe, process,
    transform,
};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments: Vec<String> = std::env::args().skip(1).collect();
    let format = match arguments.first().map(String::as_str) {
        Some("--webp") => Some(OutputFormat::WebP),
        Some("--avif") => Some(OutputFormat::Avif),
        _ => None,
    };
    if format.is_some() {
        arguments.remove(0);
    }
    let Some((runs, files)) = arguments.split_first() else {
        return Err("usage: thumbnails [--webp|--avif] RUNS FILE…".into());
    };
    let runs: u32 = runs.parse()?;
    for file in files {
        let bytes = std::fs::read(file)?;
        let probed = probe(&bytes, &Limits::default())?;
        let mut best_ms = f64::INFINITY;
        let mut written = 0;
        for _ in 0..runs.max(1) {
            let start = Instant::now();
            written = match format {
                Some(format) => transform(&bytes, &probed, &rendition(format))?.bytes.len(),
                None => {
                    let made = process(&bytes, &probed, &ProcessOptions::default())?;
                    made.thumbs.iter().map(|thumb| thumb.bytes.len()).sum()
                }
            };
            best_ms = best_ms.min(start.elapsed().as_secs_f64() * 1_000.0);
        }
        let bound_mib = decode_bytes(&probed, 1_024) >> 20;
        println!(
            "{file}: {}×{} {}, {best_ms:.1} ms, {written} bytes, bound {bound_mib} MiB, peak {}",
            probed.width,
            probed.height,
            probed.format,
            peak_memory()
        );
    }
    Ok(())
}

fn rendition(format: OutputFormat) -> Transform<'static> {
    Transform {
        width: Some(1_024),
        height: None,
        fit: Fit::Inside,
        format,
        quality: 80,
        deadline: Deadline::never(),
    }
}

/// As Linux tells it.
fn peak_memory() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.map_or_else(|| "unknown".to_owned(), |peak| peak.trim().to_owned())
}
