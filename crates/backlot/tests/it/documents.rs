//! What all OpenAPI documents promise to those who read them.

use serde_json::{Map, Value};

use crate::app::TestApp;

/// Where the dialects stand.
const BASES: &[&str] = &["/api/v1", "/piktid", "/productai", "/scenario/v1", "/youthumb/api"];

#[tokio::test]
async fn documents_are_of_openapi_3_1_and_name_their_credentials() {
    for (base, document) in documents().await {
        assert!(document["openapi"].as_str().unwrap().starts_with("3.1."), "{base}");
        assert!(is_text(&document["info"]["title"]), "{base}");
        assert_eq!(document["servers"][0]["url"], *base);
        let schemes = document["components"]["securitySchemes"].as_object().unwrap();
        let all = document["security"].as_array().unwrap();
        assert_eq!(all.len(), 3, "{base}");
        for requirement in all {
            let name = requirement.as_object().unwrap().keys().next().unwrap();
            assert!(schemes.contains_key(name), "{base} {name}");
        }
    }
}

#[tokio::test]
async fn every_call_and_each_of_its_parts_is_described() {
    let mut bare = Vec::new();
    for (base, document) in documents().await {
        for (call, operation) in calls(&document) {
            let at = format!("{base}: {call}");
            let is_named = is_text(&operation["summary"]) && is_text(&operation["operationId"]);
            if !is_named || operation["tags"].as_array().map(Vec::len) != Some(1) {
                bare.push(at.clone());
            }
            let parameters = operation["parameters"].as_array().into_iter().flatten();
            bare.extend(
                parameters.filter(|it| !is_text(&it["description"])).map(|it| format!("{at} {it}")),
            );
            let responses = operation["responses"].as_object().unwrap().iter();
            let silent = responses.filter(|(_, it)| !is_text(&it["description"]));
            bare.extend(silent.map(|(status, _)| format!("{at} {status}")));
        }
    }
    assert!(bare.is_empty(), "{}", bare.join("\n"));
}

#[tokio::test]
async fn every_call_tells_what_it_may_be_refused_with() {
    for (base, document) in documents().await {
        for (call, operation) in calls(&document) {
            let responses = operation["responses"].as_object().unwrap();
            let has = |status: &str| responses.contains_key(status);
            let at = format!("{base}: {call}");
            assert!(has("500") && has("503"), "{at}");
            let is_open = operation["security"] == serde_json::json!([{}]);
            assert!(is_open || has("401") && has("403"), "{at}");
            assert!(!call.contains('{') || has("404"), "{at}");
            let has_body = operation.get("requestBody").is_some();
            assert!(!has_body || has("413") && has("415"), "{at}");
            assert!(!has_body || has("400") || has("422"), "{at}");
        }
    }
}

#[tokio::test]
async fn every_body_and_answer_has_an_example() {
    let mut bare = Vec::new();
    for (base, document) in documents().await {
        for (call, operation) in calls(&document) {
            let body = operation["requestBody"].as_object();
            let responses = operation["responses"].as_object().unwrap();
            let good = responses.iter().filter(|(status, _)| status.starts_with('2'));
            let answers = good.filter_map(|(_, response)| response.as_object());
            for part in body.into_iter().chain(answers) {
                for (media_type, content) in contents(part) {
                    if !is_bytes(media_type) && !has_example(&document, content) {
                        bare.push(format!("{base}: {call}: {media_type}: {content}"));
                    }
                }
            }
        }
    }
    assert!(bare.is_empty(), "{}", bare.join("\n"));
}

async fn documents() -> Vec<(&'static str, Value)> {
    let app = TestApp::new().await;
    let mut all = Vec::new();
    for base in BASES {
        all.push((*base, app.get(&format!("{base}/openapi.json")).answers(200).await));
    }
    all
}

/// `GET /path` and what is said of it.
fn calls(document: &Value) -> impl Iterator<Item = (String, &Value)> {
    let paths = document["paths"].as_object().unwrap().iter();
    paths.flat_map(|(path, item)| {
        let of_path = item.as_object().unwrap().iter();
        of_path.map(move |(method, operation)| (format!("{method} {path}"), operation))
    })
}

fn is_text(value: &Value) -> bool {
    value.as_str().is_some_and(|text| !text.trim().is_empty())
}

fn contents(part: &Map<String, Value>) -> impl Iterator<Item = (&String, &Value)> {
    part.get("content").and_then(Value::as_object).into_iter().flatten()
}

/// What cannot be shown as JSON.
fn is_bytes(media_type: &str) -> bool {
    matches!(media_type, "application/octet-stream" | "multipart/form-data" | "text/event-stream")
}

/// Whether there is an example in the content, its schema, or a schema that this is made of.
fn has_example(document: &Value, part: &Value) -> bool {
    match part {
        Value::Object(fields) => {
            let named = fields.get("$ref").and_then(Value::as_str);
            let named = named.and_then(|name| document.pointer(name.trim_start_matches('#')));
            ["example", "examples"].iter().any(|name| fields.contains_key(*name))
                || fields.values().any(|it| has_example(document, it))
                || named.is_some_and(|it| has_example(document, it))
        }
        Value::Array(items) => items.iter().any(|it| has_example(document, it)),
        _ => false,
    }
}
