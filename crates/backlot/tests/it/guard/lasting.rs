//! What is kept stays for as long as anybody needs it, and what nobody needs goes; what is too much
//! is refused with the time to come back.

use backlot_model::clock::{DAY_MS, MINUTE_MS};
use serde_json::{Value, json};

use super::untouched::State;
use crate::app::{BASE, CAT, COFFEE, Part, Person, TestApp};

async fn upload(app: &TestApp, person: &Person, bytes: &[u8]) -> Value {
    let form = [Part::file("file", "a.png", bytes)];
    let made = app.post("/api/v1/assets").by(person).form(&form).answers(201).await;
    app.work().await;
    made
}

fn address(made: &Value) -> String {
    format!("/api/v1/assets/{}", made["id"].as_str().unwrap())
}

/// Takes away all that has had its time.
async fn sweep(app: &TestApp) {
    while !app.library.sweep().await.unwrap().is_empty() {}
}

/// The bytes as the uploader gets them.
async fn bytes_of(app: &TestApp, person: &Person, made: &Value) -> (u16, usize) {
    let path = format!("/media/assets/{}/original", made["id"].as_str().unwrap());
    let answer = app.get(&path).by(person).send().await;
    (answer.status.as_u16(), answer.bytes.len())
}

#[tokio::test]
async fn deleting_one_of_two_equal_uploads_never_hurts_the_other() {
    let app = TestApp::new().await;
    let (anna, ben) = (app.user("anna").await, app.user("ben").await);
    let (hers, his) = (upload(&app, &anna, CAT).await, upload(&app, &ben, CAT).await);
    let files = State::of(&app).await;
    app.delete(&address(&hers)).by(&anna).answers(200).await;
    assert_eq!(bytes_of(&app, &anna, &hers).await.0, 404);
    app.clock.advance_ms(60 * DAY_MS);
    sweep(&app).await;
    app.post(&format!("{}/restore", address(&hers))).by(&anna).answers(404).await;
    assert_eq!(bytes_of(&app, &ben, &his).await, (200, CAT.len()));
    assert_eq!(State::of(&app).await.blobs(), files.blobs());
    app.delete(&address(&his)).by(&ben).answers(200).await;
    // For 30 days it can be restored, and then the grace period runs.
    app.clock.advance_ms(29 * DAY_MS);
    sweep(&app).await;
    app.post(&format!("{}/restore", address(&his))).by(&ben).answers(200).await;
    assert_eq!(bytes_of(&app, &ben, &his).await, (200, CAT.len()));
    app.delete(&address(&his)).by(&ben).answers(200).await;
    app.clock.advance_ms(31 * DAY_MS);
    sweep(&app).await;
    // Sent again within the grace period, the bytes are wanted again.
    let again = upload(&app, &anna, CAT).await;
    app.clock.advance_ms(2 * DAY_MS);
    sweep(&app).await;
    assert_eq!(bytes_of(&app, &anna, &again).await, (200, CAT.len()));
    app.delete(&address(&again)).by(&anna).answers(200).await;
    app.clock.advance_ms(31 * DAY_MS);
    sweep(&app).await;
    app.clock.advance_ms(2 * DAY_MS);
    sweep(&app).await;
    assert_eq!(State::of(&app).await.blobs(), Some(0));
}

#[tokio::test]
async fn places_and_temporary_files_end_and_are_swept() {
    let app = TestApp::new().await;
    let anna = app.user("anna").await;
    let empty = State::of(&app).await;
    let place = app.post("/piktid/upload").by(&anna).json(&json!({})).answers(200).await;
    let place = place["upload_url"].as_str().unwrap().to_owned();
    let bucket = [Part::file("file", "a.png", CAT), Part::text("type", "bucket")];
    let kept = app.post("/youthumb/api/assets").by(&anna).form(&bucket).answers(201).await;
    let url = kept["data"]["url"].as_str().unwrap().strip_prefix(BASE).unwrap().to_owned();
    assert_eq!(app.get(&url).send().await.bytes, CAT);
    app.clock.advance_ms(16 * MINUTE_MS);
    let late = app.put(&place).bytes("image/png", CAT).send().await;
    assert!(late.status.is_client_error(), "{late:?}");
    assert_eq!(app.get(&url).send().await.bytes, CAT);
    app.clock.advance_ms(DAY_MS);
    assert_eq!(app.get(&url).send().await.status, 404);
    sweep(&app).await;
    app.clock.advance_ms(2 * DAY_MS);
    sweep(&app).await;
    State::of(&app).await.is(&empty, "all is swept");
}

#[tokio::test]
async fn a_full_queue_and_a_full_measure_say_when_to_come_back() {
    let app = TestApp::with(|config| config.queue_depth_max = 2).await;
    let anna = app.user("anna").await;
    let form = [Part::file("file", "a.png", COFFEE)];
    for _ in 0..2 {
        app.post("/api/v1/assets").by(&anna).form(&form).answers(201).await;
        app.clock.advance_ms(1_001);
    }
    let before = State::of(&app).await;
    for call in [
        app.post("/api/v1/assets").by(&anna).form(&form),
        app.put("/api/v1/assets/raw").by(&anna).bytes("image/png", CAT),
        app.post("/piktid/upload").by(&anna).form(&form),
    ] {
        let answer = call.send().await;
        assert_eq!(answer.status, 503, "{answer:?}");
        assert_eq!(answer.header("retry-after"), Some("5"));
    }
    State::of(&app).await.is(&before, "a full queue");
    app.work().await;
    app.clock.advance_ms(1_001);
    app.post("/api/v1/assets").by(&anna).form(&form).answers(201).await;

    let app = TestApp::with(|config| {
        config.rates.upload = backlot_library::limiter::LimitRule::new(1, 60_000).unwrap();
    })
    .await;
    let anna = app.user("anna").await;
    app.post("/api/v1/assets").by(&anna).form(&form).answers(201).await;
    let before = State::of(&app).await;
    let answer = app.post("/api/v1/assets").by(&anna).form(&form).send().await;
    assert_eq!(answer.status, 429, "{answer:?}");
    assert_eq!(answer.header("retry-after"), Some("60"));
    assert!(answer.header("ratelimit").unwrap().contains("r=0"));
    State::of(&app).await.is(&before, "a full measure");
}
