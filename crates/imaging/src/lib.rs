//! Bytes into facts and renditions: sniffing, probing, decoding, resizing, encoding, hashing.
//!
//! Pure and synchronous: everything is a function of the bytes given. Callers run it on a
//! blocking pool, under a permit of [`decode_bytes`].
//! Invariants: limits are checked against the header before memory is taken for pixels; a picture
//! whose bytes are damaged gives a fault, never a grey rest; a panic inside a decoder is a fault;
//! renditions are upright, in sRGB and carry no metadata.
//! Never: I/O, async, rows, or a decision who may see what. It needs `panic = "unwind"`.

mod bytes;
mod colour;
mod decode;
mod encode;
pub mod faces;
mod facts;
mod fault;
mod heif;
mod isobmff;
mod limits;
mod memory;
mod names;
pub mod network;
mod orient;
mod other;
mod pixels;
#[cfg(feature = "turbojpeg")]
mod planes;
mod probe;
mod process;
mod sniff;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
#[cfg(test)]
mod tests;
mod transform;

use std::panic::{AssertUnwindSafe, catch_unwind};

pub use fault::ImageFault;
pub use limits::{
    ANIMATION_PIXELS_MAX, Deadline, FULL_SIDE_PX_MAX, JPEG_SCANS_MAX, Limits, METADATA_BYTES_MAX,
    RENDITION_SIDE_PX_MAX,
};
pub use memory::decode_bytes;
pub use names::{extension, media_type};
pub use other::{OtherFacts, probe_other};
pub use probe::{ColorType, Format, Probe, probe};
pub use process::{Preview, ProcessOptions, Processed, Thumb, process};
pub use sniff::{SNIFF_BYTES, Sniffed, sniff};
pub use transform::{Encoded, Fit, OutputFormat, Transform, side_px_max, transform};

/// Runs a decoder; a panic in it is a fault of the bytes.
fn guarded<T>(work: impl FnOnce() -> Result<T, ImageFault>) -> Result<T, ImageFault> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| {
        Err(ImageFault::Corrupt("its decoder gave up on the content".to_owned()))
    })
}
