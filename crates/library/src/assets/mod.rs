//! What is done to one asset, and to many.
//!
//! Owns: get, change, copy, delete, restore, in single and in bulk, all under the authority table.
//! Never: bytes. They come in through `ingest` and go out through `delivery`.

mod bulk;
mod change;
mod lookup;
mod new_asset;

pub use bulk::{Bulk, BulkResult};
pub use change::{AssetPatch, TagsWithin};
pub use lookup::TagCount;
pub use new_asset::NewAsset;

pub(crate) use new_asset::{CheckedAsset, text};
