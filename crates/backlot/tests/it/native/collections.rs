//! Collections and what is in them.

use serde_json::{Value, json};

use super::{ASSETS, NOBODY, listed, made_id, mistakes, path, scrub, text};
use crate::app::{Person, TestApp};

const COLLECTIONS: &str = "/api/v1/collections";

async fn shelf(app: &TestApp, person: &Person, body: Value) -> (String, Value) {
    let made = app.post(COLLECTIONS).by(person).json(&body).answers(201).await;
    (format!("{COLLECTIONS}/{}", text(&made["id"])), made)
}

#[tokio::test]
async fn a_collection_lives() {
    let app = TestApp::new().await;
    let anna = app.user("anna").await;
    let (one, fresh) = shelf(&app, &anna, json!({ "name": " Autumn " })).await;
    insta::assert_json_snapshot!("new_collection", scrub(fresh.clone()));
    assert_eq!(app.get(&one).by(&anna).answers(200).await, fresh);
    app.clock.advance_ms(1_000);
    let (_, winter) = shelf(&app, &anna, json!({ "name": "Winter" })).await;
    let page = app.get(COLLECTIONS).by(&anna).answers(200).await;
    assert_eq!(page, json!({ "data": [winter, fresh], "count": 2 }));
    let page = app.get(&format!("{COLLECTIONS}?skip=1&limit=1")).by(&anna).answers(200).await;
    assert_eq!(page, json!({ "data": [fresh], "count": 2 }));
    let renamed = app.patch(&one).by(&anna).json(&json!({ "name": "Spring" })).answers(200).await;
    assert_eq!((&renamed["name"], &renamed["id"]), (&json!("Spring"), &fresh["id"]));
    let said = app.delete(&one).by(&anna).answers(200).await;
    assert_eq!(said, json!({ "message": "Collection deleted" }));
    for call in [app.get(&one), app.delete(&one), app.patch(&one).json(&json!({ "name": "x" }))] {
        let said = call.by(&anna).answers(404).await;
        insta::assert_json_snapshot!("unknown_collection", scrub(said));
    }
}

#[tokio::test]
async fn members_come_and_go() {
    let app = TestApp::new().await;
    let anna = app.user("anna").await;
    let (one, _) = shelf(&app, &anna, json!({ "name": "Autumn" })).await;
    let members = format!("{one}/assets");
    let (first, second) =
        (made_id(&app, &anna, json!({})).await, made_id(&app, &anna, json!({})).await);
    app.work().await;
    app.clock.advance_ms(1_000);
    let put = |ids: Value| app.put(&members).by(&anna).json(&json!({ "asset_ids": ids }));
    let full = put(json!([first, format!("asset_{second}"), first])).answers(200).await;
    insta::assert_json_snapshot!("full_collection", scrub(full.clone()));
    app.clock.advance_ms(1_000);
    assert_eq!(put(json!([first])).answers(200).await, full, "it is there already");
    assert_eq!(put(json!([])).answers(200).await, full);
    // All or none.
    let said = put(json!([second, NOBODY])).answers(404).await;
    assert_eq!(said["code"], "asset-not-found");
    let remove = |ids: Value| app.delete(&members).by(&anna).json(&json!({ "asset_ids": ids }));
    let left = remove(json!([first, NOBODY])).answers(200).await;
    assert_eq!(left["asset_count"], 1);
    assert_eq!(remove(json!([first])).answers(200).await, left);
    app.delete(&path(&second)).by(&anna).answers(200).await;
    let empty = app.get(&one).by(&anna).answers(200).await;
    assert_eq!((&empty["asset_count"], &empty["thumbnail_asset_id"]), (&json!(0), &Value::Null));
    app.post(&format!("{}/restore", path(&second))).by(&anna).answers(200).await;
    assert_eq!(app.get(&one).by(&anna).answers(200).await["asset_count"], 1);
    app.delete(&one).by(&anna).answers(200).await;
    assert_eq!(listed(&app, &anna, "").await.len(), 2, "its assets stay");
    let asset = app.get(&path(&second)).by(&anna).answers(200).await;
    assert_eq!(asset["collection_ids"], json!([]));
}

#[tokio::test]
async fn an_organisations_collection_is_its_members() {
    let app = TestApp::new().await;
    let (anna, ben, carl) = (app.user("anna").await, app.user("ben").await, app.user("carl").await);
    let acme = app.organization("Acme", &[&anna, &ben]).await.to_string();
    let (private, _) = shelf(&app, &anna, json!({ "name": "private" })).await;
    let team = json!({ "name": "team", "organization_id": acme });
    let (team, fresh) = shelf(&app, &anna, team).await;
    assert_eq!(app.get(&team).by(&ben).answers(200).await, fresh);
    for (target, person) in [(&private, &ben), (&private, &carl), (&team, &carl)] {
        app.get(target).by(person).answers(404).await;
        app.delete(target).by(person).answers(404).await;
    }
    let page = app.get(COLLECTIONS).by(&ben).answers(200).await;
    assert_eq!(page, json!({ "data": [fresh], "count": 1 }));
    // Each puts in what he sees; each sees of it what he may.
    let (annas, bens) =
        (made_id(&app, &anna, json!({})).await, made_id(&app, &ben, json!({})).await);
    let put = |person: &Person, id: &str| {
        app.put(&format!("{team}/assets")).by(person).json(&json!({ "asset_ids": [id] }))
    };
    put(&anna, &annas).answers(200).await;
    assert_eq!(put(&ben, &annas).answers(404).await["code"], "asset-not-found");
    put(&ben, &bens).answers(200).await;
    let query = format!("{ASSETS}?collection_id={}", text(&fresh["id"]));
    let page = app.get(&query).by(&ben).answers(200).await;
    assert_eq!((&page["count"], &page["data"][0]["id"]), (&json!(1), &json!(bens)));
}

#[tokio::test]
async fn bad_collections_are_refused() {
    let app = TestApp::new().await;
    let (anna, ben) = (app.user("anna").await, app.user("ben").await);
    let acme = app.organization("Acme", &[&ben]).await.to_string();
    let (one, _) = shelf(&app, &anna, json!({ "name": "Autumn" })).await;
    for (body, at) in [
        (json!({}), "body.name missing"),
        (json!({ "name": "" }), "body.name missing"),
        (json!({ "name": null }), "body.name type"),
        (json!({ "name": "x".repeat(256) }), "body.name length"),
        (json!({ "name": "x", "organization_id": "x" }), "body.organization_id format"),
        (json!({ "name": "x", "organization_id": acme }), "body.organization_id reference"),
        (json!({ "name": "x", "organization_id": NOBODY }), "body.organization_id reference"),
    ] {
        let said = app.post(COLLECTIONS).by(&anna).json(&body).answers(422).await;
        assert_eq!(mistakes(&said), [at], "{body}");
    }
    let said = app.patch(&one).by(&anna).json(&json!({ "name": " " })).answers(422).await;
    assert_eq!(mistakes(&said), ["body.name missing"]);
    for (ids, at) in [
        (json!(null), "body.asset_ids type"),
        (json!(["x"]), "body.asset_ids.0 format"),
        (json!(vec![NOBODY; 1_001]), "body.asset_ids length"),
    ] {
        let body = json!({ "asset_ids": ids });
        for call in [app.put(&format!("{one}/assets")), app.delete(&format!("{one}/assets"))] {
            assert_eq!(mistakes(&call.by(&anna).json(&body).answers(422).await), [at]);
        }
    }
    for (path, name) in [("skip=-1", "skip"), ("limit=0", "limit"), ("limit=101", "limit")] {
        let said = app.get(&format!("{COLLECTIONS}?{path}")).by(&anna).answers(422).await;
        assert!(mistakes(&said)[0].starts_with(&format!("query.{name} ")), "{said}");
    }
}
