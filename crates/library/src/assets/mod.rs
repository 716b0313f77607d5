//! What is done to one asset, and to many.
//!
//! Owns: get, change, lock, copy, delete, restore, in single and in bulk, all under the authority
//! table; the states of canvases.
//! Never: bytes. They come in through `ingest` and go out through `delivery`.

mod bulk;
mod canvas;
mod change;
mod copy;
mod lock;
mod lookup;
mod many;
mod new_asset;
mod tags;

pub use bulk::{Bulk, BulkResult};
pub(crate) use canvas::is_canvas;
pub use canvas::{CANVAS_BYTES_MAX, CanvasChange, CanvasState, SNAPSHOTS_MAX};
pub use change::{AssetPatch, Expected, TagsWithin};
pub use copy::CopyTo;
pub use lock::{LOCK_MS_MAX, Unlock};
pub use lookup::TagCount;
pub use new_asset::NewAsset;
pub use tags::TagChange;

pub(crate) use new_asset::{CheckedAsset, text};
