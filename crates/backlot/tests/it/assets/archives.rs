//! ZIPs of many assets.

use std::io::{Cursor, Read as _};

use backlot_model::clock::{DAY_MS, HOUR_MS};
use serde_json::{Value, json};

use super::cat;
use crate::app::{CAT, COFFEE, Part, Person, TestApp};

const ARCHIVES: &str = "/api/v1/archives";

async fn made(
    app: &TestApp,
    person: &Person,
    filename: &str,
    bytes: &[u8],
    parameters: Value,
) -> Value {
    let parameters = parameters.to_string();
    let form = [
        Part::file("file", filename, bytes),
        Part::text("parameters", &parameters),
        Part::text("inference_id", "run-1"),
    ];
    let made = app.post("/api/v1/assets").by(person).form(&form).answers(201).await;
    app.clock.advance_ms(1);
    made
}

async fn ask(app: &TestApp, person: &Person, body: Value) -> Value {
    app.post(ARCHIVES).by(person).json(&body).answers(202).await
}

async fn state(app: &TestApp, person: &Person, archive: &Value) -> Value {
    let path = format!("{ARCHIVES}/{}", archive["id"].as_str().unwrap());
    app.get(&path).by(person).answers(200).await
}

/// Names and bytes of the files in the archive, which have to be whole.
async fn unpacked(app: &TestApp, archive: &Value) -> Vec<(String, Vec<u8>)> {
    let file = app.get(archive["url"].as_str().unwrap()).send().await;
    assert_eq!((file.status.as_u16(), file.header("content-type")), (200, Some("application/zip")));
    assert_eq!(archive["size"], file.bytes.len());
    let mut zip = zip::ZipArchive::new(Cursor::new(file.bytes)).unwrap();
    let mut files = Vec::new();
    for n in 0..zip.len() {
        let mut entry = zip.by_index(n).unwrap();
        assert_eq!(entry.compression(), zip::CompressionMethod::Stored);
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).unwrap();
        files.push((entry.name().unwrap().into_owned(), bytes));
    }
    files
}

#[tokio::test]
async fn an_archive_holds_the_files_under_the_names_of_its_template() {
    let app = TestApp::new().await;
    let ann = app.user("ann").await;
    let red = json!({"prompt": "A red cat", "seed": 42, "generator": "flux"});
    let cat = made(&app, &ann, "a.png", CAT, red.clone()).await;
    let twin = made(&app, &ann, "b.png", COFFEE, red).await;
    let text = made(&app, &ann, "c.txt", b"some words about a cat", json!({})).await;
    app.work().await;
    let ids = json!([cat["id"], twin["id"], text["id"], cat["id"]]);
    let body = json!({
        "asset_ids": ids, "template": "<prompt>/<seed>-<generator>", "archive_name": "my/cats",
    });
    let asked = ask(&app, &ann, body).await;
    assert_eq!((&asked["status"], &asked["progress"]), (&json!("PENDING"), &json!(0)));
    assert!(asked["url"].is_null());
    app.work().await;
    let done = state(&app, &ann, &asked).await;
    assert_eq!((&done["status"], &done["progress"]), (&json!("COMPLETED"), &json!(100)), "{done}");
    let files = unpacked(&app, &done).await;
    let names: Vec<&str> = files.iter().map(|(name, _)| name.as_str()).collect();
    let text_id = text["id"].as_str().unwrap().replace('-', "");
    assert_eq!(names[..2], ["red_cat/42-flux.png", "red_cat/42-flux-2.png"]);
    assert_eq!(names[2..], [format!("asset_{text_id}.txt")]);
    assert_eq!((&files[0].1[..], &files[1].1[..]), (CAT, COFFEE));
    let file = app.get(done["url"].as_str().unwrap()).send().await;
    assert!(
        file.header("content-disposition").unwrap().contains("my_cats.zip"),
        "{:?}",
        file.headers
    );
    let task = app.get(&format!("/api/v1/tasks/{}", done["id"].as_str().unwrap())).by(&ann);
    let task = task.answers(200).await;
    assert_eq!((&task["kind"], &task["total_items"]), (&json!("archive"), &json!(3)));
    assert_eq!(task["processed_items"], 3);

    let body = json!({"inference_ids": ["run-1"], "template": "<prompt>/<num>", "flat": true});
    let flat = ask(&app, &ann, body).await;
    app.work().await;
    let files = unpacked(&app, &state(&app, &ann, &flat).await).await;
    let names: Vec<&str> = files.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["red_cat-1.png", "red_cat-2.png", "3.txt"]);
}

#[tokio::test]
async fn only_what_the_caller_sees_goes_in() {
    let app = TestApp::new().await;
    let (ann, bob) = (app.user("ann").await, app.user("bob").await);
    let (hers, his) = (cat(&app, &ann).await, cat(&app, &bob).await);
    for ids in [json!([hers["id"], his["id"]]), json!(["nonsense"]), json!([hers["id"], ""])] {
        let body = json!({ "asset_ids": ids });
        app.post(ARCHIVES).by(&ann).json(&body).answers(404).await;
    }
    for body in [
        json!({}),
        json!({"inference_ids": ["unknown"]}),
        json!({"asset_ids": [hers["id"]], "template": "<nonsense>"}),
    ] {
        app.post(ARCHIVES).by(&ann).json(&body).answers(422).await;
    }
    let archive = ask(&app, &ann, json!({"asset_ids": [hers["id"]]})).await;
    let path = format!("{ARCHIVES}/{}", archive["id"].as_str().unwrap());
    app.get(&path).by(&bob).answers(404).await;
    // What is deleted before it is written stays out; nothing left is a failure.
    app.delete(&super::place(&hers)).by(&ann).answers(200).await;
    app.work().await;
    let failed = state(&app, &ann, &archive).await;
    assert_eq!(failed["status"], "FAILED", "{failed}");
    assert_eq!(failed["error"], "none of these assets has bytes any more");
}

#[tokio::test]
async fn an_archive_lives_as_long_as_its_address_and_is_nobodys_bucket_file() {
    let app = TestApp::new().await;
    let ann = app.user("ann").await;
    let asset = cat(&app, &ann).await;
    let archive = ask(&app, &ann, json!({"asset_ids": [asset["id"]]})).await;
    app.work().await;
    let done = state(&app, &ann, &archive).await;
    let bucket = app.get("/youthumb/api/assets?type=bucket").by(&ann).answers(200).await;
    assert_eq!(bucket["data"]["assets"], json!([]));
    app.clock.advance_ms(DAY_MS - 1);
    assert_eq!(unpacked(&app, &done).await.len(), 1);
    app.clock.advance_ms(1);
    assert_eq!(app.get(done["url"].as_str().unwrap()).send().await.status.as_u16(), 404);
    let over = state(&app, &ann, &archive).await;
    assert_eq!((&over["status"], &over["url"]), (&json!("COMPLETED"), &Value::Null));
    app.clock.advance_ms(1);
    assert_eq!(app.library.sweep().await.unwrap().temp_files, 1);
    app.clock.advance_ms(DAY_MS + HOUR_MS);
    assert_eq!(app.library.sweep().await.unwrap().blobs, 1);
}

#[tokio::test]
async fn an_archive_that_cannot_be_written_fails_in_the_end() {
    let app = TestApp::with(|config| config.job_attempts_max = 1).await;
    let ann = app.user("ann").await;
    let asset = cat(&app, &ann).await;
    let archive = ask(&app, &ann, json!({"asset_ids": [asset["id"]]})).await;
    app.lose_bytes(&asset);
    app.work().await;
    let failed = state(&app, &ann, &archive).await;
    assert_eq!(failed["status"], "FAILED", "{failed}");
    assert!(failed["error"].is_string() && failed["url"].is_null());
}
