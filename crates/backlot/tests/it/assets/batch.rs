//! Registering many results at once, their lineage, and what they are found by.

use backlot_model::clock::DAY_MS;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::{cat, place};
use crate::app::{CAT, COFFEE, Person, TestApp};

const BATCH: &str = "/api/v1/assets/batch";

async fn register(app: &TestApp, person: &Person, items: Value) -> Vec<Value> {
    let body = json!({ "items": items });
    let made = app.post(BATCH).by(person).json(&body).answers(201).await;
    made["data"].as_array().unwrap().clone()
}

async fn listed(app: &TestApp, person: &Person, query: &str) -> Vec<String> {
    let found = app.get(&format!("/api/v1/assets?{query}")).by(person).answers(200).await;
    let names = found["data"].as_array().unwrap().iter();
    names.map(|it| it["name"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn results_of_every_kind_come_in_together_with_their_lineage() {
    let app = TestApp::new().await;
    let ann = app.user("ann").await;
    let parent = cat(&app, &ann).await;
    let wav = [
        b"RIFF\x24\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0\x40\x1f\0\0\x80\x3e\0\0\x02\0\x10\0data"
            .as_slice(),
        &[0; 4],
    ]
    .concat();
    let glb = [b"glTF\x02\0\0\0\x14\0\0\0".as_slice(), b"\0\0\0\0JSON"].concat();
    let items = json!([
        {
            "base64": STANDARD.encode(COFFEE), "name": "picture", "type": "inference-img2img",
            "parent_id": parent["id"], "inference_id": "run-1", "model_id": "flux",
            "author_id": "bot", "parameters": {"prompt": "a cup of coffee", "seed": 42},
        },
        {"content_hash": parent["content_hash"], "name": "again", "type": "upscale"},
        {"url": parent["url"], "name": "by address", "parent_id": parent["id"]},
        {"base64": STANDARD.encode(wav), "name": "sound", "type": "txt2audio"},
        {"base64": STANDARD.encode(glb), "name": "mesh", "type": "img23d"},
        {"base64": STANDARD.encode(b"words about a cat, and some more"), "name": "text", "type": "txt2txt"},
    ]);
    let made = register(&app, &ann, items).await;
    let kinds: Vec<&str> = made.iter().map(|it| it["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["image", "image", "image", "audio", "3d", "text"]);
    assert_eq!((&made[0]["parent_id"], &made[0]["root_id"]), (&parent["id"], &parent["id"]));
    assert_eq!((&made[0]["inference_id"], &made[0]["model_id"]), (&json!("run-1"), &json!("flux")));
    assert_eq!(
        (&made[0]["author_id"], &made[0]["parameters"]["seed"]),
        (&json!("bot"), &json!(42))
    );
    assert_eq!(made[1]["content_hash"], parent["content_hash"]);
    app.work().await;
    let child =
        json!([{"base64": STANDARD.encode(CAT), "name": "child", "parent_id": made[0]["id"]}]);
    let child = &register(&app, &ann, child).await[0];
    assert_eq!((&child["parent_id"], &child["root_id"]), (&made[0]["id"], &parent["id"]));
    let root = format!("root_id={}", parent["id"].as_str().unwrap());
    let mut line = listed(&app, &ann, &root).await;
    line.sort();
    assert_eq!(line, ["by address", "child", "picture"]);

    // Lineage outlives the parent, also when that is gone for good.
    app.delete(&place(&made[0])).by(&ann).answers(200).await;
    app.clock.advance_ms(31 * DAY_MS);
    assert_eq!(app.library.sweep().await.unwrap().assets, 1);
    let orphan = app.get(&place(child)).by(&ann).answers(200).await;
    assert_eq!((&orphan["parent_id"], &orphan["root_id"]), (&made[0]["id"], &parent["id"]));
    let by_parent = format!("parent_id={}", made[0]["id"].as_str().unwrap());
    assert_eq!(listed(&app, &ann, &by_parent).await, ["child"]);
}

#[tokio::test]
async fn all_are_made_or_none() {
    let app = TestApp::new().await;
    let (ann, bob) = (app.user("ann").await, app.user("bob").await);
    let his = cat(&app, &bob).await;
    let good = json!({"base64": STANDARD.encode(CAT)});
    for (bad, path) in [
        (json!({"base64": STANDARD.encode(CAT), "type": "nonsense"}), "items.1.type"),
        (json!({"base64": STANDARD.encode(CAT), "tags": ["a", "b,c"]}), "items.1.tags.1"),
        (json!({"base64": STANDARD.encode(CAT), "tags": 7}), "items.1.tags"),
        (json!({"base64": STANDARD.encode(CAT), "parent_id": his["id"]}), "items.1.parent_id"),
        (json!({"base64": "!"}), "items.1.base64"),
        (json!({"content_hash": his["content_hash"]}), "items.1.content_hash"),
        (json!({"content_hash": "ab"}), "items.1.content_hash"),
        (json!({"url": his["url"]}), "items.1.url"),
        (json!({"url": "http://127.0.0.1/a.png"}), "items.1.url"),
        (json!({}), "items.1.url"),
        (json!({"url": his["url"], "content_hash": his["content_hash"]}), "items.1.url"),
    ] {
        let body = json!({ "items": [good.clone(), bad] });
        let refused = app.post(BATCH).by(&ann).json(&body).answers(422).await;
        let steps = refused["detail"][0]["loc"].as_array().unwrap().iter();
        let said: Vec<String> = steps.map(|it| it.to_string().replace('"', "")).collect();
        assert_eq!(said.join("."), format!("body.{path}"), "{refused}");
    }
    for items in [json!([]), json!(7), json!([7]), Value::Null] {
        app.post(BATCH).by(&ann).json(&json!({ "items": items })).answers(422).await;
    }
    let many = vec![json!({"content_hash": his["content_hash"]}); 101];
    app.post(BATCH).by(&ann).json(&json!({ "items": many })).answers(422).await;
    let lie = json!({"base64": format!("data:image/jpeg;base64,{}", STANDARD.encode(CAT))});
    app.post(BATCH).by(&ann).json(&json!({ "items": [good, lie] })).answers(415).await;
    assert!(listed(&app, &ann, "").await.is_empty(), "nothing was made");
}

#[tokio::test]
async fn a_repeated_call_makes_nothing_twice() {
    let app = TestApp::new().await;
    let ann = app.user("ann").await;
    let body = json!({ "items": [{"base64": STANDARD.encode(CAT)}] });
    let call = || app.post(BATCH).by(&ann).header("idempotency-key", "k").json(&body);
    let (first, again) = (call().answers(201).await, call().answers(201).await);
    assert_eq!(first, again);
    assert_eq!(listed(&app, &ann, "").await.len(), 1);
}

#[tokio::test]
async fn results_are_found_by_their_parameters_and_prompts() {
    let app = TestApp::new().await;
    let ann = app.user("ann").await;
    let of = |name: &str, parameters: Value| json!({"base64": STANDARD.encode(CAT), "name": name, "parameters": parameters});
    let items = json!([
        of("whole", json!({"seed": 42, "prompt": "A Siamese cat", "hires": true})),
        of("text", json!({"seed": "42", "guidance": 7.5})),
        of("nested", json!({"size": {"width": 512, "labels": ["a", "b"]}, "hires": false})),
        of("other", json!({"seed": 421, "negative": "42"})),
    ]);
    register(&app, &ann, items).await;
    for (query, names) in [
        ("parameters.seed=42", vec!["text", "whole"]),
        ("parameters.seed=421", vec!["other"]),
        ("parameters.seed=4", vec![]),
        ("parameters.guidance=7.5", vec!["text"]),
        ("parameters.hires=true", vec!["whole"]),
        ("parameters.hires=false", vec!["nested"]),
        ("parameters.size.width=512", vec!["nested"]),
        ("parameters.seed=42&parameters.hires=true", vec!["whole"]),
        ("parameters.nothing=42", vec![]),
        ("search=siamese", vec!["whole"]),
        ("search=siam%20cat", vec!["whole"]),
    ] {
        let mut found = listed(&app, &ann, query).await;
        found.sort();
        assert_eq!(found, names, "{query}");
    }
}
