//! Uploads in parts, and from addresses of ours.

use insta::assert_json_snapshot;
use serde_json::{Value, json};

use super::{ASSETS, id_of, scrub, upload};
use crate::app::{CAT, Person, TestApp};

const UPLOADS: &str = "/scenario/v1/uploads";

async fn begin(app: &TestApp, person: &Person, body: &Value, status: u16) -> Value {
    app.post(UPLOADS).by(person).json(body).answers(status).await
}

fn in_parts(parts: usize) -> Value {
    json!({
        "kind": "image", "fileName": "cat.png", "contentType": "image/png",
        "fileSize": CAT.len(), "parts": parts,
    })
}

#[tokio::test]
async fn parts_become_an_asset() {
    let app = TestApp::new().await;
    let (anna, ben) = (app.user("anna").await, app.user("ben").await);
    app.organization("Acme", &[&anna, &ben]).await;
    let parent = upload(&app, &anna, "parent.png").await;
    let mut body = in_parts(2);
    body["assetOptions"] = json!({ "hide": true, "parentId": parent["id"] });
    let begun = begin(&app, &anna, &body, 200).await["upload"].clone();
    let path = format!("{UPLOADS}/{}", id_of(&begun));
    let action = format!("{path}/action");
    let complete = json!({ "action": "complete" });
    let (first, second) = CAT.split_at(1_000);
    let url = |part: usize| begun["parts"][part]["url"].as_str().unwrap();
    assert_eq!(begun["parts"][1]["number"], 2);
    app.put(url(1)).bytes("image/png", second).send().await.expect(200);
    let said = app.post(&action).by(&anna).json(&complete).answers(400).await;
    assert!(said["message"].as_str().unwrap().contains("part 1 of 2 has not arrived"));
    app.put(url(0)).bytes("image/png", first).send().await.expect(200);
    app.get(&path).by(&ben).answers(404).await;
    app.post(&action).by(&ben).json(&complete).answers(404).await;
    let done = app.post(&action).by(&anna).json(&complete).answers(200).await;
    assert_eq!(
        (&done["upload"]["status"], &done["upload"]["parts"]),
        (&json!("validating"), &Value::Null)
    );
    app.work().await;
    let done = app.get(&path).by(&anna).answers(200).await;
    assert_json_snapshot!("imported", scrub(done.clone()));
    let asset = done["upload"]["entityId"].as_str().unwrap();
    let asset = app.get(&format!("{ASSETS}/{asset}")).by(&ben).answers(200).await["asset"].clone();
    assert_eq!((&asset["isHidden"], &asset["status"]), (&json!(true), &json!("success")));
    assert_eq!(asset["metadata"]["parentId"], parent["id"]);
    let again = app.post(&action).by(&anna).json(&complete).answers(200).await;
    assert_eq!(again["upload"]["status"], "imported", "imported is final");
}

#[tokio::test]
async fn what_is_no_picture_fails() {
    let app = TestApp::new().await;
    let anna = app.user("anna").await;
    let mut body = in_parts(1);
    body["fileSize"] = json!(10);
    let begun = begin(&app, &anna, &body, 200).await["upload"].clone();
    let url = begun["parts"][0]["url"].as_str().unwrap();
    app.put(url).bytes("image/png", "just words").send().await.expect(200);
    let path = format!("{UPLOADS}/{}", id_of(&begun));
    let complete = json!({ "action": "complete" });
    app.post(&format!("{path}/action")).by(&anna).json(&complete).answers(200).await;
    app.work().await;
    let failed = app.get(&path).by(&anna).answers(200).await["upload"].clone();
    assert_eq!((&failed["status"], &failed["entityId"]), (&json!("failed"), &Value::Null));
    assert!(failed["errorMessage"].as_str().unwrap().contains("text/plain"), "{failed}");
}

#[tokio::test]
async fn an_address_of_ours_is_there_at_once() {
    let app = TestApp::new().await;
    let (anna, ben) = (app.user("anna").await, app.user("ben").await);
    let made = upload(&app, &anna, "cat.png").await;
    app.work().await;
    let body = json!({ "kind": "image", "url": made["url"] });
    let done = begin(&app, &anna, &body, 200).await["upload"].clone();
    assert_eq!((&done["status"], &done["source"]), (&json!("imported"), &json!("url")));
    begin(&app, &ben, &body, 404).await;
}

#[tokio::test]
async fn bad_uploads_are_told() {
    let app = TestApp::new().await;
    let anna = app.user("anna").await;
    let with = |field: &str, value: Value| {
        let mut body = in_parts(2);
        body[field] = value;
        body
    };
    for (body, field) in [
        (json!({}), "body.kind"),
        (with("kind", json!("model")), "body.kind"),
        (with("fileName", Value::Null), "body.fileName"),
        (with("contentType", Value::Null), "body.contentType"),
        (with("fileSize", json!(1.5)), "body.fileSize"),
        (with("fileSize", Value::Null), "body.fileSize"),
        (with("parts", json!(0)), "body.parts"),
        (with("parts", json!(10_001)), "body.parts"),
        (with("assetOptions", json!({ "parentId": "x" })), "body.assetOptions.parentId"),
        (
            with("assetOptions", json!({ "collectionIds": ["x"] })),
            "body.assetOptions.collectionIds",
        ),
        (json!({ "kind": "image", "huggingFaceModelName": "x" }), "body.kind"),
    ] {
        let said = begin(&app, &anna, &body, 400).await;
        assert!(said["message"].as_str().unwrap().starts_with(field), "{field}: {said}");
    }
    begin(&app, &anna, &with("fileSize", json!(1_u64 << 40)), 413).await;
    let begun = begin(&app, &anna, &in_parts(1), 200).await["upload"].clone();
    let action = format!("{UPLOADS}/{}/action", id_of(&begun));
    app.post(&action).by(&anna).json(&json!({ "action": "abort" })).answers(400).await;
    app.get(&format!("{UPLOADS}/x")).by(&anna).answers(404).await;
}
