//! The face that shipped clients use.

use backlot_model::account::{Scope, Scopes};
use backlot_model::clock::DAY_MS;
use serde_json::json;

use super::{KEY_CHECK, LIST, SECOND_UPLOAD};
use crate::app::{CAT, Part, TestApp};
use crate::wire::{said, scrub};

#[tokio::test]
async fn an_upload_gets_a_number_that_the_first_face_knows() {
    let app = TestApp::new().await;
    let anna = app.user("anna").await;
    let form = [Part::file("file", "cat.png", CAT)];
    let call = app.post(SECOND_UPLOAD).header("x-api-key", &anna.key);
    let made = call.form(&form).answers(200).await;
    insta::assert_json_snapshot!("uploaded", scrub(made.clone()));
    let image = app.get(made["data"]["image_url"].as_str().unwrap()).send().await;
    assert_eq!(image.bytes, CAT);

    let one = format!("/productai/v1/assets/{}", made["data"]["id"]);
    let asset = app.get(&one).by(&anna).answers(200).await;
    assert_eq!((&asset["name"], &asset["format"]), (&json!("cat.png"), &json!("png")));
    assert_eq!(app.get(LIST).by(&anna).answers(200).await["total"], 1);
    let ben = app.user("ben").await;
    app.get(&one).by(&ben).answers(404).await;
    app.delete(&one).by(&ben).answers(404).await;
    app.delete(&one).by(&anna).answers(204).await;
    app.get(&one).by(&anna).answers(404).await;
    app.get("/productai/v1/assets/12345").by(&anna).answers(404).await;
    app.get("/productai/v1/assets/0").by(&anna).answers(404).await;
    app.get("/productai/v1/assets/99999999999999999999").by(&anna).answers(404).await;
}

#[tokio::test]
async fn a_key_is_checked() {
    let app = TestApp::new().await;
    let anna = app.user("anna").await;
    let (writes, _) = app.key(anna.id, Some(Scopes::of(&[Scope::Write]))).await;
    let check = || app.get(KEY_CHECK);
    let mut told = Vec::new();
    for (what, call) in [
        ("a good key", check().header("x-api-key", &anna.key)),
        ("a good key as bearer", check().bearer(&anna.key)),
        ("a key that may only write", check().header("x-api-key", &writes)),
        ("a bad key", check().header("x-api-key", "bk_x")),
        ("no key", check()),
        ("an empty key", check().header("x-api-key", "")),
        ("the public token", check().header("authorization", "public-auth-token")),
        ("a wrong method", app.post(KEY_CHECK).header("x-api-key", &anna.key)),
    ] {
        told.push(said(what, call).await);
    }
    insta::assert_json_snapshot!("key_checks", told);
}

#[tokio::test]
async fn a_session_that_is_over_is_no_good_key() {
    let app = TestApp::new().await;
    let anna = app.user("anna").await;
    let login = app.post("/piktid/auth/login").basic(&anna.email, anna.password);
    let session = login.answers(200).await["token"].as_str().unwrap().to_owned();
    let valid =
        async || app.get(KEY_CHECK).bearer(&session).answers(200).await["data"]["valid"].clone();
    assert_eq!(valid().await, true);
    app.clock.advance_ms(DAY_MS);
    assert_eq!(valid().await, false);
}
