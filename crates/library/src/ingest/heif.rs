//! Previews of HEIC through a converter that the operator has installed (libheif's).
//!
//! The bytes are untrusted and the converter is C: it runs as a process of its own, without
//! environment, on temporary files, and is killed when it takes too long.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;

const CONVERT_TIMEOUT: Duration = Duration::from_secs(30);
const NAMES: [&str; 2] = ["heif-dec", "heif-convert"];

/// The converter of the machine, if it has one.
#[must_use]
pub fn find_converter() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let in_folder = |folder: PathBuf| NAMES.map(|name| folder.join(name));
    std::env::split_paths(&path).flat_map(in_folder).find(|file| file.is_file())
}

/// Whether these bytes are HEIC or HEIF.
pub(crate) fn is_heif(bytes: &[u8]) -> bool {
    let named = backlot_imaging::sniff(&bytes[..bytes.len().min(64)]);
    named.is_some_and(|it| matches!(it.media_type, "image/heic" | "image/heif"))
}

/// The picture as JPEG; `None` when the converter cannot make one.
pub(crate) async fn convert(converter: &Path, bytes: &[u8]) -> Option<Vec<u8>> {
    let folder = tempfile::tempdir().ok()?;
    let (source, target) = (folder.path().join("in.heic"), folder.path().join("out.jpg"));
    tokio::fs::write(&source, bytes).await.ok()?;
    let mut command = Command::new(converter);
    command
        .args(["-q", "92"])
        .args([&source, &target])
        .env_clear()
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true);
    let status = tokio::time::timeout(CONVERT_TIMEOUT, command.status()).await.ok()?.ok()?;
    if !status.success() {
        return None;
    }
    tokio::fs::read(&target).await.ok()
}
