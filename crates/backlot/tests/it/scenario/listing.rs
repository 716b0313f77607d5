//! The listing: its parameters, and what goes with what.

use axum::http::Method;
use backlot_library::assets::AssetPatch;
use backlot_model::asset::Visibility;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use insta::assert_json_snapshot;
use serde_json::{Value, json};

use super::{ASSETS, change, id_of, listed, names, path_of, publish, register, scrub, upload};
use crate::app::{CAT, Person, TestApp};

async fn refused(app: &TestApp, person: &Person, query: &str) -> String {
    let said = app.get(&format!("{ASSETS}?{query}")).by(person).answers(400).await;
    said["message"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn bounds_are_exclusive_and_need_their_order() {
    let app = TestApp::new().await;
    let anna = app.user("anna").await;
    let mut times = Vec::new();
    for name in ["1", "2", "3"] {
        let made = upload(&app, &anna, name).await;
        times.push(made["createdAt"].as_str().unwrap().to_owned());
        app.clock.advance_ms(1_000);
    }
    assert_eq!(listed(&app, &anna, "").await, ["3", "2", "1"], "the newest first");
    let (first, last) = (&times[0], &times[2]);
    let query = format!("sortBy=createdAt&createdAfter={first}&createdBefore={last}");
    assert_eq!(listed(&app, &anna, &query).await, ["2"]);
    let query = format!("sortBy=updatedAt&updatedAfter={first}&sortDirection=asc");
    assert_eq!(listed(&app, &anna, &query).await, ["2", "3"]);
    let precise = first.replace(".000Z", ".001Z");
    let query = format!("sortBy=createdAt&sortDirection=asc&createdBefore={precise}");
    assert_eq!(listed(&app, &anna, &query).await, ["1"], "to the millisecond");
    for query in [
        format!("createdAfter={first}"),
        format!("createdBefore={first}&sortBy=updatedAt"),
        format!("updatedAfter={first}&sortBy=createdAt"),
        format!("updatedBefore={first}"),
        "createdAfter=soon&sortBy=createdAt".to_owned(),
    ] {
        refused(&app, &anna, &query).await;
    }
    let said = refused(&app, &anna, &format!("updatedBefore={first}&pageSize=0")).await;
    assert!(said.contains("query.updatedBefore: needs sortBy=updatedAt"), "{said}");
    assert!(said.contains("query.pageSize: must be a whole number between 1 and 100"), "{said}");
}

#[tokio::test]
async fn types_come_in_every_spelling_and_not_with_type() {
    let app = TestApp::new().await;
    let anna = app.user("anna").await;
    for word in ["txt2img", "inference-txt2img", "uploaded-3d"] {
        register(&app, &anna, &json!({ "name": word, "type": word })).await;
        app.clock.advance_ms(1);
    }
    for query in [
        "types=txt2img,uploaded-3d",
        "types[]=txt2img&types[]=uploaded-3d",
        "types=txt2img&types=uploaded-3d",
        "types%5B%5D=txt2img,uploaded-3d",
    ] {
        assert_eq!(listed(&app, &anna, query).await, ["uploaded-3d", "txt2img"], "{query}");
    }
    assert_eq!(listed(&app, &anna, "type=inference").await, ["inference-txt2img"]);
    assert_eq!(listed(&app, &anna, "types=inference-,txt2img").await.len(), 2);
    for query in ["type=txt2img&types=txt2img", "type=face", "types=txt2img,selfie", "type=txt"] {
        refused(&app, &anna, query).await;
    }
}

#[tokio::test]
async fn tags_are_for_what_is_public() {
    let app = TestApp::new().await;
    let (anna, ben) = (app.user("anna").await, app.user("ben").await);
    app.organization("Acme", &[&ben]).await;
    for (name, tags) in [("both", &["a", "b"][..]), ("one", &["a"])] {
        let made = register(&app, &anna, &json!({ "name": name, "tags": tags })).await;
        publish(&app, &anna, &made).await;
        app.clock.advance_ms(1);
    }
    upload(&app, &anna, "private").await;
    assert_eq!(listed(&app, &ben, "privacy=public").await, ["one", "both"], "of all projects");
    assert_eq!(listed(&app, &ben, "privacy=public&tags=a,b").await, ["both"]);
    assert!(listed(&app, &ben, "").await.is_empty());
    let said = refused(&app, &ben, "tags=a").await;
    assert_eq!(said, "query.tags: needs privacy=public");
    let public = format!("{ASSETS}/public?tags=b");
    assert_eq!(names(&app.get(&public).send().await.expect(200)), ["both"]);
}

#[tokio::test]
async fn privacy_and_projects_narrow() {
    let app = TestApp::new().await;
    let (anna, ben) = (app.user("anna").await, app.user("ben").await);
    let acme = app.organization("Acme", &[&anna, &ben]).await.dressed("proj");
    let zoo = app.organization("Zoo", &[&anna]).await.dressed("proj");
    upload(&app, &anna, "acme").await;
    app.clock.advance_ms(1);
    let unlisted = upload(&app, &anna, "unlisted").await;
    let patch = AssetPatch { visibility: Some(Visibility::Unlisted), ..AssetPatch::default() };
    change(&app, &anna, id_of(&unlisted), patch).await;
    let body = json!({ "name": "zoo", "image": STANDARD.encode(CAT) });
    let made = app.post(&format!("{ASSETS}?projectId={zoo}")).by(&anna).json(&body);
    assert_eq!(made.answers(200).await["asset"]["ownerId"], json!(zoo));
    assert_eq!(listed(&app, &anna, "privacy=private").await, ["acme"]);
    assert_eq!(listed(&app, &anna, "privacy=unlisted").await, ["unlisted"]);
    assert_eq!(listed(&app, &anna, &format!("projectId={zoo}")).await, ["zoo"]);
    assert_eq!(listed(&app, &anna, &format!("projectId={acme}")).await, ["unlisted", "acme"]);
    assert_eq!(listed(&app, &ben, "").await, ["acme"]);
    let foreign = app.get(&format!("{ASSETS}?projectId={zoo}")).by(&ben).answers(404).await;
    assert_json_snapshot!("foreign_project", scrub(foreign.clone()));
    let unknown = app.get(&format!("{ASSETS}?projectId=proj_x")).by(&ben).answers(404).await;
    assert_eq!(scrub(unknown), scrub(foreign));
    refused(&app, &anna, "privacy=shared").await;
}

#[tokio::test]
async fn collections_narrow_and_bad_ids_are_told() {
    let app = TestApp::new().await;
    let anna = app.user("anna").await;
    let made = upload(&app, &anna, "in").await;
    upload(&app, &anna, "out").await;
    let collection = app.post(super::COLLECTIONS).by(&anna).json(&json!({ "name": "c" }));
    let collection = collection.answers(200).await["collection"]["id"].clone();
    let collection = collection.as_str().unwrap();
    let add = app.put(&format!("{}/{collection}/assets", super::COLLECTIONS)).by(&anna);
    add.json(&json!({ "assetIds": [made["id"]] })).answers(200).await;
    assert_eq!(listed(&app, &anna, &format!("collectionId={collection}")).await, ["in"]);
    for name in ["collectionId", "parentAssetId", "rootAssetId"] {
        refused(&app, &anna, &format!("{name}=x")).await;
        assert!(listed(&app, &anna, &format!("{name}={}", anna.id)).await.is_empty());
    }
    for query in [
        "sortBy=name",
        "sortDirection=up",
        "pageSize=101",
        "originalAssets=maybe",
        "deleted=perhaps",
        "inferenceId=",
        "authorId=",
    ] {
        refused(&app, &anna, query).await;
    }
    assert_eq!(listed(&app, &anna, "originalAssets=true&unknown=1").await.len(), 2);
}

#[tokio::test]
async fn tokens_belong_to_their_question_and_caller() {
    let app = TestApp::new().await;
    let (anna, ben) = (app.user("anna").await, app.user("ben").await);
    app.organization("Acme", &[&anna, &ben]).await;
    for name in ["1", "2", "3"] {
        upload(&app, &anna, name).await;
        app.clock.advance_ms(1);
    }
    let page = app.get(&format!("{ASSETS}?pageSize=1")).by(&anna).answers(200).await;
    assert_json_snapshot!("page", scrub(page.clone()));
    let token = page["nextPaginationToken"].as_str().unwrap();
    let with = |query: &str, token: &str| format!("{ASSETS}?{query}&paginationToken={token}");
    let rest = app.get(&with("pageSize=100", token)).by(&anna).answers(200).await;
    assert_eq!(
        (names(&rest), &rest["nextPaginationToken"]),
        (vec!["2".into(), "1".into()], &Value::Null)
    );
    let reason = async |person: &Person, query: &str, token: &str| {
        let said = app.get(&with(query, token)).by(person).answers(400).await;
        assert_eq!(said["reason"], "bad-cursor");
        said["message"].as_str().unwrap().to_owned()
    };
    assert!(reason(&ben, "", token).await.contains("another caller"));
    for query in ["sortDirection=asc", "sortBy=updatedAt", "type=uploaded", "privacy=private"] {
        assert!(reason(&anna, query, token).await.contains("another query"), "{query}");
    }
    let mut flipped = token.to_owned();
    let last = if flipped.pop() == Some('A') { 'B' } else { 'A' };
    flipped.push(last);
    let middle = format!(
        "{}{}{}",
        &token[..20],
        if &token[20..21] == "A" { "B" } else { "A" },
        &token[21..]
    );
    for bad in [flipped.as_str(), middle.as_str(), &token[1..], "x", "%F0%9F", "a.b"] {
        app.get(&with("", bad)).by(&anna).answers(400).await;
    }
    let public =
        app.call(Method::GET, &with("", token)).header("authorization", "public-auth-token");
    public.answers(400).await;
    assert!(app.get(&path_of(&page["assets"][0])).by(&anna).answers(200).await.is_object());
}
