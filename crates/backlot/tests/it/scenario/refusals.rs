//! Every refusal wears the envelope.

use axum::http::Method;
use backlot_library::limiter::{LimitRule, LimitsConfig};
use backlot_model::account::Scopes;
use insta::assert_json_snapshot;
use serde_json::{Value, json};

use super::{ASSETS, scrub, upload};
use crate::app::TestApp;

const SOME: &str = "asset_01932b6e7a407cc19b5e3f1f6a0b9c2d";

/// Every call that needs a user.
fn calls() -> Vec<(Method, String)> {
    let (get, post, put, delete) = (Method::GET, Method::POST, Method::PUT, Method::DELETE);
    let calls = [
        (&post, "/assets".to_owned()),
        (&delete, "/assets".to_owned()),
        (&post, "/assets/restore".to_owned()),
        (&post, "/assets/get-bulk".to_owned()),
        (&put, format!("/assets/{SOME}")),
        (&put, format!("/assets/{SOME}/tags")),
        (&post, format!("/assets/{SOME}/copy")),
        (&get, format!("/assets/{SOME}/snapshots")),
        (&post, format!("/assets/{SOME}/download")),
        (&post, "/assets/download".to_owned()),
        (&get, format!("/assets/download/{SOME}")),
        (&post, "/uploads".to_owned()),
        (&get, format!("/uploads/{SOME}")),
        (&post, format!("/uploads/{SOME}/action")),
        (&put, format!("/assets/{SOME}/lock")),
        (&put, format!("/assets/{SOME}/unlock")),
        (&get, "/tags".to_owned()),
        (&get, "/collections".to_owned()),
        (&post, "/collections".to_owned()),
        (&get, format!("/collections/{SOME}")),
        (&put, format!("/collections/{SOME}")),
        (&delete, format!("/collections/{SOME}")),
        (&put, format!("/collections/{SOME}/assets")),
        (&delete, format!("/collections/{SOME}/assets")),
        (&get, "/projects".to_owned()),
        (&get, format!("/projects/{SOME}")),
        (&get, "/teams".to_owned()),
        (&get, format!("/teams/{SOME}")),
    ];
    calls.map(|(method, path)| (method.clone(), format!("/scenario/v1{path}"))).to_vec()
}

#[tokio::test]
async fn nobody_is_answered_without_a_credential() {
    let app = TestApp::new().await;
    let said = app.get(ASSETS).send().await;
    assert_eq!(said.header("www-authenticate"), Some("Bearer realm=\"backlot\""));
    let missing = scrub(said.expect(401));
    assert_json_snapshot!("no_credential", missing);
    for (method, path) in calls() {
        let answer = app.call(method.clone(), &path).answers(401).await;
        assert_eq!(scrub(answer), missing, "{method} {path}");
        let public = app.call(method.clone(), &path).header("authorization", "public-auth-token");
        assert_eq!(scrub(public.answers(401).await), missing, "{method} {path}");
        app.call(method, &path).header("x-api-key", "bk_x").answers(401).await;
    }
}

#[tokio::test]
async fn every_credential_works() {
    let app = TestApp::new().await;
    let anna = app.user("anna").await;
    let (id, secret) = &anna.key_pair;
    app.get(ASSETS).basic(id, secret).answers(200).await;
    app.get(ASSETS).header("x-api-key", &anna.key).answers(200).await;
    app.get(ASSETS).bearer(&anna.key).answers(200).await;
    let (reads, _) = app.key(anna.id, Some(Scopes::READ)).await;
    let said = app.post("/scenario/v1/collections").bearer(&reads).json(&json!({ "name": "x" }));
    assert_eq!(said.answers(403).await["reason"], "insufficient-scope");
}

#[tokio::test]
async fn unknown_things_methods_and_bodies_are_told() {
    let app = TestApp::new().await;
    let anna = app.user("anna").await;
    let snapshot = |name: &str, said: Value| assert_json_snapshot!(name, scrub(said));
    let unknown = app.get(&format!("{ASSETS}/{SOME}")).by(&anna).answers(404).await;
    snapshot("unknown_asset", unknown.clone());
    let no_id = app.get(&format!("{ASSETS}/x")).by(&anna).answers(404).await;
    assert_eq!(scrub(no_id), scrub(unknown));
    snapshot("unknown_route", app.get("/scenario/v1/models").by(&anna).answers(404).await);
    snapshot("wrong_method", app.patch(ASSETS).by(&anna).answers(405).await);
    let restore = format!("{ASSETS}/restore");
    snapshot(
        "broken_json",
        app.post(&restore).by(&anna).bytes("application/json", "{").answers(400).await,
    );
    snapshot(
        "wrong_type",
        app.post(&restore).by(&anna).json(&json!({ "assetIds": [1] })).answers(400).await,
    );
    snapshot("no_json", app.post(&restore).by(&anna).bytes("text/plain", "x").answers(415).await);
    let large = json!({ "assetIds": ["x".repeat(2 << 20)] });
    snapshot("too_large", app.post(&restore).by(&anna).json(&large).answers(413).await);
    let two = format!("{ASSETS}?pageSize=x&sortBy=y");
    snapshot("two_faults", app.get(&two).by(&anna).answers(400).await);
}

#[tokio::test]
async fn counted_calls_say_how_long_to_wait() {
    let upload_rule = LimitRule::new(1, 60_000).unwrap();
    let app = TestApp::with(|config| {
        config.rates = LimitsConfig { upload: upload_rule, ..LimitsConfig::default() };
    });
    let app = app.await;
    let anna = app.user("anna").await;
    upload(&app, &anna, "1.png").await;
    app.clock.advance_ms(1_500);
    let body = json!({ "name": "2.png", "image": "AAAA" });
    let answer = app.post(ASSETS).by(&anna).json(&body).send().await;
    assert_json_snapshot!("too_many", scrub(answer.expect(429)));
    assert_eq!(answer.header("retry-after"), Some("59"));
}
