//! Places to upload to.

use serde_json::{Value, json};

use super::{ASSETS, NOBODY, listed, mistakes, path, scrub, text};
use crate::app::{CAT, COFFEE, Person, TestApp};

async fn place(app: &TestApp, person: &Person, body: Value) -> Value {
    app.post("/api/v1/uploads/presigned-url").by(person).json(&body).answers(200).await
}

#[tokio::test]
async fn a_promised_upload_becomes_the_asset_it_named() {
    let app = TestApp::new().await;
    let (anna, ben) = (app.user("anna").await, app.user("ben").await);
    let body = json!({
        "filename": "cat.png", "content_type": "image/png", "size": CAT.len(), "name": "Cat",
        "project": "p", "tags": ["t"],
    });
    let place = place(&app, &anna, body).await;
    insta::assert_json_snapshot!("presigned_upload", scrub(place.clone()));
    let upload = format!("/api/v1/uploads/{}", text(&place["upload_id"]));
    let asset = path(&text(&place["asset_id"]));
    let waiting = app.get(&upload).by(&anna).answers(200).await;
    insta::assert_json_snapshot!("waiting_upload", scrub(waiting.clone()));
    app.get(&asset).by(&anna).answers(404).await;
    assert_eq!(app.get(&text(&place["file_url"])).send().await.status, 404);

    let put = || app.put(&text(&place["upload_url"])).bytes("image/png", CAT);
    let arrived = put().answers(200).await;
    assert_eq!(arrived["id"], place["asset_id"]);
    assert_eq!(put().answers(200).await, arrived, "sent again, it answers the same");
    let complete = app.get(&upload).by(&anna).answers(200).await;
    assert_eq!(complete["is_complete"], true);
    app.work().await;
    let shown = app.get(&asset).by(&anna).answers(200).await;
    insta::assert_json_snapshot!("uploaded_asset", scrub(shown));
    assert_eq!(app.get(&text(&place["file_url"])).send().await.bytes, CAT);
    let again = json!({ "url": place["file_url"], "name": "again" });
    let again = app.post(ASSETS).by(&anna).json(&again).answers(201).await;
    assert_eq!(again["size"], CAT.len());

    let foreign = app.get(&upload).by(&ben).answers(404).await;
    insta::assert_json_snapshot!("unknown_upload", scrub(foreign.clone()));
    for id in [NOBODY, "x"] {
        let said = app.get(&format!("/api/v1/uploads/{id}")).by(&ben).answers(404).await;
        assert_eq!(scrub(said), scrub(foreign.clone()));
    }
}

#[tokio::test]
async fn a_place_takes_what_was_promised_while_it_is_open() {
    let app = TestApp::new().await;
    let anna = app.user("anna").await;
    let body = json!({ "filename": "coffee.jpg" });
    let open = place(&app, &anna, body.clone()).await;
    let url = text(&open["upload_url"]);
    let json = app.put(&url).bytes("image/png", r#"{"a": [1, 2, 3], "b": "a document"}"#);
    assert_eq!(json.send().await.status, 415);
    let (bare, query) = url.split_once('?').unwrap();
    assert_eq!(app.put(bare).bytes("image/png", COFFEE).send().await.status, 403);
    let forged = format!("{bare}?{}", query.replace("s=", "s=x"));
    assert_eq!(app.put(&forged).bytes("image/png", COFFEE).send().await.status, 403);
    let arrived = app.put(&url).bytes("image/png", COFFEE).answers(200).await;
    assert_eq!(arrived["content_type"], "image/png", "the bytes' own type wins");
    assert_eq!(listed(&app, &anna, "").await.len(), 1);

    let late = place(&app, &anna, body).await;
    app.clock.advance_ms(900_000);
    let put = app.put(&text(&late["upload_url"])).bytes("image/png", COFFEE).send().await;
    assert!(matches!(put.status.as_u16(), 403 | 410), "{put:?}");
    assert_eq!(listed(&app, &anna, "").await.len(), 1);
}

#[tokio::test]
async fn bad_promises_are_refused() {
    let app = TestApp::new().await;
    let anna = app.user("anna").await;
    let post = |body: &Value| app.post("/api/v1/uploads/presigned-url").by(&anna).json(body);
    for (body, at) in [
        (json!({}), "body.filename missing"),
        (json!({ "filename": 7 }), "body.filename type"),
        (json!({ "filename": "x".repeat(256) }), "body.filename length"),
        (json!({ "filename": "a.png", "size": -1 }), "body.size range"),
        (json!({ "filename": "a.png", "tags": ["a,b"] }), "body.tags.0 format"),
        (json!({ "filename": "a.png", "name": "x".repeat(256) }), "body.name length"),
    ] {
        let said = post(&body).answers(422).await;
        assert_eq!(mistakes(&said), [at], "{body}");
    }
    let large = json!({ "filename": "a.png", "size": (50 << 20) + 1 });
    insta::assert_json_snapshot!("upload_too_large", scrub(post(&large).answers(413).await));
    post(&json!({ "filename": "a.png", "size": 50 << 20 })).answers(200).await;
}
