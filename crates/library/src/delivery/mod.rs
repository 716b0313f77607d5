//! Bytes on their way out: whom they may reach, in which form.
//!
//! Owns: the paths of pictures and their signatures, the decision whether a request may have the
//! bytes, and renditions made on demand.
//! Invariant: every request asks the record. What was made private or deleted is refused to any
//! older URL, because its access epoch has moved.

mod download;
mod links;
mod opened;
mod rendition;

pub use backlot_imaging::{Fit, OutputFormat, extension};
pub use download::Download;
pub use links::{Picture, UPLOADS_PATH};
pub use opened::{Ask, Freshness, Opened, Subject};
pub use rendition::{FormatChoice, SIZE_LADDER, TransformRequest};
