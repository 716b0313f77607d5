//! Every condition of the listing.

use serde_json::{Value, json};

use super::{ASSETS, listed, made_id, path, text};
use crate::app::{COFFEE, Part, Person, TestApp};

/// Four assets, a second apart, that differ in everything.
async fn scene() -> (TestApp, Person, [String; 4]) {
    let app = TestApp::new().await;
    let anna = app.user("anna").await;
    let acme = app.organization("Acme", &[&anna]).await.to_string();
    let mut ids = Vec::new();
    let plain = made_id(&app, &anna, json!({ "name": "plain" })).await;
    ids.push(plain.clone());
    app.clock.advance_ms(1_000);
    let fields = json!({
        "name": "drawn", "description": "a Blue whale", "project": "Sea", "type": "inference-txt2img",
        "tags": ["sea", "whale"], "styling_note": "foam", "parent_id": plain,
        "inference_id": "run-7", "model_id": "flux", "author_id": "ann",
        "parameters": { "prompt": "ocean", "seed": 7, "hd": true, "sampler": { "name": "euler" } },
        "organization_id": acme, "visibility": "shared",
    });
    ids.push(made_id(&app, &anna, fields).await);
    app.clock.advance_ms(1_000);
    let fields = json!({
        "name": "again", "type": "inference-img2img", "tags": ["sea"], "parent_id": ids[1],
        "inference_id": "run-8", "parameters": { "seed": 8, "hd": false, "sampler": { "name": "ddim" } },
    });
    ids.push(made_id(&app, &anna, fields).await);
    app.clock.advance_ms(1_000);
    let form = [Part::file("file", "coffee.png", COFFEE), Part::text("name", "wide")];
    let wide = app.post(ASSETS).by(&anna).form(&form).answers(201).await;
    ids.push(text(&wide["id"]));
    (app, anna, ids.try_into().unwrap())
}

async fn all(app: &TestApp, person: &Person, cases: &[(String, &[&str])]) {
    for (query, expected) in cases {
        assert_eq!(listed(app, person, query).await, *expected, "{query}");
    }
}

fn cases(list: &[(&str, &'static [&'static str])]) -> Vec<(String, &'static [&'static str])> {
    list.iter().map(|(query, expected)| ((*query).to_owned(), *expected)).collect()
}

#[tokio::test]
async fn words_tags_and_types() {
    let (app, anna, _) = scene().await;
    let list = cases(&[
        ("search=", &["plain", "drawn", "again", "wide"]),
        ("search=BLUE", &["drawn"]),
        ("search=blue+whale", &["drawn"]),
        ("search=whale+blue", &["drawn"]),
        ("search=blue+cat", &[]),
        ("search=foam", &["drawn"]),
        ("search=ocean", &["drawn"]),
        ("search=coff", &["wide"]),
        ("search=se", &["drawn", "again"]),
        ("search=%25", &[]),
        ("tags=sea", &["drawn", "again"]),
        ("tags=sea,whale", &["drawn"]),
        ("tags=sea&tags=whale", &["drawn"]),
        ("tags=Sea", &[]),
        ("tags=", &["plain", "drawn", "again", "wide"]),
        ("exclude_tags=whale", &["plain", "again", "wide"]),
        ("exclude_tags=whale,sea", &["plain", "wide"]),
        ("tags=sea&exclude_tags=whale", &["again"]),
        ("type=uploaded", &["plain", "wide"]),
        ("type=inference-", &["drawn", "again"]),
        ("type=inference-txt2img", &["drawn"]),
        ("type=inference-txt2img,uploaded", &["plain", "drawn", "wide"]),
        ("type=inference-txt2img&type=inference-img2img", &["drawn", "again"]),
        ("type=inference-&tags=whale", &["drawn"]),
        ("kind=image", &["plain", "drawn", "again", "wide"]),
        ("kind=video,audio", &[]),
        ("project=Sea", &["drawn"]),
        ("project=sea", &[]),
    ]);
    all(&app, &anna, &list).await;
}

#[tokio::test]
async fn lineage_and_generation_parameters() {
    let (app, anna, [plain, drawn, ..]) = scene().await;
    let mut list = cases(&[
        ("inference_id=run-7", &["drawn"]),
        ("inference_id=run", &[]),
        ("model_id=flux", &["drawn"]),
        ("author_id=ann", &["drawn"]),
        ("parameters.seed=7", &["drawn"]),
        ("parameters.seed=07", &[]),
        ("parameters.hd=true", &["drawn"]),
        ("parameters.hd=false", &["again"]),
        ("parameters.sampler.name=euler", &["drawn"]),
        ("parameters.seed=8&parameters.sampler.name=ddim", &["again"]),
        ("parameters.seed=7&parameters.sampler.name=ddim", &[]),
        ("parameters.prompt=ocean", &["drawn"]),
        ("parameters.prompt=oce", &[]),
        ("parameters.none=1", &[]),
        ("parameters.sampler.%22%27%5C=1", &[]),
    ]);
    list.push((format!("parent_id={plain}"), &["drawn"]));
    list.push((format!("parent_id=asset_{drawn}"), &["again"]));
    list.push((format!("root_id={plain}"), &["drawn", "again"]));
    list.push((format!("root_id={drawn}"), &[]));
    all(&app, &anna, &list).await;
}

#[tokio::test]
async fn times_are_exclusive() {
    let (app, anna, [plain, ..]) = scene().await;
    app.clock.advance_ms(7_000);
    app.patch(&path(&plain)).by(&anna).json(&json!({ "project": "x" })).answers(200).await;
    let list = cases(&[
        ("created_after=2026-01-01T00:00:00.000Z", &["drawn", "again", "wide"]),
        ("created_after=2025-12-31T23:59:59.999Z", &["plain", "drawn", "again", "wide"]),
        ("created_after=2025-12-31", &["plain", "drawn", "again", "wide"]),
        ("created_before=2026-01-01T00:00:03Z", &["plain", "drawn", "again"]),
        ("created_before=2026-01-01T01:00:01.001%2B01:00", &["plain", "drawn"]),
        ("created_after=2026-01-01T00:00:00Z&created_before=2026-01-01T00:00:02Z", &["drawn"]),
        ("created_after=2026-01-02&created_before=2025-01-01", &[]),
        ("updated_after=2026-01-01T00:00:09.999Z", &["plain"]),
        ("updated_after=2026-01-01T00:00:10Z", &[]),
        ("updated_before=2026-01-01T00:00:01.001Z", &["drawn"]),
    ]);
    all(&app, &anna, &list).await;
}

#[tokio::test]
async fn sides_are_inclusive() {
    let (app, anna, _) = scene().await;
    let list = cases(&[
        ("min_width=451", &["plain", "drawn", "again", "wide"]),
        ("min_width=452", &["wide"]),
        ("max_width=451", &["plain", "drawn", "again"]),
        ("max_width=450", &[]),
        ("min_height=400", &["wide"]),
        ("max_height=300&min_height=300", &["plain", "drawn", "again"]),
        ("min_width=500&max_width=400", &[]),
    ]);
    all(&app, &anna, &list).await;
}

#[tokio::test]
async fn states_and_places() {
    let (app, anna, [plain, drawn, ..]) = scene().await;
    let asset = app.get(&path(&drawn)).by(&anna).answers(200).await;
    let body = json!({ "name": "shelf" });
    let shelf = app.post("/api/v1/collections").by(&anna).json(&body).answers(201).await;
    let members = format!("/api/v1/collections/{}/assets", text(&shelf["id"]));
    let body = json!({ "asset_ids": [plain, drawn] });
    app.put(&members).by(&anna).json(&body).answers(200).await;
    let mut list = cases(&[
        ("status=processing", &["plain", "drawn", "again", "wide"]),
        ("status=ready,failed", &[]),
        ("visibility=shared", &["drawn"]),
        ("visibility=private,public", &["plain", "again", "wide"]),
        ("visibility=shared&ownership=mine", &[]),
    ]);
    list.push((
        format!("organization_id={}&visibility=shared", text(&asset["organization_id"])),
        &["drawn"],
    ));
    // What is said of no organisation is of the only one that the caller is in.
    list.push((
        format!("organization_id={}", text(&asset["organization_id"])),
        &["plain", "drawn", "again", "wide"],
    ));
    list.push((format!("organization_id={plain}"), &[]));
    list.push((format!("collection_id={}", text(&shelf["id"])), &["plain", "drawn"]));
    list.push((format!("collection_id={plain}"), &[]));
    all(&app, &anna, &list).await;
    app.work().await;
    all(&app, &anna, &cases(&[("status=ready", &["plain", "drawn", "again", "wide"])])).await;
    let ben = app.user("ben").await;
    let none: Value = app
        .get(&format!("{ASSETS}?collection_id={}", text(&shelf["id"])))
        .by(&ben)
        .answers(200)
        .await;
    assert_eq!(none["count"], 0, "another's collection is as one that nobody has");
}
