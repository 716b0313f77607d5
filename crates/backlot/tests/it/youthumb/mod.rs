//! The youthumb dialect, as its clients see it.

use axum::http::Method;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::app::{CAT, Part, Person, TestApp};

const ASSETS: &str = "/youthumb/api/assets";
const PERSONS: &str = "/youthumb/api/persons";

async fn upload(app: &TestApp, person: &Person, sort: &str) -> Value {
    let form = [Part::file("file", "cat.png", CAT), Part::text("type", sort)];
    let made = app.post(ASSETS).by(person).form(&form).answers(201).await;
    assert_eq!(made["success"], true);
    made["data"].clone()
}

async fn listed(app: &TestApp, person: &Person, query: &str) -> Value {
    app.get(&format!("{ASSETS}?{query}")).by(person).answers(200).await["data"].clone()
}

fn count(page: &Value) -> usize {
    page["assets"].as_array().unwrap().len()
}

#[tokio::test]
async fn both_forms_of_upload_work() {
    let app = TestApp::new().await;
    let anna = app.user("anna").await;
    let made = upload(&app, &anna, "face").await;
    assert_eq!((&made["width"], &made["height"]), (&json!(451), &json!(300)));
    let bare = STANDARD.encode(CAT);
    for base64 in [bare.clone(), format!("data:image/png;base64,{bare}")] {
        let body = json!({ "base64": base64, "type": "template", "filename": "my.png" });
        let made = app.post(ASSETS).by(&anna).json(&body).answers(201).await;
        assert_eq!(made["data"]["name"], "my.png");
        assert_eq!(made["data"]["mimeType"], "image/png");
    }
    assert_eq!(count(&listed(&app, &anna, "").await), 3);
    assert_eq!(count(&listed(&app, &anna, "type=face").await), 1);
    let page = listed(&app, &anna, "page=2&limit=2").await;
    let expected = json!({ "page": 2, "limit": 2, "total": 3, "totalPages": 2, "hasMore": false });
    assert_eq!(page["pagination"], expected);
    let one = format!("{ASSETS}/{}", made["id"].as_str().unwrap());
    assert_eq!(app.get(&one).by(&anna).answers(200).await["data"]["id"], made["id"]);
    let said = app.delete(&one).by(&anna).answers(200).await;
    assert_eq!(said["data"], json!({ "message": "Asset deleted" }));
    assert_eq!(app.get(&one).by(&anna).answers(404).await["success"], false);
}

#[tokio::test]
async fn bucket_files_are_their_uploaders_for_a_day() {
    let app = TestApp::new().await;
    let (anna, ben) = (app.user("anna").await, app.user("ben").await);
    app.organization("Acme", &[&anna, &ben]).await;
    let made = upload(&app, &anna, "bucket").await;
    assert_eq!((&made["id"], &made["width"]), (&json!(""), &Value::Null));
    let bytes = app.get(made["url"].as_str().unwrap()).send().await;
    assert_eq!(bytes.bytes, CAT);
    assert_eq!(count(&listed(&app, &anna, "").await), 0);
    let page = listed(&app, &anna, "type=bucket").await;
    assert_eq!((count(&page), &page["pagination"]["total"]), (1, &Value::Null));
    assert!(page["assets"][0]["fileKey"].is_string());
    assert_eq!(count(&listed(&app, &ben, "type=bucket").await), 0);
    app.clock.advance_ms(25 * 60 * 60 * 1_000);
    assert_eq!(count(&listed(&app, &anna, "type=bucket").await), 0);
}

#[tokio::test]
async fn the_organisation_sees_what_is_uploaded() {
    let app = TestApp::new().await;
    let (anna, ben, cleo) = (app.user("anna").await, app.user("ben").await, app.user("cleo").await);
    app.organization("Acme", &[&anna, &ben]).await;
    upload(&app, &anna, "face").await;
    assert_eq!(count(&listed(&app, &ben, "isPublished=true").await), 1);
    assert_eq!(count(&listed(&app, &ben, "isPublished=false").await), 0);
    assert_eq!(count(&listed(&app, &ben, "search=CAT").await), 1);
    assert_eq!(count(&listed(&app, &ben, "search=dog").await), 0);
    assert_eq!(count(&listed(&app, &cleo, "").await), 0);
}

#[tokio::test]
async fn persons_are_made_of_faces() {
    let app = TestApp::new().await;
    let anna = app.user("anna").await;
    let (one, two) = (upload(&app, &anna, "face").await, upload(&app, &anna, "face").await);
    let body = json!({ "name": "Mira", "imageIds": [one["id"]] });
    let made = app.post(PERSONS).by(&anna).json(&body).answers(201).await["data"].clone();
    assert_eq!(made["defaultImageId"], one["id"]);
    let person = format!("{PERSONS}/{}", made["id"].as_str().unwrap());
    let more = json!({ "imageIds": [two["id"]] });
    let said = app.post(&format!("{person}/images")).by(&anna).json(&more).answers(200).await;
    assert_eq!(said["data"]["images"].as_array().unwrap().len(), 2);
    let default = json!({ "imageId": two["id"] });
    let said = app.put(&format!("{person}/default")).by(&anna).json(&default).answers(200).await;
    assert_eq!(said["data"]["defaultImageId"], two["id"]);
    let image = format!("{person}/images/{}", one["id"].as_str().unwrap());
    let said = app.delete(&image).by(&anna).answers(200).await;
    assert_eq!(said["data"]["images"].as_array().unwrap().len(), 1);
    let kept = format!("{ASSETS}/{}", one["id"].as_str().unwrap());
    app.get(&kept).by(&anna).answers(200).await;
    let named = app.put(&person).by(&anna).json(&json!({ "name": "Ada" })).answers(200).await;
    assert_eq!(named["data"]["name"], "Ada");
    let all = app.get(PERSONS).by(&anna).answers(200).await;
    assert_eq!(all["data"]["persons"].as_array().unwrap().len(), 1);
    app.delete(&person).by(&anna).answers(200).await;
    app.get(&person).by(&anna).answers(404).await;
    let unknown = json!({ "name": "x", "imageIds": ["01932b6e-7a40-7cc1-9b5e-3f1f6a0b9c2d"] });
    app.post(PERSONS).by(&anna).json(&unknown).answers(404).await;
}

#[tokio::test]
async fn every_refusal_wears_the_envelope() {
    let app = TestApp::new().await;
    let (anna, ben) = (app.user("anna").await, app.user("ben").await);
    let foreign = upload(&app, &ben, "face").await;
    let foreign = format!("{ASSETS}/{}", foreign["id"].as_str().unwrap());
    let post = || app.post(ASSETS).by(&anna);
    let odd = [Part::file("file", "cat.png", CAT), Part::text("type", "odd")];
    let text = [Part::file("file", "cat.png", b"no picture"), Part::text("type", "face")];
    for (call, status) in [
        (app.get(ASSETS), 401),
        (app.get(PERSONS), 401),
        (app.get(&foreign).by(&anna), 404),
        (app.get("/youthumb/api/nothing").by(&anna), 404),
        (app.call(Method::PUT, ASSETS).by(&anna), 405),
        (app.get(&format!("{ASSETS}?type=odd")).by(&anna), 400),
        (app.get(&format!("{ASSETS}?limit=101")).by(&anna), 400),
        (post().form(&odd), 400),
        (post().bytes("application/json", "{"), 400),
        (post().json(&json!({ "type": "face" })), 400),
        (post().bytes("text/plain", "x"), 415),
        (post().form(&text), 415),
    ] {
        let said = call.answers(status).await;
        assert_eq!(said["success"], false, "{said}");
        assert!(said["error"].is_string(), "{said}");
    }
    let unknown = format!("{ASSETS}/01932b6e-7a40-7cc1-9b5e-3f1f6a0b9c2d");
    let theirs = app.get(&foreign).by(&anna).answers(404).await;
    assert_eq!(theirs, app.get(&unknown).by(&anna).answers(404).await);
}
