//! Deleted in one dialect is gone in all; native brings it back.

use serde_json::json;

use super::{MAKERS, Maker, Native, TONGUES, Tongue};
use crate::app::{CAT, Part, Person, TestApp};

async fn is_gone(app: &TestApp, by: &Person, id: &str) {
    for tongue in TONGUES {
        assert!(tongue.get(app, by, id).await.is_none(), "{tongue:?}");
        assert!(tongue.find(app, by, id).await.is_none(), "{tongue:?}");
        assert_eq!(tongue.delete(app, by, id).await, 404, "{tongue:?}");
    }
}

#[tokio::test]
async fn deleted_in_one_dialect_is_gone_in_all_and_can_come_back() {
    let app = TestApp::new().await;
    let anna = app.user("anna").await;
    for (maker, tongue) in [
        (Maker::Native, Tongue::Youthumb),
        (Maker::Piktid, Tongue::Productai),
        (Maker::Productai, Tongue::Native),
        (Maker::ProductaiSecond, Tongue::Productai),
        (Maker::Face, Tongue::Piktid),
        (Maker::Template, Tongue::Youthumb),
    ] {
        let id = maker.make(&app, &anna).await;
        app.work().await;
        let url = Native.get(&app, &anna, &id).await.unwrap()["url"].clone();
        let url = url.as_str().unwrap();
        assert_eq!(app.get(url).send().await.status, 200);
        let status = tongue.delete(&app, &anna, &id).await;
        let right = if matches!(tongue, Tongue::Native | Tongue::Youthumb) { 200 } else { 204 };
        assert_eq!(status, right, "{tongue:?}");
        is_gone(&app, &anna, &id).await;
        assert_eq!(app.get(url).send().await.status, 404);

        let restore = format!("{}/restore", Native.address(&id));
        app.post(&restore).by(&anna).answers(200).await;
        for tongue in TONGUES {
            assert!(tongue.get(&app, &anna, &id).await.is_some(), "{maker:?} in {tongue:?}");
        }
        // Addresses from before the deletion stay dead or come back, but the new one works.
        let again = Native.get(&app, &anna, &id).await.unwrap()["url"].clone();
        assert_eq!(app.get(again.as_str().unwrap()).send().await.bytes, CAT);
    }
}

#[tokio::test]
async fn deleted_in_bulk_is_gone_in_all() {
    let app = TestApp::new().await;
    let anna = app.user("anna").await;
    let mut ids = Vec::new();
    for maker in MAKERS {
        ids.push(maker.make(&app, &anna).await);
    }
    let dressed: Vec<String> =
        ids.iter().map(|id| format!("asset_{}", id.replace('-', ""))).collect();
    let body = json!({ "asset_ids": dressed });
    let said = app.post("/piktid/assets/bulk-delete").by(&anna).json(&body).answers(200).await;
    assert_eq!(said, json!({ "deleted_count": 6, "failed_ids": [] }));
    for id in &ids {
        is_gone(&app, &anna, id).await;
    }
}

#[tokio::test]
async fn one_of_two_equal_uploads_outlives_the_other() {
    let app = TestApp::new().await;
    let (anna, ben) = (app.user("anna").await, app.user("ben").await);
    let (hers, his) =
        (Maker::Face.make(&app, &anna).await, Maker::Productai.make(&app, &ben).await);
    app.work().await;
    Tongue::Youthumb.delete(&app, &anna, &hers).await;
    let kept = Tongue::Productai.get(&app, &ben, &his).await.unwrap();
    assert_eq!(app.get(kept["url"].as_str().unwrap()).send().await.bytes, CAT);
}

#[tokio::test]
async fn a_number_goes_and_comes_back_with_its_asset() {
    let app = TestApp::new().await;
    let anna = app.user("anna").await;
    let form = [Part::file("file", "cat.png", CAT)];
    let upload = app.post("/productai/v1/api/upload-asset").by(&anna).form(&form);
    let number = upload.answers(200).await["data"]["id"].to_string();
    let one = Tongue::Productai.address(&number);
    let dressed = app.get(&one).by(&anna).answers(200).await["asset_id"].clone();
    let id = super::bare(dressed.as_str().unwrap());
    Native.delete(&app, &anna, &id).await;
    app.get(&one).by(&anna).answers(404).await;
    app.delete(&one).by(&anna).answers(404).await;
    app.post(&format!("{}/restore", Native.address(&id))).by(&anna).answers(200).await;
    assert_eq!(app.get(&one).by(&anna).answers(200).await["asset_id"], dressed);
    // A number is productai's alone.
    for tongue in [Tongue::Native, Tongue::Piktid, Tongue::Youthumb] {
        assert!(tongue.get(&app, &anna, &number).await.is_none(), "{tongue:?}");
    }
}
