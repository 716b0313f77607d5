//! What somebody may not see is answered, to the byte, as what there is not.

use axum::http::Method;
use backlot_model::account::Caller;
use serde_json::{Value, json};

use super::oracle::{Act, Outcome, Paper, Who};
use super::stage::{Shown, Stage};
use crate::app::{Answer, TestApp};

const UNKNOWN: &str = "0190f2c4-a7e0-7d1b-8a55-0c2f6b0f4a11";

/// A call about an id: method, address and JSON, in which `ID` stands for it.
type About = (Method, &'static str, Option<Value>);

fn native() -> Vec<About> {
    let (get, put, patch) = (Method::GET, Method::PUT, Method::PATCH);
    let (post, delete) = (Method::POST, Method::DELETE);
    vec![
        (get.clone(), "/api/v1/assets/ID", None),
        (get.clone(), "/api/v1/assets/ID/duplicates", None),
        (patch, "/api/v1/assets/ID", Some(json!({ "name": "x" }))),
        (put.clone(), "/api/v1/assets/ID/tags", Some(json!({ "tags": ["x"] }))),
        (put.clone(), "/api/v1/assets/ID/note", Some(json!({ "styling_note": "x" }))),
        (put.clone(), "/api/v1/assets/ID/visibility", Some(json!({ "visibility": "public" }))),
        (post.clone(), "/api/v1/assets/ID/copy", None),
        (post.clone(), "/api/v1/assets/ID/restore", None),
        (delete.clone(), "/api/v1/assets/ID", None),
        (
            post.clone(),
            "/api/v1/assets/bulk",
            Some(json!({ "operation": "delete", "ids": ["ID"] })),
        ),
        (
            post.clone(),
            "/api/v1/assets/bulk",
            Some(json!({ "operation": "restore", "ids": ["ID"] })),
        ),
        (put, "/api/v1/collections/OWN/assets", Some(json!({ "asset_ids": ["ID"] }))),
        (
            post.clone(),
            "/api/v1/assets",
            Some(json!({ "base64": "R0lGODlhAQABAAAAACw=", "parent_id": "ID" })),
        ),
        (
            post,
            "/api/v1/assets",
            Some(json!({ "url": "http://backlot.test/media/assets/ID/original" })),
        ),
        (get.clone(), "/api/v1/assets?parent_id=ID", None),
        (get.clone(), "/api/v1/assets?root_id=ID", None),
        (get.clone(), "/media/assets/ID/original", None),
        (get.clone(), "/media/assets/ID/small", None),
        (get.clone(), "/media/assets/ID/big.jpg?width=320", None),
        (get, "/media/assets/ID/original?e=99999999999&k=1&s=AAAAAAAAAAAAAAAAAAAAAA&f=o", None),
        (delete, "/api/v1/collections/OWN/assets", Some(json!({ "asset_ids": ["ID"] }))),
    ]
}

fn dialects() -> Vec<About> {
    let (get, put, patch) = (Method::GET, Method::PUT, Method::PATCH);
    let (post, delete) = (Method::POST, Method::DELETE);
    vec![
        (get.clone(), "/piktid/assets/ID", None),
        (patch.clone(), "/piktid/assets/ID/tags", Some(json!({ "tags": [] }))),
        (patch, "/piktid/assets/ID/note", Some(json!({ "styling_note": "x" }))),
        (delete.clone(), "/piktid/assets/ID", None),
        (post.clone(), "/piktid/assets/bulk-delete", Some(json!({ "asset_ids": ["ID"] }))),
        (get.clone(), "/youthumb/api/assets/ID", None),
        (delete, "/youthumb/api/assets/ID", None),
        (post, "/youthumb/api/persons", Some(json!({ "name": "x", "imageIds": ["ID"] }))),
        (put, "/api/v1/assets/ID/note", Some(json!({ "styling_note": null }))),
        (get, "/productai/v1/assets/asset_ID", None),
    ]
}

/// What a client gets, but for the id he sent and the names of the requests.
fn without_names(answer: &Answer, id: &str) -> (u16, Vec<(String, String)>, String) {
    let mut text = String::from_utf8_lossy(&answer.bytes).replace(id, "ID");
    let request = answer.header("x-request-id").unwrap_or("no request id");
    text = text.replace(request, "REQUEST");
    let kept = answer.headers.iter().filter(|(name, _)| *name != "x-request-id");
    let shown = kept.map(|(name, value)| {
        (name.to_string(), String::from_utf8_lossy(value.as_bytes()).replace(id, "ID"))
    });
    (answer.status.as_u16(), shown.collect(), text)
}

async fn ask(app: &TestApp, shown: &Shown, (method, path, body): &About, id: &str) -> Answer {
    let path = path.replace("ID", id).replace("OWN", &shown.collection.to_string());
    let mut call = app.call(method.clone(), &path);
    if let Some(body) = body {
        let body = body
            .to_string()
            .replace("\"ID\"", &format!("\"{id}\""))
            .replace("/ID/", &format!("/{id}/"));
        call = call.bytes("application/json", body);
    }
    // Rate limits count alike for both.
    app.clock.advance_ms(1_000);
    shown.on(call).send().await
}

#[tokio::test]
async fn what_is_hidden_is_answered_to_the_byte_as_what_is_not_there() {
    let stage = Stage::new().await;
    let papers = [Paper::KeyAsBearer, Paper::ReadOnly, Paper::Nothing, Paper::WriteOnly];
    let mut compared = 0;
    for shown in stage.shown.iter().filter(|it| papers.contains(&it.asker.paper)) {
        for about in native().iter().chain(&dialects()) {
            let unknown = ask(&stage.app, shown, about, UNKNOWN).await;
            let unknown_said = without_names(&unknown, UNKNOWN);
            let kinds = stage.props.iter().filter(|prop| {
                let restores = shown.asker.outcome(Act::Restore, prop.thing) != Outcome::Unknown;
                let sees = shown.asker.outcome(Act::See, prop.thing) != Outcome::Unknown;
                !restores && !sees
            });
            for prop in kinds.skip(compared % 2).step_by(2) {
                let id = prop.id.to_string();
                let hidden = ask(&stage.app, shown, about, &id).await;
                let told =
                    format!("{} {} by {:?}: {:?}", about.0, about.1, shown.asker, prop.thing);
                assert_eq!(without_names(&hidden, &id), unknown_said, "{told}");
                compared += 1;
            }
        }
    }
    assert!(compared > 1_500, "{compared}");
}

#[tokio::test]
async fn bytes_are_nobodys_who_only_knows_their_hash() {
    let stage = Stage::new().await;
    let (platform, prop) = (Caller::platform(), &stage.props[0]);
    let asset = stage.app.library.asset(&platform, prop.id).await.unwrap();
    let digest = asset.digest.unwrap().to_string();
    let unknown = "ab".repeat(32);
    for shown in stage.shown.iter().filter(|shown| shown.asker.is_believed()) {
        let by = async |hash: &str| {
            // The rate limit counts alike for both.
            stage.app.clock.advance_ms(1_000);
            let call = stage.app.post("/api/v1/assets/from-hash");
            let answer = shown.on(call.json(&json!({ "sha256": hash }))).send().await;
            without_names(&answer, hash)
        };
        let (status, ..) = by(&digest).await;
        let is_his = matches!(shown.asker.who, Who::Superuser | Who::Uploader);
        let reads_only = matches!(shown.asker.paper, Paper::ReadOnly | Paper::AdminOnly);
        let expected = match shown.asker.who {
            Who::Anonymous => 401,
            _ if reads_only => 403,
            _ if is_his => 201,
            _ => 404,
        };
        assert_eq!(status, expected, "{:?}", shown.asker);
        if expected != 201 {
            assert_eq!(by(&digest).await, by(&unknown).await, "{:?}", shown.asker);
        }
    }
}
