//! HEIC: stored whatever the machine has, previewed where it has a converter.

#![cfg(unix)]

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use backlot_library::ingest::heif;
use serde_json::Value;

use crate::app::{Part, TestApp};

/// A cat, 451 × 300.
const HEIC: &[u8] = include_bytes!("../../../../../fixtures/pictures/chelsea.heic");

/// A converter that is a shell script; `$4` is where the picture is to be.
fn script(folder: &Path, body: &str) -> PathBuf {
    let path = folder.join("convert");
    std::fs::write(&path, format!("#!/bin/sh\n{body}\n")).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o700)).unwrap();
    path
}

/// What becomes of a HEIC on a machine with this converter; its original is what was sent.
async fn uploaded(converter: Option<PathBuf>) -> (TestApp, Value) {
    let app = TestApp::with(|config| config.heif_converter = converter).await;
    let anna = app.user("anna").await;
    let form = [Part::file("file", "cat.heic", HEIC)];
    let made = app.post("/api/v1/assets").by(&anna).form(&form).answers(201).await;
    app.work().await;
    let asset = format!("/api/v1/assets/{}", made["id"].as_str().unwrap());
    let said = app.get(&asset).by(&anna).answers(200).await;
    assert_eq!(said["mime_type"], "image/heic");
    assert_eq!((&said["width"], &said["height"]), (&451.into(), &300.into()));
    let original = app.get(said["url"].as_str().unwrap()).send().await;
    assert_eq!(original.bytes, HEIC);
    // No browser need show it: it is saved.
    assert!(original.header("content-disposition").unwrap().starts_with("attachment"));
    (app, said)
}

/// Whether both thumbnails are there and are pictures of the cat's shape.
async fn has_previews(app: &TestApp, said: &Value) {
    assert_eq!(said["status"], "ready", "{said}");
    for (field, width) in [("thumbnail_small_url", 320), ("thumbnail_big_url", 451)] {
        let picture = app.get(said[field].as_str().unwrap()).send().await;
        assert_eq!(picture.status, 200, "{field}");
        let limits = backlot_imaging::Limits::default();
        let probed = backlot_imaging::probe(&picture.bytes, &limits).unwrap();
        assert_eq!(probed.width, width, "{field}");
    }
    assert!(said["dominant_color"].is_string() && said["thumbhash"].is_string());
}

#[tokio::test]
async fn a_heic_is_previewed_by_the_machines_converter() {
    let folder = tempfile::tempdir().unwrap();
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/pictures");
    // Any picture of the same shape will do for what it makes.
    let made = fixtures.join("chelsea.png");
    let converter = script(folder.path(), &format!("/bin/cp '{}' \"$4\"", made.display()));
    let (app, said) = uploaded(Some(converter)).await;
    has_previews(&app, &said).await;
}

#[tokio::test]
async fn a_heic_is_stored_without_previews_where_the_converter_cannot_make_one() {
    let folder = tempfile::tempdir().unwrap();
    let broken = ["exit 1", ":", "echo '<svg onload=alert(1)>' > \"$4\"", "echo > \"$4\""];
    let converters = broken.map(|body| Some(script(folder.path(), body)));
    for (body, converter) in
        std::iter::once("none").chain(broken).zip([None].into_iter().chain(converters))
    {
        if let Some(path) = &converter {
            script(path.parent().unwrap(), body);
        }
        let (_, said) = uploaded(converter).await;
        assert_eq!(said["status"], "ready", "{body}: {said}");
        assert!(said["thumbnail_small_url"].is_null(), "{body}: {said}");
        assert!(said["error"].is_null(), "{body}: {said}");
    }
}

/// Where the machine has libheif's own converter.
#[tokio::test]
async fn a_heic_is_previewed_by_libheif() {
    let Some(converter) = heif::find_converter() else { return };
    let (app, said) = uploaded(Some(converter)).await;
    has_previews(&app, &said).await;
}
