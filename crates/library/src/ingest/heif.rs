//! Previews of HEIC through a converter that the operator has installed (libheif's).
//!
//! The bytes are untrusted and the converter is C: it runs as a process of its own, without
//! environment, on temporary files, and is killed when it takes too long. What it writes is bounded
//! and no more trusted than what it was given.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;

const CONVERT_TIMEOUT: Duration = Duration::from_secs(30);
/// What a converter may write, in bytes: more than any picture within the default limits needs.
const CONVERTED_BYTES_MAX: u64 = 256 << 20;
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
    convert_within(CONVERT_TIMEOUT, converter, bytes).await
}

async fn convert_within(patience: Duration, converter: &Path, bytes: &[u8]) -> Option<Vec<u8>> {
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
    let status = tokio::time::timeout(patience, command.status()).await.ok()?.ok()?;
    if !status.success() {
        return None;
    }
    let written = tokio::fs::metadata(&target).await.ok()?.len();
    if written > CONVERTED_BYTES_MAX {
        return None;
    }
    tokio::fs::read(&target).await.ok()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    const HEIC: &[u8] = include_bytes!("../../../../fixtures/pictures/chelsea.heic");
    const PATIENCE: Duration = Duration::from_secs(20);

    /// A converter that is a shell script; `$3` is the source, `$4` the target.
    fn script(folder: &Path, body: &str) -> PathBuf {
        let path = folder.join("convert");
        std::fs::write(&path, format!("#!/bin/sh\n{body}\n")).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o700)).unwrap();
        path
    }

    async fn converted(body: &str) -> Option<Vec<u8>> {
        let folder = tempfile::tempdir().unwrap();
        convert_within(PATIENCE, &script(folder.path(), body), HEIC).await
    }

    #[test]
    fn heic_is_known_by_its_bytes() {
        assert!(is_heif(HEIC));
        assert!(!is_heif(b"no picture") && !is_heif(b""));
    }

    #[tokio::test]
    async fn the_converter_gets_the_bytes_and_no_environment() {
        assert_eq!(converted(r#"while read -r _; do :; done; : > "$4""#).await, Some(Vec::new()));
        assert_eq!(converted("/bin/cp \"$3\" \"$4\"").await.as_deref(), Some(HEIC));
        let told = converted(r#"echo "$1 $2 [$HOME$USER$CARGO_PKG_NAME]" > "$4""#).await;
        assert_eq!(told.as_deref(), Some(&b"-q 92 []\n"[..]));
    }

    #[tokio::test]
    async fn a_converter_that_fails_writes_nothing_or_too_much_gives_no_picture() {
        assert_eq!(converted("exit 1").await, None);
        assert_eq!(converted("/bin/cp \"$3\" \"$4\"; exit 1").await, None);
        assert_eq!(converted("kill -9 $$").await, None);
        assert_eq!(converted(":").await, None);
        let huge = format!("/usr/bin/truncate -s {} \"$4\"", CONVERTED_BYTES_MAX + 1);
        assert_eq!(converted(&huge).await, None);
        assert_eq!(convert(Path::new("/no/such/converter"), HEIC).await, None);
    }

    #[tokio::test]
    async fn a_converter_that_does_not_end_is_given_up() {
        let folder = tempfile::tempdir().unwrap();
        let endless = script(folder.path(), "while :; do :; done");
        let patience = Duration::from_millis(50);
        assert_eq!(convert_within(patience, &endless, HEIC).await, None);
    }
}
