//! Signing in, going on, tokens.

use backlot_model::clock::{DAY_MS, HOUR_MS};
use serde_json::{Value, json};

use super::{problem, scrub};
use crate::app::{Person, TestApp};

async fn login(app: &TestApp, person: &Person) -> Value {
    app.post("/piktid/auth/login").basic(&person.email, person.password).answers(200).await
}

async fn issue(app: &TestApp, person: &Person, expiration: &Value) -> Value {
    let body = json!({ "expiration": expiration });
    app.post("/piktid/auth/token").by(person).json(&body).answers(200).await
}

#[tokio::test]
async fn a_login_gives_a_session_and_its_user() {
    let app = TestApp::new().await;
    let anna = app.user("anna").await;
    app.organization("Acme", &[&anna]).await;
    let session = login(&app, &anna).await;
    insta::assert_json_snapshot!("login", scrub(session.clone()));
    let token = session["token"].as_str().unwrap();
    app.get("/piktid/assets").bearer(token).answers(200).await;
    app.clock.advance_ms(HOUR_MS);
    app.get("/piktid/assets").bearer(token).answers(401).await;
}

#[tokio::test]
async fn a_username_logs_in_as_well_and_every_credential_works() {
    let app = TestApp::new().await;
    let anna = app.user("anna").await;
    app.post("/piktid/auth/login").basic("Anna", anna.password).answers(200).await;
    app.get("/piktid/assets").bearer(&anna.key).answers(200).await;
    app.get("/piktid/assets").header("x-api-key", &anna.key).answers(200).await;
    let (id, secret) = &anna.key_pair;
    app.get("/piktid/assets").basic(id, secret).answers(200).await;
}

#[tokio::test]
async fn a_wrong_login_is_told_nothing_more() {
    let app = TestApp::new().await;
    let anna = app.user("anna").await;
    let said = problem("Unauthorized", None, "incorrect email or password", Some("header"));
    for (user, password) in [(&*anna.email, "wrong"), ("nobody@example.com", anna.password)] {
        let answer = app.post("/piktid/auth/login").basic(user, password).send().await;
        assert_eq!(answer.expect(401), said);
        let challenge = "Basic realm=\"backlot\", charset=\"UTF-8\"";
        assert_eq!(answer.header("www-authenticate"), Some(challenge));
    }
    let said = "log in with HTTP Basic: e-mail and password";
    let without = app.post("/piktid/auth/login").answers(401).await;
    assert_eq!(without["detail"][0]["message"], said);
    let with_key = app.post("/piktid/auth/login").by(&anna).answers(401).await;
    assert_eq!(with_key["detail"][0]["message"], said);
}

#[tokio::test]
async fn too_many_logins_have_to_wait() {
    let app = TestApp::new().await;
    let anna = app.user("anna").await;
    for _ in 0..10 {
        app.post("/piktid/auth/login").basic(&anna.email, "wrong").answers(401).await;
    }
    let answer = app.post("/piktid/auth/login").basic(&anna.email, anna.password).send().await;
    assert_eq!(answer.expect(429)["error"], "Too Many Requests");
    assert_eq!(answer.header("retry-after"), Some("60"));
}

#[tokio::test]
async fn a_refresh_token_is_good_once() {
    let app = TestApp::new().await;
    let anna = app.user("anna").await;
    let session = login(&app, &anna).await;
    let body = json!({ "refresh_token": session["refresh_token"] });
    app.clock.advance_ms(2 * HOUR_MS);
    let next = app.post("/piktid/auth/refresh").json(&body).answers(200).await;
    insta::assert_json_snapshot!("refresh", scrub(next.clone()));
    app.get("/piktid/assets").bearer(next["token"].as_str().unwrap()).answers(200).await;
    app.post("/piktid/auth/refresh").json(&body).answers(401).await;
    let access = json!({ "refresh_token": next["token"] });
    app.post("/piktid/auth/refresh").json(&access).answers(401).await;
    app.post("/piktid/auth/refresh").json(&json!({ "refresh_token": "x" })).answers(401).await;
    let said = app.post("/piktid/auth/refresh").json(&json!({})).answers(400).await;
    let missing = problem("Invalid request", Some("refresh_token"), "is required", Some("body"));
    assert_eq!(said, missing);
}

#[tokio::test]
async fn a_token_lives_as_long_as_was_asked() {
    let app = TestApp::new().await;
    let anna = app.user("anna").await;
    insta::assert_json_snapshot!("issued_token", scrub(issue(&app, &anna, &json!("P30D")).await));
    for (expiration, until) in [
        (json!(3_600), "2026-01-01T01:00:00.000000+00:00"),
        (json!("PT36H"), "2026-01-02T12:00:00.000000+00:00"),
        (json!("1d,01:02:03"), "2026-01-02T01:02:03.000000+00:00"),
        (json!(126_230_400), "2030-01-01T00:00:00.000000+00:00"),
    ] {
        let issued = issue(&app, &anna, &expiration).await;
        assert_eq!(issued["expiration_date"], until, "{expiration}");
        app.get("/piktid/assets").bearer(issued["token"].as_str().unwrap()).answers(200).await;
    }
    let issued = issue(&app, &anna, &json!("PT1H")).await;
    app.clock.advance_ms(HOUR_MS);
    app.get("/piktid/assets").bearer(issued["token"].as_str().unwrap()).answers(401).await;
}

#[tokio::test]
async fn a_lifetime_has_bounds_and_a_form() {
    let app = TestApp::new().await;
    let anna = app.user("anna").await;
    let issue =
        async |body: Value| app.post("/piktid/auth/token").by(&anna).json(&body).answers(400).await;
    for expiration in [json!(3_599), json!(126_230_401), json!(-1), json!("P5Y"), json!("PT59M")] {
        let said = issue(json!({ "expiration": expiration })).await;
        let message = "must be between an hour and four years";
        let problem = problem("Invalid request", Some("expiration"), message, Some("body"));
        assert_eq!(said, problem, "{expiration}");
    }
    for expiration in [json!("soon"), json!(true), json!(null), json!([3_600])] {
        let said = issue(json!({ "expiration": expiration })).await;
        assert_eq!(said["detail"][0]["field"], "expiration", "{said}");
    }
    assert_eq!(issue(json!({})).await["detail"][0]["message"], "is required");
}

#[tokio::test]
async fn twenty_tokens_may_be_active() {
    let app = TestApp::new().await;
    let anna = app.user("anna").await;
    for _ in 0..20 {
        issue(&app, &anna, &json!("PT1H")).await;
    }
    let body = json!({ "expiration": "P1D" });
    let said = app.post("/piktid/auth/token").by(&anna).json(&body).answers(409).await;
    assert_eq!(said["error"], "Conflict");
    app.clock.advance_ms(HOUR_MS);
    issue(&app, &anna, &json!("P1D")).await;
}

#[tokio::test]
async fn tokens_are_listed_in_pages() {
    let app = TestApp::new().await;
    let (anna, ben) = (app.user("anna").await, app.user("ben").await);
    for days in 1..=3 {
        issue(&app, &anna, &json!(format!("P{days}D"))).await;
        app.clock.advance_ms(1_000);
    }
    issue(&app, &ben, &json!("P1D")).await;
    let list = async |query: &str| {
        app.get(&format!("/piktid/auth/token{query}")).by(&anna).answers(200).await
    };
    insta::assert_json_snapshot!("token_page", scrub(list("?per_page=2").await));
    assert_eq!(list("?per_page=2&page=2").await["tokens"].as_array().unwrap().len(), 1);
    let oldest = list("?order=asc&per_page=1").await["tokens"][0]["expiration_date"].clone();
    assert_eq!(oldest, "2026-01-02T00:00:00.000000+00:00");
    app.clock.advance_ms(DAY_MS);
    assert_eq!(list("").await["pagination"]["total"], 2);
    assert_eq!(list("?include_expired=true").await["pagination"]["total"], 3);
    let bad = "?page=0&per_page=101&order=up&include_expired=maybe";
    let said = app.get(&format!("/piktid/auth/token{bad}")).by(&anna).answers(400).await;
    let fields: Vec<&Value> =
        said["detail"].as_array().unwrap().iter().map(|it| &it["field"]).collect();
    assert_eq!(fields, ["page", "per_page", "order", "include_expired"]);
}
