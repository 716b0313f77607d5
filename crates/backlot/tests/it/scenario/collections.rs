//! Collections, and what is in them.

use insta::assert_json_snapshot;
use serde_json::{Value, json};

use super::{COLLECTIONS, id_of, scrub, upload};
use crate::app::{Person, TestApp};

async fn collection(app: &TestApp, person: &Person, name: &str) -> Value {
    let body = json!({ "name": name });
    app.post(COLLECTIONS).by(person).json(&body).answers(200).await["collection"].clone()
}

fn path_of(collection: &Value) -> String {
    format!("{COLLECTIONS}/{}", id_of(collection))
}

#[tokio::test]
async fn members_come_and_go() {
    let app = TestApp::new().await;
    let (anna, ben) = (app.user("anna").await, app.user("ben").await);
    app.organization("Acme", &[&anna, &ben]).await;
    let made = collection(&app, &anna, "Cats").await;
    assert_json_snapshot!("empty", scrub(made.clone()));
    let (one, two) = (upload(&app, &anna, "1.png").await, upload(&app, &ben, "2.png").await);
    app.work().await;
    let assets = format!("{}/assets", path_of(&made));
    let ids = json!({ "assetIds": [one["id"], two["id"]] });
    app.clock.advance_ms(1_000);
    let full = app.put(&assets).by(&ben).json(&ids).answers(200).await;
    assert_json_snapshot!("full", scrub(full.clone()));
    let again = app.put(&assets).by(&ben).json(&ids).answers(200).await;
    assert_eq!(again["collection"]["assetCount"], 2, "a member added again is no news");
    assert_eq!(again["collection"]["updatedAt"], full["collection"]["updatedAt"]);
    let less = json!({ "assetIds": [one["id"], "asset_x"] });
    let less = app.delete(&assets).by(&anna).json(&less).answers(200).await;
    assert_eq!(less["collection"]["itemCount"], 1);
    let foreign = upload(&app, &app.user("cleo").await, "3.png").await;
    for unknown in [json!("asset_x"), foreign["id"].clone()] {
        let ids = json!({ "assetIds": [one["id"], unknown] });
        app.put(&assets).by(&anna).json(&ids).answers(404).await;
    }
    let shown = app.get(&path_of(&made)).by(&anna).answers(200).await;
    assert_eq!(shown["collection"]["assetCount"], 1, "all or none");
    let many: Vec<String> = (0..50).map(|n| format!("asset_{n}")).collect();
    let many = json!({ "assetIds": many });
    app.put(&assets).by(&anna).json(&many).answers(400).await;
    app.delete(&assets).by(&anna).json(&many).answers(400).await;
}

#[tokio::test]
async fn a_collection_is_changed_by_who_made_it() {
    let app = TestApp::new().await;
    let (anna, ben) = (app.user("anna").await, app.user("ben").await);
    let cleo = app.user("cleo").await;
    app.organization("Acme", &[&anna, &ben]).await;
    let made = collection(&app, &anna, "Cats").await;
    let path = path_of(&made);
    let picture = upload(&app, &anna, "1.png").await;
    app.work().await;
    let change = json!({ "name": "Dogs", "thumbnail": picture["id"] });
    let said = app.put(&path).by(&anna).json(&change).answers(200).await;
    assert_eq!(said["collection"]["name"], "Dogs");
    assert_eq!(said["collection"]["thumbnail"]["assetId"], picture["id"]);
    let same = app.put(&path).by(&anna).json(&json!({})).answers(200).await;
    assert_eq!(same["collection"]["thumbnail"]["assetId"], picture["id"]);
    let unset = app.put(&path).by(&anna).json(&json!({ "thumbnail": null })).answers(200).await;
    assert_eq!(unset["collection"]["thumbnail"], Value::Null);
    let private = upload(&app, &cleo, "private.png").await;
    for bad in
        [json!({ "thumbnail": "x" }), json!({ "thumbnail": private["id"] }), json!({ "name": "" })]
    {
        app.put(&path).by(&anna).json(&bad).answers(400).await;
    }
    app.put(&path).by(&ben).json(&change).answers(403).await;
    app.delete(&path).by(&ben).answers(403).await;
    let said = app.get(&path).by(&cleo).answers(404).await;
    assert_json_snapshot!("unknown", scrub(said));
    app.get(&format!("{COLLECTIONS}/x")).by(&cleo).answers(404).await;
    assert_eq!(app.delete(&path).by(&anna).answers(200).await, json!({}));
    app.get(&path).by(&anna).answers(404).await;
    for bad in [json!({}), json!({ "name": " " }), json!({ "name": "x".repeat(256) })] {
        app.post(COLLECTIONS).by(&anna).json(&bad).answers(400).await;
    }
}

#[tokio::test]
async fn collections_are_walked_through() {
    let app = TestApp::new().await;
    let (anna, ben) = (app.user("anna").await, app.user("ben").await);
    let alone = collection(&app, &ben, "alone").await;
    assert!(alone["ownerId"].as_str().unwrap().starts_with("user_"));
    let zoo = app.organization("Zoo", &[&anna, &ben]).await.dressed("proj");
    for n in 0..11 {
        app.clock.advance_ms(1);
        collection(&app, &anna, &n.to_string()).await;
    }
    let names = |page: &Value| -> Vec<String> {
        let all = page["collections"].as_array().unwrap().iter();
        all.map(|it| it["name"].as_str().unwrap().to_owned()).collect()
    };
    let first = app.get(COLLECTIONS).by(&ben).answers(200).await;
    assert_eq!(names(&first), ["10", "9", "8", "7", "6", "5", "4", "3", "2", "1"]);
    app.clock.advance_ms(1);
    collection(&app, &ben, "new").await;
    let token = first["nextPaginationToken"].as_str().unwrap();
    let next = format!("{COLLECTIONS}?paginationToken={token}");
    let rest = app.get(&next).by(&ben).answers(200).await;
    assert_eq!(
        (names(&rest), &rest["nextPaginationToken"]),
        (vec!["0".into(), "alone".into()], &Value::Null)
    );
    let only = app.get(&format!("{COLLECTIONS}?projectId={zoo}&pageSize=100")).by(&ben);
    assert_eq!(names(&only.answers(200).await).len(), 12);
    app.get(&next).by(&anna).answers(400).await;
    app.get(&format!("{next}&projectId={zoo}")).by(&ben).answers(400).await;
}
