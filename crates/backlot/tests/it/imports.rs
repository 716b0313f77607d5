//! Pictures fetched from other hosts, through every door that takes an address.
//!
//! youthumb takes none: a URL in its `base64` is refused there.

use std::time::Instant;

use serde_json::{Value, json};

use crate::app::{CAT, Call, Part, Person, TestApp};
use crate::productai::{LIST, UPLOAD};
use crate::source::{Source, work_to_the_end};

/// Every door, by name.
const DOORS: &[&str] = &["productai", "productai form", "native"];
const NATIVE: &str = "/api/v1/assets";

fn import<'a>(app: &'a TestApp, by: &Person, door: &str, url: &str) -> Call<'a> {
    match door {
        "productai" => app.post(UPLOAD).by(by).json(&json!({ "url": url })),
        "productai form" => app.post(UPLOAD).by(by).form(&[Part::text("url", url)]),
        _ => app.post(NATIVE).by(by).json(&json!({ "url": url })),
    }
}

/// Where the door itself shows what it made.
fn address(made: &Value) -> String {
    match made["asset_id"].as_str() {
        Some(id) => format!("/productai/v1/assets/{id}"),
        None => format!("{NATIVE}/{}", made["id"].as_str().unwrap()),
    }
}

#[tokio::test]
async fn what_is_fetched_is_processing_then_ready() {
    let source = Source::start().await;
    let app = source.app(|_| {}).await;
    let anna = app.user("anna").await;
    for door in DOORS {
        let made = import(&app, &anna, door, &source.url("/cat.png")).answers(201).await;
        assert_eq!((&made["status"], &made["name"]), (&json!("processing"), &json!("cat.png")));
        let unknown = ["width", "height", "file_size", "format", "size", "mime_type", "error"];
        for field in unknown {
            assert!(made[field].is_null(), "{door} {field}");
        }
        assert_eq!(app.get(&address(&made)).by(&anna).answers(200).await["status"], "processing");
        work_to_the_end(&app).await;
        let ready = app.get(&address(&made)).by(&anna).answers(200).await;
        let shown = [&ready["status"], &ready["width"], &ready["height"], &ready["name"]];
        assert_eq!(shown, [&json!("ready"), &json!(451), &json!(300), &json!("cat.png")], "{door}");
        let size = if ready["size"].is_null() { &ready["file_size"] } else { &ready["size"] };
        assert_eq!(*size, CAT.len());
        assert_eq!(app.get(ready["url"].as_str().unwrap()).send().await.bytes, CAT);
    }
}

#[tokio::test]
async fn redirects_are_followed_and_names_decoded() {
    let source = Source::start().await;
    let app = source.app(|_| {}).await;
    let anna = app.user("anna").await;
    for (path, name) in [("/moved", "moved"), ("/blue%20shoe.png?v=2", "blue shoe.png")] {
        let made = import(&app, &anna, "productai", &source.url(path)).answers(201).await;
        assert_eq!(made["name"], name);
        work_to_the_end(&app).await;
        let ready = app.get(&address(&made)).by(&anna).answers(200).await;
        assert_eq!(ready["status"], "ready", "{ready}");
    }
}

#[tokio::test]
async fn what_cannot_be_imported_fails_with_a_reason() {
    let source = Source::start().await;
    let app = source.app(|_| {}).await;
    let anna = app.user("anna").await;
    let inside = "the URL is not fetched, for it redirects to one that is not: ";
    for (path, reason) in [
        ("/nothing", "the URL could not be fetched: its host answered 404"),
        ("/text", "is not accepted here; accepted are image/jpeg, image/png, image/webp"),
        ("/inside", inside),
        ("/round", "the URL could not be fetched: it redirects too often"),
        ("/broken", "the URL could not be fetched: its host answered 503"),
        ("/empty", "the file has no bytes"),
    ] {
        for door in DOORS {
            let made = import(&app, &anna, door, &source.url(path)).answers(201).await;
            work_to_the_end(&app).await;
            let failed = app.get(&address(&made)).by(&anna).answers(200).await;
            assert_eq!(failed["status"], "failed", "{door} {path}");
            let error = failed["error"].as_str().unwrap();
            assert!(error.contains(reason), "{door} {path}: {error}");
            // It speaks of the file, not of a field that nobody sent.
            assert!(!error.contains("169.254") && !error.contains("body."), "{error}");
            for field in ["url", "thumbnail_url", "width", "height"] {
                assert!(failed[field].is_null(), "{door} {path} {field}");
            }
        }
    }
    let failed = app.get(&format!("{LIST}?status=failed")).by(&anna).answers(200).await;
    assert_eq!(failed["total"], 18);
    assert!(failed["assets"][0]["error"].is_string());
}

#[tokio::test]
async fn what_is_too_large_fails_at_the_limit_of_its_door() {
    let source = Source::start().await;
    let app = source.app(|_| {}).await;
    let anna = app.user("anna").await;
    let ends = async |door: &str| {
        let made = import(&app, &anna, door, &source.url("/large.png")).answers(201).await;
        work_to_the_end(&app).await;
        app.get(&address(&made)).by(&anna).answers(200).await
    };
    let failed = ends("productai").await;
    let right = "the file behind the URL is larger than 10485760 bytes";
    assert_eq!((&failed["status"], &failed["error"]), (&json!("failed"), &json!(right)));
    // The native API takes fifty mebibytes.
    assert_eq!(ends("native").await["status"], "ready");
}

#[tokio::test]
async fn a_slow_source_is_given_up() {
    let source = Source::start().await;
    let app = source.app(|config| config.fetch.total_ms = 50).await;
    let anna = app.user("anna").await;
    let began = Instant::now();
    for door in DOORS {
        let made = import(&app, &anna, door, &source.url("/slow")).answers(201).await;
        work_to_the_end(&app).await;
        let failed = app.get(&address(&made)).by(&anna).answers(200).await;
        assert_eq!(failed["status"], "failed");
        let right = "the URL could not be fetched: it takes too long";
        assert_eq!(failed["error"], right, "{door}");
    }
    assert!(began.elapsed().as_secs() < 30);
}

#[tokio::test]
async fn an_address_that_is_not_fetched_is_refused_at_once() {
    let source = Source::start().await;
    let app = source.app(|_| {}).await;
    let anna = app.user("anna").await;
    let port = source.host.rsplit(':').next().unwrap().to_owned();
    for url in [
        "http://127.0.0.1/cat.png".to_owned(),
        "http://169.254.169.254/latest/meta-data".to_owned(),
        "http://[::1]/".to_owned(),
        "http://[::ffff:10.0.0.1]/".to_owned(),
        "http://0.0.0.0/".to_owned(),
        "http://2130706433/".to_owned(),
        // The exception is for the address as it is written.
        format!("http://localhost:{port}/cat.png"),
        "https://user:secret@example.com/".to_owned(),
        "https://1.1.1.1:22/".to_owned(),
        "ftp://example.com/cat.png".to_owned(),
        "file:///etc/passwd".to_owned(),
        "data:image/png;base64,AAAA".to_owned(),
        "cat.png".to_owned(),
    ] {
        for door in DOORS {
            let status = if *door == "native" { 422 } else { 400 };
            let said = import(&app, &anna, door, &url).answers(status).await.to_string();
            assert!(said.contains("the URL is not fetched"), "{door} {url}: {said}");
        }
    }
    assert_eq!(app.get(NATIVE).by(&anna).answers(200).await["count"], 0);
}

#[tokio::test]
async fn only_the_uploader_reads_why_an_import_failed() {
    let source = Source::start().await;
    let app = source.app(|_| {}).await;
    let (anna, ben) = (app.user("anna").await, app.user("ben").await);
    app.organization("Acme", &[&anna, &ben]).await;
    let root = app.superuser("root").await;
    let made = import(&app, &anna, "native", &source.url("/nothing")).answers(201).await;
    work_to_the_end(&app).await;
    let id = made["id"].as_str().unwrap();
    let change = json!({ "visibility": "shared" });
    app.patch(&format!("{NATIVE}/{id}")).by(&anna).json(&change).answers(200).await;
    for address in [format!("/productai/v1/assets/{id}"), format!("{NATIVE}/{id}")] {
        for (person, told) in [(&anna, true), (&root, true), (&ben, false)] {
            let asset = app.get(&address).by(person).answers(200).await;
            assert_eq!(asset["status"], "failed");
            assert_eq!(asset["error"].is_string(), told, "{address}");
        }
    }
}

#[tokio::test]
async fn an_address_of_ours_is_resolved_inside() {
    let app = TestApp::new().await;
    let (anna, ben) = (app.user("anna").await, app.user("ben").await);
    let form = [Part::file("file", "cat.png", CAT)];
    let first = app.post(UPLOAD).by(&anna).form(&form).answers(201).await;
    let url = first["url"].as_str().unwrap();
    let bare = url.split('?').next().unwrap();
    for door in DOORS {
        for url in [url, bare] {
            let made = import(&app, &anna, door, url).answers(201).await;
            app.work().await;
            let ready = app.get(&address(&made)).by(&anna).answers(200).await;
            assert_eq!((&ready["status"], &ready["name"]), (&json!("ready"), &json!("cat.png")));
            assert_ne!(address(&made), address(&first));
        }
        // Whoever may not see it learns nothing, signature or not.
        let status = if *door == "native" { 422 } else { 400 };
        let said = import(&app, &ben, door, url).answers(status).await.to_string();
        assert!(said.contains("there is no such asset"), "{said}");
    }
}

#[tokio::test]
async fn an_address_of_ours_is_held_to_what_the_door_takes() {
    let app = TestApp::with(|config| config.uploads.small_image_bytes_max = 1_000).await;
    let anna = app.user("anna").await;
    let upload = async |filename: &str, bytes: &[u8]| {
        let form = [Part::file("file", filename, bytes)];
        let made = app.post(NATIVE).by(&anna).form(&form).answers(201).await;
        made["url"].as_str().unwrap().to_owned()
    };
    let (large, text) = (upload("cat.png", CAT).await, upload("a.txt", b"just words").await);
    for door in ["productai", "productai form"] {
        assert_eq!(import(&app, &anna, door, &large).answers(413).await["code"], "TOO_LARGE");
        let said = import(&app, &anna, door, &text).answers(415).await;
        assert_eq!(said["code"], "UNSUPPORTED_MEDIA");
    }
    import(&app, &anna, "native", &large).answers(201).await;
    import(&app, &anna, "native", &text).answers(415).await;
}

#[tokio::test]
async fn an_address_of_ours_without_bytes_yet_is_a_bad_request() {
    let source = Source::start().await;
    let app = source.app(|_| {}).await;
    let anna = app.user("anna").await;
    let made = import(&app, &anna, "productai", &source.url("/cat.png")).answers(201).await;
    let said = import(&app, &anna, "productai", made["url"].as_str().unwrap()).answers(400).await;
    assert_eq!((&said["status"], &said["code"]), (&json!("ERROR"), &json!("ASSET_BUSY")));
}
