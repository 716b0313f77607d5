//! A disk that is full or fails, seen by clients: a clear refusal, nothing half done, and no
//! restart needed when it is well again.

use std::io::ErrorKind;

use backlot_model::clock::MINUTE_MS;
use backlot_store::blobs::DiskStep;
use serde_json::json;

use super::untouched::State;
use crate::app::{CAT, COFFEE, Call, Part, TestApp};

/// The steps on a disk that an upload takes.
const WRITING: [DiskStep; 5] =
    [DiskStep::Create, DiskStep::Write, DiskStep::SyncFile, DiskStep::Rename, DiskStep::SyncFolder];

/// How a disk fails, what the refusal is called, and when to come back, in seconds.
const TROUBLES: [(ErrorKind, &str, &str); 3] = [
    (ErrorKind::StorageFull, "storage-full", "60"),
    (ErrorKind::QuotaExceeded, "storage-full", "60"),
    (ErrorKind::Other, "storage-unavailable", "5"),
];

/// Every door with a picture in it, and the status of its success.
fn doors<'a>(app: &'a TestApp, key: &str, place: &str) -> Vec<(&'static str, Call<'a>, u16)> {
    use base64::Engine as _;
    let cat = base64::engine::general_purpose::STANDARD.encode(CAT);
    let file = [Part::file("file", "cat.png", CAT)];
    let face = [Part::file("file", "cat.png", CAT), Part::text("type", "face")];
    let named = [Part::file("file", "cat.png", CAT), Part::text("name", "cat")];
    vec![
        ("form", app.post("/api/v1/assets").bearer(key).form(&file), 201),
        ("raw", app.put("/api/v1/assets/raw").bearer(key).bytes("image/png", CAT), 201),
        ("base64", app.post("/api/v1/assets").bearer(key).json(&json!({ "base64": cat })), 201),
        ("place", app.put(place).bytes("image/png", CAT), 200),
        ("piktid", app.post("/piktid/upload").bearer(key).form(&file), 200),
        ("youthumb", app.post("/youthumb/api/assets").bearer(key).form(&face), 201),
        (
            "productai",
            app.post("/productai/v1/training-asset").header("x-api-key", key).form(&named),
            201,
        ),
    ]
}

/// Lets `step` fail under every door in turn, and sees each refuse; then, where most is at stake,
/// each succeed.
async fn fail_at(step: DiskStep, (kind, code, wait): (ErrorKind, &str, &str)) {
    let app = TestApp::new().await;
    let anna = app.user("anna").await;
    let ask = json!({ "filename": "cat.png" });
    let place = app.post("/piktid/upload").by(&anna).json(&ask).answers(200).await;
    let place = place["upload_url"].as_str().unwrap().to_owned();
    let before = State::of(&app).await;
    for (door, call, _) in doors(&app, &anna.key, &place) {
        app.blobs.faults.fail(step, kind);
        let answer = call.send().await;
        app.blobs.faults.heal();
        let told = format!("{door} {kind:?} at {step:?}: {:?}", answer.bytes);
        assert_eq!(answer.status, 503, "{told}");
        assert_eq!(answer.header("retry-after"), Some(wait), "{told}");
        let said = answer.json();
        match door {
            "form" | "raw" | "base64" => assert_eq!(said["code"], code, "{told}"),
            "place" => assert_eq!(said["error"], code, "{told}"),
            _ => {}
        }
        // Only what fails after the bytes have their name may leave them to the collector.
        let expected = match step {
            DiskStep::SyncFolder => before.but_for_bytes(),
            _ => before.clone(),
        };
        State::of(&app).await.is(&expected, &told);
    }
    if step != DiskStep::Write {
        return;
    }
    for (door, call, status) in doors(&app, &anna.key, &place) {
        let answer = call.send().await;
        assert_eq!(answer.status.as_u16(), status, "{door}: {:?}", answer.bytes);
    }
    app.work().await;
    let page = app.get("/api/v1/assets?status=ready").by(&anna).answers(200).await;
    assert_eq!(page["count"], 7);
}

#[tokio::test]
async fn a_disk_that_fails_refuses_every_door_keeps_nothing_and_needs_no_restart() {
    for trouble in TROUBLES {
        for step in WRITING {
            fail_at(step, trouble).await;
        }
    }
}

#[tokio::test]
async fn what_was_taken_in_is_processed_when_the_disk_is_well_again() {
    let app = TestApp::new().await;
    let anna = app.user("anna").await;
    let form = [Part::file("file", "cat.png", CAT)];
    let made = app.post("/api/v1/assets").by(&anna).form(&form).answers(201).await;
    let asset = format!("/api/v1/assets/{}", made["id"].as_str().unwrap());
    let faults = [
        (DiskStep::Read, ErrorKind::Other),
        (DiskStep::Create, ErrorKind::StorageFull),
        (DiskStep::Write, ErrorKind::StorageFull),
        (DiskStep::Rename, ErrorKind::Other),
    ];
    // For hours, far more often than a job is tried that fails by itself.
    for (step, kind) in faults.into_iter().cycle().take(40) {
        app.blobs.faults.fail(step, kind);
        app.work().await;
        let said = app.get(&asset).by(&anna).answers(200).await;
        assert_eq!(said["status"], "processing", "{step:?}: {said}");
        app.blobs.faults.heal();
        app.clock.advance_ms(10 * MINUTE_MS);
    }
    app.work().await;
    assert_eq!(app.get(&asset).by(&anna).answers(200).await["status"], "ready");
}

#[tokio::test]
async fn what_cannot_be_read_for_a_day_ends_as_failed_with_the_reason() {
    let app = TestApp::new().await;
    let anna = app.user("anna").await;
    let form = [Part::file("file", "cat.png", CAT)];
    let made = app.post("/api/v1/assets").by(&anna).form(&form).answers(201).await;
    let asset = format!("/api/v1/assets/{}", made["id"].as_str().unwrap());
    app.blobs.faults.fail(DiskStep::Read, ErrorKind::Other);
    for _ in 0..24 + 6 {
        app.work().await;
        app.clock.advance_ms(60 * MINUTE_MS);
    }
    let said = app.get(&asset).by(&anna).answers(200).await;
    assert_eq!(said["status"], "failed", "{said}");
    assert_eq!(said["error"], "files cannot be reached now");
}

#[tokio::test]
async fn a_picture_that_cannot_be_read_now_is_said_to_be_so() {
    let app = TestApp::new().await;
    let anna = app.user("anna").await;
    let form = [Part::file("file", "cup.png", COFFEE)];
    let made = app.post("/api/v1/assets").by(&anna).form(&form).answers(201).await;
    app.work().await;
    let original = made["url"].as_str().unwrap();
    let smaller = format!("{original}&width=320");
    for (step, target) in
        [(DiskStep::Open, original), (DiskStep::Open, &smaller), (DiskStep::Read, &smaller)]
    {
        app.blobs.faults.fail(step, ErrorKind::Other);
        let answer = app.get(target).send().await;
        app.blobs.faults.heal();
        let told = format!("{step:?} {target}: {:?}", answer.bytes);
        assert_eq!(answer.status, 503, "{told}");
        assert_eq!(answer.json()["error"], "storage-unavailable", "{told}");
        assert_eq!(answer.header("retry-after"), Some("5"), "{told}");
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{told}");
        assert_eq!(app.get(target).send().await.status, 200, "{told}");
    }
}
