//! Faces and templates.

use serde_json::{Value, json};

use super::{ASSETS, address, base64, count, listed, upload};
use crate::app::{CAT, COFFEE, Part, TestApp};
use crate::wire::{said, scrub};

const ROCKET: &[u8] = include_bytes!("../../../../../fixtures/pictures/rocket.jpg");

#[tokio::test]
async fn an_upload_by_form_is_there_at_once() {
    let app = TestApp::new().await;
    let anna = app.user("anna").await;
    let form = [
        Part::file("file", "face-photo.jpg", ROCKET),
        Part::text("type", "face"),
        Part::text("description", "Front face photo"),
    ];
    let made = app.post(ASSETS).by(&anna).form(&form).answers(201).await;
    insta::assert_json_snapshot!("uploaded", scrub(made.clone()));
    let one = address(&made["data"]);
    assert_eq!(app.get(&one).by(&anna).answers(200).await, made);
    let picture = app.get(made["data"]["url"].as_str().unwrap()).send().await;
    assert_eq!(
        (picture.bytes, made["data"]["size"].as_u64()),
        (ROCKET.into(), Some(ROCKET.len() as u64))
    );
    app.clock.advance_ms(1);
    upload(&app, &anna, "template").await;
    let page = app.get(ASSETS).by(&anna).answers(200).await;
    insta::assert_json_snapshot!("page", scrub(page));

    let said = app.delete(&one).by(&anna).answers(200).await;
    insta::assert_json_snapshot!("deleted", said);
    assert_eq!(app.get(&one).by(&anna).answers(404).await["success"], false);
    assert_eq!(app.delete(&one).by(&anna).answers(404).await["success"], false);
    assert_eq!(count(&listed(&app, &anna, "").await), 1);
}

#[tokio::test]
async fn an_upload_by_json_comes_with_or_without_a_prefix() {
    let app = TestApp::new().await;
    let anna = app.user("anna").await;
    let bare = base64(CAT);
    for text in [bare.clone(), format!("data:image/png;base64,{bare}")] {
        let body = json!({ "base64": text, "type": "template", "filename": "my.png" });
        let made = app.post(ASSETS).by(&anna).json(&body).answers(201).await["data"].clone();
        let shown = [&made["name"], &made["mimeType"], &made["width"], &made["description"]];
        assert_eq!(shown, [&json!("my.png"), &json!("image/png"), &json!(451), &Value::Null]);
        assert_eq!(app.get(made["url"].as_str().unwrap()).send().await.bytes, CAT);
    }
}

#[tokio::test]
async fn the_bytes_know_their_type_and_a_name_is_found() {
    let app = TestApp::new().await;
    let anna = app.user("anna").await;
    let post = async |more: Value| {
        let mut body = json!({ "base64": base64(CAT), "type": "face" });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        app.post(ASSETS).by(&anna).json(&body).answers(201).await["data"].clone()
    };
    // It is only what a client says, or the default of one that says nothing.
    for said in [json!({ "mimeType": "image/jpeg" }), json!({}), json!({ "mimeType": null })] {
        assert_eq!(post(said).await["mimeType"], "image/png");
    }
    let gif = b"GIF89a\x01\x00\x01\x00\x00\x00\x00\x2c\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02\x44\x01\x00\x3b";
    let made = post(json!({ "base64": base64(gif), "mimeType": "image/gif" })).await;
    assert_eq!((&made["mimeType"], &made["width"]), (&json!("image/gif"), &json!(1)));
    let id_and_name = post(json!({})).await;
    assert_eq!(id_and_name["name"], format!("{}.png", id_and_name["id"].as_str().unwrap()));
    assert_eq!(post(json!({ "filename": "../../etc/face.png" })).await["name"], "face.png");
    assert_eq!(post(json!({ "unknown": [1, { "a": 2 }] })).await["type"], "face");
}

#[tokio::test]
async fn a_description_has_five_hundred_characters_at_most() {
    let app = TestApp::new().await;
    let anna = app.user("anna").await;
    let (fits, over) = ("ä".repeat(500), "ä".repeat(501));
    let form = |text: &str| {
        let parts = [
            Part::file("file", "cat.png", CAT),
            Part::text("type", "face"),
            Part::text("description", text),
        ];
        app.post(ASSETS).by(&anna).form(&parts)
    };
    let json_body = |text: &str| {
        let body = json!({ "base64": base64(CAT), "type": "bucket", "description": text });
        app.post(ASSETS).by(&anna).json(&body)
    };
    assert_eq!(form(&fits).answers(201).await["data"]["description"], fits);
    assert_eq!(json_body(&fits).answers(201).await["data"]["description"], fits);
    let right = json!({ "description": ["must have at most 500 characters"] });
    for call in [form(&over), json_body(&over)] {
        let said = call.answers(400).await;
        assert_eq!((&said["success"], &said["details"]), (&json!(false), &right));
    }
    assert_eq!(form("").answers(201).await["data"]["description"], Value::Null);
}

#[tokio::test]
async fn listings_come_in_pages() {
    let app = TestApp::new().await;
    let anna = app.user("anna").await;
    for sort in ["face", "template", "face"] {
        upload(&app, &anna, sort).await;
        app.clock.advance_ms(1);
    }
    for (query, there, total, pages, more) in [
        ("", 3, 3, 1, false),
        ("type=face", 2, 2, 1, false),
        ("type=template", 1, 1, 1, false),
        ("limit=2", 2, 3, 2, true),
        ("page=2&limit=2", 1, 3, 2, false),
        ("page=9", 0, 3, 1, false),
        ("page=1000000&limit=100", 0, 3, 1, false),
        ("whatever=x", 3, 3, 1, false),
    ] {
        let page = listed(&app, &anna, query).await;
        let about = &page["pagination"];
        assert_eq!(count(&page), there, "{query}");
        let shown = [&about["total"], &about["totalPages"], &about["hasMore"]];
        assert_eq!(shown, [&json!(total), &json!(pages), &json!(more)], "{query}");
    }
    let newest = listed(&app, &anna, "limit=1").await;
    assert_eq!(newest["assets"][0]["createdAt"], "2026-01-01T00:00:00.002Z");
    let empty = listed(&app, &app.user("ben").await, "").await;
    assert_eq!(empty["pagination"]["totalPages"], 0);
}

#[tokio::test]
async fn the_organisation_lists_what_is_uploaded() {
    let app = TestApp::new().await;
    let (anna, ben, cleo) = (app.user("anna").await, app.user("ben").await, app.user("cleo").await);
    app.organization("Acme", &[&anna, &ben]).await;
    let made = upload(&app, &anna, "face").await;
    let form = [
        Part::file("file", "mug.png", COFFEE),
        Part::text("type", "template"),
        Part::text("description", "A Mug on a Table"),
    ];
    app.post(ASSETS).by(&anna).form(&form).answers(201).await;
    for (query, there) in [
        ("", 2),
        ("isPublished=true", 2),
        ("isPublished=false", 0),
        ("search=CAT", 1),
        ("search=mug+table", 1),
        ("search=tab+m", 1),
        ("search=mug+cat", 0),
        ("search=", 2),
        ("type=face&search=mug", 0),
    ] {
        assert_eq!(count(&listed(&app, &ben, query).await), there, "{query}");
    }
    assert_eq!(count(&listed(&app, &cleo, "").await), 0);
    app.get(&address(&made)).by(&ben).answers(200).await;
    app.get(&address(&made)).by(&cleo).answers(404).await;
    app.delete(&address(&made)).by(&cleo).answers(404).await;
    let told = said("a teammate's", app.delete(&address(&made)).by(&ben)).await;
    insta::assert_json_snapshot!("a_teammate_may_not_delete", told);
    app.get(&address(&made)).by(&anna).answers(200).await;
}

#[tokio::test]
async fn without_an_organisation_he_sees_his_own() {
    let app = TestApp::new().await;
    let (anna, ben) = (app.user("anna").await, app.user("ben").await);
    upload(&app, &anna, "face").await;
    assert_eq!(count(&listed(&app, &anna, "").await), 1);
    assert_eq!(count(&listed(&app, &anna, "isPublished=false").await), 1);
    assert_eq!(count(&listed(&app, &anna, "isPublished=true").await), 0);
    assert_eq!(count(&listed(&app, &ben, "").await), 0);
}
