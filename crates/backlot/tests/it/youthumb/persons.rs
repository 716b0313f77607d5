//! Persons: names with faces.

use serde_json::{Value, json};

use super::{ASSETS, NOBODYS, PERSONS, upload};
use crate::app::{Person, TestApp};
use crate::wire::{said, scrub};

async fn make(app: &TestApp, by: &Person, name: &str, faces: &[&Value]) -> Value {
    let ids: Vec<_> = faces.iter().map(|face| &face["id"]).collect();
    let body = json!({ "name": name, "imageIds": ids });
    app.post(PERSONS).by(by).json(&body).answers(201).await["data"].clone()
}

fn address(person: &Value) -> String {
    format!("{PERSONS}/{}", person["id"].as_str().unwrap())
}

fn images(person: &Value) -> Vec<&Value> {
    person["images"].as_array().unwrap().iter().map(|image| &image["id"]).collect()
}

#[tokio::test]
async fn a_person_is_made_of_faces() {
    let app = TestApp::new().await;
    let anna = app.user("anna").await;
    let (one, two) = (upload(&app, &anna, "face").await, upload(&app, &anna, "face").await);
    let body = json!({ "name": "Mira", "imageIds": [one["id"]] });
    let made = app.post(PERSONS).by(&anna).json(&body).answers(201).await;
    insta::assert_json_snapshot!("created", scrub(made.clone()));
    let person = address(&made["data"]);
    assert_eq!(app.get(&person).by(&anna).answers(200).await, made);
    let mut told = Vec::new();
    app.clock.advance_ms(1_000);
    let id = |asset: &Value| asset["id"].as_str().unwrap().to_owned();
    for (what, call) in [
        ("add", app.post(&format!("{person}/images")).json(&json!({ "imageIds": [id(&two)] }))),
        ("default", app.put(&format!("{person}/default")).json(&json!({ "imageId": id(&two) }))),
        ("rename", app.put(&person).json(&json!({ "name": "Ada" }))),
        ("detach", app.delete(&format!("{person}/images/{}", id(&two)))),
        ("list", app.get(PERSONS)),
    ] {
        told.push(said(what, call.by(&anna)).await);
    }
    app.get(&format!("{ASSETS}/{}", id(&two))).by(&anna).answers(200).await;
    told.push(said("delete", app.delete(&person).by(&anna)).await);
    told.push(said("read what is deleted", app.get(&person).by(&anna)).await);
    insta::assert_json_snapshot!("changes", told);
    app.get(&format!("{ASSETS}/{}", id(&one))).by(&anna).answers(200).await;
}

#[tokio::test]
async fn a_person_keeps_the_order_and_knows_no_face_twice() {
    let app = TestApp::new().await;
    let anna = app.user("anna").await;
    let (one, two) = (upload(&app, &anna, "face").await, upload(&app, &anna, "face").await);
    let made = make(&app, &anna, "Mira", &[&two, &one, &two]).await;
    assert_eq!(images(&made), [&two["id"], &one["id"]]);
    assert_eq!(made["defaultImageId"], two["id"]);
    let again = json!({ "imageIds": [two["id"], one["id"]] });
    let person = address(&made);
    let added = app.post(&format!("{person}/images")).by(&anna).json(&again).answers(200).await;
    assert_eq!(images(&added["data"]), [&two["id"], &one["id"]]);
    let image = format!("{person}/images/{}", two["id"].as_str().unwrap());
    let detached = app.delete(&image).by(&anna).answers(200).await["data"].clone();
    assert_eq!(detached["defaultImageId"], one["id"]);
    app.delete(&image).by(&anna).answers(404).await;
    let last = format!("{person}/images/{}", one["id"].as_str().unwrap());
    let bare = app.delete(&last).by(&anna).answers(200).await["data"].clone();
    assert_eq!((&bare["images"], &bare["defaultImageId"]), (&json!([]), &Value::Null));
}

#[tokio::test]
async fn a_face_that_is_deleted_leaves_its_persons() {
    let app = TestApp::new().await;
    let anna = app.user("anna").await;
    let (one, two) = (upload(&app, &anna, "face").await, upload(&app, &anna, "face").await);
    let person = address(&make(&app, &anna, "Mira", &[&one, &two]).await);
    let face = format!("{ASSETS}/{}", one["id"].as_str().unwrap());
    app.delete(&face).by(&anna).answers(200).await;
    let left = app.get(&person).by(&anna).answers(200).await["data"].clone();
    assert_eq!(images(&left), [&two["id"]]);
    // Something stands for the person for as long as it has a picture.
    assert_eq!(left["defaultImageId"], two["id"]);
    let default = json!({ "imageId": one["id"] });
    app.put(&format!("{person}/default")).by(&anna).json(&default).answers(404).await;
}

#[tokio::test]
async fn persons_take_one_to_ten_faces_a_call() {
    let app = TestApp::new().await;
    let anna = app.user("anna").await;
    let face = upload(&app, &anna, "face").await;
    let person = address(&make(&app, &anna, "Mira", &[&face]).await);
    let id = face["id"].as_str().unwrap();
    for count in [0, 11] {
        let ids = vec![id; count];
        let body = json!({ "name": "Mira", "imageIds": ids });
        let right = json!({ "imageIds": ["must name 1 to 10 face images"] });
        let said = app.post(PERSONS).by(&anna).json(&body).answers(400).await;
        assert_eq!(said["details"], right, "{count}");
        let more = json!({ "imageIds": ids });
        let said = app.post(&format!("{person}/images")).by(&anna).json(&more).answers(400).await;
        assert_eq!(said["details"], right, "{count}");
    }
    make(&app, &anna, "Mira", &[&face; 10]).await;
}

#[tokio::test]
async fn persons_are_made_of_faces_that_one_may_see() {
    let app = TestApp::new().await;
    let (anna, ben, cleo) = (app.user("anna").await, app.user("ben").await, app.user("cleo").await);
    app.organization("Acme", &[&anna, &ben]).await;
    let (his, foreign) = (upload(&app, &ben, "face").await, upload(&app, &cleo, "face").await);
    let template = upload(&app, &anna, "template").await;
    // A teammate's face will do.
    let person = address(&make(&app, &anna, "Mira", &[&his]).await);
    let unknown = json!(NOBODYS);
    for bad in [&foreign["id"], &template["id"], &unknown, &json!("what"), &json!("")] {
        let body = json!({ "name": "x", "imageIds": [his["id"], bad] });
        let said = app.post(PERSONS).by(&anna).json(&body).answers(404).await;
        assert_eq!(said, json!({ "success": false, "error": "Asset not found" }), "{bad}");
        let more = json!({ "imageIds": [bad] });
        app.post(&format!("{person}/images")).by(&anna).json(&more).answers(404).await;
        let default = json!({ "imageId": bad });
        app.put(&format!("{person}/default")).by(&anna).json(&default).answers(404).await;
    }
    let dressed = his["id"].as_str().unwrap().replace('-', "");
    let body = json!({ "name": "x", "imageIds": [format!("asset_{dressed}")] });
    app.post(PERSONS).by(&anna).json(&body).answers(201).await;
}

#[tokio::test]
async fn teammates_see_a_person_and_only_its_maker_changes_it() {
    let app = TestApp::new().await;
    let (anna, ben, cleo) = (app.user("anna").await, app.user("ben").await, app.user("cleo").await);
    app.organization("Acme", &[&anna, &ben]).await;
    let face = upload(&app, &anna, "face").await;
    let made = make(&app, &anna, "Mira", &[&face]).await;
    let person = address(&made);
    let seen = app.get(&person).by(&ben).answers(200).await["data"].clone();
    assert_eq!(images(&seen), [&face["id"]]);
    let total = async |by: &Person| {
        app.get(PERSONS).by(by).answers(200).await["data"]["pagination"]["total"].clone()
    };
    assert_eq!((total(&ben).await, total(&cleo).await), (json!(1), json!(0)));
    let (name, ids) = (json!({ "name": "x" }), json!({ "imageIds": [face["id"]] }));
    let default = json!({ "imageId": face["id"] });
    let mut told = Vec::new();
    for (who, by) in [("teammate", &ben), ("stranger", &cleo)] {
        for (what, call) in [
            ("renames", app.put(&person).json(&name)),
            ("adds", app.post(&format!("{person}/images")).json(&ids)),
            ("detaches", app.delete(&format!("{person}/images/{}", face["id"].as_str().unwrap()))),
            ("chooses", app.put(&format!("{person}/default")).json(&default)),
            ("deletes", app.delete(&person)),
        ] {
            told.push(said(&format!("a {who} {what}"), call.by(by)).await);
        }
    }
    insta::assert_json_snapshot!("not_the_maker", told);
    assert_eq!(app.get(&person).by(&anna).answers(200).await["data"], made);
}

#[tokio::test]
async fn persons_come_in_pages() {
    let app = TestApp::new().await;
    let anna = app.user("anna").await;
    let face = upload(&app, &anna, "face").await;
    for name in ["first", "second", "third"] {
        make(&app, &anna, name, &[&face]).await;
        app.clock.advance_ms(1);
    }
    let page = app.get(&format!("{PERSONS}?limit=2")).by(&anna).answers(200).await;
    let names: Vec<_> =
        page["data"]["persons"].as_array().unwrap().iter().map(|it| &it["name"]).collect();
    assert_eq!(names, ["third", "second"]);
    let about = json!({ "page": 1, "limit": 2, "total": 3, "totalPages": 2, "hasMore": true });
    assert_eq!(page["data"]["pagination"], about);
    for bad in ["page=0", "limit=0", "limit=101", "page=x"] {
        app.get(&format!("{PERSONS}?{bad}")).by(&anna).answers(400).await;
    }
}
