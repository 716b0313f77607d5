//! The caller's uploads, in pages.

use serde_json::{Value, json};

use super::{LIST, address, upload};
use crate::app::{Part, TestApp};
use crate::wire::said;

#[tokio::test]
async fn listings_come_in_pages() {
    let app = TestApp::new().await;
    let (anna, ben) = (app.user("anna").await, app.user("ben").await);
    for _ in 0..3 {
        upload(&app, &anna, &[]).await;
    }
    upload(&app, &ben, &[]).await;
    for (query, count, limit, offset, has_more) in [
        ("", 3, 20, 0, false),
        ("limit=2", 2, 2, 0, true),
        ("limit=1&offset=1", 1, 1, 1, true),
        ("limit=1&offset=2", 1, 1, 2, false),
        ("offset=3", 0, 20, 3, false),
        ("offset=4294967295&limit=100", 0, 100, 4_294_967_295_u64, false),
    ] {
        let page = app.get(&format!("{LIST}?{query}")).by(&anna).answers(200).await;
        assert_eq!(page["assets"].as_array().unwrap().len(), count, "{query}");
        let about = json!({
            "total": page["total"], "limit": page["limit"], "offset": page["offset"],
            "has_more": page["has_more"],
        });
        let right = json!({ "total": 3, "limit": limit, "offset": offset, "has_more": has_more });
        assert_eq!(about, right, "{query}");
    }
}

#[tokio::test]
async fn a_listing_is_filtered() {
    let app = TestApp::new().await;
    let anna = app.user("anna").await;
    let red = upload(&app, &anna, &[Part::text("tags", "red"), Part::text("tags", "summer")]).await;
    app.work().await;
    upload(&app, &anna, &[Part::text("tags", "blue")]).await;
    let total = async |query: &str| {
        app.get(&format!("{LIST}?{query}")).by(&anna).answers(200).await["total"].clone()
    };
    for (query, count) in [
        ("status=all", 2),
        ("status=ready", 1),
        ("status=processing", 1),
        ("status=failed", 0),
        ("tags=red", 1),
        ("tags=red,summer", 1),
        ("tags=red,blue", 0),
        ("tags=Red", 0),
        ("tags=", 2),
        ("tags=red&status=processing", 0),
        ("nobody=knows", 2),
    ] {
        assert_eq!(total(query).await, count, "{query}");
    }
    let page = app.get(&format!("{LIST}?tags=red")).by(&anna).answers(200).await;
    assert_eq!(page["assets"][0]["asset_id"], red["asset_id"]);
    app.get(&address(&red)).by(&anna).answers(200).await;
}

#[tokio::test]
async fn the_newest_come_first_and_nobody_else_s() {
    let app = TestApp::new().await;
    let (anna, ben) = (app.user("anna").await, app.user("ben").await);
    app.organization("Acme", &[&anna, &ben]).await;
    for name in ["first", "second"] {
        upload(&app, &anna, &[Part::text("name", name)]).await;
        app.clock.advance_ms(1_000);
    }
    let page = app.get(LIST).by(&anna).answers(200).await;
    let names: Vec<&Value> =
        page["assets"].as_array().unwrap().iter().map(|asset| &asset["name"]).collect();
    assert_eq!(names, ["second", "first"]);
    assert_eq!(app.get(LIST).by(&ben).answers(200).await["total"], 0);
}

#[tokio::test]
async fn bad_queries_are_told() {
    let app = TestApp::new().await;
    let anna = app.user("anna").await;
    let mut told = Vec::new();
    for bad in [
        "limit=0",
        "limit=101",
        "limit=x",
        "limit=",
        "offset=-1",
        "offset=1.5",
        "status=odd",
        "limit=1&limit=2",
        "limit=0&offset=-1&status=odd",
    ] {
        told.push(said(bad, app.get(&format!("{LIST}?{bad}")).by(&anna)).await);
    }
    insta::assert_json_snapshot!("bad_queries", told);
}
