//! Every refusal wears the envelope.

use std::collections::BTreeSet;

use axum::http::Method;
use backlot_model::account::{Scope, Scopes};
use serde_json::{Value, json};

use super::{ASSETS, NOBODY, made_id, mistakes, path, scrub};
use crate::app::TestApp;

/// Every operation of the document, with an id that nobody has.
async fn operations(app: &TestApp) -> Vec<(Method, String, Value)> {
    let document = app.get("/api/v1/openapi.json").answers(200).await;
    let mut all = Vec::new();
    for (template, methods) in document["paths"].as_object().unwrap() {
        let target = template.replace("{id}", NOBODY).replace("{user_id}", NOBODY);
        for (method, operation) in methods.as_object().unwrap() {
            let Ok(method) = Method::from_bytes(method.to_uppercase().as_bytes()) else { continue };
            all.push((method, format!("/api/v1{target}"), operation.clone()));
        }
    }
    all
}

fn is_open(operation: &Value) -> bool {
    operation["security"].as_array().is_some_and(|ways| ways.contains(&json!({})))
}

#[tokio::test]
async fn the_document_names_every_operation() {
    let app = TestApp::new().await;
    let all = operations(&app).await;
    let names: BTreeSet<String> = all
        .iter()
        .map(|(method, target, operation)| {
            let template = target.replace(NOBODY, "[id]");
            format!("{method} {template} {}", operation["operationId"].as_str().unwrap_or("-"))
        })
        .collect();
    insta::assert_json_snapshot!("operations", names);
    let document = app.get("/api/v1/openapi.json").answers(200).await;
    assert_eq!(document["openapi"], "3.1.0");
}

#[tokio::test]
async fn nobody_is_answered_without_a_credential() {
    let app = TestApp::new().await;
    for (method, target, operation) in operations(&app).await {
        if is_open(&operation) || target.ends_with("openapi.json") {
            continue;
        }
        let call = || app.call(method.clone(), &target);
        let answer = call().send().await;
        insta::assert_json_snapshot!("no_credential", scrub(answer.expect(401)));
        assert_eq!(answer.header("www-authenticate"), Some("Bearer realm=\"backlot\""));
        for bad in ["Bearer x", "Bearer a.b.c", "Basic eDp5", "Digest x", "Bearer", "x"] {
            let said = call().header("authorization", bad).answers(401).await;
            assert_eq!(said["detail"], "Could not validate credentials", "{bad}: {said}");
        }
        call().header("x-api-key", "bk_x").answers(401).await;
    }
    let said = app.get(ASSETS).bearer("a.b.c").answers(401).await;
    insta::assert_json_snapshot!("bad_credential", scrub(said));
}

#[tokio::test]
async fn a_credential_allows_what_its_scopes_say() {
    let app = TestApp::new().await;
    let anna = app.user("anna").await;
    let id = made_id(&app, &anna, json!({})).await;
    let (reads, _) = app.key(anna.id, Some(Scopes::READ)).await;
    let (writes, _) = app.key(anna.id, Some(Scopes::of(&[Scope::Write]))).await;
    let at = |end: &str| format!("{}{end}", path(&id));
    app.get(&at("")).bearer(&reads).answers(200).await;
    for target in [ASSETS, &at(""), "/api/v1/collections", "/api/v1/tasks", "/api/v1/events"] {
        let said = app.get(target).bearer(&writes).answers(403).await;
        assert_eq!(said["code"], "insufficient-scope", "{target}");
    }
    for call in [
        app.delete(&at("")),
        app.put(&at("/tags")).json(&json!({ "tags": [] })),
        app.put(&at("/note")).json(&json!({ "styling_note": null })),
        app.put(&at("/visibility")).json(&json!({ "visibility": "public" })),
        app.post(&at("/copy")),
        app.patch(&at("")).json(&json!({ "name": "x" })),
        app.post(&format!("{ASSETS}/bulk")).json(&json!({ "operation": "delete", "ids": [id] })),
        app.post("/api/v1/collections").json(&json!({ "name": "x" })),
        app.post("/api/v1/uploads/presigned-url").json(&json!({ "filename": "a.png" })),
        app.post(ASSETS).json(&json!({ "base64": super::base64(crate::app::CAT) })),
    ] {
        let said = call.bearer(&reads).answers(403).await;
        insta::assert_json_snapshot!("needs_write", scrub(said));
    }
}

#[tokio::test]
async fn unknown_addresses_and_methods_are_told() {
    let app = TestApp::new().await;
    let anna = app.user("anna").await;
    for target in
        ["/api/v1", "/api/v1/", "/api/v1/nothing", "/api/v1/assets/", "/api/v1/assets/x/y"]
    {
        let said = app.get(target).by(&anna).answers(404).await;
        insta::assert_json_snapshot!("nothing_there", scrub(said));
    }
    for (method, target, allow) in [
        (Method::PUT, "/api/v1/assets", "GET,HEAD,POST"),
        (Method::POST, "/api/v1/assets/x", "GET,HEAD,DELETE,PATCH"),
        (Method::POST, "/api/v1/assets/x/tags", "PUT,PATCH"),
        (Method::DELETE, "/api/v1/events", "GET,HEAD"),
    ] {
        let answer = app.call(method, target).by(&anna).send().await;
        assert_eq!(answer.expect(405)["code"], "method-not-allowed");
        let said: BTreeSet<_> = answer.header("allow").unwrap().split(',').collect();
        assert_eq!(said, allow.split(',').collect(), "{target}");
    }
    let said = app.put(ASSETS).by(&anna).answers(405).await;
    insta::assert_json_snapshot!("wrong_method", scrub(said));
}

#[tokio::test]
async fn bodies_that_cannot_be_read_are_refused() {
    let app = TestApp::new().await;
    let platform = app.superuser("platform").await;
    let broken = ["{", "[]]", "\"x\" y", "{\"a\": \"\\u0000\"}", "nonsense", "", "null", "[]", "7"];
    for (method, target, operation) in operations(&app).await {
        let content = &operation["requestBody"]["content"];
        if content.get("application/json").is_none() {
            continue;
        }
        let call = || app.call(method.clone(), &target).by(&platform);
        for body in broken {
            app.clock.advance_ms(1_000);
            let said = call().bytes("application/json", body).answers(422).await;
            let at = mistakes(&said).remove(0);
            assert!(at.starts_with("body"), "{method} {target} {body}: {at}");
        }
        app.clock.advance_ms(1_000);
        for content_type in ["text/plain", "application/x-www-form-urlencoded", "image/png"] {
            let said = call().bytes(content_type, "{}").answers(415).await;
            assert_eq!(said["code"], "unsupported-media", "{method} {target} {content_type}");
        }
        app.clock.advance_ms(1_000);
        let zipped = call().header("content-encoding", "gzip").bytes("application/json", "{}");
        assert_eq!(zipped.answers(415).await["code"], "unsupported-media", "{method} {target}");
        if content.get("multipart/form-data").is_none() {
            let large = format!("{{\"a\": \"{}\"}}", "x".repeat(1 << 20));
            let said = call().bytes("application/json", large).answers(413).await;
            assert_eq!(said["code"], "too-large", "{method} {target}");
        }
    }
    let call = || app.put(&format!("{}/tags", path(NOBODY))).by(&platform);
    let said = call().bytes("application/json", "{\"tags\": [").answers(422).await;
    insta::assert_json_snapshot!("broken_json", scrub(said));
    let said = call().bytes("text/plain", "x").answers(415).await;
    insta::assert_json_snapshot!("body_of_another_type", scrub(said));
}

#[tokio::test]
async fn what_nobody_has_is_not_found_by_any_operation() {
    let app = TestApp::new().await;
    let platform = app.superuser("platform").await;
    let bodies = json!({
        "name": "x", "tags": [], "styling_note": "x", "visibility": "private", "asset_ids": [],
        "role": "member", "user": "platform", "new_password": "long enough", "is_active": true,
        "is_superuser": true, "locked_until": "2026-01-02T00:00:00Z", "lock_id": NOBODY,
    });
    let mut seen = 0;
    for (method, target, operation) in operations(&app).await {
        if !target.contains(NOBODY) {
            continue;
        }
        let call = app.call(method.clone(), &target).by(&platform);
        let has_body = operation.get("requestBody").is_some();
        let call = if has_body { call.json(&bodies) } else { call };
        let said = call.answers(404).await;
        let code = said["code"].as_str().unwrap();
        assert!(code.ends_with("-not-found"), "{method} {target}: {said}");
        assert!(said["detail"].as_str().unwrap().ends_with(" not found"), "{said}");
        seen += 1;
    }
    assert!(seen > 30, "{seen}");
}

#[tokio::test]
async fn answers_are_nobodys_cache_entry() {
    let app = TestApp::new().await;
    let anna = app.user("anna").await;
    for answer in [
        app.get(ASSETS).by(&anna).send().await,
        app.get(&path(NOBODY)).by(&anna).send().await,
        app.get(ASSETS).send().await,
    ] {
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
    }
    let head = app.call(Method::HEAD, ASSETS).by(&anna).send().await;
    assert_eq!((head.status.as_u16(), head.bytes.len()), (200, 0));
}
