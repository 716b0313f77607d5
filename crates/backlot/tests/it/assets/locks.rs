//! Locks: who does not hold one changes nothing until it ends.

use backlot_library::assets::{AssetPatch, Expected, Unlock};
use backlot_model::clock::{DAY_MS, HOUR_MS};
use backlot_model::{Clock as _, Id};
use serde_json::{Value, json};

use super::{cat, place};
use crate::app::{Call, Person, TestApp};

async fn locked(app: &TestApp, person: &Person, asset: &Value) -> String {
    let until = app.clock.now_ms() + HOUR_MS;
    let until = backlot_http::edge::time::to_millis(until);
    let body = json!({ "locked_until": until });
    let lock = app.put(&format!("{}/lock", place(asset))).by(person).json(&body).answers(200).await;
    assert_eq!(lock["locked_until"], until);
    lock["lock_id"].as_str().unwrap().to_owned()
}

/// Every call that changes the asset.
fn changes<'a>(app: &'a TestApp, asset: &Value) -> Vec<Call<'a>> {
    let at = |rest: &str| format!("{}{rest}", place(asset));
    vec![
        app.patch(&at("")).json(&json!({"name": "tom"})),
        app.put(&at("/tags")).json(&json!({"tags": ["tom"]})),
        app.put(&at("/note")).json(&json!({"styling_note": "keep the tail"})),
        app.put(&at("/visibility")).json(&json!({"visibility": "unlisted"})),
        app.put(&at("/lock")).json(&json!({"locked_until": "2099-01-01T00:00:00Z"})),
        app.delete(&at("")),
    ]
}

#[tokio::test]
async fn a_locked_asset_refuses_every_change_without_its_lock() {
    let app = TestApp::new().await;
    let ann = app.user("ann").await;
    let asset = cat(&app, &ann).await;
    let before = app.get(&place(&asset)).by(&ann).answers(200).await;
    let lock = locked(&app, &ann, &before).await;
    let root = app.superuser("root").await;
    for person in [&ann, &root] {
        for call in changes(&app, &asset) {
            let refused = call.by(person).answers(409).await;
            assert_eq!(refused["code"], "locked", "{refused}");
        }
    }
    for call in changes(&app, &asset) {
        let other = call.by(&ann).header("lock-id", "5f6d2c1e-8b0a-4c39-9d4e-2a7b1c3d4e5f");
        assert_eq!(other.answers(409).await["code"], "locked");
    }
    let mut after = app.get(&place(&asset)).by(&ann).answers(200).await;
    assert!(!after["locked_until"].is_null());
    after["locked_until"] = Value::Null;
    assert_eq!(after, before);
    // Seeing, copying and collecting change nothing of it.
    app.post(&format!("{}/copy", place(&asset))).by(&ann).answers(201).await;
    let renamed = app.patch(&place(&asset)).by(&ann).header("lock-id", &lock);
    assert_eq!(renamed.json(&json!({"name": "tom"})).answers(200).await["name"], "tom");
    app.delete(&place(&asset)).by(&ann).header("lock-id", &lock).answers(200).await;
    let back = app.post(&format!("{}/restore", place(&asset))).by(&ann).answers(200).await;
    assert!(back["locked_until"].is_null(), "a lock ends with a deletion");
}

#[tokio::test]
async fn bulk_operations_leave_locked_assets_alone() {
    let app = TestApp::new().await;
    let ann = app.user("ann").await;
    let (free, held) = (cat(&app, &ann).await, cat(&app, &ann).await);
    locked(&app, &ann, &held).await;
    for operation in ["tag", "untag", "share", "delete"] {
        let body = json!({
            "operation": operation, "ids": [held["id"]], "tags": ["x"], "visibility": "public",
        });
        let said = app.post("/api/v1/assets/bulk").by(&ann).json(&body).answers(200).await;
        assert_eq!(
            said["results"][0]["error"], "The asset is locked; a change must name its lock",
            "{operation}: {said}"
        );
    }
    let body = json!({"operation": "delete", "ids": [held["id"], free["id"]]});
    let said = app.post("/api/v1/assets/bulk").by(&ann).json(&body).answers(200).await;
    let statuses: Vec<_> = [0, 1].iter().map(|n| said["results"][n]["status"].clone()).collect();
    assert_eq!(statuses, [json!(409), json!(200)], "{said}");
}

#[tokio::test]
async fn a_lock_ends_by_itself_by_its_holder_or_by_force() {
    let app = TestApp::new().await;
    let (ann, bob) = (app.user("ann").await, app.user("bob").await);
    let asset = cat(&app, &ann).await;
    let unlock = |person: &Person, body: Value| {
        let call = app.put(&format!("{}/unlock", place(&asset))).by(person).json(&body);
        async move { call.send().await }
    };
    let rename = || app.patch(&place(&asset)).by(&ann).json(&json!({"name": "tom"}));

    locked(&app, &ann, &asset).await;
    app.clock.advance_ms(HOUR_MS - 1);
    rename().answers(409).await;
    app.clock.advance_ms(1);
    rename().answers(200).await;

    let lock = locked(&app, &ann, &asset).await;
    let wrong = json!({"lock_id": "5f6d2c1e-8b0a-4c39-9d4e-2a7b1c3d4e5f"});
    assert_eq!(unlock(&ann, wrong).await.expect(409)["code"], "locked");
    unlock(&ann, json!({})).await.expect(422);
    unlock(&bob, json!({"force": true})).await.expect(404);
    unlock(&bob, json!({"lock_id": lock})).await.expect(404);
    let freed = unlock(&ann, json!({"lock_id": lock})).await.expect(200);
    assert!(freed["locked_until"].is_null());
    rename().answers(200).await;
    unlock(&ann, json!({"lock_id": lock})).await.expect(200);

    locked(&app, &ann, &asset).await;
    unlock(&ann, json!({"force": true})).await.expect(200);
    rename().answers(200).await;
}

#[tokio::test]
async fn only_a_held_lock_is_prolonged_and_no_lock_is_endless() {
    let app = TestApp::new().await;
    let ann = app.user("ann").await;
    let asset = cat(&app, &ann).await;
    let id = Id::parse(asset["id"].as_str().unwrap()).unwrap();
    let caller = app.caller(&ann).await;
    let now = app.clock.now_ms();
    let prolong = |until| AssetPatch { locked_until: Some(until), ..AssetPatch::default() };
    let none = Expected::default();
    for until in [now, now - 1, now + 30 * DAY_MS + 1] {
        let fault = app.library.lock_asset(&caller, id, &none, until).await.unwrap_err();
        assert_eq!(fault.fields[0].rule, "range");
    }
    let free = app.library.change_asset(&caller, id, &none, prolong(now + DAY_MS)).await;
    assert_eq!(free.unwrap_err().fields[0].rule, "reference");

    let (before, lock) = app.library.lock_asset(&caller, id, &none, now + HOUR_MS).await.unwrap();
    let held = Expected { lock_id: Some(lock.id), ..none };
    let (_, again) = app.library.lock_asset(&caller, id, &held, now + DAY_MS).await.unwrap();
    assert_eq!((again.id, again.until), (lock.id, now + DAY_MS));
    let after = app.library.change_asset(&caller, id, &held, prolong(now + 2 * DAY_MS)).await;
    assert_eq!(after.unwrap().lock.unwrap().until, now + 2 * DAY_MS);
    let unlocked = app.library.unlock_asset(&caller, id, Unlock::Held(lock.id)).await.unwrap();
    assert_eq!((unlocked.lock, unlocked.updated_at), (None, before.updated_at));
}
