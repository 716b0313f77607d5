//! One asset, its likenesses, and the tags of all.

use serde_json::{Value, json};

use super::{ASSETS, NOBODY, broken, made_id, mistakes, path, scrub};
use crate::app::{COFFEE, Part, Person, TestApp};

#[tokio::test]
async fn an_asset_is_seen_by_those_who_may() {
    let app = TestApp::new().await;
    let (anna, ben, carl) = (app.user("anna").await, app.user("ben").await, app.user("carl").await);
    let platform = app.superuser("platform").await;
    let acme = app.organization("Acme", &[&anna, &ben]).await.to_string();
    let unknown = app.get(&path(NOBODY)).by(&carl).answers(404).await;
    insta::assert_json_snapshot!("unknown_asset", scrub(unknown.clone()));
    for (visibility, ben_sees, carl_sees, all_see) in [
        ("private", false, false, false),
        ("shared", true, false, false),
        ("unlisted", true, true, false),
        ("public", true, true, true),
    ] {
        let fields = json!({ "visibility": visibility, "organization_id": acme });
        let id = made_id(&app, &anna, fields).await;
        let get = || app.get(&path(&id));
        let seen = get().by(&anna).answers(200).await;
        assert_eq!(get().by(&platform).answers(200).await, seen);
        for (person, sees) in [(&ben, ben_sees), (&carl, carl_sees)] {
            let answer = get().by(person).send().await;
            if sees {
                assert_eq!(answer.expect(200), seen, "{visibility}");
            } else {
                assert_eq!(scrub(answer.expect(404)), scrub(unknown.clone()), "{visibility}");
            }
        }
        get().answers(if all_see { 200 } else { 404 }).await;
        let public = get().header("authorization", "public-auth-token");
        public.answers(if all_see { 200 } else { 404 }).await;
    }
}

#[tokio::test]
async fn ids_are_taken_in_any_dress_and_given_bare() {
    let app = TestApp::new().await;
    let anna = app.user("anna").await;
    let id = made_id(&app, &anna, json!({})).await;
    let bare = id.replace('-', "");
    for dress in [&bare, &format!("asset_{bare}"), &format!("asset_{id}"), &id.to_uppercase()] {
        assert_eq!(app.get(&path(dress)).by(&anna).answers(200).await["id"], id, "{dress}");
    }
    for no_id in ["x", "asset_", "%00", "..", "ASSET_x"] {
        let said = app.get(&path(no_id)).by(&anna).answers(404).await;
        assert!(matches!(said["code"].as_str(), Some("asset-not-found" | "not-found")), "{said}");
    }
}

#[tokio::test]
async fn why_an_asset_failed_is_the_uploaders_to_read() {
    let app = TestApp::new().await;
    let (anna, ben) = (app.user("anna").await, app.user("ben").await);
    let acme = app.organization("Acme", &[&anna, &ben]).await.to_string();
    let broken = broken();
    let form = [
        Part::file("file", "cat.png", &broken),
        Part::text("visibility", "shared"),
        Part::text("organization_id", &acme),
    ];
    let fresh = app.post(ASSETS).by(&anna).form(&form).answers(201).await;
    app.work().await;
    let target = path(fresh["id"].as_str().unwrap());
    let failed = app.get(&target).by(&anna).answers(200).await;
    insta::assert_json_snapshot!("failed_asset", scrub(failed));
    let seen = app.get(&target).by(&ben).answers(200).await;
    assert_eq!((&seen["status"], &seen["error"]), (&json!("failed"), &Value::Null));
}

#[tokio::test]
async fn likenesses_are_found_among_what_the_caller_lists() {
    let app = TestApp::new().await;
    let (anna, ben) = (app.user("anna").await, app.user("ben").await);
    let id = made_id(&app, &anna, json!({ "name": "cat" })).await;
    let near = |person: &Person, query: &str| {
        app.get(&format!("{}/duplicates?{query}", path(&id))).by(person)
    };
    assert_eq!(near(&anna, "").answers(200).await, json!({ "data": [], "count": 0 }));
    let same = made_id(&app, &anna, json!({ "name": "same" })).await;
    made_id(&app, &ben, json!({ "name": "of another" })).await;
    let coffee = [Part::file("file", "coffee.png", COFFEE)];
    app.post(ASSETS).by(&anna).form(&coffee).answers(201).await;
    app.work().await;
    let found = near(&anna, "limit=1").answers(200).await;
    assert_eq!(found["data"][0]["asset"]["id"], same);
    insta::assert_json_snapshot!("duplicates", scrub(found));
    assert_eq!(near(&anna, "").answers(200).await["count"], 1);
    assert_eq!(near(&ben, "").answers(404).await["code"], "asset-not-found");
    for bad in ["limit=0", "limit=101", "limit=x"] {
        let said = near(&anna, bad).answers(422).await;
        assert!(mistakes(&said)[0].starts_with("query.limit "), "{bad}");
    }
}

#[tokio::test]
async fn tags_are_counted_by_name() {
    let app = TestApp::new().await;
    let (anna, ben) = (app.user("anna").await, app.user("ben").await);
    let acme = app.organization("Acme", &[&anna, &ben]).await.to_string();
    for tags in [json!(["cat", "blue"]), json!(["cat"]), json!(["Zoo", "äpfel"])] {
        made_id(&app, &anna, json!({ "tags": tags })).await;
    }
    let shared = json!({ "tags": ["team"], "visibility": "shared", "organization_id": acme });
    made_id(&app, &ben, shared).await;
    made_id(&app, &ben, json!({ "tags": ["secret"] })).await;
    let gone = made_id(&app, &anna, json!({ "tags": ["gone", "cat"] })).await;
    app.delete(&path(&gone)).by(&anna).answers(200).await;
    let tags =
        async |query: &str| app.get(&format!("{ASSETS}/tags?{query}")).by(&anna).answers(200).await;
    insta::assert_json_snapshot!("tags", tags("").await);
    let mut walked = Vec::new();
    let mut query = "limit=2".to_owned();
    loop {
        let page = tags(&query).await;
        walked.extend(page["data"].as_array().unwrap().clone());
        let Some(after) = page["next_after"].as_str() else { break };
        query = format!("limit=2&after={}", after.replace('ä', "%C3%A4"));
    }
    assert_eq!(json!(walked), tags("").await["data"]);
    let own: Vec<Value> = walked.iter().filter(|it| it["tag"] != "team").cloned().collect();
    assert_eq!(tags("ownership=mine").await["data"], json!(own));
    assert_eq!(tags("ownership=shared").await["data"], json!([{ "tag": "team", "count": 1 }]));
    assert_eq!(tags("ownership=default").await, json!({ "data": [], "next_after": null }));
    let bad = format!("{ASSETS}/tags?ownership=theirs&limit=1001&after={}", "x".repeat(101));
    let said = app.get(&bad).by(&anna).answers(422).await;
    assert_eq!(
        mistakes(&said),
        ["query.ownership enum", "query.after length", "query.limit range"]
    );
}
