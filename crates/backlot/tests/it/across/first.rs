//! What a thing is when it has just been made.

use serde_json::json;

use super::{MAKERS, Maker, Native, Piktid, TONGUES, Youthumb};
use crate::app::{Part, TestApp};

fn is_of_youthumb(maker: Maker) -> bool {
    matches!(maker, Maker::Face | Maker::Template)
}

#[tokio::test]
async fn in_an_organisation_youthumb_shares_and_the_others_do_not() {
    let app = TestApp::new().await;
    let (anna, ben, cleo) = (app.user("anna").await, app.user("ben").await, app.user("cleo").await);
    app.organization("Acme", &[&anna, &ben]).await;
    for maker in MAKERS {
        let id = maker.make(&app, &anna).await;
        let made = Native.get(&app, &anna, &id).await.unwrap();
        let visibility = if is_of_youthumb(maker) { "shared" } else { "private" };
        assert_eq!(made["visibility"], visibility, "{maker:?}");
        assert_eq!(made["type"], maker.asset_type(), "{maker:?}");
        let piktid = Piktid.get(&app, &anna, &id).await.unwrap();
        assert_eq!(piktid["visibility"], visibility, "{maker:?}");
        for tongue in TONGUES {
            assert!(tongue.get(&app, &anna, &id).await.is_some(), "{maker:?} in {tongue:?}");
            let is_there = tongue.get(&app, &ben, &id).await.is_some();
            assert_eq!(is_there, is_of_youthumb(maker), "{maker:?} in {tongue:?} for a teammate");
            assert!(tongue.get(&app, &cleo, &id).await.is_none(), "{maker:?} in {tongue:?}");
        }
    }
}

#[tokio::test]
async fn without_an_organisation_everything_is_private() {
    let app = TestApp::new().await;
    let (anna, ben) = (app.user("anna").await, app.user("ben").await);
    for maker in MAKERS {
        let id = maker.make(&app, &anna).await;
        assert_eq!(Native.get(&app, &anna, &id).await.unwrap()["visibility"], "private");
        for tongue in TONGUES {
            assert!(tongue.get(&app, &anna, &id).await.is_some(), "{maker:?} in {tongue:?}");
            assert!(tongue.get(&app, &ben, &id).await.is_none(), "{maker:?} in {tongue:?}");
            assert!(tongue.find(&app, &ben, &id).await.is_none(), "{maker:?} in {tongue:?}");
        }
    }
}

#[tokio::test]
async fn only_faces_and_templates_are_listed_in_youthumb_and_the_rest_is_a_template() {
    let app = TestApp::new().await;
    let anna = app.user("anna").await;
    for maker in MAKERS {
        let id = maker.make(&app, &anna).await;
        let shown = Youthumb.get(&app, &anna, &id).await.unwrap();
        let right = if maker == Maker::Face { "face" } else { "template" };
        assert_eq!(shown["type"], right, "{maker:?}");
        let listed = Youthumb.find(&app, &anna, &id).await.is_some();
        assert_eq!(listed, is_of_youthumb(maker), "{maker:?}");
        for tongue in TONGUES.into_iter().filter(|tongue| *tongue != Youthumb) {
            assert!(tongue.find(&app, &anna, &id).await.is_some(), "{maker:?} in {tongue:?}");
        }
    }
    // A person takes what is a face, not what is shown as something.
    let id = Maker::Native.make(&app, &anna).await;
    let body = json!({ "name": "Mira", "imageIds": [id] });
    app.post("/youthumb/api/persons").by(&anna).json(&body).answers(404).await;
}

#[tokio::test]
async fn an_id_is_known_in_every_dress() {
    let app = TestApp::new().await;
    let anna = app.user("anna").await;
    for maker in MAKERS {
        let id = maker.make(&app, &anna).await;
        let simple = id.replace('-', "");
        let dresses = [
            id.clone(),
            simple.clone(),
            format!("asset_{simple}"),
            format!("asset_{id}"),
            id.to_ascii_uppercase(),
        ];
        for tongue in TONGUES {
            for dress in &dresses {
                assert!(tongue.get(&app, &anna, dress).await.is_some(), "{tongue:?} {dress}");
            }
            for nobody in [&simple[1..], "asset_", "1234567", &format!("{id}0"), "%00", "asset_x"] {
                assert!(tongue.get(&app, &anna, nobody).await.is_none(), "{tongue:?} {nobody}");
            }
        }
    }
}

#[tokio::test]
async fn only_native_lists_what_is_no_picture() {
    let app = TestApp::new().await;
    let anna = app.user("anna").await;
    let form = [Part::file("file", "words.txt", b"just words"), Part::text("type", "face")];
    let made = app.post("/api/v1/assets").by(&anna).form(&form).answers(201).await;
    let id = made["id"].as_str().unwrap();
    for tongue in TONGUES {
        let listed = tongue.find(&app, &anna, id).await.is_some();
        assert_eq!(listed, tongue == Native, "{tongue:?}");
        assert!(tongue.get(&app, &anna, id).await.is_some(), "{tongue:?}");
    }
    let face = Maker::Face.make(&app, &anna).await;
    let body = json!({ "name": "Mira", "imageIds": [face, id] });
    app.post("/youthumb/api/persons").by(&anna).json(&body).answers(404).await;
}
