//! Uploading, reading, deleting.

use serde_json::json;

use super::{LIST, UPLOAD, address, upload};
use crate::app::{CAT, Part, TestApp};
use crate::wire::scrub;

#[tokio::test]
async fn an_upload_is_processed_then_ready_then_gone() {
    let app = TestApp::new().await;
    let anna = app.user("anna").await;
    app.clock.advance_ms(1_500);
    let more = [
        Part::text("name", "Blue Sneaker"),
        Part::text("tags[]", "footwear"),
        Part::text("tags[]", "summer"),
    ];
    let made = upload(&app, &anna, &more).await;
    insta::assert_json_snapshot!("created", scrub(made.clone()));
    assert_eq!(made["file_size"], CAT.len());

    app.clock.advance_ms(61_000);
    app.work().await;
    let one = address(&made);
    let ready = app.get(&one).by(&anna).answers(200).await;
    insta::assert_json_snapshot!("ready", scrub(ready.clone()));
    assert_eq!(ready["url"], made["url"]);
    let picture = app.get(ready["url"].as_str().unwrap()).send().await;
    assert_eq!((picture.bytes, picture.status.as_u16()), (CAT.into(), 200));
    let thumbnail = app.get(made["thumbnail_url"].as_str().unwrap()).send().await;
    assert!(thumbnail.header("content-type").unwrap().starts_with("image/"));
    let page = app.get(LIST).by(&anna).answers(200).await;
    insta::assert_json_snapshot!("page", scrub(page));

    let deleted = app.delete(&one).by(&anna).send().await;
    assert_eq!((deleted.status.as_u16(), deleted.bytes.len()), (204, 0));
    app.get(&one).by(&anna).answers(404).await;
    app.delete(&one).by(&anna).answers(404).await;
    assert_eq!(app.get(ready["url"].as_str().unwrap()).send().await.status, 404);
    assert_eq!(app.get(LIST).by(&anna).answers(200).await["total"], 0);
}

#[tokio::test]
async fn tags_come_in_three_spellings() {
    let app = TestApp::new().await;
    let anna = app.user("anna").await;
    for parts in [
        vec![Part::text("tags[]", "a"), Part::text("tags[]", "b")],
        vec![Part::text("tags", "a"), Part::text("tags", "b")],
        vec![Part::text("tags", "[\"a\",\"b\"]")],
    ] {
        assert_eq!(upload(&app, &anna, &parts).await["tags"], json!(["a", "b"]));
    }
    upload(&app, &anna, &[Part::text("tags", "a")]).await;
    let both = app.get(&format!("{LIST}?tags=a,b")).by(&anna).answers(200).await;
    assert_eq!(both["total"], 3);
}

#[tokio::test]
async fn an_upload_without_a_name_is_called_as_its_file() {
    let app = TestApp::new().await;
    let anna = app.user("anna").await;
    assert_eq!(upload(&app, &anna, &[]).await["name"], "cat.png");
    assert_eq!(upload(&app, &anna, &[Part::text("name", "")]).await["name"], "cat.png");
    let nameless = [Part { name: "file", filename: None, bytes: CAT }];
    let made = app.post(UPLOAD).by(&anna).form(&nameless).answers(201).await;
    assert!(made["name"].as_str().unwrap().ends_with(".png"), "{made}");
    // A form with an untouched second field sends it empty.
    assert_eq!(upload(&app, &anna, &[Part::text("url", "")]).await["status"], "processing");
}

#[tokio::test]
async fn an_image_has_ten_mebibytes_at_most() {
    let app = TestApp::new().await;
    let anna = app.user("anna").await;
    let limit = 10 << 20;
    let mut bytes = CAT.to_vec();
    bytes.resize(limit, 0);
    let form =
        |bytes: &[u8]| app.post(UPLOAD).by(&anna).form(&[Part::file("file", "c.png", bytes)]);
    assert_eq!(form(&bytes).answers(201).await["file_size"], limit);
    bytes.push(0);
    let said = form(&bytes).answers(413).await;
    assert_eq!((&said["status"], &said["code"]), (&json!("ERROR"), &json!("TOO_LARGE")));
    assert_eq!(app.get(LIST).by(&anna).answers(200).await["total"], 1);
}

#[tokio::test]
async fn every_credential_works() {
    let app = TestApp::new().await;
    let anna = app.user("anna").await;
    app.get(LIST).bearer(&anna.key).answers(200).await;
    app.get(LIST).header("x-api-key", &anna.key).answers(200).await;
    let (id, secret) = &anna.key_pair;
    app.get(LIST).basic(id, secret).answers(200).await;
}
