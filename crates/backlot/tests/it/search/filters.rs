//! Words and filters.

use serde_json::json;

use super::{found, plain, upload};
use crate::app::TestApp;

#[tokio::test]
async fn a_filter_reaches_every_attribute_and_parameter() {
    let app = TestApp::new().await;
    let ann = app.user("ann").await;
    let picture = plain([10, 20, 30]);
    for (name, tags, parameters) in [
        ("one", "a", r#"{"seed":42,"steps":20}"#),
        ("two", "b", r#"{"seed":"42","steps":30}"#),
        ("three", "a", r#"{"seed":7}"#),
    ] {
        app.clock.advance_ms(1_000);
        let fields = [("name", name), ("tags", tags), ("parameters", parameters)];
        upload(&app, &ann, &picture, &fields).await;
    }
    app.work().await;
    let filtered = async |filter: &str| {
        let search = json!({"filter": filter, "sort": ["created_at:asc"]});
        found(&app, &ann, search).await.0
    };
    assert_eq!(filtered("parameters.seed = 42").await, ["one", "two"]);
    assert_eq!(filtered("parameters.steps >= 25").await, ["two"]);
    assert_eq!(filtered("NOT parameters.steps EXISTS").await, ["three"]);
    assert_eq!(filtered("tags = a AND NOT parameters.seed = 42").await, ["three"]);
    assert_eq!(filtered("tags = b OR name IN [three, four]").await, ["two", "three"]);
    assert_eq!(filtered("width = 16 AND height 10 TO 20 AND status = ready").await.len(), 3);
    assert_eq!(filtered("created_at > 2100-01-01").await, [""; 0]);
    assert_eq!(filtered("styling_note IS NULL AND description IS NOT EMPTY").await.len(), 3);
    assert_eq!(filtered("").await.len(), 3);
    let (names, count) =
        found(&app, &ann, json!({"query": "THRE", "filter": "tags = a", "limit": 1})).await;
    assert_eq!((names, count), (vec!["three".to_owned()], 1));
    let page = json!({"sort": ["size:asc", "created_at:desc"], "skip": 1, "limit": 1});
    assert_eq!(found(&app, &ann, page).await, (vec!["two".to_owned()], 3));
}

#[tokio::test]
async fn a_search_finds_what_the_caller_can_list() {
    let app = TestApp::new().await;
    let (ann, bob) = (app.user("ann").await, app.user("bob").await);
    let root = app.superuser("root").await;
    upload(&app, &ann, &plain([0; 3]), &[("name", "hers")]).await;
    upload(&app, &bob, &plain([0; 3]), &[("name", "his")]).await;
    let all = json!({"filter": "name IN [hers, his] OR NOT name = x"});
    assert_eq!(found(&app, &ann, all.clone()).await.0, ["hers"]);
    assert_eq!(found(&app, &bob, all.clone()).await.0, ["his"]);
    assert_eq!(found(&app, &root, all.clone()).await.1, 2);
    let nobody = app.post("/api/v1/assets/search").json(&all).send().await;
    assert_eq!(nobody.status, 401);
}

#[tokio::test]
async fn a_bad_search_says_what_would_be_right() {
    let app = TestApp::new().await;
    let ann = app.user("ann").await;
    for (search, path, part) in [
        (json!({"filter": "nme = a"}), "filter", "column 1: `nme` is unknown; there are id, name"),
        (json!({"filter": "width < x"}), "filter", "column 9"),
        (json!({"filter": "(name = a"}), "filter", "never closed"),
        (json!({"sort": ["name:asc"]}), "sort", "one of created_at, updated_at, filename, size"),
        (json!({"sort": ["size"]}), "sort", "then :asc or :desc"),
        (json!({"limit": 0}), "limit", "between 1 and 100"),
        (json!({"like": ["x"]}), "like", "must be an id"),
        (json!({"query": "x".repeat(201)}), "query", "at most 200"),
        (json!({"skip": -1}), "skip", ""),
    ] {
        let answer = app.post("/api/v1/assets/search").by(&ann).json(&search).send().await;
        let body = answer.expect(422);
        let detail = &body["detail"][0];
        assert_eq!(detail["loc"][1], path, "{search}: {body}");
        assert!(detail["msg"].as_str().unwrap().contains(part), "{search}: {body}");
    }
}
