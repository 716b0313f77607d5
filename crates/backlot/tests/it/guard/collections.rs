//! A collection is nothing to those who do not see it, whatever assets it holds.

use backlot_library::events::Listener;
use backlot_library::limiter::LimitRule;
use backlot_model::Id;
use base64::Engine as _;
use serde_json::{Value, json};

use crate::app::{CAT, Person, TestApp};

const ASSETS: &str = "/api/v1/assets";
const COLLECTIONS: &str = "/api/v1/collections";
const NOBODY: &str = "01932b6e-7a40-7cc1-9b5e-3f1f6a0b9c2d";

async fn made(app: &TestApp, by: &Person) -> String {
    let body = json!({
        "base64": base64::engine::general_purpose::STANDARD.encode(CAT), "visibility": "public",
    });
    let asset = app.post(ASSETS).by(by).json(&body).answers(201).await;
    asset["id"].as_str().unwrap().to_owned()
}

/// A collection of `by` with the asset in it.
async fn collect(app: &TestApp, by: &Person, asset: &str) -> String {
    let it = app.post(COLLECTIONS).by(by).json(&json!({ "name": "mine" })).answers(201).await;
    let id = it["id"].as_str().unwrap().to_owned();
    let ids = json!({ "asset_ids": [asset] });
    app.put(&format!("{COLLECTIONS}/{id}/assets")).by(by).json(&ids).answers(200).await;
    id
}

async fn found(app: &TestApp, by: &Person, filter: &str) -> Value {
    let body = json!({ "filter": filter });
    app.post(&format!("{ASSETS}/search")).by(by).json(&body).answers(200).await["data"].clone()
}

async fn news(listener: &mut Listener) -> usize {
    listener.look().await.unwrap().len()
}

#[tokio::test]
async fn what_a_stranger_collects_is_told_to_him_alone() {
    let app = TestApp::new().await;
    let (anna, eve) = (app.user("anna").await, app.user("eve").await);
    let asset = made(&app, &anna).await;
    app.work().await;
    let mut listener = app.library.listen(&app.caller(&anna).await, None).await.unwrap();
    let shelf = collect(&app, &eve, &asset).await;
    assert_eq!(news(&mut listener).await, 0, "it is no news to the uploader");
    let path = format!("{ASSETS}/{asset}");
    let there = json!([shelf]);
    assert_eq!(app.get(&path).by(&eve).answers(200).await["collection_ids"], there);
    assert_eq!(app.get(&path).by(&anna).answers(200).await["collection_ids"], json!([]));
    assert_eq!(app.get(&path).answers(200).await["collection_ids"], json!([]));
    let vendor =
        format!("/scenario/v1/assets/{}", Id::<()>::parse(&asset).unwrap().dressed("asset"));
    let shown = |answer: Value| answer["asset"]["collectionIds"].as_array().unwrap().len();
    assert_eq!(shown(app.get(&vendor).by(&eve).answers(200).await), 1);
    assert_eq!(shown(app.get(&vendor).by(&anna).answers(200).await), 0);
    let within = |id: &str| format!("{ASSETS}?collection_id={id}");
    let own = collect(&app, &anna, &asset).await;
    assert_eq!(news(&mut listener).await, 1, "her own collection is");
    assert_eq!(app.get(&path).by(&anna).answers(200).await["collection_ids"], json!([own]));
    assert_eq!(app.get(&within(&own)).by(&anna).answers(200).await["count"], 1);
    let platform = app.superuser("platform").await;
    assert_eq!(app.get(&within(&own)).by(&platform).answers(200).await["count"], 1);
    let unknown = app.get(&within(NOBODY)).by(&anna).answers(200).await;
    assert_eq!(app.get(&within(&shelf)).by(&anna).answers(200).await, unknown);
    assert_eq!(unknown["count"], 0);
}

#[tokio::test]
async fn a_search_tells_of_no_foreign_collection() {
    let app = TestApp::new().await;
    let (anna, eve) = (app.user("anna").await, app.user("eve").await);
    let asset = made(&app, &anna).await;
    app.work().await;
    let shelf = collect(&app, &eve, &asset).await;
    let one = |filter: String| {
        let (app, anna) = (&app, &anna);
        async move { found(app, anna, &filter).await.as_array().unwrap().len() }
    };
    for filter in ["collection_ids = ID", "collection_ids IN [ID, OTHER]"] {
        for id in [shelf.as_str(), NOBODY] {
            let filter = filter.replace("ID", &format!("\"{id}\""));
            let filter = filter.replace("OTHER", &format!("\"{NOBODY}\""));
            assert_eq!(one(filter.clone()).await, 0, "{filter}");
            assert_eq!(one(format!("NOT ({filter})")).await, 1, "{filter}");
        }
    }
    assert_eq!(one("collection_ids IS EMPTY".to_owned()).await, 1);
    let own = collect(&app, &anna, &asset).await;
    assert_eq!(one("collection_ids IS EMPTY".to_owned()).await, 0);
    assert_eq!(one(format!("collection_ids IN [\"{own}\", \"{shelf}\"]")).await, 1);
}

#[tokio::test]
async fn a_copy_is_an_upload() {
    let app =
        TestApp::with(|config| config.rates.upload = LimitRule::new(2, 60_000).unwrap()).await;
    let anna = app.user("anna").await;
    let asset = made(&app, &anna).await;
    let copy = format!("{ASSETS}/{asset}/copy");
    let made = app.post(&copy).by(&anna).answers(201).await;
    assert_eq!(made["parent_id"], json!(asset));
    assert_eq!(app.post(&copy).by(&anna).answers(429).await["code"], "rate-limited");
}
