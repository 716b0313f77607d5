//! Canvases with their states, and downloads.

use axum::http::StatusCode;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use insta::assert_json_snapshot;
use serde_json::{Value, json};

use super::{ASSETS, id_of, path_of, scrub, upload};
use crate::app::{CAT, TestApp};

#[tokio::test]
async fn a_canvas_keeps_its_states() {
    let app = TestApp::new().await;
    let (anna, ben) = (app.user("anna").await, app.user("ben").await);
    app.organization("Acme", &[&anna, &ben]).await;
    let body = json!({ "name": "board", "canvas": "{\"n\":0}", "thumbnail": STANDARD.encode(CAT) });
    let made = app.post(ASSETS).by(&anna).json(&body).answers(200).await["asset"].clone();
    app.work().await;
    let shown = app.get(&path_of(&made)).by(&ben).answers(200).await;
    assert_json_snapshot!("canvas", scrub(shown.clone()));
    let bytes = app.get(shown["asset"]["url"].as_str().unwrap()).send().await;
    assert_eq!(&*bytes.bytes, b"{\"n\":0}");
    for n in 1..12 {
        app.clock.advance_ms(1);
        let change = json!({ "canvas": format!("{{\"n\":{n}}}"), "disableSnapshot": n == 5 });
        app.put(&path_of(&made)).by(&anna).json(&change).answers(200).await;
    }
    let path = format!("{}/snapshots", path_of(&made));
    let first = app.get(&path).by(&anna).answers(200).await;
    let states = |page: &Value| -> Vec<String> {
        let all = page["snapshots"].as_array().unwrap().iter();
        all.map(|it| it["rawData"].as_str().unwrap().to_owned()).collect()
    };
    let state = |n: usize| format!("{{\"n\":{n}}}");
    let expected: Vec<String> = [11, 10, 9, 8, 7, 6, 4, 3, 2, 1].map(state).to_vec();
    assert_eq!(states(&first), expected);
    assert_eq!(first["snapshots"][0]["authorId"], json!(anna.id.dressed("user")));
    assert_eq!(first["snapshots"][0]["takenAt"], json!(app.library.now_ms()));
    let token = first["nextPaginationToken"].as_str().unwrap();
    let rest = app.get(&format!("{path}?paginationToken={token}")).by(&anna).answers(200).await;
    assert_eq!((states(&rest), &rest["nextPaginationToken"]), (vec![state(0)], &Value::Null));
    for query in ["pageSize=9", "pageSize=101", "paginationToken=x"] {
        app.get(&format!("{path}?{query}")).by(&anna).answers(400).await;
    }
    app.put(&path_of(&made)).by(&anna).json(&json!({ "canvas": "no JSON" })).answers(400).await;
    app.put(&path_of(&made)).by(&ben).json(&json!({ "canvas": "{}" })).answers(403).await;
    let picture = upload(&app, &anna, "cat.png").await;
    app.put(&path_of(&picture)).by(&anna).json(&json!({ "canvas": "{}" })).answers(400).await;
    let none = app.get(&format!("{}/snapshots", path_of(&picture))).by(&anna).answers(200).await;
    assert_eq!(none, json!({ "snapshots": [] }));
}

#[tokio::test]
async fn a_picture_comes_in_the_format_that_was_asked_for() {
    let app = TestApp::new().await;
    let (anna, ben) = (app.user("anna").await, app.user("ben").await);
    let made = upload(&app, &anna, "cat.png").await;
    app.work().await;
    let path = format!("{}/download", path_of(&made));
    let same = app.post(&path).by(&anna).answers(200).await;
    assert_eq!(same["mimeType"], "image/png");
    let same = app.get(same["url"].as_str().unwrap()).send().await;
    assert_eq!((same.status, &*same.bytes), (StatusCode::OK, CAT));
    for (format, mime_type) in
        [("jpeg", "image/jpeg"), ("jpg", "image/jpeg"), ("webp", "image/webp")]
    {
        let found = app.post(&path).by(&anna).json(&json!({ "targetFormat": format }));
        let found = found.answers(200).await;
        assert_eq!(found["mimeType"], mime_type);
        let bytes = app.get(found["url"].as_str().unwrap()).send().await;
        assert_eq!(bytes.header("content-type"), Some(mime_type));
    }
    for format in ["mp4", "svg", "nonsense", ""] {
        let said =
            app.post(&path).by(&anna).json(&json!({ "targetFormat": format })).answers(400).await;
        assert!(said["message"].as_str().unwrap().starts_with("body.targetFormat: "), "{said}");
    }
    app.post(&path).by(&ben).answers(404).await;
}

#[tokio::test]
async fn many_assets_come_as_an_archive() {
    let app = TestApp::new().await;
    let (anna, ben) = (app.user("anna").await, app.user("ben").await);
    let (one, two) = (upload(&app, &anna, "1.png").await, upload(&app, &anna, "2.png").await);
    app.work().await;
    let path = format!("{ASSETS}/download");
    let body = json!({
        "query": { "assetIds": [one["id"], two["id"]], "inferenceIds": [], "modelIds": [] },
        "options": { "fileNameTemplate": "<id>", "archiveName": "cats" },
    });
    let job = app.post(&path).by(&anna).json(&body).answers(200).await["jobId"].clone();
    let job = format!("{path}/{}", job.as_str().unwrap());
    assert_eq!(app.get(&job).by(&anna).answers(200).await["jobStatus"], "queued");
    app.work().await;
    let done = app.get(&job).by(&anna).answers(200).await;
    assert_eq!(done["jobStatus"], "success");
    let archive = app.get(done["downloadUrl"].as_str().unwrap()).send().await;
    assert_eq!(archive.header("content-type"), Some("application/zip"));
    assert!(archive.bytes.len() > 2 * CAT.len(), "pictures do not get smaller twice");
    app.get(&job).by(&ben).answers(404).await;
    app.get(&format!("{path}/x")).by(&anna).answers(404).await;
    app.post(&path).by(&ben).json(&body).answers(404).await;
    let with = |query: Value, template: &str| json!({ "query": query, "options": { "fileNameTemplate": template } });
    for (wrong, field) in [
        (with(json!({}), "<id>"), "body.query.assetIds"),
        (with(json!({ "assetIds": [id_of(&one)] }), "<nonsense>"), "body.options.fileNameTemplate"),
        (json!({}), "body.query"),
    ] {
        let said = app.post(&path).by(&anna).json(&wrong).answers(400).await;
        assert!(said["message"].as_str().unwrap().starts_with(field), "{said}");
    }
}
