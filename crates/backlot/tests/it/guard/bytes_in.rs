//! Hostile files through every door: each is refused with its code, field and limit, and leaves
//! neither row nor file.

use axum::http::StatusCode;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::files::{bmp_of, every_format, gif_of, png_of, png_with, tiff_of};
use super::untouched::State;
use crate::app::{Answer, CAT, COFFEE, Part, Person, TestApp};

const SVG: &str = "<svg xmlns=\"http://www.w3.org/2000/svg\" onload=\"alert(1)\"/>";
const HTML: &str = "<!doctype html><script>alert(1)</script>";

/// Sends a file through every door; the answers, by door.
async fn through_every_door(
    app: &TestApp,
    anna: &Person,
    name: &str,
    bytes: &[u8],
) -> Vec<(&'static str, Answer)> {
    let encoded = STANDARD.encode(bytes);
    let file = [Part::file("file", name, bytes)];
    let face = [Part::file("file", name, bytes), Part::text("type", "face")];
    let named = [Part::file("file", name, bytes), Part::text("name", "x")];
    let place = app.post("/piktid/upload").by(anna).json(&json!({})).answers(200).await;
    let place = place["upload_url"].as_str().unwrap().to_owned();
    let youthumb = json!({ "base64": encoded, "type": "face", "filename": name });
    let calls = [
        ("form", app.post("/api/v1/assets").by(anna).form(&file)),
        ("raw", app.put("/api/v1/assets/raw").by(anna).bytes("image/png", bytes.to_vec())),
        ("base64", app.post("/api/v1/assets").by(anna).json(&json!({ "base64": encoded }))),
        ("place", app.put(&place).bytes("image/png", bytes.to_vec())),
        ("piktid", app.post("/piktid/upload").by(anna).form(&file)),
        ("youthumb", app.post("/youthumb/api/assets").by(anna).form(&face)),
        ("youthumb json", app.post("/youthumb/api/assets").by(anna).json(&youthumb)),
        ("productai", app.post("/productai/v1/training-asset").by(anna).form(&named)),
        ("legacy", app.post("/productai/v1/api/upload-asset").by(anna).form(&named)),
    ];
    let mut answers = Vec::new();
    for (door, call) in calls {
        answers.push((door, call.send().await));
    }
    answers
}

/// The text of a refusal, in whatever envelope.
fn text(answer: &Answer) -> String {
    String::from_utf8_lossy(&answer.bytes).into_owned()
}

/// Sees that every door refuses a file, saying `said`, and that nothing is left of it.
async fn is_refused(app: &TestApp, anna: &Person, what: &str, bytes: &[u8], said: &str) {
    // Places to upload to are asked for each time: only they may be new.
    let before = State::of(app).await;
    let answers = through_every_door(app, anna, "cat.png", bytes).await;
    for (door, answer) in &answers {
        let told = format!("{what} through {door}: {} {}", answer.status, text(answer));
        assert!(answer.status.is_client_error(), "{told}");
        // A door that does not take the type says so instead.
        let says = |words: &str| text(answer).to_lowercase().contains(words);
        assert!(says(said) || says("accepted"), "{told}");
        assert_ne!(answer.status, StatusCode::UNAUTHORIZED, "{told}");
    }
    State::of(app).await.is_but_for_places(&before, what);
    let natively = answers.iter().find(|(door, _)| *door == "form").unwrap();
    let body: Value = natively.1.json();
    if natively.1.status == 422 {
        assert_eq!(body["detail"][0]["loc"], json!(["body", "file"]), "{what}: {body}");
    }
}

#[tokio::test]
async fn files_that_are_not_what_they_claim_are_refused_by_every_door() {
    let app = TestApp::new().await;
    let anna = app.user("anna").await;
    let not_taken = "accepted";
    for (what, bytes) in [
        ("svg", SVG.to_owned()),
        ("svg behind a mark", format!("\u{feff}  <?xml version=\"1.0\"?><!-- x -->\n{SVG}")),
        ("svg behind a doctype", format!("<!DOCTYPE svg PUBLIC \"x\" \"y\">{SVG}")),
        ("html", HTML.to_owned()),
        ("html behind spaces", format!("{}{HTML}", "\n".repeat(300))),
    ] {
        is_refused(&app, &anna, what, bytes.as_bytes(), not_taken).await;
    }
    for (what, bytes) in [
        ("a program", &b"MZ\x90\0\x03\0\0\0\x04\0\0\0\xff\xff"[..]),
        ("an elf", b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0"),
        ("a shell script", b"#!/bin/sh\nrm -rf /\n\0"),
        ("an archive", b"PK\x03\x04\x14\0\0\0\x08\0"),
        ("zeros", &[0; 9_000]),
    ] {
        is_refused(&app, &anna, what, bytes, not_taken).await;
    }
}

#[tokio::test]
async fn bombs_are_refused_before_a_pixel_is_made() {
    let app = TestApp::new().await;
    let anna = app.user("anna").await;
    for (what, bytes, limit) in [
        ("a long side", png_of(60_000, 1), "16384"),
        ("the longest side", png_of(i32::MAX as u32, i32::MAX as u32), "16384"),
        ("many pixels", png_of(16_000, 16_000), "100000000"),
        ("many frames", gif_of(1_001), "1000"),
        ("a bmp that lies", bmp_of(1 << 20, 1 << 20, 0), "16384"),
        ("a tiff that lies", tiff_of(u16::MAX, 1), "16384"),
    ] {
        is_refused(&app, &anna, what, &bytes, limit).await;
    }
    let script = [b"GIF89a/*".as_slice(), &[0x80; 8], b"*/=alert(1);", HTML.as_bytes()].concat();
    for (what, bytes) in [
        ("no pixels", png_of(0, 5)),
        ("no rows", png_of(5, 0)),
        ("javascript in gif's clothes", script),
    ] {
        is_refused(&app, &anna, what, &bytes, "").await;
    }
}

#[tokio::test]
async fn a_file_over_the_limit_is_refused_with_the_limit() {
    let app = TestApp::with(|config| {
        config.uploads.image_bytes_max = 50_000;
        config.uploads.small_image_bytes_max = 50_000;
    })
    .await;
    let anna = app.user("anna").await;
    is_refused(&app, &anna, "a large picture", COFFEE, "50000").await;
    let padded = png_with(b"tEXt", &vec![b'x'; 100_000]);
    is_refused(&app, &anna, "a padded picture", &padded, "50000").await;
}

/// Refused at once or failed with a reason; never ready, never a fault of ours.
#[tokio::test]
async fn pictures_that_end_early_never_become_ready() {
    let app = TestApp::new().await;
    let anna = app.user("anna").await;
    for (media_type, whole) in every_format() {
        for keep in [1, 3, 7, 9] {
            let cut = &whole[..whole.len() * keep / 10];
            let form = [Part::file("file", "cut", cut)];
            let answer = app.post("/api/v1/assets").by(&anna).form(&form).send().await;
            let told = format!("{media_type} cut at {keep}/10: {}", text(&answer));
            if answer.status != StatusCode::CREATED {
                assert!(matches!(answer.status.as_u16(), 415 | 422), "{told}");
                continue;
            }
            app.work().await;
            let asset = format!("/api/v1/assets/{}", answer.json()["id"].as_str().unwrap());
            let after = app.get(&asset).by(&anna).answers(200).await;
            assert_eq!(after["status"], "failed", "{told}: {after}");
            assert!(after["error"].is_string(), "{told}");
            assert!(after["thumbnail_small_url"].is_null(), "{told}");
        }
        let form = [Part::file("file", "whole", &whole)];
        let made = app.post("/api/v1/assets").by(&anna).form(&form).answers(201).await;
        assert_eq!(made["mime_type"], media_type);
        app.work().await;
        let asset = format!("/api/v1/assets/{}", made["id"].as_str().unwrap());
        assert_eq!(app.get(&asset).by(&anna).answers(200).await["status"], "ready", "{media_type}");
    }
}

#[tokio::test]
async fn the_bytes_say_what_a_file_is() {
    let app = TestApp::new().await;
    let anna = app.user("anna").await;
    let polyglot = [CAT, HTML.as_bytes(), SVG.as_bytes()].concat();
    for (name, declared, bytes) in [
        ("cat.html", "text/html", CAT),
        ("cat.svg", "image/svg+xml", CAT),
        ("cat.jpg.exe", "application/x-msdownload", CAT),
        ("cat.js", "text/javascript", &polyglot),
    ] {
        let path = format!("/api/v1/assets/raw?filename={name}");
        let made = app.put(&path).by(&anna).bytes(declared, bytes.to_vec()).answers(201).await;
        assert_eq!(made["mime_type"], "image/png");
        let url = made["url"].as_str().unwrap();
        let answer = app.get(url).send().await;
        assert_eq!(answer.bytes, bytes, "never altered");
        assert_eq!(answer.header("content-type"), Some("image/png"));
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
        let policy = Some("default-src 'none'; sandbox");
        assert_eq!(answer.header("content-security-policy"), policy);
        app.work().await;
        // What trails the picture is in no derived one.
        let small = app.get(&format!("{url}&width=320&format=png")).send().await;
        assert_eq!(small.status, 200);
        let found = small.bytes.windows(8).any(|part| part == b"<script>");
        assert!(!found, "{name}");
    }
    let lie = format!("data:image/jpeg;base64,{}", STANDARD.encode(CAT));
    let before = State::of(&app).await;
    let said = app.post("/api/v1/assets").by(&anna).json(&json!({ "base64": lie }));
    let said = said.answers(415).await;
    assert!(said.to_string().contains("image/jpeg"), "{said}");
    State::of(&app).await.is(&before, "a data URL that lies");
}

#[tokio::test]
async fn what_can_run_is_kept_as_text_or_not_at_all() {
    let app = TestApp::new().await;
    let anna = app.user("anna").await;
    for bytes in ["alert(1)", "{\"a\": 1}", "just words", "a,b\n1,2\n"] {
        let form = [Part::file("file", "note.html", bytes.as_bytes())];
        let made = app.post("/api/v1/assets").by(&anna).form(&form).answers(201).await;
        let answer = app.get(made["url"].as_str().unwrap()).send().await;
        let shown = answer.header("content-type").unwrap();
        assert!(shown.starts_with("text/plain") || shown == "application/json", "{shown}");
        assert!(answer.header("content-disposition").unwrap().starts_with("attachment"));
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
        let policy = Some("default-src 'none'; sandbox");
        assert_eq!(answer.header("content-security-policy"), policy);
    }
}

#[tokio::test]
async fn odd_file_names_are_refused_or_harmless() {
    let app = TestApp::new().await;
    let anna = app.user("anna").await;
    let before = State::of(&app).await;
    for name in ["a\r\nX-Evil: 1.png", "a\0.png", "a\u{202e}gnp.exe", "a\u{2068}.png", "\u{7}.png"]
    {
        let query = percent(name);
        let path = format!("/api/v1/assets/raw?filename={query}");
        let said = app.put(&path).by(&anna).bytes("image/png", CAT).answers(422).await;
        assert_eq!(said["detail"][0]["loc"], json!(["query", "filename"]), "{said}");
        let body = json!({ "base64": STANDARD.encode(CAT), "filename": name });
        let status = app.post("/api/v1/assets").by(&anna).json(&body).send().await.status;
        assert!(matches!(status.as_u16(), 400 | 422), "{name:?}: {status}");
    }
    let long = "x".repeat(256);
    let path = format!("/api/v1/assets/raw?filename={long}");
    app.put(&path).by(&anna).bytes("image/png", CAT).answers(422).await;
    State::of(&app).await.is(&before, "odd names");
    for (name, kept) in [
        ("../../../etc/passwd", "passwd"),
        ("..\\..\\windows\\cat.png", "cat.png"),
        ("/etc/cat.png", "cat.png"),
        ("a\"b;c=d%.png", "a\"b;c=d%.png"),
        ("кот 猫 🐈.png", "кот 猫 🐈.png"),
        ("..", ".."),
    ] {
        let path = format!("/api/v1/assets/raw?filename={}", percent(name));
        let made = app.put(&path).by(&anna).bytes("image/png", CAT).answers(201).await;
        assert_eq!(made["filename"], kept);
        let answer = app.get(made["url"].as_str().unwrap()).send().await;
        let said = answer.header("content-disposition").unwrap();
        let (_, quoted) = said.split_once("filename=\"").unwrap();
        let (plain, rest) = quoted.split_once('"').unwrap();
        assert!(plain.is_ascii() && !plain.contains(['\\', '%', '/']), "{said}");
        assert!(
            rest.starts_with("; filename*=UTF-8''") && !rest.contains(['"', ' '])
                || rest.is_ascii()
        );
    }
}

fn percent(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

#[tokio::test]
async fn addresses_that_are_ours_or_odd_are_not_fetched() {
    let app = TestApp::new().await;
    let anna = app.user("anna").await;
    let before = State::of(&app).await;
    for url in [
        "http://127.0.0.1/cat.png",
        "http://127.1/",
        "http://2130706433/",
        "http://0x7f.0.0.1/",
        "http://0177.0.0.1/",
        "http://0.0.0.0/",
        "http://10.0.0.1/",
        "http://172.16.0.1/",
        "http://192.168.1.1/",
        "http://100.64.0.1/",
        "http://169.254.169.254/latest/meta-data/",
        "http://224.0.0.1/",
        "http://198.18.0.1/",
        "http://[::1]/",
        "http://[::]/",
        "http://[fc00::1]/",
        "http://[fe80::1]/",
        "http://[::ffff:127.0.0.1]/",
        "http://[::ffff:a9fe:a9fe]/",
        "http://[64:ff9b::7f00:1]/",
        "http://[2002:7f00:1::]/",
        "http://user:password@93.184.216.34/",
        "http://93.184.216.34:22/",
        "file:///etc/passwd",
        "ftp://93.184.216.34/cat.png",
        "gopher://127.0.0.1:6379/_INFO",
        "data:text/html,x",
        "javascript:alert(1)",
        "//127.0.0.1/",
        "not an address",
    ] {
        let call = app.post("/api/v1/assets").by(&anna).json(&json!({ "url": url }));
        let said = call.answers(422).await;
        assert_eq!(said["detail"][0]["loc"], json!(["body", "url"]), "{url}: {said}");
        assert!(!said.to_string().contains("root:"), "{said}");
        let form = [Part::text("name", "x"), Part::text("image_url", url)];
        let answer = app.post("/productai/v1/training-asset").by(&anna).form(&form).send().await;
        assert!(answer.status.is_client_error(), "{url}: {}", text(&answer));
    }
    State::of(&app).await.is(&before, "addresses");
}
