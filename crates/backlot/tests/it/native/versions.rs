//! Entity tags: what the client has already, and what he means to change.

use serde_json::{Value, json};

use super::{ASSETS, made, made_id, path, scrub};
use crate::app::{Answer, CAT, Call, Part, Person, TestApp};

/// A call that is made more than once.
type Repeated<'a> = &'a dyn Fn() -> Call<'a>;

async fn tag(app: &TestApp, person: &Person, id: &str) -> String {
    let answer = app.get(&path(id)).by(person).send().await;
    answer.expect(200);
    answer.header("etag").unwrap().to_owned()
}

#[tokio::test]
async fn every_answer_with_one_asset_has_its_tag() {
    let app = TestApp::new().await;
    let anna = app.user("anna").await;
    let form = [Part::file("file", "cat.png", CAT)];
    let fresh = app.post(ASSETS).by(&anna).form(&form).send().await;
    let first = fresh.header("etag").unwrap().to_owned();
    let id = fresh.expect(201)["id"].as_str().unwrap().to_owned();
    assert!(first.starts_with('"') && first.ends_with('"'), "{first}");
    assert_eq!(tag(&app, &anna, &id).await, first);
    let at = |end: &str| format!("{}{end}", path(&id));
    let mut seen = vec![first];
    for call in [
        app.patch(&at("")).json(&json!({ "name": "dog" })),
        app.put(&at("/tags")).json(&json!({ "tags": ["a"] })),
        app.put(&at("/note")).json(&json!({ "styling_note": "n" })),
        app.put(&at("/visibility")).json(&json!({ "visibility": "public" })),
    ] {
        let answer = call.by(&anna).send().await;
        answer.expect(200);
        let now = answer.header("etag").unwrap().to_owned();
        assert_eq!(tag(&app, &anna, &id).await, now);
        assert!(!seen.contains(&now), "{now}");
        seen.push(now);
    }
    app.delete(&path(&id)).by(&anna).answers(200).await;
    let back = app.post(&at("/restore")).by(&anna).send().await;
    assert!(!seen.iter().any(|it| Some(it.as_str()) == back.header("etag")));
    app.work().await;
    assert_ne!(Some(&*tag(&app, &anna, &id).await), back.header("etag"), "it is ready now");
}

#[tokio::test]
async fn what_the_client_has_is_not_sent_again() {
    let app = TestApp::new().await;
    let anna = app.user("anna").await;
    let id = made_id(&app, &anna, json!({})).await;
    let tag = tag(&app, &anna, &id).await;
    let get = async |if_none_match: &str| -> Answer {
        app.get(&path(&id)).by(&anna).header("if-none-match", if_none_match).send().await
    };
    for same in [tag.clone(), format!("W/{tag}"), format!("\"x\", {tag}"), "*".to_owned()] {
        let answer = get(&same).await;
        assert_eq!((answer.status.as_u16(), answer.bytes.len()), (304, 0), "{same}");
        assert_eq!(answer.header("etag"), Some(&*tag));
    }
    for other in ["\"x\"", "x", ""] {
        get(other).await.expect(200);
    }
    // Addresses that are shown end one day; what shows them is another version then.
    app.clock.advance_ms(86_400_000);
    get(&tag).await.expect(200);
    app.delete(&path(&id)).by(&anna).answers(200).await;
    get("*").await.expect(404);
}

#[tokio::test]
async fn a_change_is_made_to_the_version_it_is_meant_for() {
    let app = TestApp::new().await;
    let anna = app.user("anna").await;
    let id = made_id(&app, &anna, json!({})).await;
    let old = tag(&app, &anna, &id).await;
    let at = |end: &str| format!("{}{end}", path(&id));
    let calls: [Repeated<'_>; 5] = [
        &|| app.patch(&at("")).json(&json!({ "name": "dog" })),
        &|| app.put(&at("/tags")).json(&json!({ "tags": ["a"] })),
        &|| app.put(&at("/note")).json(&json!({ "styling_note": "n" })),
        &|| app.put(&at("/visibility")).json(&json!({ "visibility": "public" })),
        &|| app.delete(&at("")),
    ];
    for (place, call) in calls.iter().enumerate() {
        for bad in ["\"x\"", &format!("W/{old}"), "\"99.1\"", "\"99.1\", \"98.1\""] {
            let said = call().by(&anna).header("if-match", bad).answers(412).await;
            assert_eq!(said["code"], "version-mismatch", "{place} {bad}");
        }
        if place > 0 {
            let said = call().by(&anna).header("if-match", &old).answers(412).await;
            insta::assert_json_snapshot!("changed_since", scrub(said));
        }
        let now = tag(&app, &anna, &id).await;
        let several = format!("{old}, {now}");
        let good = [now.as_str(), "*", several.as_str()][place % 3];
        call().by(&anna).header("if-match", good).answers(200).await;
    }
    let gone = app.delete(&at("")).by(&anna).header("if-match", "*").answers(404).await;
    assert_eq!(gone["code"], "asset-not-found");
}

#[tokio::test]
async fn of_two_who_change_one_version_one_wins() {
    let app = TestApp::new().await;
    let anna = app.user("anna").await;
    let id = made_id(&app, &anna, json!({})).await;
    let tag = tag(&app, &anna, &id).await;
    let change = async |name: &str| {
        let call = app.patch(&path(&id)).by(&anna).header("if-match", &tag);
        call.json(&json!({ "name": name })).send().await.status.as_u16()
    };
    let (one, two) = tokio::join!(change("one"), change("two"));
    assert!(matches!((one, two), (200, 412) | (412, 200)), "{one} {two}");
    let asset: Value = app.get(&path(&id)).by(&anna).answers(200).await;
    assert_eq!(asset["name"], if one == 200 { "one" } else { "two" });
    made(&app, &anna, json!({})).await;
}
