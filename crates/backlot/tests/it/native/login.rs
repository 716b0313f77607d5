//! Sessions.

use serde_json::json;

use super::{mistakes, scrub, text};
use crate::app::{Answer, Person, TestApp};

const LOGIN: &str = "/api/v1/login";

fn form(username: &str, password: &str) -> String {
    format!("username={}&password={}", username.replace('@', "%40"), password.replace(' ', "+"))
}

async fn login(app: &TestApp, username: &str, password: &str) -> Answer {
    let call = app.post(&format!("{LOGIN}/access-token"));
    call.bytes("application/x-www-form-urlencoded", form(username, password)).send().await
}

async fn session(app: &TestApp, person: &Person) -> serde_json::Value {
    login(app, &person.email, person.password).await.expect(200)
}

#[tokio::test]
async fn a_session_begins_goes_on_and_ends() {
    let app = TestApp::new().await;
    let anna = app.user("anna").await;
    app.organization("Acme", &[&anna]).await;
    let begun = session(&app, &anna).await;
    insta::assert_json_snapshot!("session", scrub(begun.clone()));
    login(&app, "ANNA", anna.password).await.expect(200);
    let test =
        async |token: &str| app.post(&format!("{LOGIN}/test-token")).bearer(token).send().await;
    let access = text(&begun["access_token"]);
    let mut profile = test(&access).await.expect(200);
    assert_eq!(app.get("/api/v1/users/me").bearer(&access).answers(200).await, profile);
    profile["last_active_at"] = json!("[time]");
    insta::assert_json_snapshot!("profile", scrub(profile));
    app.clock.advance_ms(3_600_000);
    let said = test(&access).await.expect(401);
    insta::assert_json_snapshot!("expired_token", scrub(said));

    let refresh = |token: &str| {
        let body = json!({ "refresh_token": token });
        app.post(&format!("{LOGIN}/refresh-token")).json(&body)
    };
    let first = text(&begun["refresh_token"]);
    let next = refresh(&first).answers(200).await;
    test(&text(&next["access_token"])).await.expect(200);
    let said = refresh(&first).answers(401).await;
    insta::assert_json_snapshot!("used_refresh_token", scrub(said));
    refresh(&text(&next["access_token"])).answers(401).await;
    refresh("x").answers(401).await;
    let out = json!({ "refresh_token": session(&app, &anna).await["refresh_token"] });
    let call = app.post(&format!("{LOGIN}/sign-out")).json(&out).answers(200).await;
    assert_eq!(call, json!({ "message": "Signed out" }));
    refresh(out["refresh_token"].as_str().unwrap()).answers(401).await;
}

#[tokio::test]
async fn wrong_credentials_are_told_in_one_sentence() {
    let app = TestApp::new().await;
    let anna = app.user("anna").await;
    let wrong = login(&app, &anna.email, "wrong password").await;
    assert!(wrong.header("www-authenticate").is_some());
    let wrong = scrub(wrong.expect(401));
    insta::assert_json_snapshot!("wrong_password", wrong);
    assert_eq!(scrub(login(&app, "nobody@example.com", anna.password).await.expect(401)), wrong);
    assert_eq!(scrub(login(&app, &anna.email, "").await.expect(422))["code"], "invalid");
    let platform = app.superuser("platform").await;
    let target = format!("/api/v1/users/{}/active", anna.id);
    app.put(&target).by(&platform).json(&json!({ "is_active": false })).answers(200).await;
    let kept_out = login(&app, &anna.email, anna.password).await;
    assert!(matches!(kept_out.status.as_u16(), 401 | 403), "{kept_out:?}");
}

#[tokio::test]
async fn bad_logins_are_refused() {
    let app = TestApp::new().await;
    let post = |body: &'static str| {
        app.post(&format!("{LOGIN}/access-token")).bytes("application/x-www-form-urlencoded", body)
    };
    let said = post("password=x").answers(422).await;
    insta::assert_json_snapshot!("login_without_username", scrub(said));
    assert_eq!(mistakes(&post("username=x").answers(422).await), ["body.password missing"]);
    let json = app.post(&format!("{LOGIN}/access-token"));
    let json = json.json(&json!({ "username": "x", "password": "y" }));
    assert_eq!(json.answers(415).await["code"], "unsupported-media");
    for name in ["refresh-token", "sign-out"] {
        let said = app.post(&format!("{LOGIN}/{name}")).json(&json!({})).answers(422).await;
        assert_eq!(mistakes(&said), ["body.refresh_token missing"]);
    }
    app.post(&format!("{LOGIN}/test-token")).answers(401).await;
}

#[tokio::test]
async fn guesses_at_one_account_are_few() {
    let app = TestApp::new().await;
    let (anna, ben) = (app.user("anna").await, app.user("ben").await);
    for _ in 0..10 {
        login(&app, &anna.email, "wrong password").await.expect(401);
    }
    let full = login(&app, &anna.email, anna.password).await;
    insta::assert_json_snapshot!("too_many_logins", scrub(full.expect(429)));
    assert_eq!(full.header("retry-after"), Some("60"));
    session(&app, &ben).await;
    app.clock.advance_ms(60_000);
    session(&app, &anna).await;
}
