//! Temporary files.

use backlot_model::clock::HOUR_MS;
use serde_json::{Value, json};

use super::{ASSETS, base64, count, listed, upload};
use crate::app::{CAT, Part, TestApp};
use crate::wire::scrub;

#[tokio::test]
async fn bucket_files_are_their_uploaders_for_a_day() {
    let app = TestApp::new().await;
    let (anna, ben) = (app.user("anna").await, app.user("ben").await);
    app.organization("Acme", &[&anna, &ben]).await;
    let form = [
        Part::file("file", "cat.png", CAT),
        Part::text("type", "bucket"),
        Part::text("description", "for one picture"),
    ];
    let made = app.post(ASSETS).by(&anna).form(&form).answers(201).await;
    insta::assert_json_snapshot!("uploaded", scrub(made.clone()));
    let url = made["data"]["url"].as_str().unwrap();
    assert_eq!(app.get(url).send().await.bytes, CAT);
    let page = app.get(&format!("{ASSETS}?type=bucket")).by(&anna).answers(200).await;
    insta::assert_json_snapshot!("page", scrub(page));

    assert_eq!(count(&listed(&app, &anna, "").await), 0);
    assert_eq!(count(&listed(&app, &ben, "type=bucket").await), 0);
    let native = app.get("/api/v1/assets").by(&anna).answers(200).await;
    assert_eq!(native["count"], 0);

    app.clock.advance_ms(24 * HOUR_MS - 1);
    assert_eq!(count(&listed(&app, &anna, "type=bucket").await), 1);
    assert_eq!(app.get(url).send().await.status, 200);
    app.clock.advance_ms(1);
    assert_eq!(count(&listed(&app, &anna, "type=bucket").await), 0);
    assert!(!app.get(url).send().await.status.is_success());
}

#[tokio::test]
async fn bucket_files_live_as_long_as_is_configured() {
    let app = TestApp::with(|config| config.temp_file_ttl_ms = HOUR_MS).await;
    let anna = app.user("anna").await;
    upload(&app, &anna, "bucket").await;
    app.clock.advance_ms(HOUR_MS - 1);
    assert_eq!(count(&listed(&app, &anna, "type=bucket").await), 1);
    app.clock.advance_ms(1);
    assert_eq!(count(&listed(&app, &anna, "type=bucket").await), 0);
}

#[tokio::test]
async fn bucket_files_come_in_pages_without_a_total() {
    let app = TestApp::new().await;
    let anna = app.user("anna").await;
    for _ in 0..3 {
        upload(&app, &anna, "bucket").await;
        app.clock.advance_ms(1);
    }
    for (query, there, more) in
        [("", 3, false), ("&limit=2", 2, true), ("&limit=2&page=2", 1, false)]
    {
        let page = listed(&app, &anna, &format!("type=bucket{query}")).await;
        assert_eq!(count(&page), there, "{query}");
        let about = &page["pagination"];
        let shown = [&about["total"], &about["totalPages"], &about["hasMore"]];
        assert_eq!(shown, [&Value::Null, &Value::Null, &json!(more)], "{query}");
    }
}

#[tokio::test]
async fn bucket_files_have_names_within_limits() {
    let app = TestApp::new().await;
    let anna = app.user("anna").await;
    let post = |filename: &str| {
        let body = json!({ "base64": base64(CAT), "type": "bucket", "filename": filename });
        app.post(ASSETS).by(&anna).json(&body)
    };
    assert_eq!(post("../../etc/cat.png").answers(201).await["data"]["name"], "cat.png");
    let unnamed = post("").answers(201).await["data"].clone();
    let right = format!("{}.png", unnamed["fileKey"].as_str().unwrap());
    assert_eq!(unnamed["name"], right);
    let said = post(&"x".repeat(256)).answers(400).await;
    assert_eq!(said["details"]["filename"], json!(["must have at most 255 characters"]));
}

#[tokio::test]
async fn a_bucket_file_is_no_asset() {
    let app = TestApp::new().await;
    let anna = app.user("anna").await;
    let made = upload(&app, &anna, "bucket").await;
    let key = made["fileKey"].as_str().unwrap();
    app.get(&format!("{ASSETS}/{key}")).by(&anna).answers(404).await;
    app.delete(&format!("{ASSETS}/{key}")).by(&anna).answers(404).await;
    let body = json!({ "name": "Mira", "imageIds": [""] });
    app.post("/youthumb/api/persons").by(&anna).json(&body).answers(404).await;
}
