//! One asset and many: get, tags, note, deletion.

use backlot_library::assets::AssetPatch;
use backlot_model::Id;
use backlot_model::asset::{Asset, Visibility};
use backlot_model::media::Detected;
use serde_json::{Value, json};

use super::{change, listed, not_found, problem, upload, upload_only};
use crate::app::{CAT, Person, TestApp};

/// An asset of Anna's that her teammate Ben sees and Carl does not.
struct Scene {
    app: TestApp,
    anna: Person,
    ben: Person,
    carl: Person,
    id: String,
    path: String,
}

async fn scene() -> Scene {
    let app = TestApp::new().await;
    let (anna, ben, carl) = (app.user("anna").await, app.user("ben").await, app.user("carl").await);
    app.organization("Acme", &[&anna, &ben]).await;
    let id = upload(&app, &anna, "cat.png").await;
    let patch = AssetPatch { visibility: Some(Visibility::Shared), ..AssetPatch::default() };
    change(&app, &anna, &id, patch).await;
    let path = format!("/piktid/assets/{id}");
    Scene { app, anna, ben, carl, id, path }
}

fn forbidden() -> Value {
    problem("Forbidden", None, "only the uploader of this asset may do this", Some("header"))
}

#[tokio::test]
async fn an_asset_is_seen_by_those_who_may() {
    let Scene { app, anna, ben, carl, id, path } = scene().await;
    let seen = app.get(&path).by(&anna).answers(200).await;
    assert_eq!(app.get(&path).by(&ben).answers(200).await, seen);
    assert_eq!(app.get(&path).by(&carl).answers(404).await, not_found());
    let unknown = "/piktid/assets/01932b6e-7a40-7cc1-9b5e-3f1f6a0b9c2d";
    assert_eq!(app.get(unknown).by(&carl).answers(404).await, not_found());
    assert_eq!(app.get("/piktid/assets/no-id").by(&carl).answers(404).await, not_found());
    let dressed = Id::<Asset>::parse(&id).unwrap().dressed("asset");
    let dressed = app.get(&format!("/piktid/assets/{dressed}")).by(&anna).answers(200).await;
    assert_eq!(dressed["id"], id);
}

#[tokio::test]
async fn hints_that_nobody_computed_are_absent() {
    let Scene { app, anna, id, path, .. } = scene().await;
    assert!(app.get(&path).by(&anna).answers(200).await["detected"].is_null());
    let hints = Detected {
        has_person: Some(false),
        categories: Some(vec!["Cats".to_owned()]),
        ..Detected::default()
    };
    let patch = AssetPatch { detected: Some(Some(hints)), ..AssetPatch::default() };
    change(&app, &anna, &id, patch).await;
    let seen = app.get(&path).by(&anna).answers(200).await;
    assert_eq!(seen["detected"], json!({ "has_person": false, "categories": ["Cats"] }));
}

#[tokio::test]
async fn tags_of_the_fixed_set_are_replaced_and_others_stay() {
    let Scene { app, anna, id, path, .. } = scene().await;
    let tags = ["summer", "model"].map(str::to_owned).to_vec();
    change(&app, &anna, &id, AssetPatch { tags: Some(tags), ..AssetPatch::default() }).await;
    let seen = app.get(&path).by(&anna).answers(200).await;
    assert_eq!(seen["tags"], json!(["model"]));
    let set = async |tags: Value| {
        let call = app.patch(&format!("{path}/tags")).by(&anna).json(&json!({ "tags": tags }));
        call.answers(200).await["tags"].clone()
    };
    let given = json!(["product", "other", "product"]);
    assert_eq!(set(given).await, json!(["product", "other"]));
    assert_eq!(set(json!(["background"])).await, json!(["background"]));
    assert_eq!(set(json!([])).await, json!([]));
    let caller = app.caller(&anna).await;
    let stored = app.library.asset(&caller, Id::parse(&id).unwrap()).await.unwrap();
    assert_eq!(stored.tags, ["summer"]);
    assert_eq!(listed(&app, &anna, "search=summer", "id").await, [id]);
}

#[tokio::test]
async fn bad_tags_change_nothing() {
    let Scene { app, anna, path, .. } = scene().await;
    let set = async |body: Value| {
        let said = app.patch(&format!("{path}/tags")).by(&anna).json(&body).answers(400).await;
        said["detail"][0].clone()
    };
    let eleven = vec!["model"; 11];
    let said = set(json!({ "tags": eleven })).await;
    let many =
        json!({ "field": "tags", "message": "must have at most 10 tags", "position": "body" });
    assert_eq!(said, many);
    assert_eq!(set(json!({ "tags": ["model", "cat"] })).await["field"], "tags.1");
    assert_eq!(set(json!({ "tags": ["Model"] })).await["field"], "tags.0");
    assert_eq!(set(json!({ "tags": "model" })).await["field"], "tags");
    assert_eq!(set(json!({ "tags": null })).await["field"], "tags");
    assert_eq!(set(json!({})).await["message"], "is required");
    assert_eq!(app.get(&path).by(&anna).answers(200).await["tags"], json!([]));
}

#[tokio::test]
async fn a_note_is_set_and_cleared() {
    let Scene { app, anna, path, .. } = scene().await;
    let set = async |note: Value, status: u16| {
        let body = json!({ "styling_note": note });
        app.patch(&format!("{path}/note")).by(&anna).json(&body).answers(status).await
    };
    for clear in [json!(""), json!("  "), json!(null)] {
        let noted = set(json!("keep the sleeves rolled up"), 200).await;
        assert_eq!(noted["styling_note"], "keep the sleeves rolled up");
        assert!(set(clear, 200).await["styling_note"].is_null());
    }
    let long = "ß".repeat(10_000);
    assert_eq!(set(json!(long), 200).await["styling_note"], long);
    assert_eq!(set(json!(format!("{long}ß")), 400).await["detail"][0]["field"], "styling_note");
    assert_eq!(set(json!(7), 400).await["detail"][0]["field"], "styling_note");
    let empty = app.patch(&format!("{path}/note")).by(&anna).json(&json!({})).answers(400).await;
    let missing = problem("Invalid request", Some("styling_note"), "is required", Some("body"));
    assert_eq!(empty, missing);
    assert_eq!(app.get(&path).by(&anna).answers(200).await["styling_note"], long);
}

#[tokio::test]
async fn only_the_uploader_changes_and_deletes() {
    let Scene { app, ben, carl, path, .. } = scene().await;
    let (tags, note) = (json!({ "tags": ["model"] }), json!({ "styling_note": "x" }));
    for (person, status, said) in [(&ben, 403, forbidden()), (&carl, 404, not_found())] {
        let call = app.patch(&format!("{path}/tags")).by(person).json(&tags);
        assert_eq!(call.answers(status).await, said);
        let call = app.patch(&format!("{path}/note")).by(person).json(&note);
        assert_eq!(call.answers(status).await, said);
        assert_eq!(app.delete(&path).by(person).answers(status).await, said);
    }
    let platform = app.superuser("platform").await;
    let call = app.patch(&format!("{path}/tags")).by(&platform).json(&tags);
    assert_eq!(call.answers(200).await["tags"], json!(["model"]));
}

#[tokio::test]
async fn a_deletion_answers_nothing_and_holds() {
    let Scene { app, anna, ben, path, .. } = scene().await;
    let url = app.get(&path).by(&anna).answers(200).await["url"].as_str().unwrap().to_owned();
    let answer = app.delete(&path).by(&anna).send().await;
    assert_eq!((answer.status.as_u16(), answer.bytes.len()), (204, 0));
    assert_eq!(app.delete(&path).by(&anna).answers(404).await, not_found());
    assert_eq!(app.get(&path).by(&anna).answers(404).await, not_found());
    assert_eq!(app.get(&url).send().await.status, 404);
    assert!(listed(&app, &anna, "", "id").await.is_empty());
    assert!(listed(&app, &ben, "", "id").await.is_empty());
}

#[tokio::test]
async fn a_bulk_deletion_tells_what_failed() {
    let Scene { app, anna, ben, id, .. } = scene().await;
    let bens = upload_only(&app, &ben, "ben.png", CAT).await;
    let second = upload_only(&app, &anna, "second.png", CAT).await;
    let dressed = Id::<Asset>::parse(&second).unwrap().dressed("asset");
    let unknown = "01932b6e-7a40-7cc1-9b5e-3f1f6a0b9c2d";
    let ids = json!([id, "no id", bens, dressed, unknown, second, id, ""]);
    let call = app.post("/piktid/assets/bulk-delete").by(&anna).json(&json!({ "asset_ids": ids }));
    let said = call.answers(200).await;
    assert_eq!(said, json!({ "deleted_count": 2, "failed_ids": ["no id", bens, unknown, ""] }));
    assert!(listed(&app, &anna, "", "id").await.is_empty());
    assert_eq!(listed(&app, &ben, "", "id").await, [bens]);
    let again =
        app.post("/piktid/assets/bulk-delete").by(&anna).json(&json!({ "asset_ids": [id] }));
    assert_eq!(again.answers(200).await, json!({ "deleted_count": 0, "failed_ids": [id] }));
}

#[tokio::test]
async fn a_bulk_deletion_names_1_to_100_assets() {
    let app = TestApp::with(|config| {
        config.rates.bulk_delete = backlot_library::limiter::LimitRule::new(100, 1_000).unwrap();
    })
    .await;
    let anna = app.user("anna").await;
    let delete = async |body: Value, status: u16| {
        app.post("/piktid/assets/bulk-delete").by(&anna).json(&body).answers(status).await
    };
    let said = "must name 1 to 100 assets";
    let wrong = problem("Invalid request", Some("asset_ids"), said, Some("body"));
    assert_eq!(delete(json!({ "asset_ids": [] }), 400).await, wrong);
    assert_eq!(delete(json!({ "asset_ids": vec!["x"; 101] }), 400).await, wrong);
    let hundred = delete(json!({ "asset_ids": vec!["x"; 100] }), 200).await;
    assert_eq!(hundred, json!({ "deleted_count": 0, "failed_ids": ["x"] }));
    for body in [json!({}), json!({ "asset_ids": "x" }), json!({ "asset_ids": [1] }), json!([])] {
        assert_eq!(delete(body.clone(), 400).await["error"], "Invalid request", "{body}");
    }
}

#[tokio::test]
async fn three_bulk_deletions_go_into_a_second() {
    let app = TestApp::new().await;
    let (anna, ben) = (app.user("anna").await, app.user("ben").await);
    let body = json!({ "asset_ids": ["x"] });
    let delete = |person: &Person| app.post("/piktid/assets/bulk-delete").by(person).json(&body);
    for left in ["2", "1", "0"] {
        let answer = delete(&anna).send().await;
        answer.expect(200);
        assert_eq!(answer.header("ratelimit-remaining"), Some(left));
    }
    app.clock.advance_ms(400);
    let answer = delete(&anna).send().await;
    insta::assert_json_snapshot!("too_many_bulk_deletions", answer.expect(429));
    assert_eq!(answer.header("retry-after"), Some("1"));
    assert_eq!(answer.header("ratelimit-limit"), Some("3"));
    assert_eq!(answer.header("ratelimit-remaining"), Some("0"));
    assert_eq!(answer.header("ratelimit-policy"), Some("\"bulk-delete\";q=3;w=1"));
    delete(&ben).answers(200).await;
    app.clock.advance_ms(600);
    delete(&anna).answers(200).await;
}
