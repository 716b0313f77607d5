//! One asset, or many by their ids.

use axum::http::Method;
use backlot_model::clock::DAY_MS;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use insta::assert_json_snapshot;
use serde_json::{Value, json};

use super::{ASSETS, at, id_of, listed, path_of, publish, register, scrub, upload, upload_with};
use crate::app::{CAT, TestApp};

#[tokio::test]
async fn an_uploaded_picture_is_shared_with_the_project() {
    let app = TestApp::new().await;
    let (anna, ben) = (app.user("anna").await, app.user("ben").await);
    let cleo = app.user("cleo").await;
    app.organization("Acme", &[&anna, &ben]).await;
    let made = upload(&app, &anna, "cat.png").await;
    assert_json_snapshot!("pending", scrub(made.clone()));
    app.work().await;
    let ready = app.get(&path_of(&made)).by(&ben).answers(200).await;
    assert_json_snapshot!("ready", scrub(ready.clone()));
    app.get(&path_of(&made)).by(&cleo).answers(404).await;
    let small =
        format!("{}&format=jpeg&quality=80&width=256", ready["asset"]["url"].as_str().unwrap());
    let small = app.get(&small).send().await;
    assert_eq!((small.status.as_u16(), small.header("content-type")), (200, Some("image/jpeg")));
    let alone = upload(&app, &cleo, "cat.png").await;
    assert!(alone["ownerId"].as_str().unwrap().starts_with("user_"));
    assert_eq!(listed(&app, &cleo, "").await, ["cat.png"]);
}

#[tokio::test]
async fn every_form_of_a_picture_is_taken() {
    let app = TestApp::new().await;
    let anna = app.user("anna").await;
    let parent = upload(&app, &anna, "parent.png").await;
    let collection = json!({ "name": "Cats" });
    let collection = app.post("/scenario/v1/collections").by(&anna).json(&collection);
    let collection = collection.answers(200).await["collection"]["id"].clone();
    let data_url = format!("data:image/png;base64,{}", STANDARD.encode(CAT));
    let more = json!({
        "image": data_url, "hide": true, "parentId": parent["id"], "collectionIds": [collection],
        "thumbnail": STANDARD.encode(CAT), "canvas": "{}",
    });
    let child = upload_with(&app, &anna, "child.png", &more).await;
    assert_eq!(child["isHidden"], true);
    assert_eq!(child["collectionIds"], json!([collection]));
    assert_eq!(child["metadata"]["parentId"], parent["id"]);
    assert_eq!(child["metadata"]["rootParentId"], parent["id"]);
    assert_eq!(child["metadata"]["type"], "uploaded");
    let picture = STANDARD.encode(CAT);
    for (body, field) in [
        (json!({ "name": "x.png" }), "body.image"),
        (json!({ "image": picture }), "body.name"),
        (json!({ "name": "x.png", "image": picture, "parentId": "asset_x" }), "body.parentId"),
        (
            json!({ "name": "x.png", "image": picture, "collectionIds": ["x"] }),
            "body.collectionIds",
        ),
        (json!({ "name": "x.png", "image": "no base64!" }), "body.image"),
    ] {
        let said = app.post(ASSETS).by(&anna).json(&body).answers(400).await;
        assert!(said["message"].as_str().unwrap().starts_with(field), "{said}");
    }
    let text = json!({ "name": "x.png", "image": STANDARD.encode("just words") });
    app.post(ASSETS).by(&anna).json(&text).answers(415).await;
    let lie = format!("data:image/jpeg;base64,{}", STANDARD.encode(CAT));
    app.post(ASSETS).by(&anna).json(&json!({ "name": "x", "image": lie })).answers(415).await;
}

#[tokio::test]
async fn registered_results_show_with_the_vendors_names() {
    let app = TestApp::new().await;
    let anna = app.user("anna").await;
    let parent = register(&app, &anna, &json!({ "name": "parent" })).await;
    let result = json!({
        "name": "result", "type": "inference-controlnet-inpaint", "parent_id": parent,
        "inference_id": "inf_1", "model_id": "model_1", "author_id": "painter",
        "description": "a painted cat", "tags": ["cat"],
        "parameters": { "prompt": "a cat", "seed": 42, "negative_prompt": "dogs", "guidance": 3.5,
                        "outputIndex": 2, "numInferenceSteps": "many", "house": true },
    });
    let id = register(&app, &anna, &result).await;
    app.work().await;
    let shown = app.get(&format!("{ASSETS}/{id}")).by(&anna).answers(200).await;
    assert_json_snapshot!("registered", scrub(shown));
    for query in [
        "inferenceId=inf_1",
        "modelId=model_1",
        "authorId=painter",
        "type=inference-",
        "types=uploaded-3d,inference",
        "type=inference-controlnet-inpaint",
    ] {
        assert_eq!(listed(&app, &anna, query).await, ["result"], "{query}");
    }
    let lineage = [format!("parentAssetId={parent}"), format!("rootAssetId={parent}")];
    let delete = app.delete(ASSETS).by(&anna).json(&json!({ "assetIds": [parent] }));
    assert_eq!(delete.answers(200).await, json!({}));
    for query in lineage {
        assert_eq!(listed(&app, &anna, &query).await, ["result"], "{query}, its parent deleted");
    }
    let uploader = anna.id.dressed("user");
    assert_eq!(listed(&app, &anna, &format!("authorId={uploader}")).await, ["result"]);
    assert!(listed(&app, &anna, "authorId=nobody").await.is_empty());
}

#[tokio::test]
async fn words_are_changed_by_the_uploader_alone() {
    let app = TestApp::new().await;
    let (anna, ben) = (app.user("anna").await, app.user("ben").await);
    app.organization("Acme", &[&anna, &ben]).await;
    let made = upload(&app, &anna, "cat.png").await;
    app.clock.advance_ms(1_000);
    let change = json!({ "name": "Tom", "description": "a cat" });
    let said = app.put(&path_of(&made)).by(&anna).json(&change).answers(200).await;
    assert_eq!(said["asset"]["metadata"]["name"], "Tom");
    assert_eq!(said["asset"]["description"], "a cat");
    assert!(said["asset"]["updatedAt"].as_str() > made["updatedAt"].as_str());
    let said = app.put(&path_of(&made)).by(&ben).json(&change).answers(403).await;
    assert_json_snapshot!("forbidden", scrub(said));
    let cleared = json!({ "description": "" });
    let said = app.put(&path_of(&made)).by(&anna).json(&cleared).answers(200).await;
    assert_eq!(said["asset"]["description"], Value::Null);
    let empty = json!({ "name": " " });
    app.put(&path_of(&made)).by(&anna).json(&empty).answers(400).await;
}

#[tokio::test]
async fn tags_are_added_and_taken_away() {
    let app = TestApp::new().await;
    let anna = app.user("anna").await;
    let made = upload(&app, &anna, "cat.png").await;
    let path = format!("{}/tags", path_of(&made));
    let tag =
        async |body: Value, status| app.put(&path).by(&anna).json(&body).answers(status).await;
    let said = tag(json!({ "add": ["cat", "pet", "cat"] }), 200).await;
    assert_eq!(said, json!({ "added": ["cat", "pet"], "deleted": [] }));
    let said = tag(json!({ "add": ["cat", "new"], "delete": ["pet", "dog"] }), 200).await;
    assert_eq!(said, json!({ "added": ["new"], "deleted": ["pet"] }));
    let said = tag(json!({ "add": ["cat"], "strict": true }), 400).await;
    assert_json_snapshot!("strict", scrub(said));
    tag(json!({ "delete": ["dog"], "strict": true }), 400).await;
    tag(json!({ "add": ["a,b"] }), 400).await;
    let said = tag(json!({ "add": ["last"], "delete": ["cat"], "strict": true }), 200).await;
    assert_eq!(said, json!({ "added": ["last"], "deleted": ["cat"] }));
    let shown = app.get(&path_of(&made)).by(&anna).answers(200).await;
    assert_eq!(shown["asset"]["tags"], json!(["new", "last"]));
    let page = app.get("/scenario/v1/tags?pageSize=1").by(&anna).answers(200).await;
    assert_json_snapshot!("tags", scrub(page.clone()));
    let token = page["nextPaginationToken"].as_str().unwrap();
    let next = format!("/scenario/v1/tags?pageSize=1&paginationToken={token}");
    let next = app.get(&next).by(&anna).answers(200).await;
    assert_eq!(
        (&next["tags"][0]["tagName"], &next["nextPaginationToken"]),
        (&json!("new"), &Value::Null)
    );
    let bad = app.get("/scenario/v1/tags?paginationToken=x").by(&anna).answers(400).await;
    assert_eq!(bad["reason"], "bad-cursor");
}

#[tokio::test]
async fn deletions_are_whole_and_can_be_undone() {
    let app = TestApp::new().await;
    let (anna, ben) = (app.user("anna").await, app.user("ben").await);
    app.organization("Acme", &[&anna, &ben]).await;
    let (one, two) = (upload(&app, &anna, "1.png").await, upload(&app, &anna, "2.png").await);
    let bens = upload(&app, &ben, "ben.png").await;
    let delete = |ids: Value| app.delete(ASSETS).by(&anna).json(&json!({ "assetIds": ids }));
    let said = delete(json!([one["id"], bens["id"]])).answers(403).await;
    assert_json_snapshot!("not_hers", scrub(said));
    delete(json!([one["id"], "asset_x"])).answers(404).await;
    assert_eq!(listed(&app, &anna, "sortDirection=asc").await, ["1.png", "2.png", "ben.png"]);
    assert_eq!(delete(json!([one["id"]])).answers(200).await, json!({}));
    app.clock.advance_ms(1_000);
    assert_eq!(delete(json!([one["id"], two["id"]])).answers(200).await, json!({}));
    app.get(&path_of(&one)).by(&anna).answers(404).await;
    let page = app.get(&format!("{ASSETS}?deleted=true")).by(&anna).answers(200).await;
    assert_eq!(super::names(&page), ["2.png", "1.png"]);
    assert!(page["assets"][0]["deletedAt"].is_string());
    app.get(&format!("{ASSETS}?deleted=true&type=uploaded")).by(&anna).answers(400).await;
    let restore = |ids: Value| {
        app.post(&format!("{ASSETS}/restore")).by(&anna).json(&json!({ "assetIds": ids }))
    };
    let said = restore(json!([one["id"], bens["id"], "asset_x"])).answers(200).await;
    let expected = json!({
        "restoredAssetIds": [one["id"]],
        "skippedAssets": [
            { "assetId": bens["id"], "reason": "not-found" },
            { "assetId": "asset_x", "reason": "not-found" },
        ],
    });
    assert_eq!(said, expected);
    app.clock.advance_ms(30 * DAY_MS);
    let said = restore(json!([one["id"], two["id"]])).answers(200).await;
    let reasons = [&said["skippedAssets"][0]["reason"], &said["skippedAssets"][1]["reason"]];
    assert_eq!(reasons, ["not-deleted", "expired"]);
    let many: Vec<String> = (0..101).map(|n| format!("asset_{n}")).collect();
    delete(json!(many)).answers(400).await;
    restore(json!(many)).answers(400).await;
}

#[tokio::test]
async fn many_are_got_at_once() {
    let app = TestApp::new().await;
    let (anna, ben) = (app.user("anna").await, app.user("ben").await);
    let (one, two) = (upload(&app, &anna, "1.png").await, upload(&app, &anna, "2.png").await);
    let bens = upload(&app, &ben, "ben.png").await;
    let get = |ids: Value| {
        app.post(&format!("{ASSETS}/get-bulk")).by(&anna).json(&json!({ "assetIds": ids }))
    };
    let found = get(json!([two["id"], bens["id"], "x", one["id"]])).answers(200).await;
    assert_eq!(super::names(&found), ["2.png", "1.png"]);
    let many: Vec<String> = (0..201).map(|n| format!("asset_{n}")).collect();
    get(json!(many)).answers(400).await;
}

#[tokio::test]
async fn copies_are_the_callers_own() {
    let app = TestApp::new().await;
    let (anna, ben) = (app.user("anna").await, app.user("ben").await);
    let acme = app.organization("Acme", &[&anna]).await;
    let zoo = app.organization("Zoo", &[&anna, &ben]).await;
    let made = upload(&app, &anna, "cat.png").await;
    let path = format!("{}/copy", path_of(&made));
    let copy = app.post(&path).by(&anna).answers(200).await["asset"].clone();
    assert_eq!(copy["metadata"]["parentId"], made["id"]);
    assert_eq!(copy["ownerId"], json!(acme.dressed("proj")));
    let to = json!({ "targetProjectId": zoo.dressed("proj") });
    let copy = app.post(&path).by(&anna).json(&to).answers(200).await["asset"].clone();
    assert_eq!(copy["ownerId"], json!(zoo.dressed("proj")));
    app.get(&path_of(&copy)).by(&ben).answers(200).await;
    app.post(&path).by(&ben).answers(404).await;
    let foreign = json!({ "targetProjectId": made["id"] });
    app.post(&path).by(&anna).json(&foreign).answers(400).await;
}

#[tokio::test]
async fn a_locked_asset_wants_its_lock() {
    let app = TestApp::new().await;
    let anna = app.user("anna").await;
    let made = upload(&app, &anna, "cat.png").await;
    let path = path_of(&made);
    let (lock, unlock) = (format!("{path}/lock"), format!("{path}/unlock"));
    let until = json!({ "lockExpiresAt": at(&app, 60_000) });
    let locked = app.put(&lock).by(&anna).json(&until).answers(200).await;
    assert_eq!(locked["asset"]["metadata"]["lockExpiresAt"], until["lockExpiresAt"]);
    let said = app.put(&path).by(&anna).json(&json!({ "name": "x" })).answers(409).await;
    assert_json_snapshot!("locked", scrub(said));
    app.put(&format!("{path}/tags")).by(&anna).json(&json!({ "add": ["x"] })).answers(409).await;
    let delete = json!({ "assetIds": [made["id"]] });
    app.delete(ASSETS).by(&anna).json(&delete).answers(409).await;
    let held =
        json!({ "name": "x", "lockId": locked["lockId"], "lockExpiresAt": at(&app, 90_000) });
    let changed = app.put(&path).by(&anna).json(&held).answers(200).await;
    assert_eq!(changed["asset"]["metadata"]["lockExpiresAt"], held["lockExpiresAt"]);
    app.put(&lock).by(&anna).json(&until).answers(409).await;
    for (body, status) in [
        (json!({}), 400),
        (json!({ "lockId": "lock_x" }), 409),
        (json!({ "lockId": locked["lockId"] }), 200),
        (json!({ "lockId": locked["lockId"] }), 200),
    ] {
        app.put(&unlock).by(&anna).json(&body).answers(status).await;
    }
    app.put(&lock).by(&anna).json(&until).answers(200).await;
    let forced =
        app.put(&unlock).by(&anna).json(&json!({ "forceUnlock": true })).answers(200).await;
    assert_eq!(forced["asset"]["metadata"]["lockExpiresAt"], Value::Null);
    app.put(&lock).by(&anna).json(&until).answers(200).await;
    app.clock.advance_ms(60_000);
    app.put(&path).by(&anna).json(&json!({ "name": "y" })).answers(200).await;
    for bad in
        [json!({ "lockExpiresAt": "soon" }), json!({ "lockExpiresAt": at(&app, -1) }), json!({})]
    {
        app.put(&lock).by(&anna).json(&bad).answers(400).await;
    }
}

#[tokio::test]
async fn the_public_sees_what_is_public() {
    let app = TestApp::new().await;
    let (anna, ben) = (app.user("anna").await, app.user("ben").await);
    let made = upload(&app, &anna, "cat.png").await;
    let public = format!("{ASSETS}/public/{}", id_of(&made));
    app.get(&public).send().await.expect(404);
    app.get(&public).by(&anna).answers(404).await;
    publish(&app, &anna, id_of(&made)).await;
    let seen = app.get(&public).send().await.expect(200);
    assert_eq!(seen["asset"]["privacy"], "public");
    app.get(&path_of(&made)).by(&ben).answers(200).await;
    let token = |method: Method, path: &str| {
        app.call(method, path).header("authorization", "public-auth-token")
    };
    token(Method::GET, &path_of(&made)).answers(200).await;
    assert_eq!(super::names(&token(Method::GET, ASSETS).answers(200).await), ["cat.png"]);
    app.get(ASSETS).send().await.expect(401);
    app.get(&path_of(&made)).send().await.expect(401);
    token(Method::POST, &format!("{ASSETS}/get-bulk")).answers(401).await;
    let open = app.get(&format!("{ASSETS}/public")).send().await.expect(200);
    assert_eq!(super::names(&open), ["cat.png"]);
}
