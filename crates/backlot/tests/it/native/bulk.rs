//! One operation over many assets.

use serde_json::{Value, json};

use super::{ASSETS, NOBODY, listed, made_id, mistakes, path, scrub};
use crate::app::{Person, TestApp};

struct Scene {
    app: TestApp,
    anna: Person,
    ben: Person,
    /// Two of Anna's, the second shared with Ben; one of Ben's.
    ids: [String; 3],
}

async fn scene() -> Scene {
    let app = TestApp::new().await;
    let (anna, ben) = (app.user("anna").await, app.user("ben").await);
    let acme = app.organization("Acme", &[&anna, &ben]).await.to_string();
    let first = made_id(&app, &anna, json!({ "name": "a", "tags": ["x"] })).await;
    app.clock.advance_ms(1_000);
    let shared = json!({ "name": "b", "visibility": "shared", "organization_id": acme });
    let second = made_id(&app, &anna, shared).await;
    let bens = made_id(&app, &ben, json!({ "name": "c" })).await;
    Scene { app, anna, ben, ids: [first, second, bens] }
}

impl Scene {
    async fn bulk(&self, person: &Person, body: Value) -> Value {
        self.app.clock.advance_ms(1_000);
        self.app.post(&format!("{ASSETS}/bulk")).by(person).json(&body).answers(200).await
    }

    /// Everybody's, one of nobody's, and what is no id.
    fn all(&self) -> Value {
        let [first, second, bens] = &self.ids;
        json!([first, second, bens, NOBODY, "no id", ""])
    }

    async fn get(&self, id: &str) -> Value {
        self.app.get(&path(id)).by(&self.anna).answers(200).await
    }
}

fn statuses(answer: &Value) -> Vec<u64> {
    answer["results"].as_array().unwrap().iter().map(|it| it["status"].as_u64().unwrap()).collect()
}

#[tokio::test]
async fn each_has_its_own_result_in_the_order_of_the_ids() {
    let it = scene().await;
    let deleted = it.bulk(&it.anna, json!({ "operation": "delete", "ids": it.all() })).await;
    insta::assert_json_snapshot!("bulk_delete", scrub(deleted.clone()));
    let given: Vec<_> =
        deleted["results"].as_array().unwrap().iter().map(|one| one["id"].clone()).collect();
    assert_eq!(json!(given), it.all());
    assert!(listed(&it.app, &it.anna, "").await.is_empty());
    let again = it.bulk(&it.anna, json!({ "operation": "delete", "ids": it.all() })).await;
    assert_eq!(statuses(&again), [404; 6]);
    let restored = it.bulk(&it.anna, json!({ "operation": "restore", "ids": it.all() })).await;
    assert_eq!(statuses(&restored), [200, 200, 404, 404, 404, 404]);
    let again = it.bulk(&it.anna, json!({ "operation": "restore", "ids": it.all() })).await;
    insta::assert_json_snapshot!("bulk_restore_of_what_is_there", scrub(again));
    assert_eq!(listed(&it.app, &it.anna, "").await, ["a", "b"]);
}

#[tokio::test]
async fn tags_are_added_and_taken_away() {
    let it = scene().await;
    let [first, second, _] = &it.ids;
    let tag = json!({ "operation": "tag", "ids": it.all(), "tags": ["y", "x"] });
    assert_eq!(statuses(&it.bulk(&it.anna, tag.clone()).await), [200, 200, 404, 404, 404, 404]);
    assert_eq!(it.get(first).await["tags"], json!(["x", "y"]), "what it has stays where it is");
    assert_eq!(it.get(second).await["tags"], json!(["y", "x"]));
    let before = it.get(first).await;
    it.bulk(&it.anna, tag).await;
    assert_eq!(it.get(first).await, before, "nothing changed, not even the time");
    let untag = json!({ "operation": "untag", "ids": [first, second], "tags": ["x", "none"] });
    assert_eq!(statuses(&it.bulk(&it.anna, untag).await), [200, 200]);
    assert_eq!(it.get(second).await["tags"], json!(["y"]));
    // Seen, but not his to change.
    let foreign = json!({ "operation": "tag", "ids": [first, second], "tags": ["z"] });
    assert_eq!(statuses(&it.bulk(&it.ben, foreign).await), [404, 403]);
    // One that has too many then does not keep the others from theirs.
    let many: Vec<_> = (0..99).map(|n| n.to_string()).collect();
    let many = json!({ "operation": "tag", "ids": [first], "tags": many });
    assert_eq!(statuses(&it.bulk(&it.anna, many).await), [200]);
    let over = json!({ "operation": "tag", "ids": [first, second], "tags": ["p", "q"] });
    let over = it.bulk(&it.anna, over).await;
    assert_eq!(statuses(&over), [422, 200]);
    assert!(over["results"][0]["error"].as_str().unwrap().contains("100"), "{over}");
}

#[tokio::test]
async fn visibility_and_collections() {
    let it = scene().await;
    let [first, second, bens] = &it.ids;
    let share = json!({ "operation": "share", "ids": it.all() });
    let shared = it.bulk(&it.anna, share).await;
    assert_eq!(statuses(&shared)[1..], [200, 404, 404, 404, 404]);
    let public = json!({ "operation": "share", "ids": [first, second], "visibility": "public" });
    assert_eq!(statuses(&it.bulk(&it.anna, public).await), [200, 200]);
    assert_eq!(it.get(first).await["visibility"], "public");
    let shelf = it.app.post("/api/v1/collections").by(&it.anna).json(&json!({ "name": "shelf" }));
    let shelf = shelf.answers(201).await;
    let collect = json!({ "operation": "collect", "ids": it.all(), "collection_id": shelf["id"] });
    for _ in 0..2 {
        let collected = it.bulk(&it.anna, collect.clone()).await;
        assert_eq!(statuses(&collected), [200, 200, 404, 404, 404, 404]);
    }
    assert_eq!(it.get(first).await["collection_ids"], json!([shelf["id"]]));
    let refused = async |person: &Person, body: Value| {
        let call = it.app.post(&format!("{ASSETS}/bulk")).by(person).json(&body);
        mistakes(&call.answers(422).await)
    };
    let foreign = json!({ "operation": "collect", "ids": [bens], "collection_id": shelf["id"] });
    assert_eq!(refused(&it.ben, foreign).await, ["body.collection_id reference"]);
    let nobodys = json!({ "operation": "collect", "ids": [bens], "collection_id": NOBODY });
    assert_eq!(refused(&it.ben, nobodys).await, ["body.collection_id reference"]);
}

#[tokio::test]
async fn bad_calls_change_nothing() {
    let it = scene().await;
    let [first, ..] = &it.ids;
    for (body, at) in [
        (json!({ "ids": [first] }), "body.operation missing"),
        (json!({ "operation": "burn", "ids": [first] }), "body.operation enum"),
        (json!({ "operation": "delete" }), "body.ids missing"),
        (json!({ "operation": "delete", "ids": first }), "body.ids type"),
        (json!({ "operation": "delete", "ids": [7] }), "body.ids.0 type"),
        (json!({ "operation": "delete", "ids": vec!["x"; 1_001] }), "body.ids length"),
        (json!({ "operation": "tag", "ids": [first] }), "body.tags missing"),
        (json!({ "operation": "untag", "ids": [first], "tags": [] }), "body.tags missing"),
        (json!({ "operation": "tag", "ids": [first], "tags": ["a", ""] }), "body.tags.1 length"),
        (
            json!({ "operation": "share", "ids": [first], "visibility": "x" }),
            "body.visibility enum",
        ),
        (json!({ "operation": "collect", "ids": [first] }), "body.collection_id missing"),
        (
            json!({ "operation": "collect", "ids": [first], "collection_id": "x" }),
            "body.collection_id format",
        ),
    ] {
        it.app.clock.advance_ms(1_000);
        let call = it.app.post(&format!("{ASSETS}/bulk")).by(&it.anna).json(&body);
        assert_eq!(mistakes(&call.answers(422).await), [at], "{body}");
    }
    assert_eq!(it.get(first).await["tags"], json!(["x"]));
    let none = it.bulk(&it.anna, json!({ "operation": "delete", "ids": [] })).await;
    assert_eq!(none, json!({ "results": [] }));
    let thousand = json!({ "operation": "delete", "ids": vec![NOBODY; 1_000] });
    assert_eq!(statuses(&it.bulk(&it.anna, thousand).await).len(), 1_000);
}

#[tokio::test]
async fn three_bulk_deletions_go_into_a_second() {
    let Scene { app, anna, ben, .. } = scene().await;
    let bulk = |person: &Person, operation: &str| {
        let body = json!({ "operation": operation, "ids": [NOBODY], "tags": ["x"] });
        app.post(&format!("{ASSETS}/bulk")).by(person).json(&body)
    };
    for left in ["2", "1", "0"] {
        let answer = bulk(&anna, "delete").send().await;
        answer.expect(200);
        assert_eq!(answer.header("ratelimit-remaining"), Some(left));
        assert_eq!(answer.header("ratelimit-policy"), Some("\"bulk-delete\";q=3;w=1"));
    }
    app.clock.advance_ms(400);
    let full = bulk(&anna, "delete").send().await;
    insta::assert_json_snapshot!("too_many_bulk_deletions", scrub(full.expect(429)));
    assert_eq!(full.header("retry-after"), Some("1"));
    assert_eq!(bulk(&anna, "tag").send().await.header("ratelimit"), None, "only deletions count");
    bulk(&ben, "delete").answers(200).await;
    app.clock.advance_ms(600);
    bulk(&anna, "delete").answers(200).await;
}
