//! Every refusal wears the envelope.

use axum::http::Method;
use backlot_library::limiter::LimitRule;
use backlot_model::account::Scopes;
use serde_json::{Value, json};

use super::{ASSETS, NOBODYS, PERSONS, address, base64, listed, upload};
use crate::app::{CAT, COFFEE, Part, TestApp};
use crate::wire::said;

fn calls() -> Vec<(Method, String)> {
    let (asset, person) = (format!("{ASSETS}/{NOBODYS}"), format!("{PERSONS}/{NOBODYS}"));
    vec![
        (Method::GET, ASSETS.to_owned()),
        (Method::POST, ASSETS.to_owned()),
        (Method::GET, asset.clone()),
        (Method::DELETE, asset),
        (Method::GET, PERSONS.to_owned()),
        (Method::POST, PERSONS.to_owned()),
        (Method::GET, person.clone()),
        (Method::PUT, person.clone()),
        (Method::DELETE, person.clone()),
        (Method::POST, format!("{person}/images")),
        (Method::DELETE, format!("{person}/images/{NOBODYS}")),
        (Method::PUT, format!("{person}/default")),
    ]
}

#[tokio::test]
async fn nobody_is_answered_without_a_credential() {
    let app = TestApp::new().await;
    let envelope = json!({ "success": false, "error": "Not authenticated" });
    for (method, path) in calls() {
        let call = || app.call(method.clone(), &path);
        let answer = call().send().await;
        assert_eq!(answer.expect(401), envelope, "{method} {path}");
        assert_eq!(answer.header("www-authenticate"), Some("Bearer realm=\"backlot\""));
        let public = call().header("authorization", "public-auth-token");
        assert_eq!(public.answers(401).await, envelope, "{method} {path}");
        for bad in ["Bearer x", "Basic eDp5", "Digest x"] {
            let said = call().header("authorization", bad).answers(401).await;
            assert_eq!(said["success"], false, "{bad}");
        }
        call().header("x-api-key", "bk_x").answers(401).await;
    }
}

#[tokio::test]
async fn addresses_and_methods_that_are_not_there() {
    let app = TestApp::new().await;
    let (anna, ben) = (app.user("anna").await, app.user("ben").await);
    let foreign = address(&upload(&app, &ben, "face").await);
    let unknown = format!("{ASSETS}/{NOBODYS}");
    let (person, nobody) = (format!("{PERSONS}/x"), format!("{PERSONS}/{NOBODYS}"));
    let get = |path: &str| app.get(path).by(&anna);
    let mut told = Vec::new();
    for (what, call) in [
        ("another's asset", get(&foreign)),
        ("delete another's asset", app.delete(&foreign).by(&anna)),
        ("an unknown asset", get(&unknown)),
        ("no id", get(&format!("{ASSETS}/what"))),
        ("an unknown person", get(&nobody)),
        ("no person's id", get(&person)),
        ("delete an unknown person", app.delete(&nobody).by(&anna)),
        ("the prefix", get("/youthumb/api")),
        ("below the prefix", get("/youthumb/api/")),
        ("an unknown address", get("/youthumb/api/nothing")),
        ("PUT to the listing", app.put(ASSETS).by(&anna)),
        ("PATCH of an asset", app.patch(&foreign).by(&anna)),
        ("PATCH of a person", app.patch(&person).by(&anna)),
        ("GET of a person's images", get(&format!("{person}/images"))),
    ] {
        told.push(said(what, call).await);
    }
    insta::assert_json_snapshot!("not_there", told);
    assert_eq!(get(&foreign).answers(404).await, get(&unknown).answers(404).await);
}

#[tokio::test]
async fn a_key_allows_what_its_scopes_say() {
    let app = TestApp::new().await;
    let anna = app.user("anna").await;
    let face = upload(&app, &anna, "face").await;
    let (reads, _) = app.key(anna.id, Some(Scopes::READ)).await;
    app.get(ASSETS).bearer(&reads).answers(200).await;
    app.get(PERSONS).bearer(&reads).answers(200).await;
    let body = json!({ "name": "Mira", "imageIds": [face["id"]] });
    let form = [Part::file("file", "cat.png", CAT), Part::text("type", "bucket")];
    let mut told = Vec::new();
    for (what, call) in [
        ("upload", app.post(ASSETS).form(&form)),
        ("upload JSON", app.post(ASSETS).json(&json!({ "base64": base64(CAT), "type": "face" }))),
        ("delete", app.delete(&address(&face))),
        ("make a person", app.post(PERSONS).json(&body)),
    ] {
        told.push(said(what, call.bearer(&reads)).await);
    }
    insta::assert_json_snapshot!("only_reads", told);
}

#[tokio::test]
async fn uploads_that_are_refused() {
    let app = TestApp::new().await;
    let anna = app.user("anna").await;
    let post = || app.post(ASSETS).by(&anna);
    let mut told = Vec::new();
    for (what, content_type, body) in [
        ("no body", "application/json", ""),
        ("broken JSON", "application/json", "{"),
        ("an array", "application/json", "[]"),
        ("plain text", "text/plain", "x"),
        ("a URL-encoded form", "application/x-www-form-urlencoded", "type=face"),
        ("a form without a boundary", "multipart/form-data", "--x--"),
        ("an empty form", "multipart/form-data; boundary=x", "--x--\r\n"),
    ] {
        told.push(said(what, post().bytes(content_type, body)).await);
    }
    let good = base64(CAT);
    let lie = format!("data:image/jpeg;base64,{good}");
    for (what, body) in [
        ("no base64", json!({ "type": "face" })),
        ("base64 is null", json!({ "base64": null, "type": "face" })),
        ("base64 is a number", json!({ "base64": 5, "type": "face" })),
        ("base64 is empty", json!({ "base64": "", "type": "face" })),
        ("no base64 at all", json!({ "base64": "not base64!", "type": "face" })),
        ("an address", json!({ "base64": "https://a.b/c.png", "type": "face" })),
        ("no picture", json!({ "base64": base64(b"no picture"), "type": "face" })),
        ("a data URL that lies", json!({ "base64": lie, "type": "face" })),
        ("a picture cut off", json!({ "base64": base64(&CAT[..40]), "type": "face" })),
        ("no type", json!({ "base64": good })),
        ("another type", json!({ "base64": good, "type": "odd" })),
        ("a type that is no text", json!({ "base64": good, "type": 1 })),
        ("another MIME type", json!({ "base64": good, "type": "face", "mimeType": "image/tiff" })),
        ("a long name", json!({ "base64": good, "type": "face", "filename": "x".repeat(256) })),
    ] {
        told.push(said(what, post().json(&body)).await);
    }
    let file = |bytes| Part::file("file", "cat.png", bytes);
    let face = || Part::text("type", "face");
    for (what, form) in [
        ("no file", vec![face()]),
        ("a file without type", vec![file(CAT)]),
        ("a file of another type", vec![file(CAT), Part::text("type", "odd")]),
        ("a file that is no picture", vec![file(b"no picture"), face()]),
        ("an empty file", vec![file(b""), face()]),
        ("two files", vec![file(CAT), file(CAT), face()]),
        ("two types", vec![file(CAT), face(), face()]),
    ] {
        told.push(said(what, post().form(&form)).await);
    }
    insta::assert_json_snapshot!("refused_uploads", told);
    assert_eq!(listed(&app, &anna, "").await["pagination"]["total"], 0);
}

#[tokio::test]
async fn uploads_that_are_too_large() {
    let limit = COFFEE.len() as u64;
    let app = TestApp::with(|config| config.uploads.image_bytes_max = limit).await;
    let anna = app.user("anna").await;
    let mut over = COFFEE.to_vec();
    over.push(0);
    let form = |bytes: &[u8]| {
        let parts = [Part::file("file", "mug.png", bytes), Part::text("type", "bucket")];
        app.post(ASSETS).by(&anna).form(&parts)
    };
    let in_json = |bytes: &[u8]| {
        let body = json!({ "base64": base64(bytes), "type": "bucket" });
        app.post(ASSETS).by(&anna).json(&body)
    };
    form(COFFEE).answers(201).await;
    in_json(COFFEE).answers(201).await;
    let told = [said("a form", form(&over)).await, said("JSON", in_json(&over)).await];
    insta::assert_json_snapshot!("too_large", told);
}

#[tokio::test]
async fn bad_queries_are_told() {
    let app = TestApp::new().await;
    let anna = app.user("anna").await;
    let long = format!("search={}", "x".repeat(201));
    let mut told = Vec::new();
    for bad in [
        "type=odd",
        "type=Face",
        "page=0",
        "page=x",
        "limit=0",
        "limit=101",
        "isPublished=maybe",
        "page=1&page=2",
        "type=odd&page=0&limit=0",
        &long,
    ] {
        told.push(said(bad, app.get(&format!("{ASSETS}?{bad}")).by(&anna)).await);
    }
    insta::assert_json_snapshot!("bad_queries", told);
}

#[tokio::test]
async fn persons_that_are_refused() {
    let app = TestApp::new().await;
    let anna = app.user("anna").await;
    let id = upload(&app, &anna, "face").await["id"].clone();
    let long = "x".repeat(256);
    let mut told: Vec<Value> = Vec::new();
    for (what, content_type, body) in [
        ("no body", "application/json", String::new()),
        ("broken JSON", "application/json", "{".to_owned()),
        ("plain text", "text/plain", "x".to_owned()),
        ("too much", "application/json", format!("{{\"name\":\"{}\"}}", "x".repeat(1 << 20))),
    ] {
        told.push(said(what, app.post(PERSONS).by(&anna).bytes(content_type, body)).await);
    }
    for (what, body) in [
        ("nothing", json!({})),
        ("no name", json!({ "imageIds": [id] })),
        ("an empty name", json!({ "name": " ", "imageIds": [id] })),
        ("a long name", json!({ "name": long, "imageIds": [id] })),
        ("a name that is no text", json!({ "name": 1, "imageIds": [id] })),
        ("no ids", json!({ "name": "Mira" })),
        ("ids that are no list", json!({ "name": "Mira", "imageIds": "one" })),
        ("an id that is no text", json!({ "name": "Mira", "imageIds": [id, 5] })),
    ] {
        told.push(said(what, app.post(PERSONS).by(&anna).json(&body)).await);
    }
    insta::assert_json_snapshot!("refused_persons", told);
}

#[tokio::test]
async fn too_many_uploads_have_to_wait() {
    let rule = LimitRule::new(1, 2_000).unwrap();
    let app = TestApp::with(|config| config.rates.upload = rule).await;
    let anna = app.user("anna").await;
    upload(&app, &anna, "face").await;
    let form = [Part::file("file", "cat.png", CAT), Part::text("type", "bucket")];
    let told = said("a bucket file", app.post(ASSETS).by(&anna).form(&form)).await;
    insta::assert_json_snapshot!("too_many", told);
    app.clock.advance_ms(2_000);
    upload(&app, &anna, "bucket").await;
}
