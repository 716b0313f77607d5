//! Changing one asset: words, tags, note, visibility, copies, deletion.

use backlot_model::clock::DAY_MS;
use serde_json::{Value, json};

use super::{ASSETS, NOBODY, listed, made, made_id, mistakes, path, scrub, text};
use crate::app::{Call, Person, TestApp};

/// An asset of Anna's that her teammate Ben sees and Carl does not.
struct Scene {
    app: TestApp,
    anna: Person,
    ben: Person,
    carl: Person,
    acme: String,
    id: String,
}

async fn scene() -> Scene {
    let app = TestApp::new().await;
    let (anna, ben, carl) = (app.user("anna").await, app.user("ben").await, app.user("carl").await);
    let acme = app.organization("Acme", &[&anna, &ben]).await.to_string();
    let fields = json!({
        "name": "cat", "visibility": "shared", "organization_id": acme, "description": "d",
        "project": "p", "styling_note": "n", "author_id": "a", "inference_id": "i",
        "model_id": "m", "tags": ["t"], "parameters": { "seed": 7 },
        "detected": { "has_person": true },
    });
    let id = made_id(&app, &anna, fields).await;
    app.clock.advance_ms(1_000);
    Scene { app, anna, ben, carl, acme, id }
}

#[tokio::test]
async fn what_is_absent_stays_and_null_clears() {
    let Scene { app, anna, id, .. } = scene().await;
    let patch = async |body: Value| app.patch(&path(&id)).by(&anna).json(&body).answers(200).await;
    let before = app.get(&path(&id)).by(&anna).answers(200).await;
    assert_eq!(patch(json!({})).await, before, "nothing changed, not even the time");
    let kept =
        json!({ "name": null, "filename": null, "type": null, "tags": null, "parameters": null });
    assert_eq!(patch(kept).await, before);
    let changed = patch(json!({
        "name": "dog", "filename": "dog.png", "description": "e", "type": "face", "tags": ["u"],
        "parameters": { "seed": 8 }, "detected": { "has_clothing": false },
    }))
    .await;
    insta::assert_json_snapshot!("changed_asset", scrub(changed.clone()));
    assert_eq!(app.get(&path(&id)).by(&anna).answers(200).await, changed);
    let cleared = patch(json!({
        "description": null, "project": null, "styling_note": null, "author_id": null,
        "inference_id": null, "model_id": null, "detected": null, "tags": [], "parameters": {},
    }))
    .await;
    for name in ["description", "project", "styling_note", "author_id", "inference_id", "model_id"]
    {
        assert_eq!(cleared[name], Value::Null, "{name}");
    }
    assert_eq!((&cleared["detected"], &cleared["tags"]), (&Value::Null, &json!([])));
    assert_eq!((&cleared["parameters"], &cleared["name"]), (&json!({}), &json!("dog")));
}

#[tokio::test]
async fn bad_changes_change_nothing() {
    let Scene { app, anna, id, .. } = scene().await;
    let before = app.get(&path(&id)).by(&anna).answers(200).await;
    for (body, at) in [
        (json!({ "name": "" }), "body.name missing"),
        (json!({ "name": "x".repeat(256) }), "body.name length"),
        (json!({ "name": 7 }), "body.name type"),
        (json!({ "type": "cat" }), "body.type enum"),
        (json!({ "visibility": "secret" }), "body.visibility enum"),
        (json!({ "tags": ["a", 7] }), "body.tags.1 type"),
        (json!({ "tags": ["a", "b,c"] }), "body.tags.1 format"),
        (json!({ "description": "x".repeat(10_001) }), "body.description length"),
        (json!({ "organization_id": "x" }), "body.organization_id format"),
        (json!({ "organization_id": NOBODY }), "body.organization_id reference"),
        (json!({ "organization_id": null }), "body.visibility reference"),
        (json!({ "project": "new", "parameters": 7 }), "body.parameters type"),
    ] {
        let said = app.patch(&path(&id)).by(&anna).json(&body).answers(422).await;
        assert_eq!(mistakes(&said), [at], "{body}");
    }
    assert_eq!(app.get(&path(&id)).by(&anna).answers(200).await, before);
}

#[tokio::test]
async fn tags_and_note_have_calls_of_their_own() {
    let Scene { app, anna, id, .. } = scene().await;
    let (tags, note) = (format!("{}/tags", path(&id)), format!("{}/note", path(&id)));
    let set = json!({ "tags": [" b ", "a", "b"] });
    for call in [app.put(&tags), app.patch(&tags)] {
        assert_eq!(call.by(&anna).json(&set).answers(200).await["tags"], json!(["b", "a"]));
    }
    let set = json!({ "styling_note": "fold" });
    for call in [app.put(&note), app.patch(&note)] {
        assert_eq!(call.by(&anna).json(&set).answers(200).await["styling_note"], "fold");
    }
    for clear in [json!(""), json!(null), json!("  ")] {
        let call = app.put(&note).by(&anna).json(&json!({ "styling_note": clear }));
        assert_eq!(call.answers(200).await["styling_note"], Value::Null);
    }
    let refused = async |call: Call<'_>, body: Value| {
        mistakes(&call.by(&anna).json(&body).answers(422).await)
    };
    assert_eq!(refused(app.put(&tags), json!({})).await, ["body.tags missing"]);
    assert_eq!(refused(app.put(&tags), json!({ "tags": null })).await, ["body.tags type"]);
    assert_eq!(refused(app.put(&tags), json!({ "tags": [""] })).await, ["body.tags.0 length"]);
    assert_eq!(
        refused(app.put(&note), json!({ "styling_note": 7 })).await,
        ["body.styling_note type"]
    );
    assert_eq!(refused(app.put(&note), json!({})).await, ["body.styling_note missing"]);
    let long = json!({ "styling_note": "x".repeat(10_001) });
    assert_eq!(refused(app.put(&note), long).await, ["body.styling_note length"]);
}

#[tokio::test]
async fn who_may_no_longer_see_an_asset_is_refused_at_once() {
    let Scene { app, anna, ben, carl, acme, id } = scene().await;
    let target = format!("{}/visibility", path(&id));
    let set = |person: &Person, body: Value| app.put(&target).by(person).json(&body);
    let url = text(&app.get(&path(&id)).by(&ben).answers(200).await["url"]);
    assert_eq!(app.get(&url).send().await.status, 200);
    let hidden = set(&anna, json!({ "visibility": "private" })).answers(200).await;
    assert_eq!(
        (&hidden["visibility"], &hidden["organization_id"]),
        (&json!("private"), &json!(acme))
    );
    app.get(&path(&id)).by(&ben).answers(404).await;
    assert_eq!(app.get(&url).send().await.status, 404, "an address of before");
    let public = set(&anna, json!({ "visibility": "public" })).answers(200).await;
    app.get(&path(&id)).answers(200).await;
    assert_eq!(app.get(&text(&public["url"])).send().await.status, 200);
    let shared = json!({ "visibility": "shared", "organization_id": acme });
    set(&anna, shared.clone()).answers(200).await;
    set(&ben, shared.clone()).answers(403).await;
    set(&carl, shared).answers(404).await;
    for (body, at) in [
        (json!({}), "body.visibility missing"),
        (json!({ "visibility": null }), "body.visibility type"),
        (json!({ "visibility": "secret" }), "body.visibility enum"),
        (
            json!({ "visibility": "shared", "organization_id": NOBODY }),
            "body.organization_id reference",
        ),
    ] {
        let said = set(&anna, body.clone()).answers(422).await;
        assert_eq!(mistakes(&said), [at], "{body}");
    }
    let alone = made_id(&app, &carl, json!({})).await;
    let call = app.put(&format!("{}/visibility", path(&alone))).by(&carl);
    let said = call.json(&json!({ "visibility": "shared" })).answers(422).await;
    assert_eq!(mistakes(&said), ["body.visibility reference"]);
}

#[tokio::test]
async fn only_the_uploader_and_superusers_change() {
    let Scene { app, anna, ben, carl, id, .. } = scene().await;
    let platform = app.superuser("platform").await;
    let calls = |person: &Person| {
        let at = |end: &str| format!("{}{end}", path(&id));
        [
            app.patch(&at("")).by(person).json(&json!({ "name": "mine" })),
            app.put(&at("/tags")).by(person).json(&json!({ "tags": [] })),
            app.put(&at("/note")).by(person).json(&json!({ "styling_note": "x" })),
            app.put(&at("/visibility")).by(person).json(&json!({ "visibility": "public" })),
            app.delete(&at("")).by(person),
        ]
    };
    for call in calls(&ben) {
        let said = call.answers(403).await;
        insta::assert_json_snapshot!("not_the_uploader", scrub(said));
    }
    for call in calls(&carl) {
        assert_eq!(call.answers(404).await["code"], "asset-not-found");
    }
    for call in calls(&platform) {
        call.answers(200).await;
    }
    app.get(&path(&id)).by(&anna).answers(404).await;
}

#[tokio::test]
async fn a_copy_is_a_private_asset_of_the_callers() {
    let Scene { app, anna, ben, carl, id, .. } = scene().await;
    app.work().await;
    let copy = app.post(&format!("{}/copy", path(&id))).by(&ben).answers(201).await;
    insta::assert_json_snapshot!("copy", scrub(copy.clone()));
    assert_eq!((&copy["owner_id"], &copy["parent_id"]), (&json!(ben.id.to_string()), &json!(id)));
    assert_eq!(copy["root_id"], json!(id));
    app.delete(&path(&id)).by(&anna).answers(200).await;
    app.work().await;
    let target = path(&text(&copy["id"]));
    let ready = app.get(&target).by(&ben).answers(200).await;
    assert_eq!(ready["status"], "ready");
    assert_eq!(app.get(&text(&ready["url"])).send().await.status, 200);
    app.get(&target).by(&anna).answers(404).await;
    for (id, person) in [(NOBODY, &anna), (&id, &carl), (&id, &anna)] {
        let said = app.post(&format!("{}/copy", path(id))).by(person).answers(404).await;
        assert_eq!(said["code"], "asset-not-found");
    }
}

#[tokio::test]
async fn a_deletion_can_be_undone_for_thirty_days() {
    let Scene { app, anna, ben, carl, id, .. } = scene().await;
    let restore = |person: &Person| app.post(&format!("{}/restore", path(&id))).by(person);
    let before = app.get(&path(&id)).by(&anna).answers(200).await;
    let said = restore(&anna).answers(409).await;
    insta::assert_json_snapshot!("restore_of_what_is_not_deleted", scrub(said));
    let url = text(&before["url"]);
    let said = app.delete(&path(&id)).by(&anna).answers(200).await;
    assert_eq!(said, json!({ "message": "Asset deleted" }));
    assert_eq!(app.get(&url).send().await.status, 404);
    for call in [
        app.delete(&path(&id)),
        app.get(&path(&id)),
        app.patch(&path(&id)).json(&json!({ "name": "x" })),
        app.post(&format!("{}/copy", path(&id))),
        app.get(&format!("{}/duplicates", path(&id))),
    ] {
        assert_eq!(call.by(&anna).answers(404).await["code"], "asset-not-found");
    }
    restore(&carl).answers(404).await;
    restore(&ben).answers(404).await;
    app.clock.advance_ms(30 * DAY_MS - 1);
    let restored = restore(&anna).answers(200).await;
    assert_eq!((&restored["deleted_at"], &restored["name"]), (&Value::Null, &json!("cat")));
    assert_eq!(app.get(&text(&restored["url"])).send().await.status, 200);
    assert_eq!(listed(&app, &ben, "").await, ["cat"]);
    app.delete(&path(&id)).by(&anna).answers(200).await;
    app.clock.advance_ms(30 * DAY_MS);
    let said = restore(&anna).answers(409).await;
    insta::assert_json_snapshot!("restore_too_late", scrub(said));
}

#[tokio::test]
async fn a_moved_asset_is_shared_with_its_new_organisation() {
    let Scene { app, anna, ben, carl, id, .. } = scene().await;
    let other = app.organization("Other", &[&anna, &carl]).await.to_string();
    let moved = json!({ "organization_id": other });
    let shown = app.patch(&path(&id)).by(&anna).json(&moved).answers(200).await;
    assert_eq!(
        (&shown["organization_id"], &shown["visibility"]),
        (&json!(other), &json!("shared"))
    );
    app.get(&path(&id)).by(&ben).answers(404).await;
    app.get(&path(&id)).by(&carl).answers(200).await;
    let out = json!({ "organization_id": null, "visibility": "private" });
    let shown = app.patch(&path(&id)).by(&anna).json(&out).answers(200).await;
    assert_eq!(shown["organization_id"], Value::Null);
    let page = app.get(&format!("{ASSETS}?organization_id={other}")).by(&carl).answers(200).await;
    assert_eq!(page["count"], 0);
    made(&app, &carl, json!({})).await;
}
