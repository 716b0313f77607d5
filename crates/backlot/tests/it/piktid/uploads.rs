//! Uploads: promised and at once.

use backlot_model::clock::MINUTE_MS;
use serde_json::json;

use super::{listed, not_found, problem, scrub, upload_only};
use crate::app::{CAT, COFFEE, Part, TestApp};

#[tokio::test]
async fn a_promised_upload_becomes_an_asset_when_its_bytes_arrive() {
    let app = TestApp::new().await;
    let anna = app.user("anna").await;
    let body = json!({ "filename": "cat.png" });
    let place = app.post("/piktid/upload").by(&anna).json(&body).answers(200).await;
    insta::assert_json_snapshot!("promised_upload", scrub(place.clone()));
    let asset = format!("/piktid/assets/{}", place["file_id"].as_str().unwrap());
    assert_eq!(app.get(&asset).by(&anna).answers(404).await, not_found());
    assert!(listed(&app, &anna, "", "id").await.is_empty());
    let download = place["download_url"].as_str().unwrap();
    assert_eq!(app.get(download).send().await.status, 404);

    let put = app.put(place["upload_url"].as_str().unwrap()).bytes("image/png", CAT).send().await;
    assert_eq!(put.status, 200);
    let fresh = app.get(&asset).by(&anna).answers(200).await;
    insta::assert_json_snapshot!("fresh_asset", scrub(fresh.clone()));
    assert_eq!(listed(&app, &anna, "", "id").await, [place["file_id"].as_str().unwrap()]);
    assert_eq!(app.get(download).send().await.bytes, CAT);

    app.work().await;
    let ready = app.get(&asset).by(&anna).answers(200).await;
    insta::assert_json_snapshot!("ready_asset", scrub(ready.clone()));
    assert_eq!(app.get(ready["url"].as_str().unwrap()).send().await.bytes, CAT);
    for thumbnail in ["thumbnail_big", "thumbnail_small"] {
        let picture = app.get(ready[thumbnail].as_str().unwrap()).send().await;
        assert_eq!(picture.status, 200);
        assert!(picture.header("content-type").unwrap().starts_with("image/"));
    }
}

#[tokio::test]
async fn a_promised_upload_needs_no_name() {
    let app = TestApp::new().await;
    let anna = app.user("anna").await;
    for body in [json!({}), json!({ "filename": null }), json!({ "filename": "" })] {
        let place = app.post("/piktid/upload").by(&anna).json(&body).answers(200).await;
        let random = format!("{}.jpg", place["file_id"].as_str().unwrap());
        assert_eq!(
            (&place["filename"], &place["content_type"]),
            (&json!(random), &json!("image/jpeg"))
        );
    }
    let empty = app.post("/piktid/upload").by(&anna).header("content-length", "0");
    empty.answers(200).await;
    let path = json!({ "filename": "C:\\pictures\\cat.webp", "unknown": 1 });
    let place = app.post("/piktid/upload").by(&anna).json(&path).answers(200).await;
    assert_eq!(
        (&place["filename"], &place["content_type"]),
        (&json!("cat.webp"), &json!("image/webp"))
    );
}

#[tokio::test]
async fn the_bytes_type_wins_over_the_name() {
    let app = TestApp::new().await;
    let anna = app.user("anna").await;
    let body = json!({ "filename": "cat.jpg" });
    let place = app.post("/piktid/upload").by(&anna).json(&body).answers(200).await;
    app.put(place["upload_url"].as_str().unwrap()).bytes("image/jpeg", CAT).answers(200).await;
    let picture = app.get(place["download_url"].as_str().unwrap()).send().await;
    assert_eq!(picture.header("content-type"), Some("image/png"));
}

#[tokio::test]
async fn what_is_no_picture_never_becomes_an_asset() {
    let app = TestApp::new().await;
    let anna = app.user("anna").await;
    let place = app.post("/piktid/upload").by(&anna).json(&json!({})).answers(200).await;
    let url = place["upload_url"].as_str().unwrap();
    let put = app.put(url).bytes("image/png", "no picture at all").send().await;
    let put = put.expect(415);
    assert_eq!(put["error"], "unsupported-media");
    assert!(put["message"].is_string() && put["request_id"].is_string());
    let half = app.put(url).bytes("image/png", &CAT[..CAT.len() / 2]).answers(400).await;
    assert_eq!(half["error"], "bytes-truncated");
    assert!(listed(&app, &anna, "", "id").await.is_empty());
    // The place is still open.
    app.put(url).bytes("image/png", CAT).answers(200).await;
    assert_eq!(listed(&app, &anna, "", "id").await.len(), 1);
}

#[tokio::test]
async fn what_fails_later_is_not_listed() {
    let app = TestApp::new().await;
    let anna = app.user("anna").await;
    let mut broken = CAT.to_vec();
    broken[CAT.len() / 2..][..64].fill(0);
    let broken = upload_only(&app, &anna, "broken.png", &broken).await;
    assert_eq!(listed(&app, &anna, "", "id").await, [&*broken]);
    app.work().await;
    assert!(listed(&app, &anna, "", "id").await.is_empty());
    let asset = app.get(&format!("/piktid/assets/{broken}")).by(&anna).answers(200).await;
    assert!(asset["thumbnail_big"].is_null());
    assert_eq!(app.delete(&format!("/piktid/assets/{broken}")).by(&anna).send().await.status, 204);
}

#[tokio::test]
async fn bytes_sent_again_are_the_same_asset() {
    let app = TestApp::new().await;
    let anna = app.user("anna").await;
    let place = app.post("/piktid/upload").by(&anna).json(&json!({})).answers(200).await;
    let url = place["upload_url"].as_str().unwrap();
    let first = app.put(url).bytes("image/png", CAT).answers(200).await;
    assert_eq!(app.put(url).bytes("image/png", CAT).answers(200).await, first);
    app.put(url).bytes("image/png", COFFEE).answers(409).await;
    assert_eq!(listed(&app, &anna, "", "id").await, [place["file_id"].as_str().unwrap()]);
    let asset = format!("/piktid/assets/{}", place["file_id"].as_str().unwrap());
    assert_eq!(app.delete(&asset).by(&anna).send().await.status, 204);
    app.put(url).bytes("image/png", CAT).answers(404).await;
}

#[tokio::test]
async fn a_place_closes() {
    let app = TestApp::new().await;
    let anna = app.user("anna").await;
    let place = app.post("/piktid/upload").by(&anna).json(&json!({})).answers(200).await;
    let url = place["upload_url"].as_str().unwrap();
    app.clock.advance_ms(15 * MINUTE_MS);
    let late = app.put(url).bytes("image/png", CAT).send().await;
    assert!(late.status.is_client_error(), "{late:?}");
    let forged = url.replace("/media/uploads/0", "/media/uploads/1");
    let forged = app.put(&forged).bytes("image/png", CAT).send().await;
    assert!(forged.status.is_client_error(), "{forged:?}");
    assert!(listed(&app, &anna, "", "id").await.is_empty());
}

#[tokio::test]
async fn a_form_is_an_upload_that_is_done() {
    let app = TestApp::new().await;
    let anna = app.user("anna").await;
    let form = [Part::file("file", "../photos/coffee.jpg", COFFEE)];
    let place = app.post("/piktid/upload").by(&anna).form(&form).answers(200).await;
    insta::assert_json_snapshot!("upload_by_form", scrub(place.clone()));
    assert_eq!(listed(&app, &anna, "", "id").await, [place["file_id"].as_str().unwrap()]);
    assert_eq!(app.get(place["download_url"].as_str().unwrap()).send().await.bytes, COFFEE);

    let named = [Part::text("filename", "cup.png"), Part::file("file", "coffee.png", COFFEE)];
    let place = app.post("/piktid/upload").by(&anna).form(&named).answers(200).await;
    assert_eq!(place["filename"], "cup.png");
    let nameless = [Part { name: "file", filename: None, bytes: COFFEE }];
    let place = app.post("/piktid/upload").by(&anna).form(&nameless).answers(200).await;
    assert_eq!(place["filename"], format!("{}.png", place["file_id"].as_str().unwrap()));
}

#[tokio::test]
async fn a_form_that_cannot_be_taken_says_why() {
    let app = TestApp::with(|config| config.uploads.image_bytes_max = 300_000).await;
    let anna = app.user("anna").await;
    let send = async |parts: &[Part<'_>], status: u16| {
        app.post("/piktid/upload").by(&anna).form(parts).answers(status).await
    };
    let missing = problem("Invalid request", Some("file"), "is required", Some("body"));
    assert_eq!(send(&[], 400).await, missing);
    assert_eq!(send(&[Part::text("filename", "a.png")], 400).await, missing);
    let twice = [Part::file("file", "a.png", CAT), Part::file("file", "b.png", CAT)];
    assert_eq!(send(&twice, 400).await["detail"][0]["field"], "file");
    let text = [Part::file("file", "a.png", b"just words, whatever the name says")];
    assert_eq!(send(&text, 415).await["error"], "Unsupported Media Type");
    let large = [Part::file("file", "a.png", COFFEE)];
    assert_eq!(send(&large, 413).await["error"], "Payload Too Large");
    let name = "x".repeat(256);
    let long = [Part::text("filename", &name), Part::file("file", "a.png", CAT)];
    assert_eq!(send(&long, 400).await["detail"][0]["field"], "filename");
    assert!(listed(&app, &anna, "", "id").await.is_empty());
}

#[tokio::test]
async fn uploads_are_counted() {
    use backlot_library::limiter::LimitRule;

    let rule = LimitRule::new(2, MINUTE_MS).unwrap();
    let app = TestApp::with(|config| config.rates.upload = rule).await;
    let anna = app.user("anna").await;
    upload_only(&app, &anna, "a.png", CAT).await;
    app.post("/piktid/upload").by(&anna).json(&json!({})).answers(200).await;
    let answer = app.post("/piktid/upload").by(&anna).json(&json!({})).send().await;
    assert_eq!(answer.expect(429)["error"], "Too Many Requests");
    assert_eq!(answer.header("retry-after"), Some("60"));
}
