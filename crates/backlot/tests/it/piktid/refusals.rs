//! Every refusal wears the envelope.

use axum::http::Method;
use backlot_model::account::{Scope, Scopes};
use serde_json::json;

use super::{problem, upload};
use crate::app::TestApp;

/// Every call that needs a credential.
const CALLS: &[(Method, &str)] = &[
    (Method::POST, "/piktid/auth/token"),
    (Method::GET, "/piktid/auth/token"),
    (Method::POST, "/piktid/upload"),
    (Method::GET, "/piktid/assets"),
    (Method::GET, "/piktid/assets/01932b6e-7a40-7cc1-9b5e-3f1f6a0b9c2d"),
    (Method::PATCH, "/piktid/assets/01932b6e-7a40-7cc1-9b5e-3f1f6a0b9c2d/tags"),
    (Method::PATCH, "/piktid/assets/01932b6e-7a40-7cc1-9b5e-3f1f6a0b9c2d/note"),
    (Method::DELETE, "/piktid/assets/01932b6e-7a40-7cc1-9b5e-3f1f6a0b9c2d"),
    (Method::POST, "/piktid/assets/bulk-delete"),
];

#[tokio::test]
async fn nobody_is_answered_without_a_credential() {
    let app = TestApp::new().await;
    let said = "not authenticated";
    let missing = problem("Unauthorized", None, said, Some("header"));
    for (method, path) in CALLS {
        let answer = app.call(method.clone(), path).send().await;
        assert_eq!(answer.expect(401), missing, "{method} {path}");
        assert_eq!(answer.header("www-authenticate"), Some("Bearer realm=\"backlot\""));
        let public = app.call(method.clone(), path).header("authorization", "public-auth-token");
        assert_eq!(public.answers(401).await, missing, "{method} {path}");
        for bad in ["Bearer x", "Bearer a.b.c", "Basic eDp5", "Digest x", "Bearer"] {
            let answer = app.call(method.clone(), path).header("authorization", bad);
            assert_eq!(answer.answers(401).await["error"], "Unauthorized", "{bad}");
        }
        app.call(method.clone(), path).header("x-api-key", "bk_x").answers(401).await;
    }
}

#[tokio::test]
async fn a_credential_allows_what_its_scopes_say() {
    let app = TestApp::new().await;
    let anna = app.user("anna").await;
    let id = upload(&app, &anna, "cat.png").await;
    let (reads, _) = app.key(anna.id, Some(Scopes::READ)).await;
    let (writes, _) = app.key(anna.id, Some(Scopes::of(&[Scope::Write]))).await;
    app.get("/piktid/assets").bearer(&reads).answers(200).await;
    app.get("/piktid/assets").bearer(&writes).answers(403).await;
    let asset = format!("/piktid/assets/{id}");
    let tags = json!({ "tags": [] });
    for call in [
        app.delete(&asset),
        app.patch(&format!("{asset}/tags")).json(&tags),
        app.patch(&format!("{asset}/note")).json(&json!({ "styling_note": null })),
        app.post("/piktid/assets/bulk-delete").json(&json!({ "asset_ids": [id] })),
        app.post("/piktid/upload").json(&json!({})),
    ] {
        let said = call.bearer(&reads).answers(403).await;
        assert_eq!(said["error"], "Forbidden");
        assert_eq!(said["detail"][0]["position"], "header");
    }
    app.get(&asset).by(&anna).answers(200).await;
}

#[tokio::test]
async fn unknown_addresses_and_methods_are_told() {
    let app = TestApp::new().await;
    let anna = app.user("anna").await;
    let nothing = problem("Not Found", None, "there is nothing at this address", Some("path"));
    for path in ["/piktid", "/piktid/", "/piktid/nothing", "/piktid/assets/x/y", "/piktid/assets/"]
    {
        assert_eq!(app.get(path).by(&anna).answers(404).await, nothing, "{path}");
    }
    for (method, path, allow) in [
        (Method::PUT, "/piktid/assets", "GET,HEAD"),
        (Method::POST, "/piktid/assets/x", "GET,HEAD,DELETE"),
        (Method::GET, "/piktid/upload", "POST"),
        (Method::GET, "/piktid/auth/login", "POST"),
    ] {
        let answer = app.call(method, path).by(&anna).send().await;
        assert_eq!(answer.expect(405)["error"], "Method Not Allowed", "{path}");
        assert_eq!(answer.header("allow"), Some(allow), "{path}");
    }
}

#[tokio::test]
async fn bodies_that_cannot_be_read_are_refused() {
    let app = TestApp::new().await;
    let anna = app.user("anna").await;
    let id = upload(&app, &anna, "cat.png").await;
    let paths = [
        (Method::POST, "/piktid/auth/refresh".to_owned()),
        (Method::POST, "/piktid/auth/token".to_owned()),
        (Method::POST, "/piktid/upload".to_owned()),
        (Method::PATCH, format!("/piktid/assets/{id}/tags")),
        (Method::PATCH, format!("/piktid/assets/{id}/note")),
        (Method::POST, "/piktid/assets/bulk-delete".to_owned()),
    ];
    for (method, path) in &paths {
        let call = || app.call(method.clone(), path).by(&anna);
        for broken in ["{", "[]]", "\"x\" y", "{\"a\": \"\\u0000\"}", "nonsense"] {
            let said = call().bytes("application/json", broken).answers(400).await;
            assert_eq!(said["error"], "Invalid request", "{path} {broken}");
            assert_eq!(said["detail"][0]["position"], "body", "{path} {broken}");
            app.clock.advance_ms(1_000);
        }
        for content_type in ["text/plain", "application/x-www-form-urlencoded", "image/png"] {
            let said = call().bytes(content_type, "{}").answers(415).await;
            assert_eq!(said["error"], "Unsupported Media Type", "{path} {content_type}");
        }
        app.clock.advance_ms(1_000);
        let large = format!("{{\"a\": \"{}\"}}", "x".repeat(1 << 20));
        let said = call().bytes("application/json", large).answers(413).await;
        assert_eq!(said["error"], "Payload Too Large", "{path}");
        let zipped = call().header("content-encoding", "gzip").bytes("application/json", "{}");
        assert_eq!(zipped.send().await.expect(415)["error"], "Unsupported Media Type", "{path}");
        app.clock.advance_ms(1_000);
    }
    let broken = app.post("/piktid/upload").by(&anna);
    let broken = broken.bytes("multipart/form-data; boundary=x", "--x\r\nno header");
    assert_eq!(broken.answers(400).await["error"], "Invalid request");
    let nameless = app.post("/piktid/upload").by(&anna).bytes("multipart/form-data", "--x--");
    assert_eq!(nameless.answers(400).await["error"], "Invalid request");
}

#[tokio::test]
async fn answers_are_nobodys_cache_entry() {
    let app = TestApp::new().await;
    let anna = app.user("anna").await;
    for answer in [
        app.get("/piktid/assets").by(&anna).send().await,
        app.get("/piktid/assets/x").by(&anna).send().await,
    ] {
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
    }
}
