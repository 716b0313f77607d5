//! Users.

use serde_json::{Value, json};

use super::{ASSETS, NOBODY, mistakes, scrub, text};
use crate::app::{Person, TestApp};

const USERS: &str = "/api/v1/users";

fn of(person: &Person) -> String {
    format!("{USERS}/{}", person.id)
}

#[tokio::test]
async fn superusers_make_and_list_users() {
    let app = TestApp::new().await;
    let (platform, anna) = (app.superuser("platform").await, app.user("anna").await);
    let body =
        json!({ "email": "Ben@example.com", "full_name": "Ben B.", "password": "long enough" });
    let post = |person: &Person, body: &Value| app.post(USERS).by(person).json(body);
    app.clock.advance_ms(1_000);
    let ben = post(&platform, &body).answers(201).await;
    insta::assert_json_snapshot!("new_user", scrub(ben.clone()));
    let taken = json!({ "email": "ben@EXAMPLE.com" });
    insta::assert_json_snapshot!("email_taken", scrub(post(&platform, &taken).answers(409).await));
    let taken = json!({ "email": "other@example.com", "username": "BEN" });
    assert_eq!(post(&platform, &taken).answers(409).await["code"], "already-exists");
    for (body, at) in [
        (json!({}), "body.email missing"),
        (json!({ "email": "ben" }), "body.email format"),
        (json!({ "email": "c@example.com", "username": "a b" }), "body.username format"),
        (json!({ "email": "c@example.com", "password": "short" }), "body.password length"),
        (json!({ "email": "c@example.com", "is_superuser": "yes" }), "body.is_superuser type"),
    ] {
        assert_eq!(mistakes(&post(&platform, &body).answers(422).await), [at], "{body}");
    }
    let said = post(&anna, &json!({ "email": "c@example.com" })).answers(403).await;
    insta::assert_json_snapshot!("only_superusers", scrub(said));
    app.get(USERS).by(&anna).answers(403).await;
    let page = app.get(&format!("{USERS}?search=BEN")).by(&platform).answers(200).await;
    assert_eq!(page, json!({ "data": [ben], "count": 1 }));
    let page = app.get(&format!("{USERS}?skip=1&limit=1")).by(&platform).answers(200).await;
    assert_eq!((&page["count"], &page["data"][0]["username"]), (&json!(3), &json!("anna")));
    let page = app.get(&format!("{USERS}?is_active=false")).by(&platform).answers(200).await;
    assert_eq!(page["count"], 0);
    let bad = app.get(&format!("{USERS}?is_active=x")).by(&platform).answers(422).await;
    assert!(mistakes(&bad)[0].starts_with("query.is_active "));
}

#[tokio::test]
async fn a_user_changes_himself() {
    let app = TestApp::new().await;
    let (anna, ben) = (app.user("anna").await, app.user("ben").await);
    let me = format!("{USERS}/me");
    let before = app.get(&me).by(&anna).answers(200).await;
    assert_eq!(app.get(&of(&anna)).by(&anna).answers(200).await, before);
    let patch = |body: Value| app.patch(&me).by(&anna).json(&body);
    let changed = patch(json!({ "full_name": "Anna A.", "username": "ann" })).answers(200).await;
    insta::assert_json_snapshot!("changed_user", scrub(changed));
    let cleared = patch(json!({ "full_name": null })).answers(200).await;
    assert_eq!((&cleared["full_name"], &cleared["username"]), (&Value::Null, &json!("ann")));
    assert_eq!(patch(json!({ "username": "Ben" })).answers(409).await["code"], "already-exists");
    assert_eq!(mistakes(&patch(json!({ "email": "x" })).answers(422).await), ["body.email format"]);
    for call in [
        app.get(&of(&ben)),
        app.patch(&of(&ben)).json(&json!({})),
        app.delete(&format!("{}/sessions", of(&ben))),
        app.put(&format!("{}/active", of(&ben))).json(&json!({ "is_active": false })),
        app.put(&format!("{}/password", of(&ben))).json(&json!({ "new_password": "long enough" })),
        app.get(&format!("{USERS}/{NOBODY}")),
        app.get(&format!("{USERS}/x")),
    ] {
        let said = call.by(&anna).answers(404).await;
        insta::assert_json_snapshot!("unknown_user", scrub(said));
    }
    let rise = app.put(&format!("{me}/superuser")).by(&anna).json(&json!({ "is_superuser": true }));
    rise.answers(403).await;
}

#[tokio::test]
async fn a_password_is_changed_by_whoever_knows_it() {
    let app = TestApp::new().await;
    let anna = app.user("anna").await;
    let login = async |password: &str| {
        let form = format!("username=anna&password={}", password.replace(' ', "+"));
        let call = app.post("/api/v1/login/access-token");
        call.bytes("application/x-www-form-urlencoded", form).send().await
    };
    let session = login(anna.password).await.expect(200);
    let put = |body: Value| app.put(&format!("{USERS}/me/password")).by(&anna).json(&body);
    for (body, at) in [
        (json!({ "new_password": "long enough" }), "body.current_password missing"),
        (
            json!({ "current_password": "x", "new_password": "long enough" }),
            "body.current_password mismatch",
        ),
        (json!({ "current_password": anna.password }), "body.new_password missing"),
        (
            json!({ "current_password": anna.password, "new_password": "short" }),
            "body.new_password length",
        ),
    ] {
        assert_eq!(mistakes(&put(body.clone()).answers(422).await), [at], "{body}");
    }
    let good = json!({ "current_password": anna.password, "new_password": "long enough" });
    assert_eq!(put(good).answers(200).await, json!({ "message": "Password set" }));
    login(anna.password).await.expect(401);
    login("long enough").await.expect(200);
    let token = text(&session["access_token"]);
    app.get(ASSETS).bearer(&token).answers(401).await;
    app.get(ASSETS).by(&anna).answers(200).await;
}

#[tokio::test]
async fn sessions_end_and_users_are_kept_out() {
    let app = TestApp::new().await;
    let (platform, anna) = (app.superuser("platform").await, app.user("anna").await);
    let form = format!("username=anna&password={}", anna.password.replace(' ', "+"));
    let login = app.post("/api/v1/login/access-token");
    let login = login.bytes("application/x-www-form-urlencoded", form).answers(200).await;
    let token = text(&login["access_token"]);
    let said = app.delete(&format!("{USERS}/me/sessions")).bearer(&token).answers(200).await;
    assert_eq!(said, json!({ "message": "Sessions ended" }));
    app.get(ASSETS).bearer(&token).answers(401).await;
    let active = |person: &Person, is_active: bool| {
        let body = json!({ "is_active": is_active });
        app.put(&format!("{}/active", of(person))).by(&platform).json(&body)
    };
    assert_eq!(active(&anna, false).answers(200).await["is_active"], false);
    let kept_out = app.get(ASSETS).by(&anna).send().await;
    assert!(matches!(kept_out.status.as_u16(), 401 | 403), "{kept_out:?}");
    active(&anna, true).answers(200).await;
    app.get(ASSETS).by(&anna).answers(200).await;
    let himself = active(&platform, false).answers(403).await;
    insta::assert_json_snapshot!("not_oneself", scrub(himself));
    let superuser = |person: &Person, is_superuser: bool| {
        let body = json!({ "is_superuser": is_superuser });
        app.put(&format!("{}/superuser", of(person))).by(&platform).json(&body)
    };
    superuser(&platform, false).answers(403).await;
    assert_eq!(superuser(&anna, true).answers(200).await["is_superuser"], true);
    app.get(USERS).by(&anna).answers(200).await;
    let target = format!("{}/superuser", of(&platform));
    let body = json!({ "is_superuser": false });
    app.put(&target).by(&anna).json(&body).answers(200).await;
    app.get(USERS).by(&platform).answers(403).await;
}
