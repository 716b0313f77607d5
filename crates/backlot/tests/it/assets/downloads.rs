//! Taking an asset away, as it is or in another format.

use serde_json::json;

use super::{cat, place};
use crate::app::{CAT, Part, TestApp};

#[tokio::test]
async fn a_picture_is_had_in_full_size_in_other_formats() {
    let app = TestApp::new().await;
    let ann = app.user("ann").await;
    let asset = cat(&app, &ann).await;
    let path = format!("{}/download", place(&asset));
    for (format, mime_type, head) in [
        (None, "image/png", &CAT[..8]),
        (Some("png"), "image/png", &CAT[..8]),
        (Some("jpg"), "image/jpeg", &[0xff, 0xd8, 0xff]),
        (Some("jpeg"), "image/jpeg", &[0xff, 0xd8, 0xff]),
        (Some("webp"), "image/webp", b"RIFF"),
    ] {
        let body = json!({ "target_format": format });
        let told = app.post(&path).by(&ann).json(&body).answers(200).await;
        assert_eq!(told["mime_type"], mime_type, "{format:?}");
        let file = app.get(told["url"].as_str().unwrap()).send().await;
        assert_eq!((file.status.as_u16(), file.header("content-type")), (200, Some(mime_type)));
        assert!(file.bytes.starts_with(head), "{format:?}");
        if mime_type == "image/png" {
            assert_eq!(file.bytes, CAT, "as it is");
        }
    }
    let body = json!({"target_format": "jpeg"});
    let told = app.post(&path).by(&ann).json(&body).answers(200).await;
    let file = app.get(told["url"].as_str().unwrap()).send().await.bytes;
    let limits = backlot_imaging::Limits::default();
    let probe = backlot_imaging::probe(&file, &limits).unwrap();
    assert_eq!((probe.width, probe.height), (451, 300));
}

#[tokio::test]
async fn what_cannot_be_made_is_refused_with_what_can() {
    let app = TestApp::new().await;
    let (ann, bob) = (app.user("ann").await, app.user("bob").await);
    let asset = cat(&app, &ann).await;
    let path = format!("{}/download", place(&asset));
    for format in ["svg", "glb", "mp4", "nonsense", ""] {
        let body = json!({ "target_format": format });
        let refused = app.post(&path).by(&ann).json(&body).answers(422).await;
        let said = refused["detail"][0]["msg"].as_str().unwrap();
        assert_eq!(said, "this picture can be had as png, jpg, png, webp or avif");
    }
    app.post(&path).by(&bob).json(&json!({})).answers(404).await;
    let form = [Part::file("file", "a.txt", b"words about a cat, and then some more of them")];
    let text = app.post("/api/v1/assets").by(&ann).form(&form).answers(201).await;
    let path = format!("{}/download", place(&text));
    let refused = app.post(&path).by(&ann).json(&json!({"target_format": "png"})).answers(422);
    let said = refused.await["detail"][0]["msg"].as_str().unwrap().to_owned();
    assert_eq!(said, "this is text and can only be had as it is, txt");
    let own = app.post(&path).by(&ann).json(&json!({"target_format": "txt"})).answers(200).await;
    assert_eq!(own["mime_type"], "text/plain");
}
