//! Organisations and their members.

use serde_json::{Value, json};

use super::{NOBODY, made_id, mistakes, path, scrub, text};
use crate::app::{Person, TestApp};

const ORGANIZATIONS: &str = "/api/v1/organizations";

async fn organization(app: &TestApp, person: &Person, name: &str) -> (String, Value) {
    let body = json!({ "name": name });
    let made = app.post(ORGANIZATIONS).by(person).json(&body).answers(201).await;
    (format!("{ORGANIZATIONS}/{}", text(&made["id"])), made)
}

async fn add(app: &TestApp, by: &Person, target: &str, user: &str, role: &str) -> Value {
    let body = json!({ "user": user, "role": role });
    app.post(&format!("{target}/members")).by(by).json(&body).answers(201).await
}

#[tokio::test]
async fn an_organisation_lives() {
    let app = TestApp::new().await;
    let (anna, ben) = (app.user("anna").await, app.user("ben").await);
    let (acme, made) = organization(&app, &anna, " Acme ").await;
    insta::assert_json_snapshot!("new_organization", scrub(made.clone()));
    app.clock.advance_ms(1_000);
    organization(&app, &ben, "Studio").await;
    assert_eq!(app.get(&acme).by(&anna).answers(200).await, made);
    let page = app.get(ORGANIZATIONS).by(&anna).answers(200).await;
    assert_eq!(page, json!({ "data": [made], "count": 1 }));
    let none = app.get(&format!("{ORGANIZATIONS}?search=stud")).by(&anna).answers(200).await;
    assert_eq!(none, json!({ "data": [], "count": 0 }));
    let platform = app.superuser("platform").await;
    let all = app.get(&format!("{ORGANIZATIONS}?all=true&limit=1&skip=1")).by(&platform);
    let all = all.answers(200).await;
    assert_eq!((&all["count"], &all["data"][0]["name"]), (&json!(2), &json!("Studio")));
    app.get(&format!("{ORGANIZATIONS}?all=true")).by(&anna).answers(403).await;
    let renamed = app.patch(&acme).by(&anna).json(&json!({ "name": "Ajax" })).answers(200).await;
    assert_eq!((&renamed["name"], &renamed["id"]), (&json!("Ajax"), &made["id"]));
    let taken = json!({ "name": "STUDIO" });
    let said = app.patch(&acme).by(&anna).json(&taken).answers(409).await;
    insta::assert_json_snapshot!("organization_name_taken", scrub(said));
    app.post(ORGANIZATIONS).by(&anna).json(&taken).answers(409).await;
    for body in [json!({}), json!({ "name": "" }), json!({ "name": 7 })] {
        let said = app.post(ORGANIZATIONS).by(&anna).json(&body).answers(422).await;
        assert!(mistakes(&said)[0].starts_with("body.name "), "{said}");
    }
    let said = app.get(&acme).by(&ben).answers(404).await;
    insta::assert_json_snapshot!("unknown_organization", scrub(said.clone()));
    let nobody = app.get(&format!("{ORGANIZATIONS}/{NOBODY}")).by(&ben).answers(404).await;
    assert_eq!(scrub(nobody), scrub(said));
    app.delete(&acme).by(&ben).answers(404).await;
    let said = app.delete(&acme).by(&anna).answers(200).await;
    assert_eq!(said, json!({ "message": "Organization deleted" }));
    app.get(&acme).by(&anna).answers(404).await;
}

#[tokio::test]
async fn members_join_rise_and_leave() {
    let app = TestApp::new().await;
    let (anna, ben, carl) = (app.user("anna").await, app.user("ben").await, app.user("carl").await);
    let (acme, made) = organization(&app, &anna, "Acme").await;
    let fresh = add(&app, &anna, &acme, "BEN@example.com", "member").await;
    insta::assert_json_snapshot!("new_member", scrub(fresh.clone()));
    let members = format!("{acme}/members");
    let page = app.get(&members).by(&ben).answers(200).await;
    assert_eq!((&page["count"], &page["data"][1]), (&json!(2), &fresh));
    assert_eq!(page["data"][0]["role"], "owner");
    let profile = app.get("/api/v1/users/me").by(&ben).answers(200).await;
    assert_eq!(profile["organizations"][0]["organization_id"], made["id"]);
    let one = |person: &Person| format!("{members}/{}", person.id);
    let role = |by: &Person, of: &Person, role: &str| {
        app.put(&one(of)).by(by).json(&json!({ "role": role }))
    };
    let body = json!({ "user": "carl", "role": "member" });
    let said = app.post(&members).by(&ben).json(&body).answers(403).await;
    insta::assert_json_snapshot!("members_do_not_add", scrub(said));
    role(&ben, &ben, "owner").answers(403).await;
    let said = role(&anna, &ben, "admin").answers(200).await;
    assert_eq!(said, json!({ "message": "Role set" }));
    app.post(&members).by(&ben).json(&body).answers(201).await;
    let again = app.post(&members).by(&ben).json(&body).answers(409).await;
    insta::assert_json_snapshot!("member_already", scrub(again));
    role(&ben, &carl, "owner").answers(403).await;
    let last = role(&anna, &anna, "member").answers(409).await;
    insta::assert_json_snapshot!("last_owner", scrub(last));
    assert_eq!(
        app.delete(&format!("{members}/me")).by(&anna).answers(409).await["code"],
        "last-owner"
    );
    let said = app.delete(&format!("{members}/me")).by(&carl).answers(200).await;
    assert_eq!(said, json!({ "message": "Member removed" }));
    app.get(&acme).by(&carl).answers(404).await;
    app.delete(&one(&carl)).by(&anna).answers(404).await;
    app.delete(&one(&ben)).by(&anna).answers(200).await;
    assert_eq!(app.get(&members).by(&anna).answers(200).await["count"], 1);
    for (body, status) in [
        (json!({ "user": "nobody", "role": "member" }), 404),
        (json!({ "user": "ben" }), 422),
        (json!({ "user": "ben", "role": "king" }), 422),
        (json!({ "role": "member" }), 422),
    ] {
        app.post(&members).by(&anna).json(&body).answers(status).await;
    }
}

#[tokio::test]
async fn what_an_organisation_shared_ends_with_it() {
    let app = TestApp::new().await;
    let (anna, ben) = (app.user("anna").await, app.user("ben").await);
    let (acme, made) = organization(&app, &anna, "Acme").await;
    add(&app, &anna, &acme, "ben", "member").await;
    let body = json!({ "visibility": "shared", "organization_id": made["id"] });
    let id = made_id(&app, &anna, body).await;
    let url = text(&app.get(&path(&id)).by(&ben).answers(200).await["url"]);
    app.delete(&acme).by(&anna).answers(200).await;
    app.get(&path(&id)).by(&ben).answers(404).await;
    assert_eq!(app.get(&url).send().await.status, 404);
    let kept = app.get(&path(&id)).by(&anna).answers(200).await;
    assert_eq!(kept["organization_id"], Value::Null);
    assert_eq!(app.get(&text(&kept["url"])).send().await.status, 200);
}
