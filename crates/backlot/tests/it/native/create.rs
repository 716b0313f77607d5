//! What is said of a new asset, and what is refused.

use serde_json::{Value, json};

use super::{ASSETS, NOBODY, base64, listed, made, made_id, mistakes, path, scrub};
use crate::app::{CAT, COFFEE, Part, TestApp};

/// Everything that can be said of a new asset, but for what it refers to.
fn words() -> Value {
    json!({
        "name": "Blue cat", "filename": "cat.png", "description": "a cat that is blue",
        "project": "autumn", "type": "inference-txt2img", "visibility": "unlisted",
        "tags": ["cat", "blue", "cat"], "styling_note": "keep the whiskers",
        "inference_id": "run-7", "model_id": "flux", "author_id": "ann",
        "parameters": { "prompt": "a blue cat", "seed": 7, "loras": [{ "weight": 0.5 }] },
        "detected": { "has_person": false, "categories": ["cat"] },
    })
}

#[tokio::test]
async fn everything_said_is_shown_again() {
    let app = TestApp::new().await;
    let anna = app.user("anna").await;
    let organization = app.organization("Acme", &[&anna]).await.to_string();
    let root = made_id(&app, &anna, json!({ "name": "root" })).await;
    let parent = made_id(&app, &anna, json!({ "name": "parent", "parent_id": root })).await;
    let shelf = json!({ "name": "shelf" });
    let shelf = app.post("/api/v1/collections").by(&anna).json(&shelf).answers(201).await;
    let mut fields = words();
    fields["parent_id"] = json!(parent);
    fields["collection_ids"] = json!([shelf["id"]]);
    fields["organization_id"] = json!(organization);
    let fresh = made(&app, &anna, fields).await;
    insta::assert_json_snapshot!("asset_with_everything", scrub(fresh.clone()));
    assert_eq!(fresh["owner_id"], anna.id.to_string());
    assert_eq!((&fresh["parent_id"], &fresh["root_id"]), (&json!(parent), &json!(root)));
    assert_eq!(fresh["collection_ids"], json!([shelf["id"]]));
    assert_eq!(fresh["organization_id"], organization);
    app.clock.advance_ms(1_250);
    app.work().await;
    let id = fresh["id"].as_str().unwrap();
    let ready = app.get(&path(id)).by(&anna).answers(200).await;
    insta::assert_json_snapshot!("ready_asset", scrub(ready));
}

#[tokio::test]
async fn a_form_and_a_query_say_the_same_as_json() {
    let app = TestApp::new().await;
    let anna = app.user("anna").await;
    let by_json = made(&app, &anna, words()).await;
    let mut parts = vec![Part::file("file", "other.png", CAT)];
    let words = words();
    let said: Vec<(&str, String)> = words
        .as_object()
        .unwrap()
        .iter()
        .flat_map(|(name, value)| match value {
            Value::String(text) => vec![(name.as_str(), text.clone())],
            Value::Array(items) => {
                items.iter().map(|it| (name.as_str(), it.as_str().unwrap().to_owned())).collect()
            }
            other => vec![(name.as_str(), other.to_string())],
        })
        .collect();
    parts.extend(said.iter().map(|(name, text)| Part::text(name, text)));
    let by_form = app.post(ASSETS).by(&anna).form(&parts).answers(201).await;
    let query = url_query(&said);
    let raw = app.put(&format!("{ASSETS}/raw?{query}")).by(&anna).bytes("image/png", CAT);
    let by_query = raw.answers(201).await;
    assert_eq!(scrub(by_form), scrub(by_json.clone()));
    assert_eq!(scrub(by_query), scrub(by_json));
}

fn url_query(pairs: &[(&str, String)]) -> String {
    let encoded =
        |text: &str| -> String { text.bytes().map(|byte| format!("%{byte:02X}")).collect() };
    let pairs: Vec<_> =
        pairs.iter().map(|(name, text)| format!("{name}={}", encoded(text))).collect();
    pairs.join("&")
}

#[tokio::test]
async fn nothing_need_be_said() {
    let app = TestApp::new().await;
    let anna = app.user("anna").await;
    let plain = app.post(ASSETS).by(&anna).json(&json!({ "base64": base64(COFFEE) }));
    let plain = plain.answers(201).await;
    insta::assert_json_snapshot!("asset_of_nothing_said", scrub(plain));
    let nulls = json!({ "base64": base64(COFFEE), "name": null, "tags": null, "parameters": null });
    app.post(ASSETS).by(&anna).json(&nulls).answers(201).await;
}

#[tokio::test]
async fn everything_wrong_is_told_at_once() {
    let app = TestApp::new().await;
    let anna = app.user("anna").await;
    let wrong = json!({
        "name": "x".repeat(256), "description": "x".repeat(10_001), "type": "cat",
        "tags": ["good", ""], "parent_id": "x", "organization_id": "x",
        "collection_ids": ["x"], "inference_id": "x".repeat(256),
    });
    let mut body = wrong.clone();
    body["base64"] = json!(base64(CAT));
    let said = app.post(ASSETS).by(&anna).json(&body).answers(422).await;
    let mistakes = mistakes(&said);
    assert_eq!(
        mistakes,
        [
            "body.name length",
            "body.description length",
            "body.type enum",
            "body.tags.1 length",
            "body.parent_id format",
            "body.inference_id length",
            "body.collection_ids format",
            "body.organization_id format",
        ]
    );
    let short = json!({ "base64": base64(CAT), "type": "cat", "tags": ["a,b"] });
    let said = app.post(ASSETS).by(&anna).json(&short).answers(422).await;
    insta::assert_json_snapshot!("bad_new_asset", scrub(said));
    assert!(listed(&app, &anna, "").await.is_empty());
}

#[tokio::test]
async fn bad_fields_of_any_door_are_located_where_they_stood() {
    let app = TestApp::new().await;
    let anna = app.user("anna").await;
    for (name, value, sort) in [
        ("visibility", "secret", "enum"),
        ("parameters", "[1]", "format"),
        ("detected", "{", "format"),
        ("tags", "a,b", "format"),
        ("type", "cat", "enum"),
        ("parent_id", "x", "format"),
        ("parent_id", NOBODY, "reference"),
        ("collection_ids", NOBODY, "reference"),
        ("organization_id", NOBODY, "reference"),
    ] {
        let form = [Part::file("file", "cat.png", CAT), Part::text(name, value)];
        let said = app.post(ASSETS).by(&anna).form(&form).answers(422).await;
        let at = mistakes(&said)[0].clone();
        assert!(at.starts_with(&format!("body.{name}")) && at.ends_with(sort), "{name}: {at}");
        let query = url_query(&[(name, value.to_owned())]);
        let raw = app.put(&format!("{ASSETS}/raw?{query}")).by(&anna).bytes("image/png", CAT);
        let at = mistakes(&raw.answers(422).await)[0].clone();
        assert!(at.starts_with(&format!("query.{name}")) && at.ends_with(sort), "{name}: {at}");
    }
    assert!(listed(&app, &anna, "").await.is_empty());
}

#[tokio::test]
async fn parameters_and_tags_have_limits() {
    let app = TestApp::new().await;
    let anna = app.user("anna").await;
    let refused = async |fields: Value| {
        let mut body = json!({ "base64": base64(CAT) });
        body.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        mistakes(&app.post(ASSETS).by(&anna).json(&body).answers(422).await)
    };
    let many: Vec<_> = (0..101).map(|n| n.to_string()).collect();
    assert_eq!(refused(json!({ "tags": many })).await, ["body.tags length"]);
    let deep = (0..9).fold(json!(1), |inner, _| json!({ "a": inner }));
    assert_eq!(refused(json!({ "parameters": deep })).await, ["body.parameters length"]);
    let large = json!({ "a": "x".repeat(64 << 10) });
    assert_eq!(refused(json!({ "parameters": large })).await, ["body.parameters length"]);
    assert_eq!(refused(json!({ "parameters": [] })).await, ["body.parameters type"]);
    assert_eq!(
        refused(json!({ "detected": { "has_person": "yes" } })).await,
        ["body.detected.has_person type"]
    );
    let many: Vec<_> = (0..100).map(|n| n.to_string()).collect();
    made(&app, &anna, json!({ "tags": many })).await;
}

#[tokio::test]
async fn shared_needs_an_organisation_and_that_must_be_the_callers() {
    let app = TestApp::new().await;
    let (anna, ben) = (app.user("anna").await, app.user("ben").await);
    let body = json!({ "base64": base64(CAT), "visibility": "shared" });
    let said = app.post(ASSETS).by(&anna).json(&body).answers(422).await;
    insta::assert_json_snapshot!("shared_without_organization", scrub(said));
    let one = app.organization("One", &[&ben]).await.to_string();
    let foreign = json!({ "base64": base64(CAT), "organization_id": one });
    let said = app.post(ASSETS).by(&anna).json(&foreign).answers(422).await;
    assert_eq!(mistakes(&said), ["body.organization_id reference"]);
    let own = app.organization("Own", &[&anna]).await.to_string();
    let fields = json!({ "visibility": "shared", "organization_id": own });
    assert_eq!(made(&app, &anna, fields).await["organization_id"], own);
}
