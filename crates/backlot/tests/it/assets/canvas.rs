//! Canvases and the states they went through.

use backlot_library::assets::{AssetPatch, CanvasChange, Expected, NewAsset};
use backlot_library::ingest::{Accepts, Received};
use backlot_model::account::Caller;
use backlot_model::asset::Asset;
use backlot_model::clock::DAY_MS;
use backlot_model::{Clock as _, Id};
use bytes::Bytes;
use serde_json::json;

use crate::app::{CAT, COFFEE, TestApp};

async fn received(app: &TestApp, caller: &Caller, bytes: &'static [u8]) -> Received {
    let accepts = Accepts::pictures(&app.library.config().uploads);
    let mut intake = app.library.receive(caller, accepts).await.unwrap();
    intake.write(Bytes::from_static(bytes)).await.unwrap();
    intake.finish().await.unwrap()
}

fn state(n: usize) -> String {
    json!({ "layers": n }).to_string()
}

async fn change(app: &TestApp, caller: &Caller, id: Id<Asset>, change: CanvasChange) -> Asset {
    app.clock.advance_ms(1);
    let (expected, patch) = (Expected::default(), AssetPatch::default());
    app.library.change_canvas(caller, id, &expected, patch, change).await.unwrap()
}

fn to(canvas: String) -> CanvasChange {
    CanvasChange { canvas: Some(canvas), ..CanvasChange::default() }
}

#[tokio::test]
async fn a_canvas_keeps_its_states_and_shows_the_latest() {
    let app = TestApp::new().await;
    let (ann, bob) = (app.user("ann").await, app.user("bob").await);
    let caller = app.caller(&ann).await;
    let new = NewAsset { name: Some("plan".into()), ..NewAsset::default() };
    let made = app.library.create_canvas(&caller, &state(0), None, new).await.unwrap();
    assert_eq!(
        (made.asset_type.as_str(), made.mime_type.as_deref()),
        ("canvas", Some("application/json"))
    );
    app.work().await;
    let path = format!("/api/v1/assets/{}", made.id);
    let first = app.get(&path).by(&ann).answers(200).await;
    assert_eq!((&first["status"], &first["kind"]), (&json!("ready"), &json!("json")));
    for n in 1..=4 {
        change(&app, &caller, made.id, to(state(n))).await;
    }
    // The same again is no state; a passing one is not kept.
    let same = change(&app, &caller, made.id, to(state(4))).await;
    assert_eq!(same.updated_at, app.clock.now_ms() - 1);
    let passing = CanvasChange { is_passing: true, ..to(state(9)) };
    change(&app, &caller, made.id, passing).await;
    app.work().await;
    let last = app.get(&path).by(&ann).answers(200).await;
    assert_eq!(app.get(last["url"].as_str().unwrap()).send().await.bytes, state(9));
    let older = app.get(first["url"].as_str().unwrap()).send().await;
    assert_eq!(older.status.as_u16(), 404, "an address shows what it showed, or nothing");

    let mut seen = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = format!("{path}/snapshots?limit=2{cursor}");
        let page = app.get(&page).by(&ann).answers(200).await;
        seen.extend(page["data"].as_array().unwrap().clone());
        let Some(next) = page["next_cursor"].as_str() else { break };
        app.get(&format!("{path}/snapshots?cursor={next}")).by(&bob).answers(404).await;
        cursor = format!("&cursor={next}");
    }
    let texts: Vec<&str> = seen.iter().map(|it| it["raw_data"].as_str().unwrap()).collect();
    assert_eq!(texts, [state(4), state(3), state(2), state(1), state(0)]);
    assert!(seen.iter().all(|it| it["author_id"] == ann.id.to_string()));
    assert_eq!(seen[4]["content_hash"], first["content_hash"]);
    app.get(&format!("{path}/snapshots?cursor=nonsense")).by(&ann).answers(422).await;
    app.get(&format!("{path}/snapshots")).by(&bob).answers(404).await;

    // The states outlive the collector, and go with the canvas.
    app.clock.advance_ms(2 * DAY_MS);
    app.library.sweep().await.unwrap();
    app.get(&format!("{path}/snapshots")).by(&ann).answers(200).await;
    app.delete(&path).by(&ann).answers(200).await;
    app.clock.advance_ms(31 * DAY_MS);
    assert_eq!(app.library.sweep().await.unwrap().assets, 1);
    app.clock.advance_ms(2 * DAY_MS);
    assert_eq!(app.library.sweep().await.unwrap().blobs, 6);
}

#[tokio::test]
async fn a_picture_stands_for_a_canvas() {
    let app = TestApp::new().await;
    let ann = app.user("ann").await;
    let caller = app.caller(&ann).await;
    let cat = received(&app, &caller, CAT).await;
    let made = app.library.create_canvas(&caller, &state(0), Some(cat), NewAsset::default()).await;
    let made = made.unwrap();
    app.work().await;
    let first = app.library.asset(&caller, made.thumbnail_id.unwrap()).await.unwrap();
    assert_eq!(
        (first.asset_type.as_str(), first.is_hidden, first.width),
        ("canvas-export", true, Some(451))
    );
    let coffee = received(&app, &caller, COFFEE).await;
    let picture = CanvasChange { thumbnail: Some(coffee), ..CanvasChange::default() };
    let after = change(&app, &caller, made.id, picture).await;
    let second = app.library.asset(&caller, after.thumbnail_id.unwrap()).await.unwrap();
    assert_eq!(second.width, Some(600));
    assert!(app.library.asset(&caller, first.id).await.is_err(), "the older one went");
    assert_eq!(after.digest, made.digest);
}

#[tokio::test]
async fn what_is_no_canvas_is_refused() {
    let app = TestApp::new().await;
    let ann = app.user("ann").await;
    let caller = app.caller(&ann).await;
    for canvas in ["", "7", "{", "words", "{} {}"] {
        let made = app.library.create_canvas(&caller, canvas, None, NewAsset::default()).await;
        assert_eq!(made.unwrap_err().fields[0].path, ["body", "canvas"], "{canvas}");
    }
    let long = format!("[\"{}\"]", "x".repeat(1 << 20));
    let made = app.library.create_canvas(&caller, &long, None, NewAsset::default()).await;
    assert_eq!(made.unwrap_err().code, "too-large");
    let picture = super::cat(&app, &ann).await;
    let id = Id::parse(picture["id"].as_str().unwrap()).unwrap();
    let expected = Expected::default();
    let changed =
        app.library.change_canvas(&caller, id, &expected, AssetPatch::default(), to(state(1)));
    assert_eq!(changed.await.unwrap_err().fields[0].rule, "type");
    let none =
        app.get(&format!("{}/snapshots", super::place(&picture))).by(&ann).answers(200).await;
    assert_eq!(none["data"], json!([]));
}
