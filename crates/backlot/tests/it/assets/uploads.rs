//! Uploads in parts and from addresses: from pending to imported or failed.

use backlot_library::fetch::AllowedHost;
use backlot_model::clock::{DAY_MS, HOUR_MS};
use backlot_model::media::Digest;
use serde_json::{Value, json};

use super::{cat, place};
use crate::app::{CAT, COFFEE, Person, TestApp};

const UPLOADS: &str = "/api/v1/uploads";

async fn begin(app: &TestApp, person: &Person, body: Value) -> Value {
    app.post(UPLOADS).by(person).json(&body).answers(201).await
}

async fn send(app: &TestApp, upload: &Value, number: usize, bytes: &'static [u8]) -> Digest {
    let url = upload["parts"][number - 1]["url"].as_str().unwrap();
    let answer = app.put(url).bytes("application/octet-stream", bytes).send().await;
    assert_eq!(answer.status.as_u16(), 200, "{:?}", answer.bytes);
    Digest::parse(answer.header("etag").unwrap().trim_matches('"')).unwrap()
}

async fn complete(app: &TestApp, person: &Person, upload: &Value, status: u16) -> Value {
    let path = format!("{UPLOADS}/{}/complete", upload["id"].as_str().unwrap());
    app.post(&path).by(person).answers(status).await
}

async fn state(app: &TestApp, person: &Person, upload: &Value) -> Value {
    let path = format!("{UPLOADS}/{}", upload["id"].as_str().unwrap());
    app.get(&path).by(person).answers(200).await
}

#[tokio::test]
async fn parts_of_any_size_in_any_order_are_one_file() {
    let app = TestApp::new().await;
    let ann = app.user("ann").await;
    let said = json!({
        "filename": "cat.png", "content_type": "image/png", "parts": 3, "size": CAT.len(),
        "tags": ["tom"], "description": "a cat",
    });
    let upload = begin(&app, &ann, said).await;
    assert_eq!((&upload["status"], &upload["source"]), (&json!("pending"), &json!("parts")));
    assert_eq!(upload["parts_count"], 3);
    let missing = complete(&app, &ann, &upload, 422).await;
    assert_eq!(missing["detail"][0]["msg"], "part 1 of 3 has not arrived", "{missing}");
    send(&app, &upload, 3, &CAT[70_000..]).await;
    send(&app, &upload, 1, &[]).await;
    send(&app, &upload, 2, &CAT[1..70_000]).await;
    let wrong = complete(&app, &ann, &upload, 422).await;
    assert_eq!(wrong["detail"][0]["type"], "length", "{wrong}");
    // Sent again, a part takes the place of the older one.
    send(&app, &upload, 1, &CAT[..1]).await;
    let validating = complete(&app, &ann, &upload, 200).await;
    assert_eq!((&validating["status"], &validating["parts"]), (&json!("validating"), &json!([])));
    let again = complete(&app, &ann, &upload, 200).await;
    assert_eq!(again["status"], "validating");
    let late = upload["parts"][0]["url"].as_str().unwrap();
    let late = app.put(late).bytes("application/octet-stream", CAT).answers(409).await;
    assert_eq!(late["error"], "upload-over");

    app.work().await;
    let imported = state(&app, &ann, &upload).await;
    assert_eq!((&imported["status"], &imported["is_complete"]), (&json!("imported"), &json!(true)));
    let path = format!("/api/v1/assets/{}", upload["asset_id"].as_str().unwrap());
    let asset = app.get(&path).by(&ann).answers(200).await;
    assert_eq!((&asset["status"], &asset["type"]), (&json!("ready"), &json!("uploaded")));
    assert_eq!((&asset["tags"], &asset["description"]), (&json!(["tom"]), &json!("a cat")));
    assert_eq!((&asset["filename"], &asset["width"]), (&json!("cat.png"), &json!(451)));
    let bytes = app.get(asset["url"].as_str().unwrap()).send().await.bytes;
    assert_eq!(bytes, CAT);
    let listed = app.get(UPLOADS).by(&ann).answers(200).await;
    assert_eq!((&listed["count"], &listed["data"][0]), (&json!(1), &imported));
}

#[tokio::test]
async fn one_part_may_be_the_whole_file() {
    let app = TestApp::new().await;
    let ann = app.user("ann").await;
    let said = json!({"filename": "cat.png", "parts": 1, "kind": "avatar"});
    let upload = begin(&app, &ann, said).await;
    let hash = send(&app, &upload, 1, CAT).await;
    complete(&app, &ann, &upload, 200).await;
    app.work().await;
    let path = format!("/api/v1/assets/{}", upload["asset_id"].as_str().unwrap());
    let asset = app.get(&path).by(&ann).answers(200).await;
    assert_eq!(asset["content_hash"], hash.to_string());
    assert_eq!((&asset["type"], &asset["kind"]), (&json!("uploaded-avatar"), &json!("image")));
    assert_eq!((&asset["status"], &asset["mime_type"]), (&json!("ready"), &json!("image/png")));
}

#[tokio::test]
async fn what_is_no_such_file_fails_for_good() {
    let app = TestApp::new().await;
    let ann = app.user("ann").await;
    let upload = begin(&app, &ann, json!({"parts": 1, "kind": "video"})).await;
    send(&app, &upload, 1, CAT).await;
    complete(&app, &ann, &upload, 200).await;
    app.work().await;
    let failed = state(&app, &ann, &upload).await;
    assert_eq!(failed["status"], "failed");
    let said = failed["error"].as_str().unwrap();
    assert!(said.contains("image/png is not accepted here; accepted are video"), "{said}");
    assert_eq!(complete(&app, &ann, &upload, 200).await["status"], "failed");
    let path = format!("/api/v1/assets/{}", upload["asset_id"].as_str().unwrap());
    app.get(&path).by(&ann).answers(404).await;
}

#[tokio::test]
async fn nobody_else_sees_or_ends_an_upload_or_forges_its_addresses() {
    let app = TestApp::new().await;
    let (ann, bob) = (app.user("ann").await, app.user("bob").await);
    let upload = begin(&app, &ann, json!({"parts": 2})).await;
    let path = format!("{UPLOADS}/{}", upload["id"].as_str().unwrap());
    app.get(&path).by(&bob).answers(404).await;
    complete(&app, &bob, &upload, 404).await;
    assert_eq!(app.get(UPLOADS).by(&bob).answers(200).await["count"], 0);
    let url = upload["parts"][0]["url"].as_str().unwrap();
    for forged in [url.replace("/parts/1?", "/parts/2?"), url.split('?').next().unwrap().to_owned()]
    {
        app.put(&forged).bytes("image/png", CAT).answers(403).await;
    }
    let whole = url.replace("/parts/1?", "?");
    app.put(&whole).bytes("image/png", CAT).answers(404).await;
}

#[tokio::test]
async fn what_is_asked_for_wrongly_is_refused_at_once() {
    let app = TestApp::with(|config| config.uploads.image_bytes_max = 1_000).await;
    let ann = app.user("ann").await;
    let ask = |body: Value| {
        let call = app.post(UPLOADS).by(&ann).json(&body);
        async move { call.send().await }
    };
    let located = |answer: Value| answer["detail"][0]["loc"][1].as_str().unwrap().to_owned();
    for (body, field) in [
        (json!({}), "parts"),
        (json!({"parts": 0}), "parts"),
        (json!({"parts": 10_001}), "parts"),
        (json!({"parts": 1, "kind": "model"}), "kind"),
        (json!({"parts": 1, "url": "https://example.com/a.png"}), "url"),
        (json!({"parts": 1, "parent_id": "0190f2c4-d000-7d1b-8a55-0c2f6b0f4a11"}), "parent_id"),
        (json!({"parts": 1, "type": "nonsense"}), "type"),
    ] {
        let answer = ask(body.clone()).await.expect(422);
        assert_eq!(located(answer), field, "{body}");
    }
    ask(json!({"parts": 1, "kind": "image", "size": 1_001})).await.expect(413);
    for url in ["http://127.0.0.1/a.png", "ftp://example.com/a.png"] {
        let refused = ask(json!({"url": url, "kind": "image"})).await;
        assert_eq!(refused.status.as_u16(), 422, "{:?}", refused.bytes);
    }
    let upload = begin(&app, &ann, json!({"parts": 2, "kind": "image"})).await;
    send(&app, &upload, 1, &CAT[..600]).await;
    let url = upload["parts"][1]["url"].as_str().unwrap();
    app.put(url).bytes("image/png", &CAT[..401]).answers(413).await;
    send(&app, &upload, 2, &CAT[..400]).await;
}

/// A web server that answers each request with `bytes`, or with 404 when there are none.
async fn web(bytes: &'static [u8]) -> String {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let host = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut head = [0; 4_096];
            let _ = stream.read(&mut head).await.unwrap();
            let status = if bytes.is_empty() { "404 Not Found" } else { "200 OK" };
            let length = bytes.len();
            let head = format!(
                "HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
            );
            stream.write_all(head.as_bytes()).await.unwrap();
            stream.write_all(bytes).await.unwrap();
        }
    });
    host
}

#[tokio::test]
async fn what_an_address_gives_is_fetched_after_the_answer() {
    let (good, bad) = (web(CAT).await, web(b"").await);
    let hosts = format!("{good},{bad}");
    let app = TestApp::with(|config| {
        config.fetch.allow = AllowedHost::parse_list(&hosts).unwrap();
    })
    .await;
    let ann = app.user("ann").await;
    let ask = |host: &str, kind: &str| {
        let body =
            json!({"url": format!("http://{host}/a/cat.png"), "kind": kind, "tags": ["tom"]});
        let (app, ann) = (&app, &ann);
        async move { begin(app, ann, body).await }
    };
    let fetched = ask(&good, "image").await;
    assert_eq!((&fetched["status"], &fetched["source"]), (&json!("pending"), &json!("url")));
    assert_eq!((&fetched["filename"], &fetched["parts"]), (&json!("cat.png"), &json!([])));
    let (missing, wrong) = (ask(&bad, "image").await, ask(&good, "3d").await);
    app.work().await;
    let imported = state(&app, &ann, &fetched).await;
    assert_eq!((&imported["status"], &imported["size"]), (&json!("imported"), &json!(CAT.len())));
    let path = format!("/api/v1/assets/{}", fetched["asset_id"].as_str().unwrap());
    let asset = app.get(&path).by(&ann).answers(200).await;
    assert_eq!((&asset["tags"], &asset["filename"]), (&json!(["tom"]), &json!("cat.png")));
    for upload in [missing, wrong] {
        let failed = state(&app, &ann, &upload).await;
        assert_eq!(failed["status"], "failed", "{failed}");
        assert!(failed["error"].is_string());
    }
}

#[tokio::test]
async fn an_address_of_ours_is_resolved_inside() {
    let app = TestApp::new().await;
    let (ann, bob) = (app.user("ann").await, app.user("bob").await);
    let asset = cat(&app, &ann).await;
    let body = json!({"url": asset["url"], "kind": "image", "name": "tom"});
    let upload = begin(&app, &ann, body.clone()).await;
    assert_eq!((&upload["status"], &upload["source"]), (&json!("imported"), &json!("asset")));
    let path = format!("/api/v1/assets/{}", upload["asset_id"].as_str().unwrap());
    let copy = app.get(&path).by(&ann).answers(200).await;
    assert_eq!((&copy["content_hash"], &copy["name"]), (&asset["content_hash"], &json!("tom")));
    app.post(UPLOADS).by(&bob).json(&body).answers(404).await;
    let video = json!({"url": asset["url"], "kind": "video"});
    app.post(UPLOADS).by(&ann).json(&video).answers(415).await;
}

#[tokio::test]
async fn abandoned_uploads_and_their_parts_go() {
    let app = TestApp::new().await;
    let ann = app.user("ann").await;
    let abandoned = begin(&app, &ann, json!({"parts": 2})).await;
    send(&app, &abandoned, 1, CAT).await;
    let done = begin(&app, &ann, json!({"parts": 2})).await;
    send(&app, &done, 1, &COFFEE[..5]).await;
    send(&app, &done, 2, &COFFEE[5..]).await;
    complete(&app, &ann, &done, 200).await;
    app.work().await;
    app.clock.advance_ms(DAY_MS + HOUR_MS);
    complete(&app, &ann, &abandoned, 404).await;
    let url = abandoned["parts"][1]["url"].as_str().unwrap();
    app.put(url).bytes("image/png", CAT).answers(403).await;
    let swept = app.library.sweep().await.unwrap();
    assert_eq!((swept.uploads, swept.blobs), (2, 2), "the parts of what is done went first");
    app.clock.advance_ms(DAY_MS + HOUR_MS);
    assert_eq!(app.library.sweep().await.unwrap().blobs, 1);
    let path = format!("/api/v1/assets/{}", done["asset_id"].as_str().unwrap());
    let asset = app.get(&path).by(&ann).answers(200).await;
    assert_eq!(app.get(asset["url"].as_str().unwrap()).send().await.bytes, COFFEE);
    assert_eq!(place(&asset), path);
}
