//! Where the project lies.

use std::path::PathBuf;

/// The folder of the workspace's manifest.
pub(crate) fn root() -> PathBuf {
    let here = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    here.parent().map_or(here.clone(), PathBuf::from)
}
