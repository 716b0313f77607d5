//! Search: words, filters, orders and likeness.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use insta::assert_json_snapshot;
use serde_json::{Value, json};

use super::{ASSETS, id_of, publish, register, scrub, upload};
use crate::app::{CAT, COFFEE, Person, TestApp};

const SEARCH: &str = "/scenario/v1/search/assets";

async fn found(app: &TestApp, person: &Person, body: &Value) -> Vec<String> {
    hits(&app.post(SEARCH).by(person).json(body).answers(200).await)
}

fn hits(page: &Value) -> Vec<String> {
    let hits = page["hits"].as_array().unwrap().iter();
    hits.map(|hit| hit["metadata"]["name"].as_str().unwrap().to_owned()).collect()
}

/// Three assets of Anna's, the oldest first: a fox, a cat, a file.
async fn stage(app: &TestApp) -> Person {
    let anna = app.user("anna").await;
    app.organization("Acme", &[&anna]).await;
    let fox = json!({
        "name": "fox", "type": "inference-txt2img", "visibility": "shared", "tags": ["red"],
        "model_id": "m1", "parameters": { "prompt": "a RED fox", "seed": 42, "guidance": 3.5 },
    });
    register(app, &anna, &fox).await;
    app.clock.advance_ms(1);
    let cat = json!({
        "name": "cat", "visibility": "shared", "tags": ["red", "blue"], "description": "sleeping",
        "parameters": { "seed": 7 },
    });
    register(app, &anna, &cat).await;
    app.clock.advance_ms(1);
    upload(app, &anna, "file.png").await;
    app.work().await;
    anna
}

#[tokio::test]
async fn words_are_found_in_names_tags_descriptions_and_prompts() {
    let app = TestApp::new().await;
    let anna = stage(&app).await;
    for (query, names) in [
        ("fox", &["fox"][..]),
        ("red FOX", &["fox"]),
        ("red", &["cat", "fox"]),
        ("leep", &["cat"]),
        ("file.png", &["file.png"]),
        ("", &["file.png", "cat", "fox"]),
        ("dog", &[]),
    ] {
        assert_eq!(found(&app, &anna, &json!({ "query": query })).await, names, "{query}");
    }
    let page = app.post(SEARCH).by(&anna).json(&json!({ "query": "fox" })).answers(200).await;
    assert_json_snapshot!("hits", scrub(page));
    let stranger = app.user("ben").await;
    assert!(found(&app, &stranger, &json!({})).await.is_empty());
    let long = json!({ "query": "x".repeat(201) });
    app.post(SEARCH).by(&anna).json(&long).answers(400).await;
}

#[tokio::test]
async fn filters_reach_everything_and_say_where_they_are_wrong() {
    let app = TestApp::new().await;
    let anna = stage(&app).await;
    for (filter, names) in [
        ("metadata.seed = 42", &["fox"][..]),
        ("parameters.seed > 6 AND parameters.seed < 43", &["cat", "fox"]),
        ("type = inference-txt2img OR tags = blue", &["cat", "fox"]),
        ("tags IN [blue, green]", &["cat"]),
        ("NOT tags = red", &["file.png"]),
        ("privacy = private AND status = success", &["file.png", "cat", "fox"]),
        ("modelId = m1", &["fox"]),
        ("kind = video", &[]),
        ("(width >= 451 AND height < 301) AND name = cat", &["cat"]),
    ] {
        assert_eq!(found(&app, &anna, &json!({ "filter": filter })).await, names, "{filter}");
    }
    let wrong = json!({ "filter": "kind = image AND (tags" });
    let said = app.post(SEARCH).by(&anna).json(&wrong).answers(400).await;
    assert_json_snapshot!("mistake", scrub(said));
    for filter in ["nonsense = 1", "kind = painting", "createdAt > soon", "privacy = shared"] {
        app.post(SEARCH).by(&anna).json(&json!({ "filter": filter })).answers(400).await;
    }
}

#[tokio::test]
async fn hits_are_ordered_and_paged() {
    let app = TestApp::new().await;
    let anna = stage(&app).await;
    let up = json!({ "sortBy": ["createdAt:asc"] });
    assert_eq!(found(&app, &anna, &up).await, ["fox", "cat", "file.png"]);
    let second = json!({ "limit": 1, "offset": 1 });
    let page = app.post(SEARCH).by(&anna).json(&second).answers(200).await;
    assert_eq!(
        (hits(&page), &page["offset"], &page["estimatedTotalHits"]),
        (vec!["cat".into()], &json!(1), &json!(3))
    );
    let next = format!("{SEARCH}?offset=2");
    let page = app.post(&next).by(&anna).json(&second).answers(200).await;
    assert_eq!((hits(&page), &page["offset"]), (vec!["fox".into()], &json!(2)), "the query wins");
    assert_eq!(found(&app, &anna, &json!({ "page": 2, "hitsPerPage": 2 })).await, ["fox"]);
    assert_eq!(found(&app, &anna, &json!({ "page": 1.0, "hitsPerPage": 1.0 })).await, ["file.png"]);
    for wrong in [
        json!({ "limit": 0 }),
        json!({ "limit": 1.5 }),
        json!({ "limit": 1001 }),
        json!({ "offset": -1 }),
        json!({ "page": 0, "hitsPerPage": 1 }),
        json!({ "sortBy": ["createdAt"] }),
        json!({ "sortBy": ["mood:asc"] }),
        json!({ "sortBy": vec!["createdAt:asc"; 9] }),
        json!({ "images": [] }),
    ] {
        app.post(SEARCH).by(&anna).json(&wrong).answers(400).await;
    }
    app.post(&format!("{SEARCH}?offset=x")).by(&anna).json(&json!({})).answers(400).await;
}

#[tokio::test]
async fn pictures_find_those_like_them() {
    let app = TestApp::new().await;
    let anna = stage(&app).await;
    let coffee = json!({ "name": "coffee", "image": STANDARD.encode(COFFEE) });
    let coffee = app.post(ASSETS).by(&anna).json(&coffee).answers(200).await["asset"].clone();
    app.work().await;
    let page = json!({ "image": coffee["id"] });
    let page = app.post(SEARCH).by(&anna).json(&page).answers(200).await;
    assert_eq!((hits(&page), &page["hits"][0]["score"]), (vec!["coffee".into()], &json!(1.0)));
    let url = |bytes: &[u8]| format!("data:image/png;base64,{}", STANDARD.encode(bytes));
    let like = json!({ "images": { "like": [url(CAT)] }, "limit": 1 });
    assert_eq!(app.post(SEARCH).by(&anna).json(&like).answers(200).await["estimatedTotalHits"], 3);
    let unlike = json!({ "images": { "unlike": [url(CAT)] } });
    assert_eq!(found(&app, &anna, &unlike).await[0], "coffee");
    for (wrong, status) in [
        (json!({ "image": "asset_01932b6e7a407cc19b5e3f1f6a0b9c2d" }), 404),
        (json!({ "image": "x" }), 400),
        (json!({ "image": "data:image/png;base64,***" }), 400),
        (json!({ "image": "data:image/png,raw" }), 400),
        (json!({ "image": url(b"just words") }), 415),
    ] {
        app.post(SEARCH).by(&anna).json(&wrong).answers(status).await;
    }
}

#[tokio::test]
async fn what_is_public_is_found_by_everybody() {
    let app = TestApp::new().await;
    let anna = stage(&app).await;
    let ben = app.user("ben").await;
    let made = upload(&app, &anna, "open.png").await;
    publish(&app, &anna, id_of(&made)).await;
    assert!(found(&app, &ben, &json!({})).await.is_empty());
    assert_eq!(found(&app, &ben, &json!({ "public": true })).await, ["open.png"]);
    let visitor = app.post(SEARCH).header("authorization", "public-auth-token");
    assert_eq!(hits(&visitor.json(&json!({})).answers(200).await), ["open.png"]);
    app.post(SEARCH).json(&json!({})).answers(401).await;
}
