//! API keys.

use serde_json::{Value, json};

use super::{ASSETS, mistakes, scrub, text};
use crate::app::{Person, TestApp};

const KEYS: &str = "/api/v1/keys";

async fn key(app: &TestApp, person: &Person, body: Value) -> Value {
    app.post(KEYS).by(person).json(&body).answers(201).await
}

#[tokio::test]
async fn a_key_lives() {
    let app = TestApp::new().await;
    let anna = app.user("anna").await;
    let body = json!({
        "name": "render farm", "scopes": ["write", "read"], "expires_at": "2026-02-01T00:00:00Z",
    });
    let made = key(&app, &anna, body).await;
    insta::assert_json_snapshot!("new_key", scrub(made.clone()));
    assert!(text(&made["token"]).starts_with(&text(&made["prefix"])));
    let token = text(&made["token"]);
    let pair = (text(&made["id"]), text(&made["secret"]));
    app.get(ASSETS).bearer(&token).answers(200).await;
    app.get(ASSETS).header("x-api-key", &token).answers(200).await;
    app.get(ASSETS).basic(&pair.0, &pair.1).answers(200).await;

    let target = format!("{KEYS}/{}", pair.0);
    let one = app.get(&target).by(&anna).answers(200).await;
    assert_eq!((one.get("secret"), one.get("token")), (None, None), "shown once");
    let page = app.get(&format!("{KEYS}?skip=1")).by(&anna).answers(200).await;
    assert_eq!(page, json!({ "data": [one], "count": 2 }));
    app.clock.advance_ms(1);
    let other = key(&app, &anna, json!({ "name": "other" })).await;
    assert_ne!(other["prefix"], made["prefix"], "made one after the other, they are told apart");

    let change = json!({ "name": "old farm", "scopes": ["read"], "expires_at": null });
    let changed = app.patch(&target).by(&anna).json(&change).answers(200).await;
    assert_eq!((&changed["name"], &changed["expires_at"]), (&json!("old farm"), &Value::Null));
    assert_eq!(app.patch(&target).by(&anna).json(&json!({})).answers(200).await, changed);
    let shelf = app.post("/api/v1/collections").bearer(&token);
    let delete = shelf.json(&json!({ "name": "x" })).answers(403).await;
    insta::assert_json_snapshot!("missing_scope", scrub(delete));
    let said = app.delete(&target).by(&anna).answers(200).await;
    assert_eq!(said, json!({ "message": "API key revoked" }));
    let said = app.get(ASSETS).bearer(&token).answers(401).await;
    insta::assert_json_snapshot!("revoked_key", scrub(said));
    for call in [app.get(&target), app.delete(&target), app.patch(&target).json(&json!({}))] {
        let said = call.by(&anna).answers(404).await;
        insta::assert_json_snapshot!("unknown_key", scrub(said));
    }
}

#[tokio::test]
async fn a_key_reaches_no_further_than_what_made_it() {
    let app = TestApp::new().await;
    let (anna, ben) = (app.user("anna").await, app.user("ben").await);
    let acme = app.organization("Acme", &[&anna]).await.to_string();
    let other = app.organization("Other", &[&anna]).await.to_string();
    let body = json!({
        "name": "bound", "organization_id": acme, "expires_at": "2026-02-01T00:00:00Z",
        "scopes": ["read", "admin", "write"],
    });
    let bound = text(&key(&app, &anna, body).await["token"]);
    let post = |body: Value| app.post(KEYS).bearer(&bound).json(&body);
    let like = post(json!({ "name": "its like" })).answers(201).await;
    assert_eq!(
        (&like["organization_id"], &like["expires_at"]),
        (&json!(acme), &json!("2026-02-01T00:00:00.000Z"))
    );
    assert_eq!(app.get(KEYS).bearer(&bound).answers(200).await["count"], 2, "it sees its like");
    assert_eq!(app.get(KEYS).by(&anna).answers(200).await["count"], 3);
    let longer = json!({ "name": "x", "expires_at": "2026-03-01T00:00:00Z" });
    assert_eq!(mistakes(&post(longer).answers(422).await), ["body.expires_at range"]);
    let said = post(json!({ "name": "x", "organization_id": other })).send().await;
    assert!(matches!(said.status.as_u16(), 404 | 422), "{said:?}");
    let reads = json!({ "name": "reads", "scopes": ["read"] });
    let reads = text(&key(&app, &anna, reads).await["token"]);
    app.post(KEYS).bearer(&reads).json(&json!({ "name": "x" })).answers(403).await;
    // Another's keys are nobody's.
    let foreign = json!({ "name": "x", "user_id": ben.id.to_string() });
    assert_eq!(
        app.post(KEYS).by(&anna).json(&foreign).answers(404).await["code"],
        "user-not-found"
    );
    let foreign = format!("{KEYS}?user_id={}", ben.id);
    assert_eq!(app.get(&foreign).by(&anna).answers(404).await["code"], "user-not-found");
    let platform = app.superuser("platform").await;
    assert_eq!(app.get(&foreign).by(&platform).answers(200).await["count"], 1);
}

#[tokio::test]
async fn bad_keys_are_refused() {
    let app = TestApp::new().await;
    let anna = app.user("anna").await;
    for (body, at) in [
        (json!({}), "body.name missing"),
        (json!({ "name": "" }), "body.name length"),
        (json!({ "name": "x".repeat(256) }), "body.name length"),
        (json!({ "name": "x", "scopes": [] }), "body.scopes length"),
        (json!({ "name": "x", "scopes": ["root"] }), "body.scopes.0 enum"),
        (json!({ "name": "x", "expires_at": "soon" }), "body.expires_at format"),
        (json!({ "name": "x", "expires_at": "2025-01-01T00:00:00Z" }), "body.expires_at range"),
        (json!({ "name": "x", "organization_id": "x" }), "body.organization_id format"),
    ] {
        let said = app.post(KEYS).by(&anna).json(&body).answers(422).await;
        assert_eq!(mistakes(&said), [at], "{body}");
    }
}
