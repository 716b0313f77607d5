//! The listing, with every parameter.

use backlot_library::assets::{AssetPatch, NewAsset};
use backlot_library::ingest::Accepts;
use backlot_model::asset::Visibility;
use serde_json::{Value, json};

use super::{change, listed, scrub, upload, upload_only};
use crate::app::{CAT, Person, TestApp};

async fn tag(app: &TestApp, person: &Person, id: &str, tags: Value) {
    let path = format!("/piktid/assets/{id}/tags");
    app.patch(&path).by(person).json(&json!({ "tags": tags })).answers(200).await;
}

async fn show(app: &TestApp, person: &Person, id: &str, visibility: Visibility) {
    let patch = AssetPatch { visibility: Some(visibility), ..AssetPatch::default() };
    change(app, person, id, patch).await;
}

#[tokio::test]
async fn pages_are_told() {
    let app = TestApp::new().await;
    let anna = app.user("anna").await;
    for name in ["a.png", "b.png", "c.png"] {
        upload_only(&app, &anna, name, CAT).await;
        app.clock.advance_ms(1_000);
    }
    let page = async |query: &str| {
        app.get(&format!("/piktid/assets?{query}")).by(&anna).answers(200).await
    };
    insta::assert_json_snapshot!("asset_page", scrub(page("per_page=1&page=2").await));
    let pagination = |page: &Value| page["pagination"].clone();
    let whole = json!({
        "page": 1, "per_page": 20, "total": 3, "pages": 1, "has_next": false, "has_prev": false,
    });
    assert_eq!(pagination(&page("").await), whole);
    let past = page("per_page=2&page=3").await;
    let told = json!({
        "page": 3, "per_page": 2, "total": 3, "pages": 2, "has_next": false, "has_prev": true,
    });
    assert_eq!((pagination(&past), &past["assets"]), (told, &json!([])));
    let far = page(&format!("page={}", i64::MAX)).await;
    assert_eq!(far["assets"], json!([]));
    let nobody = app.user("ben").await;
    let none = app.get("/piktid/assets").by(&nobody).answers(200).await;
    assert_eq!(
        (&none["pagination"]["total"], &none["pagination"]["pages"]),
        (&json!(0), &json!(0))
    );
}

#[tokio::test]
async fn the_order_is_by_time_or_by_name() {
    let app = TestApp::new().await;
    let anna = app.user("anna").await;
    for name in ["b.png", "A.png", "c.png"] {
        upload_only(&app, &anna, name, CAT).await;
        app.clock.advance_ms(1_000);
    }
    for (query, names) in [
        ("", ["c.png", "A.png", "b.png"]),
        ("order=desc", ["c.png", "A.png", "b.png"]),
        ("order=asc&sort_by=created_at", ["b.png", "A.png", "c.png"]),
        ("order=asc&sort_by=filename", ["A.png", "b.png", "c.png"]),
        ("sort_by=filename", ["c.png", "b.png", "A.png"]),
        ("order=asc&unknown=1&cursor=x", ["b.png", "A.png", "c.png"]),
    ] {
        assert_eq!(listed(&app, &anna, query, "filename").await, names, "{query}");
    }
}

#[tokio::test]
async fn search_looks_into_tags_filename_and_project() {
    let app = TestApp::new().await;
    let anna = app.user("anna").await;
    let cat = upload_only(&app, &anna, "Striped-Cat.png", CAT).await;
    tag(&app, &anna, &cat, json!(["product"])).await;
    let fox = upload_only(&app, &anna, "fox.png", CAT).await;
    let patch = AssetPatch {
        project: Some(Some("Spring 26".to_owned())),
        description: Some(Some("a striped thing".to_owned())),
        styling_note: Some(Some("striped".to_owned())),
        ..AssetPatch::default()
    };
    change(&app, &anna, &fox, patch).await;
    for (search, found) in [
        ("striped", vec!["Striped-Cat.png"]),
        ("STRIPED+duct", vec!["Striped-Cat.png"]),
        ("product", vec!["Striped-Cat.png"]),
        ("spring", vec!["fox.png"]),
        ("26+fox", vec!["fox.png"]),
        ("x", vec!["fox.png"]),
        ("fox+cat", vec![]),
        ("thing", vec![]),
        ("%25", vec![]),
    ] {
        let query = format!("search={search}&order=asc");
        let names = listed(&app, &anna, &query, "filename").await;
        assert_eq!(names, found, "{search}");
    }
    assert_eq!(listed(&app, &anna, "search=", "id").await.len(), 2);
}

#[tokio::test]
async fn ownership_parts_the_listing() {
    let app = TestApp::new().await;
    let (anna, ben) = (app.user("anna").await, app.user("ben").await);
    let (carl, platform) = (app.user("carl").await, app.superuser("platform").await);
    app.organization("Acme", &[&anna, &ben]).await;
    for (person, name, visibility) in [
        (&anna, "private", Visibility::Private),
        (&anna, "unlisted", Visibility::Unlisted),
        (&anna, "shared", Visibility::Shared),
        (&anna, "public", Visibility::Public),
        (&ben, "bens-own", Visibility::Private),
        (&ben, "bens-shared", Visibility::Shared),
        (&carl, "carls-public", Visibility::Public),
        (&platform, "provided", Visibility::Public),
        (&platform, "hidden", Visibility::Private),
    ] {
        let id = upload_only(&app, person, name, CAT).await;
        show(&app, person, &id, visibility).await;
    }
    let parts = async |person: &Person, ownership: &str| {
        let query = format!("ownership={ownership}&sort_by=filename&order=asc");
        listed(&app, person, query.trim_start_matches("ownership=&"), "filename").await
    };
    assert_eq!(parts(&anna, "mine").await, ["private", "unlisted"]);
    assert_eq!(parts(&anna, "shared").await, ["bens-shared", "public", "shared"]);
    assert_eq!(parts(&anna, "default").await, ["provided"]);
    let all = ["bens-shared", "private", "provided", "public", "shared", "unlisted"];
    assert_eq!(parts(&anna, "").await, all);
    assert_eq!(parts(&ben, "shared").await, ["bens-shared", "public", "shared"]);
    assert_eq!(parts(&carl, "shared").await, ["carls-public"]);
    let page = app.get("/piktid/assets?sort_by=filename&order=asc").by(&anna).answers(200).await;
    let words: Vec<&str> = page["assets"]
        .as_array()
        .unwrap()
        .iter()
        .map(|asset| asset["visibility"].as_str().unwrap())
        .collect();
    assert_eq!(words, ["shared", "private", "default", "shared", "shared", "private"]);
    assert_eq!(page["assets"][0]["created_by"], "ben");
}

#[tokio::test]
async fn tags_are_had_all_and_none() {
    let app = TestApp::new().await;
    let anna = app.user("anna").await;
    for (name, tags) in
        [("both", json!(["model", "product"])), ("model", json!(["model"])), ("none", json!([]))]
    {
        let id = upload_only(&app, &anna, name, CAT).await;
        tag(&app, &anna, &id, tags).await;
    }
    for (query, names) in [
        ("include_tags=model", vec!["both", "model"]),
        ("include_tags=model,product", vec!["both"]),
        ("include_tags=model&include_tags=product", vec!["both"]),
        ("include_tags=%20model%20,", vec!["both", "model"]),
        ("include_tags=", vec!["both", "model", "none"]),
        ("exclude_tags=product", vec!["model", "none"]),
        ("exclude_tags=product,model", vec!["none"]),
        ("include_tags=model&exclude_tags=product", vec!["model"]),
        ("include_tags=other", vec![]),
    ] {
        let query = format!("{query}&sort_by=filename&order=asc");
        assert_eq!(listed(&app, &anna, &query, "filename").await, names, "{query}");
    }
}

#[tokio::test]
async fn times_and_uploaders_narrow() {
    let app = TestApp::new().await;
    let (anna, ben) = (app.user("anna").await, app.user("ben").await);
    app.organization("Acme", &[&anna, &ben]).await;
    upload_only(&app, &anna, "first", CAT).await;
    app.clock.advance_ms(60_000);
    let id = upload_only(&app, &ben, "second", CAT).await;
    show(&app, &ben, &id, Visibility::Shared).await;
    for (query, names) in [
        ("created_by=anna", vec!["first"]),
        ("created_by=ben", vec!["second"]),
        ("created_by=nobody", vec![]),
        ("created_by=", vec!["first", "second"]),
        ("created_after=2026-01-01T00:00:00Z", vec!["second"]),
        ("created_after=2025-12-31", vec!["first", "second"]),
        ("created_before=2026-01-01T00:01:00Z", vec!["first"]),
        ("created_before=2026-01-01T01:01:00.001+01:00", vec!["first", "second"]),
        ("created_after=2025-12-31&created_before=2026-01-01T00:00:30", vec!["first"]),
    ] {
        let query = format!("{query}&order=asc");
        assert_eq!(listed(&app, &anna, &query, "filename").await, names, "{query}");
    }
}

#[tokio::test]
async fn only_pictures_are_listed() {
    let app = TestApp::new().await;
    let anna = app.user("anna").await;
    let caller = app.caller(&anna).await;
    let accepts = Accepts::anything(&app.library.config().uploads);
    let mut intake = app.library.receive(&caller, accepts).await.unwrap();
    intake.write(r#"{"a": [1, 2, 3], "b": "a JSON document"}"#.into()).await.unwrap();
    let received = intake.finish().await.unwrap();
    let new = NewAsset { filename: Some("a.json".to_owned()), ..NewAsset::default() };
    app.library.create_asset(&caller, received, new).await.unwrap();
    upload(&app, &anna, "cat.png").await;
    assert_eq!(listed(&app, &anna, "", "filename").await, ["cat.png"]);
}

#[tokio::test]
async fn bad_values_are_all_told_at_once() {
    let app = TestApp::new().await;
    let anna = app.user("anna").await;
    let query = "page=0&per_page=101&order=up&sort_by=size&ownership=theirs&include_tags=model,cat\
                 &exclude_tags=fox&created_after=soon&created_before=2026-13-01";
    let path = format!("/piktid/assets?{query}&search={}", "x".repeat(201));
    let said = app.get(&path).by(&anna).answers(400).await;
    insta::assert_json_snapshot!("bad_query", said);
    for query in ["page=x", "per_page=0", "page=1&page=2", "order=", "ownership=", "search=%FF"] {
        let said = app.get(&format!("/piktid/assets?{query}")).by(&anna).answers(400).await;
        assert_eq!(said["detail"].as_array().unwrap().len(), 1, "{query}");
        assert_eq!(said["detail"][0]["position"], "query", "{query}");
    }
}
