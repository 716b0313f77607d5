//! One asset in every dialect's words.

use serde_json::{Value, json};

use super::{Maker, Native, Piktid, Productai, Youthumb};
use crate::app::{CAT, Part, TestApp};
use crate::wire::scrub;

#[tokio::test]
async fn a_face_of_youthumb_in_every_dialect() {
    let app = TestApp::new().await;
    let (anna, ben) = (app.user("anna").await, app.user("ben").await);
    app.organization("Acme", &[&anna, &ben]).await;
    let form = [
        Part::file("file", "mira.png", CAT),
        Part::text("type", "face"),
        Part::text("description", "Front face photo"),
    ];
    let made = app.post("/youthumb/api/assets").by(&anna).form(&form).answers(201).await;
    let id = made["data"]["id"].as_str().unwrap();
    let change = json!({ "name": "Mira", "tags": ["model", "red"], "styling_note": "no hat" });
    app.patch(&Native.address(id)).by(&anna).json(&change).answers(200).await;
    app.work().await;
    let mut shown = Vec::new();
    for tongue in [Piktid, Productai, Youthumb] {
        let mine = tongue.get(&app, &anna, id).await.unwrap();
        assert_eq!(tongue.get(&app, &ben, id).await.unwrap(), mine, "{tongue:?}");
        shown.push(json!({ format!("{tongue:?}"): scrub(mine) }));
    }
    insta::assert_json_snapshot!("face", shown);
    let native = Native.get(&app, &ben, id).await.unwrap();
    for (field, right) in [
        ("name", json!("Mira")),
        ("filename", json!("mira.png")),
        ("description", json!("Front face photo")),
        ("type", json!("face")),
        ("visibility", json!("shared")),
        ("owner_id", json!(anna.id.to_string())),
        ("tags", json!(["model", "red"])),
        ("styling_note", json!("no hat")),
        ("size", json!(CAT.len())),
    ] {
        assert_eq!(native[field], right, "{field}");
    }
}

#[tokio::test]
async fn all_dialects_name_one_address_for_one_picture() {
    let app = TestApp::new().await;
    let anna = app.user("anna").await;
    let id = Maker::Productai.make(&app, &anna).await;
    app.work().await;
    let url = Native.get(&app, &anna, &id).await.unwrap()["url"].clone();
    for tongue in [Piktid, Productai, Youthumb] {
        assert_eq!(tongue.get(&app, &anna, &id).await.unwrap()["url"], url, "{tongue:?}");
    }
    assert_eq!(app.get(url.as_str().unwrap()).send().await.bytes, CAT);
}

#[tokio::test]
async fn a_change_in_one_dialect_shows_in_the_others() {
    let app = TestApp::new().await;
    let anna = app.user("anna").await;
    let form = [
        Part::file("file", "cat.png", CAT),
        Part::text("name", "Blue Sneaker"),
        Part::text("tags[]", "footwear"),
    ];
    let made = app.post("/productai/v1/training-asset").by(&anna).form(&form);
    let id = super::bare(made.answers(201).await["asset_id"].as_str().unwrap());
    let piktid = Piktid.get(&app, &anna, &id).await.unwrap();
    assert_eq!((&piktid["filename"], &piktid["tags"]), (&json!("cat.png"), &json!([])));

    let tags = json!({ "tags": ["product"] });
    app.patch(&format!("{}/tags", Piktid.address(&id))).by(&anna).json(&tags).answers(200).await;
    let mut there: Vec<Value> =
        Productai.get(&app, &anna, &id).await.unwrap()["tags"].as_array().unwrap().clone();
    there.sort_by_key(ToString::to_string);
    assert_eq!(there, ["footwear", "product"]);

    let note = json!({ "styling_note": "laces tied" });
    app.patch(&format!("{}/note", Piktid.address(&id))).by(&anna).json(&note).answers(200).await;
    let change = json!({ "name": "Red Sneaker", "description": "from the side" });
    app.patch(&Native.address(&id)).by(&anna).json(&change).answers(200).await;
    assert_eq!(Productai.get(&app, &anna, &id).await.unwrap()["name"], "Red Sneaker");
    let youthumb = Youthumb.get(&app, &anna, &id).await.unwrap();
    assert_eq!(youthumb["description"], "from the side");
    let native = Native.get(&app, &anna, &id).await.unwrap();
    assert_eq!(native["styling_note"], "laces tied");
}

#[tokio::test]
async fn a_teammate_reads_everywhere_and_changes_nowhere() {
    let app = TestApp::new().await;
    let (anna, ben) = (app.user("anna").await, app.user("ben").await);
    app.organization("Acme", &[&anna, &ben]).await;
    let id = Maker::Face.make(&app, &anna).await;
    let (tags, note) = (json!({ "tags": [] }), json!({ "styling_note": "x" }));
    for call in [
        app.patch(&format!("{}/tags", Piktid.address(&id))).json(&tags),
        app.patch(&format!("{}/note", Piktid.address(&id))).json(&note),
        app.patch(&Native.address(&id)).json(&json!({ "name": "x" })),
        app.delete(&Native.address(&id)),
        app.delete(&Piktid.address(&id)),
        app.delete(&Productai.address(&id)),
        app.delete(&Youthumb.address(&id)),
    ] {
        call.by(&ben).answers(403).await;
    }
    let bulk = json!({ "asset_ids": [id] });
    let said = app.post("/piktid/assets/bulk-delete").by(&ben).json(&bulk).answers(200).await;
    assert_eq!(said, json!({ "deleted_count": 0, "failed_ids": [id] }));
    assert!(Native.get(&app, &anna, &id).await.is_some());
}
