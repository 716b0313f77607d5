//! Pages, orders, cursors, totals.

use serde_json::{Value, json};

use super::{ASSETS, listed, made, made_id, mistakes, names, path, scrub};
use crate::app::{Person, TestApp};

/// Assets of these names, a second apart.
async fn row(app: &TestApp, person: &Person, names: &[&str]) -> Vec<String> {
    let mut ids = Vec::new();
    for name in names {
        ids.push(made_id(app, person, json!({ "name": name, "filename": name })).await);
        app.clock.advance_ms(1_000);
    }
    ids
}

async fn page(app: &TestApp, person: &Person, query: &str) -> Value {
    app.get(&format!("{ASSETS}?{query}")).by(person).answers(200).await
}

#[tokio::test]
async fn a_page_has_its_assets_their_count_and_the_way_on() {
    let app = TestApp::new().await;
    let anna = app.user("anna").await;
    let none = page(&app, &anna, "").await;
    assert_eq!(none, json!({ "data": [], "count": 0, "next_cursor": null }));
    let ids = row(&app, &anna, &["a", "b", "c"]).await;
    let mut first = page(&app, &anna, "limit=1").await;
    let one = app.get(&path(&ids[2])).by(&anna).answers(200).await;
    assert_eq!(first["data"], json!([one]), "the same as when it is got alone");
    let cursor = first["next_cursor"].take();
    assert!(
        cursor
            .as_str()
            .unwrap()
            .bytes()
            .all(|it| it.is_ascii_alphanumeric() || b"-_.~".contains(&it))
    );
    first["next_cursor"] = json!("[cursor]");
    insta::assert_json_snapshot!("asset_page", scrub(first));
    let whole = page(&app, &anna, "").await;
    assert_eq!((names(&whole), &whole["next_cursor"]), (vec!["c", "b", "a"], &Value::Null));
    let past = page(&app, &anna, "skip=3").await;
    assert_eq!(past, json!({ "data": [], "count": 3, "next_cursor": null }));
    page(&app, &anna, &format!("skip={}", i64::MAX)).await;
    let middle = page(&app, &anna, "skip=1&limit=1").await;
    assert_eq!((names(&middle), &middle["count"]), (vec!["b"], &json!(3)));
    let uncounted = page(&app, &anna, "count=false&limit=1").await;
    assert_eq!((names(&uncounted), &uncounted["count"]), (vec!["c"], &Value::Null));
}

#[tokio::test]
async fn every_order_holds_in_both_directions() {
    let app = TestApp::new().await;
    let anna = app.user("anna").await;
    let ids = row(&app, &anna, &["b.png", "a.png", "C.png"]).await;
    app.patch(&path(&ids[0])).by(&anna).json(&json!({ "project": "x" })).answers(200).await;
    for (key, ascending) in [
        ("created_at", ["b.png", "a.png", "C.png"]),
        ("updated_at", ["a.png", "C.png", "b.png"]),
        ("filename", ["a.png", "b.png", "C.png"]),
        ("size", ["b.png", "a.png", "C.png"]),
    ] {
        let up = page(&app, &anna, &format!("sort_by={key}&sort_direction=asc")).await;
        assert_eq!(names(&up), ascending, "{key}");
        let down = page(&app, &anna, &format!("sort_by={key}&sort_direction=desc")).await;
        let mut turned = names(&down);
        turned.reverse();
        assert_eq!(turned, ascending, "{key}");
        assert_eq!(page(&app, &anna, &format!("sort_by={key}")).await, down, "{key}");
    }
}

#[tokio::test]
async fn a_walk_neither_repeats_nor_loses_while_others_come_and_go() {
    let app = TestApp::new().await;
    let anna = app.user("anna").await;
    let ids = row(&app, &anna, &["a", "b", "c", "d", "e", "f"]).await;
    for order in ["created_at&sort_direction=asc", "created_at", "filename", "size"] {
        let query = format!("sort_by={order}&limit=2&tags=");
        let whole = page(&app, &anna, &format!("sort_by={order}")).await;
        let mut walked = Vec::new();
        let mut now = page(&app, &anna, &query).await;
        loop {
            walked.extend(names(&now).into_iter().map(str::to_owned));
            let Some(cursor) = now["next_cursor"].as_str() else { break };
            // One that was shown goes, and comes back once the next page is read.
            let shown = path(now["data"][0]["id"].as_str().unwrap());
            app.delete(&shown).by(&anna).answers(200).await;
            let next = page(&app, &anna, &format!("{query}&cursor={cursor}")).await;
            app.post(&format!("{shown}/restore")).by(&anna).answers(200).await;
            now = next;
        }
        assert_eq!(walked, names(&whole), "{order}");
    }
    assert_eq!(page(&app, &anna, "").await["count"], ids.len());
}

#[tokio::test]
async fn a_cursor_is_good_for_its_question_and_its_caller_only() {
    let app = TestApp::new().await;
    let (anna, ben) = (app.user("anna").await, app.user("ben").await);
    row(&app, &anna, &["a", "b", "c"]).await;
    let first = page(&app, &anna, "limit=1&kind=image").await;
    let cursor = first["next_cursor"].as_str().unwrap();
    let next = page(&app, &anna, &format!("limit=2&kind=image&count=false&cursor={cursor}")).await;
    assert_eq!((names(&next), &next["count"]), (vec!["b", "a"], &Value::Null));
    let refused = async |person: &Person, query: &str| {
        app.get(&format!("{ASSETS}?{query}")).by(person).answers(422).await
    };
    let said = refused(&anna, &format!("kind=video&cursor={cursor}")).await;
    insta::assert_json_snapshot!("cursor_of_another_question", scrub(said));
    let same = format!("kind=image&cursor={cursor}");
    assert_eq!(mistakes(&refused(&ben, &same).await), ["query.cursor format"]);
    let mut forged = cursor.to_owned();
    forged.replace_range(3..4, if &cursor[3..4] == "A" { "B" } else { "A" });
    for bad in [forged.as_str(), "x", "", "%FF", &"x".repeat(10_000)] {
        let said = refused(&anna, &format!("kind=image&cursor={bad}")).await;
        assert!(mistakes(&said)[0].starts_with("query.cursor "), "{bad}: {said}");
    }
    let both = refused(&anna, &format!("kind=image&skip=1&cursor={cursor}")).await;
    assert_eq!(mistakes(&both), ["query.skip range"]);
}

#[tokio::test]
async fn everybody_lists_what_is_his_to_list() {
    let app = TestApp::new().await;
    let (anna, ben, carl) = (app.user("anna").await, app.user("ben").await, app.user("carl").await);
    let platform = app.superuser("platform").await;
    let acme = app.organization("Acme", &[&anna, &ben]).await.to_string();
    for visibility in ["private", "shared", "unlisted", "public"] {
        let name = format!("anna's {visibility}");
        let fields = json!({ "name": name, "visibility": visibility, "organization_id": acme });
        made(&app, &anna, fields).await;
        app.clock.advance_ms(1_000);
    }
    made(&app, &ben, json!({ "name": "ben's" })).await;
    app.clock.advance_ms(1_000);
    let provided = json!({ "name": "platform's", "visibility": "public" });
    made(&app, &platform, provided).await;
    let (all, [private, shared, unlisted, public, bens, provided]) = (
        listed(&app, &platform, "").await,
        [
            "anna's private",
            "anna's shared",
            "anna's unlisted",
            "anna's public",
            "ben's",
            "platform's",
        ],
    );
    assert_eq!(all, [private, shared, unlisted, public, bens, provided]);
    assert_eq!(listed(&app, &anna, "").await, [private, shared, unlisted, public, provided]);
    assert_eq!(listed(&app, &ben, "").await, [shared, public, bens, provided]);
    assert_eq!(listed(&app, &carl, "").await, [provided]);
    for (person, part, expected) in [
        (&anna, "mine", vec![private, unlisted]),
        (&anna, "shared", vec![shared, public]),
        (&anna, "default", vec![provided]),
        (&ben, "mine", vec![bens]),
        (&ben, "shared", vec![shared, public]),
        (&carl, "mine", vec![]),
        (&carl, "shared", vec![]),
        (&carl, "default", vec![provided]),
        (&platform, "mine", vec![]),
        (&platform, "default", vec![provided]),
    ] {
        let query = format!("ownership={part}");
        assert_eq!(listed(&app, person, &query).await, expected, "{} {part}", person.email);
    }
}

#[tokio::test]
async fn what_is_deleted_is_listed_apart() {
    let app = TestApp::new().await;
    let (anna, ben) = (app.user("anna").await, app.user("ben").await);
    let acme = app.organization("Acme", &[&anna, &ben]).await.to_string();
    let fields = json!({ "name": "a", "visibility": "shared", "organization_id": acme });
    let id = made_id(&app, &anna, fields).await;
    made_id(&app, &anna, json!({ "name": "b" })).await;
    app.clock.advance_ms(1_000);
    app.delete(&path(&id)).by(&anna).answers(200).await;
    assert_eq!(listed(&app, &anna, "").await, ["b"]);
    let deleted = page(&app, &anna, "deleted=true").await;
    assert_eq!(names(&deleted), ["a"]);
    assert_eq!(deleted["data"][0]["deleted_at"], "2026-01-01T00:00:01.000Z");
    assert_eq!(deleted["data"][0]["url"], Value::Null, "its bytes are given to nobody");
    assert_eq!(listed(&app, &anna, "deleted=false").await, ["b"]);
    app.clock.advance_ms(30 * 86_400_000 + 1);
    app.library.sweep().await.unwrap();
    assert!(listed(&app, &anna, "deleted=true").await.is_empty(), "it is gone");
}

#[tokio::test]
async fn every_bad_value_of_a_query_is_told_at_once() {
    let app = TestApp::new().await;
    let anna = app.user("anna").await;
    let bad = "ownership=theirs&visibility=secret&type=cat,inference&status=done&kind=picture\
               &created_after=soon&updated_before=2026-13-01&organization_id=x&parent_id=x\
               &min_width=-1&max_height=1.5&deleted=maybe&sort_by=name&sort_direction=up&skip=-1\
               &limit=101&count=2&project=";
    let said = app.get(&format!("{ASSETS}?{bad}")).by(&anna).answers(422).await;
    insta::assert_json_snapshot!("bad_query", scrub(said));
    for one in ["limit=0", "limit=1&limit=2", "search=%FF", "skip=x", "limit="] {
        let said = app.get(&format!("{ASSETS}?{one}")).by(&anna).answers(422).await;
        let name = one.split('=').next().unwrap();
        assert!(mistakes(&said)[0].starts_with(&format!("query.{name} ")), "{one}: {said}");
    }
    assert!(listed(&app, &anna, "unknown=1&filter%5Bx%5D=y").await.is_empty());
}
