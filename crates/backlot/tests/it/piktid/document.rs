//! The OpenAPI document.

use serde_json::{Value, json};

use crate::app::TestApp;

#[tokio::test]
async fn the_document_is_what_it_was() {
    let app = TestApp::new().await;
    let mut document = app.get("/piktid/openapi.json").answers(200).await;
    assert_eq!(document["openapi"], "3.1.0");
    assert_eq!(document["servers"], json!([{ "url": "/piktid" }]));
    assert_eq!(document["info"]["version"], env!("CARGO_PKG_VERSION"));
    document["info"]["version"] = json!("[version]");
    insta::assert_json_snapshot!("document", document);
}

#[tokio::test]
async fn every_call_documents_its_refusals_in_the_envelope() {
    let app = TestApp::new().await;
    let document = app.get("/piktid/openapi.json").answers(200).await;
    let mut calls = 0;
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, call) in item.as_object().unwrap() {
            calls += 1;
            let responses = call["responses"].as_object().unwrap();
            let mut expected = vec!["401", "500", "503"];
            if call.get("requestBody").is_some() {
                expected.extend(["400", "413", "415"]);
            }
            if path.contains('{') {
                expected.push("404");
            }
            for status in expected {
                assert!(responses.contains_key(status), "{method} {path} lacks {status}");
            }
            let refusals = responses.iter().filter(|(status, _)| !status.starts_with('2'));
            for (status, response) in refusals {
                let schema = &response["content"]["application/json"]["schema"]["$ref"];
                let envelope = json!("#/components/schemas/piktid.Problem");
                assert_eq!(schema, &envelope, "{method} {path} {status}");
            }
            assert!(call["operationId"].is_string() && call["summary"].is_string());
        }
    }
    assert_eq!(calls, 11);
    assert_eq!(document["paths"]["/auth/refresh"]["post"]["security"], json!([{}]));
    let schemes = document["components"]["securitySchemes"].as_object().unwrap();
    assert_eq!(schemes.keys().collect::<Vec<_>>(), ["api_key", "basic", "bearer"]);
    let required: &Value = &document["components"]["schemas"]["piktid.Asset"]["required"];
    assert_eq!(required.as_array().unwrap().len(), 12);
}
