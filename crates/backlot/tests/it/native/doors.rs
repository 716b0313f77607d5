//! The doors through which bytes come in.

use backlot_library::limiter::LimitRule;
use serde_json::{Value, json};

use super::{ASSETS, base64, listed, made, made_id, mistakes, path, scrub, text};
use crate::app::{CAT, COFFEE, Part, TestApp};

#[tokio::test]
async fn bytes_come_back_as_they_came_whatever_the_door() {
    let app = TestApp::new().await;
    let anna = app.user("anna").await;
    let form = [Part::file("file", "C:\\pictures\\coffee.jpg", COFFEE)];
    let data_url = format!("data:image/png;base64,{}", base64(COFFEE));
    let raw = format!("{ASSETS}/raw?filename=coffee.png");
    for (door, call) in [
        ("form", app.post(ASSETS).form(&form)),
        ("base64", app.post(ASSETS).json(&json!({ "base64": base64(COFFEE) }))),
        ("data URL", app.post(ASSETS).json(&json!({ "base64": data_url }))),
        ("raw", app.put(&raw).bytes("application/octet-stream", COFFEE)),
        ("raw of another type", app.put(&raw).bytes("image/jpeg", COFFEE)),
    ] {
        let fresh = call.by(&anna).answers(201).await;
        assert_eq!(
            (&fresh["status"], &fresh["mime_type"]),
            (&json!("processing"), &json!("image/png"))
        );
        assert_eq!((&fresh["width"], &fresh["height"]), (&json!(600), &json!(400)), "{door}");
        let name = text(&fresh["filename"]);
        assert!(
            ["coffee.jpg", "coffee.png"].contains(&&*name) || name.ends_with(".png"),
            "{door}: {name}"
        );
        let bytes = app.get(&text(&fresh["url"])).send().await;
        assert_eq!(bytes.bytes, COFFEE, "{door}");
    }
    assert_eq!(listed(&app, &anna, "").await.len(), 5);
}

#[tokio::test]
async fn the_raw_door_takes_everything_that_is_kept() {
    let app = TestApp::new().await;
    let anna = app.user("anna").await;
    let bytes = br#"{"a": [1, 2, 3], "b": "a JSON document"}"#.as_slice();
    let raw = app.put(&format!("{ASSETS}/raw?filename=a.json")).by(&anna);
    let fresh = raw.bytes("application/json", bytes).answers(201).await;
    assert_eq!((&fresh["kind"], &fresh["width"]), (&json!("json"), &Value::Null));
    app.work().await;
    let ready = app.get(&path(fresh["id"].as_str().unwrap())).by(&anna).answers(200).await;
    insta::assert_json_snapshot!("asset_that_is_no_picture", scrub(ready));
}

#[tokio::test]
async fn an_address_of_ours_is_resolved_inside() {
    let app = TestApp::new().await;
    let (anna, ben) = (app.user("anna").await, app.user("ben").await);
    let first = made(&app, &anna, json!({ "name": "first" })).await;
    let bare = text(&first["url"]).split('?').next().unwrap().to_owned();
    for url in [text(&first["url"]), bare.clone()] {
        let body = json!({ "url": url, "name": "again" });
        let again = app.post(ASSETS).by(&anna).json(&body).answers(201).await;
        assert_eq!(again["content_hash"], first["content_hash"]);
        assert_eq!((&again["name"], &again["parent_id"]), (&json!("again"), &Value::Null));
    }
    // A signature is no authority over the asset.
    let said = app.post(ASSETS).by(&ben).json(&json!({ "url": first["url"] })).answers(422).await;
    insta::assert_json_snapshot!("address_of_anothers_asset", scrub(said.clone()));
    let unknown = bare.replace(first["id"].as_str().unwrap(), super::NOBODY);
    let nobody = app.post(ASSETS).by(&ben).json(&json!({ "url": unknown })).answers(422).await;
    assert_eq!(nobody["detail"], said["detail"]);
}

#[tokio::test]
async fn addresses_that_must_not_be_fetched_are_refused_at_once() {
    let app = TestApp::new().await;
    let anna = app.user("anna").await;
    for url in [
        "http://127.0.0.1/cat.png",
        "http://[::1]/cat.png",
        "http://169.254.169.254/latest/meta-data",
        "http://10.0.0.1/cat.png",
        "ftp://93.184.215.14/cat.png",
        "file:///etc/passwd",
        "http://93.184.215.14:22/",
        "cat.png",
        "",
    ] {
        let said = app.post(ASSETS).by(&anna).json(&json!({ "url": url })).answers(422).await;
        assert_eq!(mistakes(&said)[0].split(' ').next(), Some("body.url"), "{url}: {said}");
    }
    let said = app.post(ASSETS).by(&anna).json(&json!({ "url": "http://127.0.0.1/cat.png" }));
    insta::assert_json_snapshot!("guarded_address", scrub(said.answers(422).await));
}

#[tokio::test]
async fn a_foreign_address_is_fetched_after_the_answer() {
    let app = TestApp::new().await;
    let anna = app.user("anna").await;
    let url = "http://93.184.215.14/pictures/cat.png?size=big";
    let fresh = app.post(ASSETS).by(&anna).json(&json!({ "url": url })).answers(201).await;
    insta::assert_json_snapshot!("asset_that_is_being_fetched", scrub(fresh.clone()));
    let busy =
        app.post(&format!("{}/copy", path(&text(&fresh["id"])))).by(&anna).answers(409).await;
    insta::assert_json_snapshot!("copy_of_what_is_being_fetched", scrub(busy));
}

#[tokio::test]
async fn a_body_has_its_file_once() {
    let app = TestApp::new().await;
    let anna = app.user("anna").await;
    let post = |body: Value| app.post(ASSETS).by(&anna).json(&body);
    let refused = async |body: Value| mistakes(&post(body).answers(422).await);
    assert_eq!(refused(json!({})).await, ["body.url missing"]);
    let both = json!({ "base64": base64(CAT), "url": "http://127.0.0.1/" });
    assert_eq!(refused(both).await, ["body.url type"]);
    assert_eq!(refused(json!({ "base64": "" })).await[0].split(' ').next(), Some("body.base64"));
    assert_eq!(refused(json!({ "base64": "no base64!" })).await, ["body.base64 format"]);
    assert_eq!(
        refused(json!({ "base64": "https://example.com/cat.png" })).await,
        ["body.base64 format"]
    );
    assert_eq!(refused(json!({ "base64": 7 })).await[0].split(' ').next(), Some("body.base64"));
    let jpeg = format!("data:image/jpeg;base64,{}", base64(CAT));
    let said = post(json!({ "base64": jpeg })).send().await;
    assert!(matches!(said.status.as_u16(), 415 | 422), "{said:?}");
    let fileless = app.post(ASSETS).by(&anna).form(&[Part::text("name", "x")]);
    assert_eq!(mistakes(&fileless.answers(422).await), ["body.file missing"]);
    let twice = [Part::file("file", "a.png", CAT), Part::file("file", "b.png", CAT)];
    let twice = app.post(ASSETS).by(&anna).form(&twice).answers(422).await;
    assert_eq!(mistakes(&twice)[0].split(' ').next(), Some("body.file"), "{twice}");
    let empty = app.put(&format!("{ASSETS}/raw")).by(&anna).bytes("image/png", "");
    let empty = empty.answers(422).await;
    assert_eq!(mistakes(&empty)[0].split(' ').next(), Some("body.file"), "{empty}");
    assert!(listed(&app, &anna, "").await.is_empty());
}

#[tokio::test]
async fn bytes_that_are_not_kept_are_refused() {
    let app = TestApp::new().await;
    let anna = app.user("anna").await;
    let raw = |bytes: &'static [u8]| {
        app.put(&format!("{ASSETS}/raw")).by(&anna).bytes("image/png", bytes)
    };
    let unknown = raw(b"\x00\x01\x02\x03 nothing that anybody knows \xff\xfe").send().await;
    insta::assert_json_snapshot!("unknown_bytes", scrub(unknown.expect(415)));
    let cut = raw(&CAT[..CAT.len() / 2]).send().await;
    insta::assert_json_snapshot!("bytes_cut_off", scrub(cut.expect(422)));
    let json = json!({ "base64": base64(&CAT[..CAT.len() / 2]) });
    let json = app.post(ASSETS).by(&anna).json(&json).answers(422).await;
    assert_eq!(mistakes(&json), ["body.base64 content"]);
    assert!(listed(&app, &anna, "").await.is_empty());
}

#[tokio::test]
async fn a_file_may_be_as_large_as_its_kind() {
    let app = TestApp::with(|config| config.uploads.image_bytes_max = 1_000).await;
    let anna = app.user("anna").await;
    let form = app.post(ASSETS).form(&[Part::file("file", "cat.png", CAT)]);
    let json = app.post(ASSETS).json(&json!({ "base64": base64(CAT) }));
    let raw = app.put(&format!("{ASSETS}/raw")).bytes("image/png", CAT);
    for call in [form, json, raw] {
        let said = call.by(&anna).answers(413).await;
        assert_eq!(said["code"], "too-large", "{said}");
    }
    let raw = app.put(&format!("{ASSETS}/raw")).by(&anna).bytes("image/png", CAT);
    insta::assert_json_snapshot!("too_large", scrub(raw.answers(413).await));
}

#[tokio::test]
async fn known_bytes_need_not_be_sent_again() {
    let app = TestApp::new().await;
    let (anna, ben) = (app.user("anna").await, app.user("ben").await);
    let first = made(&app, &anna, json!({ "name": "first" })).await;
    app.work().await;
    let from_hash = format!("{ASSETS}/from-hash");
    let body = json!({ "content_hash": first["content_hash"], "name": "second", "tags": ["b"] });
    let second = app.post(&from_hash).by(&anna).json(&body).answers(201).await;
    insta::assert_json_snapshot!("asset_from_hash", scrub(second));
    let upper = text(&first["content_hash"]).to_uppercase();
    app.post(&from_hash).by(&anna).json(&json!({ "sha256": upper })).answers(201).await;
    // Whose bytes are here is nobody's business.
    let foreign = app.post(&from_hash).by(&ben).json(&body).answers(404).await;
    insta::assert_json_snapshot!("unknown_hash", scrub(foreign.clone()));
    let nobodys = json!({ "content_hash": "00".repeat(32) });
    let nobodys = app.post(&from_hash).by(&ben).json(&nobodys).answers(404).await;
    assert_eq!(scrub(nobodys), scrub(foreign));
    for (body, at) in [
        (json!({}), "body.content_hash missing"),
        (json!({ "content_hash": "ab" }), "body.content_hash format"),
        (
            json!({ "content_hash": "00".repeat(32), "sha256": "11".repeat(32) }),
            "body.content_hash type",
        ),
        (json!({ "content_hash": 7 }), "body.content_hash type"),
    ] {
        let said = app.post(&from_hash).by(&anna).json(&body).answers(422).await;
        assert_eq!(mistakes(&said), [at], "{body}");
    }
}

#[tokio::test]
async fn uploads_are_counted_and_the_answer_tells() {
    let app =
        TestApp::with(|config| config.rates.upload = LimitRule::new(2, 60_000).unwrap()).await;
    let (anna, ben) = (app.user("anna").await, app.user("ben").await);
    let post = |body: Value| app.post(ASSETS).by(&anna).json(&body).send();
    let good = post(json!({ "base64": base64(CAT) })).await;
    good.expect(201);
    assert_eq!(good.header("ratelimit"), Some("\"upload\";r=1;t=60"));
    assert_eq!(good.header("ratelimit-policy"), Some("\"upload\";q=2;w=60"));
    assert_eq!(good.header("ratelimit-limit"), Some("2"));
    assert_eq!(good.header("ratelimit-remaining"), Some("1"));
    assert_eq!(good.header("ratelimit-reset"), Some("60"));
    assert_eq!(good.header("retry-after"), None);
    app.clock.advance_ms(10_000);
    made_id(&app, &anna, json!({})).await;
    let full = post(json!({ "base64": base64(CAT) })).await;
    insta::assert_json_snapshot!("too_many_uploads", scrub(full.expect(429)));
    assert_eq!(full.header("retry-after"), Some("50"));
    assert_eq!(full.header("ratelimit-remaining"), Some("0"));
    made_id(&app, &ben, json!({})).await;
    app.clock.advance_ms(50_000);
    made_id(&app, &anna, json!({})).await;
}
