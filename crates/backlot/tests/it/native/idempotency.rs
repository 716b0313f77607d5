//! A creating call that is sent twice happens once.

use axum::http::Method;
use backlot_model::clock::DAY_MS;
use serde_json::{Value, json};

use super::{ASSETS, base64, listed, made_id, mistakes, path, scrub};
use crate::app::{Answer, CAT, COFFEE, Call, Part, TestApp};

/// A call that is made more than once.
type Repeated<'a> = &'a dyn Fn() -> Call<'a>;

fn keyed<'a>(call: Call<'a>, key: &str) -> Call<'a> {
    call.header("idempotency-key", key)
}

#[tokio::test]
async fn every_creating_call_can_be_repeated() {
    let app = TestApp::new().await;
    let platform = app.superuser("platform").await;
    app.user("ben").await;
    let asset = made_id(&app, &platform, json!({})).await;
    let acme = app.organization("Acme", &[]).await;
    let shelf = json!({ "name": "shelf" });
    let digest = app.get(&path(&asset)).by(&platform).answers(200).await["content_hash"].clone();
    let calls: Vec<(Method, String, Value, u16)> = vec![
        (Method::POST, ASSETS.to_owned(), json!({ "base64": base64(COFFEE) }), 201),
        (Method::POST, format!("{ASSETS}/from-hash"), json!({ "content_hash": digest }), 201),
        (Method::POST, format!("{}/copy", path(&asset)), Value::Null, 201),
        (Method::POST, "/api/v1/collections".to_owned(), shelf, 201),
        (Method::POST, "/api/v1/organizations".to_owned(), json!({ "name": "New" }), 201),
        (
            Method::POST,
            format!("/api/v1/organizations/{acme}/members"),
            json!({ "user": "ben", "role": "member" }),
            201,
        ),
        (Method::POST, "/api/v1/users".to_owned(), json!({ "email": "c@example.com" }), 201),
        (
            Method::POST,
            "/api/v1/uploads/presigned-url".to_owned(),
            json!({ "filename": "a.png" }),
            200,
        ),
    ];
    for (method, target, body, status) in calls {
        let key = format!("key of {target}");
        let call = async || -> Answer {
            let call = keyed(app.call(method.clone(), &target), &key).by(&platform);
            let call = if body.is_null() { call } else { call.json(&body) };
            call.send().await
        };
        let (first, second) = (call().await, call().await);
        assert_eq!(first.expect(status), second.expect(status), "{target}");
        assert_eq!(first.header("idempotent-replayed"), None, "{target}");
        assert_eq!(second.header("idempotent-replayed"), Some("true"), "{target}");
    }
    let form = [Part::file("file", "cat.png", CAT), Part::text("name", "by form")];
    let raw = format!("{ASSETS}/raw?name=raw");
    let calls: [Repeated<'_>; 2] =
        [&|| keyed(app.post(ASSETS).form(&form), "form").by(&platform), &|| {
            keyed(app.put(&raw).bytes("image/png", CAT), "raw").by(&platform)
        }];
    for call in calls {
        assert_eq!(call().answers(201).await, call().answers(201).await);
    }
}

#[tokio::test]
async fn a_repeated_key_has_no_secret() {
    let app = TestApp::new().await;
    let anna = app.user("anna").await;
    let call = || keyed(app.post("/api/v1/keys"), "k").by(&anna).json(&json!({ "name": "farm" }));
    let mut first = call().answers(201).await;
    assert!(first["secret"].is_string() && first["token"].is_string());
    let again = call().answers(201).await;
    (first["secret"], first["token"]) = (Value::Null, Value::Null);
    assert_eq!(again, first);
}

#[tokio::test]
async fn a_key_names_one_call_of_one_caller() {
    let app = TestApp::new().await;
    let (anna, ben) = (app.user("anna").await, app.user("ben").await);
    let body = json!({ "base64": base64(CAT), "name": "cat" });
    let post = |body: &Value| keyed(app.post(ASSETS), "k").by(&anna).json(body);
    let first = post(&body).answers(201).await;
    for other in [
        json!({ "base64": base64(CAT), "name": "dog" }),
        json!({ "base64": base64(COFFEE), "name": "cat" }),
        json!({ "url": first["url"], "name": "cat" }),
    ] {
        let said = post(&other).send().await;
        insta::assert_json_snapshot!("key_of_another_call", scrub(said.expect(409)));
        assert_eq!(said.header("retry-after"), None, "waiting does not help");
    }
    let elsewhere = keyed(app.post("/api/v1/collections"), "k").by(&anna);
    elsewhere.json(&json!({ "name": "shelf" })).answers(409).await;
    let bens = keyed(app.post(ASSETS), "k").by(&ben).json(&body).answers(201).await;
    assert_ne!(bens["id"], first["id"]);
    assert_eq!(listed(&app, &anna, "").await, ["cat"]);
    // A form says the name of its file too.
    let form = [Part::file("file", "cat.png", CAT), Part::text("name", "cat")];
    keyed(app.post(ASSETS), "k").by(&anna).form(&form).answers(409).await;
    app.clock.advance_ms(DAY_MS + 1);
    assert_ne!(post(&body).answers(201).await["id"], first["id"], "answers are kept for a day");
}

#[tokio::test]
async fn a_refused_call_leaves_its_key_free() {
    let app = TestApp::new().await;
    let anna = app.user("anna").await;
    let post = |body: Value| keyed(app.post("/api/v1/collections"), "k").by(&anna).json(&body);
    post(json!({ "name": "" })).answers(422).await;
    post(json!({ "name": "shelf" })).answers(201).await;
}

#[tokio::test]
async fn of_calls_at_one_time_one_runs() {
    let app = TestApp::new().await;
    let anna = app.user("anna").await;
    let body = json!({ "base64": base64(CAT), "name": "cat" });
    let call = || keyed(app.post(ASSETS), "k").by(&anna).json(&body).send();
    let answers = futures::future::join_all((0..8).map(|_| call())).await;
    let mut ids = Vec::new();
    for answer in &answers {
        match answer.status.as_u16() {
            201 => ids.push(answer.json()["id"].clone()),
            409 => {
                assert_eq!(answer.json()["code"], "idempotency-conflict");
                assert_eq!(answer.header("retry-after"), Some("1"));
            }
            other => panic!("{other}"),
        }
    }
    assert!(!ids.is_empty() && ids.iter().all(|id| *id == ids[0]), "{ids:?}");
    assert_eq!(listed(&app, &anna, "").await, ["cat"]);
    assert_eq!(call().await.expect(201)["id"], ids[0]);
}

#[tokio::test]
async fn bad_keys_are_refused() {
    let app = TestApp::new().await;
    let anna = app.user("anna").await;
    for key in ["", &"x".repeat(256), "a\tb", "é"] {
        let call = keyed(app.post("/api/v1/collections"), key).by(&anna);
        let said = call.json(&json!({ "name": "shelf" })).answers(422).await;
        assert_eq!(mistakes(&said), ["header.Idempotency-Key format"], "{key}");
    }
    let call = keyed(app.post("/api/v1/collections"), &"x".repeat(255)).by(&anna);
    call.json(&json!({ "name": "shelf" })).answers(201).await;
}
