//! The OpenAPI document.

use serde_json::{Value, json};

use crate::app::TestApp;

#[tokio::test]
async fn the_document_is_what_it_was() {
    let app = TestApp::new().await;
    let mut document = app.get("/scenario/v1/openapi.json").answers(200).await;
    assert_eq!(document["openapi"], "3.1.0");
    assert_eq!(document["servers"], json!([{ "url": "/scenario/v1" }]));
    document["info"]["version"] = json!("[version]");
    insta::assert_json_snapshot!("document", document);
}

#[tokio::test]
async fn every_call_documents_its_refusals_in_the_envelope() {
    let app = TestApp::new().await;
    let document = app.get("/scenario/v1/openapi.json").answers(200).await;
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, call) in item.as_object().unwrap() {
            let responses = call["responses"].as_object().unwrap();
            let mut expected = vec!["200", "400", "401", "403", "404", "429", "500", "503"];
            if call.get("requestBody").is_some() {
                expected.extend(["413", "415"]);
            }
            for status in expected {
                assert!(responses.contains_key(status), "{method} {path} lacks {status}");
            }
            let refusals = responses.iter().filter(|(status, _)| !status.starts_with('2'));
            for (status, response) in refusals {
                let schema = &response["content"]["application/json"]["schema"]["$ref"];
                let envelope = json!("#/components/schemas/scenario.Problem");
                assert_eq!(schema, &envelope, "{method} {path} {status}");
            }
            assert!(call["operationId"].is_string() && call["summary"].is_string());
        }
    }
}

/// The vendor's client takes these as given.
#[tokio::test]
async fn an_asset_has_every_field_that_the_vendor_requires() {
    let app = TestApp::new().await;
    let document = app.get("/scenario/v1/openapi.json").answers(200).await;
    let text = include_str!("../../../../../fixtures/scenario/enums.json");
    let vendor: Value = serde_json::from_str(text).unwrap();
    for (name, schema) in
        [("asset", "Asset"), ("metadata", "Metadata"), ("properties", "Properties")]
    {
        let schema = &document["components"]["schemas"][format!("scenario.{schema}")];
        let text = schema.to_string();
        for field in vendor["fields"][name].as_array().unwrap() {
            let field = field.as_str().unwrap();
            if !field.ends_with('?') {
                assert!(text.contains(&format!("\"{field}\"")), "{name}.{field}");
            }
        }
    }
}
