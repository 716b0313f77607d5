//! The productai dialect, as its clients see it.

use axum::http::Method;
use serde_json::{Value, json};

use crate::app::{CAT, Part, Person, TestApp};

const UPLOAD: &str = "/productai/v1/training-asset";
const LIST: &str = "/productai/v1/my-uploaded-assets";

async fn upload(app: &TestApp, person: &Person, more: &[Part<'_>]) -> Value {
    let mut form = vec![Part::file("file", "cat.png", CAT)];
    form.extend(more.iter().map(|part| Part { ..*part }));
    app.post(UPLOAD).by(person).form(&form).answers(201).await
}

fn address(asset: &Value) -> String {
    let id = asset["asset_id"].as_str().unwrap();
    assert!(id.starts_with("asset_"), "{id}");
    format!("/productai/v1/assets/{id}")
}

#[tokio::test]
async fn an_upload_is_processed_then_ready_then_gone() {
    let app = TestApp::new().await;
    let anna = app.user("anna").await;
    let made = upload(&app, &anna, &[Part::text("name", "Blue Sneaker")]).await;
    assert_eq!(made["status"], "processing");
    assert_eq!(made["name"], "Blue Sneaker");
    assert_eq!(made["format"], "png");
    assert_eq!(made["file_size"], CAT.len());
    app.work().await;
    let one = address(&made);
    let ready = app.get(&one).by(&anna).answers(200).await;
    assert_eq!(ready["status"], "ready");
    assert_eq!((&ready["width"], &ready["height"]), (&json!(451), &json!(300)));
    assert_eq!(ready["created_at"].as_str().unwrap().len(), "2024-01-15T10:30:00Z".len());
    assert_eq!(ready["updated_at"].as_str().unwrap().len(), "2024-01-15T10:30:00Z".len());
    let bytes = app.get(ready["url"].as_str().unwrap()).send().await;
    assert_eq!(bytes.bytes, CAT);
    app.delete(&one).by(&anna).answers(204).await;
    let gone = app.get(&one).by(&anna).answers(404).await;
    assert_eq!(gone["status"], "ERROR");
}

#[tokio::test]
async fn tags_come_in_three_spellings() {
    let app = TestApp::new().await;
    let anna = app.user("anna").await;
    for parts in [
        vec![Part::text("tags[]", "a"), Part::text("tags[]", "b")],
        vec![Part::text("tags", "a"), Part::text("tags", "b")],
        vec![Part::text("tags", "[\"a\",\"b\"]")],
    ] {
        assert_eq!(upload(&app, &anna, &parts).await["tags"], json!(["a", "b"]));
    }
    upload(&app, &anna, &[Part::text("tags", "a")]).await;
    let both = app.get(&format!("{LIST}?tags=a,b")).by(&anna).answers(200).await;
    assert_eq!(both["total"], 3);
}

#[tokio::test]
async fn listings_come_in_pages() {
    let app = TestApp::new().await;
    let (anna, ben) = (app.user("anna").await, app.user("ben").await);
    for _ in 0..3 {
        upload(&app, &anna, &[]).await;
    }
    upload(&app, &ben, &[]).await;
    for (query, count, has_more) in [("", 3, false), ("limit=2", 2, true), ("offset=2", 1, false)] {
        let page = app.get(&format!("{LIST}?{query}")).by(&anna).answers(200).await;
        assert_eq!(page["assets"].as_array().unwrap().len(), count, "{query}");
        assert_eq!((&page["total"], &page["has_more"]), (&json!(3), &json!(has_more)), "{query}");
    }
    let ready = format!("{LIST}?status=ready");
    assert_eq!(app.get(&ready).by(&anna).answers(200).await["total"], 0);
    app.work().await;
    assert_eq!(app.get(&ready).by(&anna).answers(200).await["total"], 3);
    for bad in ["limit=0", "limit=101", "limit=x", "offset=-1", "status=odd"] {
        let said = app.get(&format!("{LIST}?{bad}")).by(&anna).answers(400).await;
        assert_eq!(said["status"], "ERROR", "{bad}");
    }
    app.get(&format!("{LIST}?nobody=knows")).by(&anna).answers(200).await;
}

#[tokio::test]
async fn the_second_face_knows_numbers() {
    let app = TestApp::new().await;
    let anna = app.user("anna").await;
    let form = [Part::file("file", "cat.png", CAT)];
    let call = app.post("/productai/v1/api/upload-asset").header("x-api-key", &anna.key);
    let made = call.form(&form).answers(200).await;
    assert_eq!((&made["status"], &made["data"]["mimetype"]), (&json!("OK"), &json!("image/png")));
    let id = made["data"]["id"].as_u64().unwrap();
    assert!(id < 1 << 53);
    let one = format!("/productai/v1/assets/{id}");
    app.get(&one).by(&anna).answers(200).await;
    app.delete(&one).by(&anna).answers(204).await;
    app.get(&one).by(&anna).answers(404).await;
    let check = "/productai/v1/api/key-check";
    let good = app.get(check).header("x-api-key", &anna.key).answers(200).await;
    assert_eq!(good["data"]["valid"], true);
    let bad = app.get(check).header("x-api-key", "bk_x").answers(200).await;
    assert_eq!(bad["data"]["valid"], false);
    assert_eq!(app.get(check).answers(401).await["status"], "ERROR");
}

#[tokio::test]
async fn every_refusal_wears_the_envelope() {
    let app = TestApp::new().await;
    let (anna, ben) = (app.user("anna").await, app.user("ben").await);
    let foreign = address(&upload(&app, &ben, &[]).await);
    let unknown = "/productai/v1/assets/asset_01932b6e7a407cc19b5e3f1f6a0b9c2d";
    let post = || app.post(UPLOAD).by(&anna);
    let text = [Part::file("file", "cat.png", b"no picture")];
    let large = vec![0_u8; 10 * 1024 * 1024 + 1];
    let large = [Part::file("file", "cat.png", &large)];
    for (call, status) in [
        (app.get(LIST), 401),
        (app.post(UPLOAD), 401),
        (app.get(&foreign).by(&anna), 404),
        (app.delete(&foreign).by(&anna), 404),
        (app.get("/productai/v1/nothing").by(&anna), 404),
        (app.call(Method::PUT, LIST).by(&anna), 405),
        (post().json(&json!({})), 400),
        (post().bytes("application/json", "{"), 400),
        (post().json(&json!({ "url": "http://127.0.0.1/x" })), 400),
        (post().bytes("text/plain", "x"), 415),
        (post().form(&text), 415),
        (post().form(&large), 413),
    ] {
        let said = call.answers(status).await;
        assert_eq!(said["status"], "ERROR", "{said}");
        assert!(said["message"].is_string() && said["code"].is_string(), "{said}");
    }
    let theirs = app.get(&foreign).by(&anna).answers(404).await;
    assert_eq!(theirs, app.get(unknown).by(&anna).answers(404).await);
}
