//! Every refusal wears the envelope.

use axum::http::Method;
use backlot_library::limiter::LimitRule;
use backlot_model::account::Scopes;
use serde_json::{Value, json};

use super::{KEY_CHECK, LIST, SECOND_UPLOAD, UNKNOWN, UPLOAD, address, upload};
use crate::app::{CAT, Part, TestApp};
use crate::wire::said;

/// Every call that needs a credential.
const CALLS: &[(Method, &str)] = &[
    (Method::POST, UPLOAD),
    (Method::GET, LIST),
    (Method::GET, UNKNOWN),
    (Method::DELETE, UNKNOWN),
    (Method::POST, SECOND_UPLOAD),
];

#[tokio::test]
async fn nobody_is_answered_without_a_credential() {
    let app = TestApp::new().await;
    let envelope = json!({
        "status": "ERROR", "message": "not authenticated", "code": "NO_CREDENTIALS",
    });
    for (method, path) in CALLS {
        let call = || app.call(method.clone(), path);
        let answer = call().send().await;
        assert_eq!(answer.expect(401), envelope, "{method} {path}");
        assert_eq!(answer.header("www-authenticate"), Some("Bearer realm=\"backlot\""));
        let public = call().header("authorization", "public-auth-token");
        assert_eq!(public.answers(401).await, envelope, "{method} {path}");
        for bad in ["Bearer x", "Bearer a.b.c", "Basic eDp5", "Digest x", "Bearer"] {
            let said = call().header("authorization", bad).answers(401).await;
            assert_eq!(said["status"], "ERROR", "{bad}");
        }
        call().header("x-api-key", "bk_x").answers(401).await;
    }
}

#[tokio::test]
async fn addresses_and_methods_that_are_not_there() {
    let app = TestApp::new().await;
    let (anna, ben) = (app.user("anna").await, app.user("ben").await);
    let foreign = address(&upload(&app, &ben, &[]).await);
    let get = |path: &str| app.get(path).by(&anna);
    let mut told = Vec::new();
    for (what, call) in [
        ("another's asset", get(&foreign)),
        ("delete another's asset", app.delete(&foreign).by(&anna)),
        ("an unknown asset", get(UNKNOWN)),
        ("no id", get("/productai/v1/assets/what")),
        ("the prefix", get("/productai")),
        ("an unknown address", get("/productai/v1/nothing")),
        ("a slash too many", get("/productai/v1/my-uploaded-assets/")),
        ("PUT to the listing", app.put(LIST).by(&anna)),
        ("GET of the upload", get(UPLOAD)),
        ("PATCH of an asset", app.patch(&foreign).by(&anna)),
        ("GET of the second upload", get(SECOND_UPLOAD)),
    ] {
        told.push(said(what, call).await);
    }
    insta::assert_json_snapshot!("not_there", told);
    assert_eq!(get(&foreign).answers(404).await, get(UNKNOWN).answers(404).await);
}

#[tokio::test]
async fn a_key_allows_what_its_scopes_say() {
    let app = TestApp::new().await;
    let anna = app.user("anna").await;
    let one = address(&upload(&app, &anna, &[]).await);
    let (reads, _) = app.key(anna.id, Some(Scopes::READ)).await;
    let form = [Part::file("file", "cat.png", CAT)];
    app.get(LIST).bearer(&reads).answers(200).await;
    app.get(&one).bearer(&reads).answers(200).await;
    let mut told = Vec::new();
    for (what, call) in [
        ("upload", app.post(UPLOAD).form(&form)),
        ("import", app.post(UPLOAD).json(&json!({ "url": "https://example.com/a.jpg" }))),
        ("second upload", app.post(SECOND_UPLOAD).form(&form)),
        ("delete", app.delete(&one)),
    ] {
        told.push(said(what, call.bearer(&reads)).await);
    }
    insta::assert_json_snapshot!("only_reads", told);
    app.get(&one).by(&anna).answers(200).await;
}

/// Ways to upload that are refused, at either face or at the first.
const BROKEN: &[(&str, &str, &str)] = &[
    ("no body", "application/json", ""),
    ("broken JSON", "application/json", "{"),
    ("an array", "application/json", "[]"),
    ("nothing given", "application/json", "{}"),
    ("an empty url", "application/json", r#"{"url":""}"#),
    ("a url that is no text", "application/json", r#"{"url":5}"#),
    ("tags that are no list", "application/json", r#"{"url":"https://a.b/c","tags":"a"}"#),
    ("a tag that is empty", "application/json", r#"{"url":"https://a.b/c","tags":["a",""]}"#),
    ("no URL", "application/json", r#"{"url":"what"}"#),
    ("a file URL", "application/json", r#"{"url":"file:///etc/passwd"}"#),
    ("a loopback URL", "application/json", r#"{"url":"http://127.0.0.1/x"}"#),
    ("a port that is not fetched from", "application/json", r#"{"url":"http://1.1.1.1:22/"}"#),
    ("plain text", "text/plain", "x"),
    ("a URL-encoded form", "application/x-www-form-urlencoded", "url=https://a.b/c"),
    ("a form without a boundary", "multipart/form-data", "--x--"),
    ("a form cut off", "multipart/form-data; boundary=x", "--x\r\nContent-Disp"),
    ("an empty form", "multipart/form-data; boundary=x", "--x--\r\n"),
];

#[tokio::test]
async fn uploads_that_are_refused() {
    let app = TestApp::new().await;
    let anna = app.user("anna").await;
    let post = || app.post(UPLOAD).by(&anna);
    let mut told = Vec::new();
    for (what, content_type, body) in BROKEN {
        told.push(said(what, post().bytes(content_type, *body)).await);
    }
    let gif = b"GIF89a\x01\x00\x01\x00\x00\x00\x00\x2c\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02\x44\x01\x00\x3b";
    let file = |bytes| Part::file("file", "cat.png", bytes);
    let long = "x".repeat(256);
    for (what, form) in [
        ("no picture", vec![file(b"no picture")]),
        ("an empty file", vec![file(b"")]),
        ("a GIF", vec![file(gif)]),
        ("a picture cut off", vec![file(&CAT[..40])]),
        ("two files", vec![file(CAT), file(CAT)]),
        ("file and url", vec![file(CAT), Part::text("url", "https://a.b/c")]),
        ("a long name", vec![file(CAT), Part::text("name", &long)]),
        ("a long tag", vec![file(CAT), Part::text("tags[]", &long)]),
        ("two names", vec![file(CAT), Part::text("name", "a"), Part::text("name", "b")]),
        ("another field", vec![Part::file("image", "cat.png", CAT)]),
    ] {
        told.push(said(what, post().form(&form)).await);
    }
    let zipped = post().header("content-encoding", "gzip").bytes("application/json", "{}");
    told.push(said("a compressed body", zipped).await);
    let large = format!(r#"{{"url":"{}"}}"#, "x".repeat(1 << 20));
    told.push(said("too much JSON", post().bytes("application/json", large)).await);
    insta::assert_json_snapshot!("refused_uploads", told);
    assert_eq!(app.get(LIST).by(&anna).answers(200).await["total"], 0);
}

#[tokio::test]
async fn uploads_that_the_second_face_refuses() {
    let app = TestApp::new().await;
    let anna = app.user("anna").await;
    let post = || app.post(SECOND_UPLOAD).by(&anna);
    let large = vec![0; (10 << 20) + 1];
    let mut told = Vec::new();
    for (what, call) in [
        ("JSON", post().json(&json!({ "url": "https://a.b/c" }))),
        ("no file", post().form(&[Part::text("name", "x")])),
        ("no picture", post().form(&[Part::file("file", "cat.png", b"no picture")])),
        ("too large", post().form(&[Part::file("file", "cat.png", &large)])),
        ("plain text", post().bytes("text/plain", "x")),
    ] {
        told.push(said(what, call).await);
    }
    insta::assert_json_snapshot!("second_face", told);
}

#[tokio::test]
async fn too_many_uploads_have_to_wait() {
    let app = TestApp::with(|config| {
        config.rates.upload = LimitRule::new(1, 2_000).unwrap();
    })
    .await;
    let anna = app.user("anna").await;
    upload(&app, &anna, &[]).await;
    let form = [Part::file("file", "cat.png", CAT)];
    let url = json!({ "url": "https://example.com/a.jpg" });
    let mut told: Vec<Value> = Vec::new();
    for (what, call) in [
        ("upload", app.post(UPLOAD).form(&form)),
        ("import", app.post(UPLOAD).json(&url)),
        ("second upload", app.post(SECOND_UPLOAD).form(&form)),
    ] {
        told.push(said(what, call.by(&anna)).await);
    }
    insta::assert_json_snapshot!("too_many", told);
    app.clock.advance_ms(2_000);
    upload(&app, &anna, &[]).await;
}

#[tokio::test]
async fn a_full_queue_asks_to_come_back() {
    let app = TestApp::with(|config| config.queue_depth_max = 0).await;
    let anna = app.user("anna").await;
    let form = [Part::file("file", "cat.png", CAT)];
    let answer = app.post(UPLOAD).by(&anna).form(&form).send().await;
    assert_eq!(answer.expect(503)["code"], "QUEUE_FULL");
    assert_eq!(answer.header("retry-after"), Some("5"));
    app.get(KEY_CHECK).by(&anna).answers(200).await;
}
