//! The OpenAPI document, made of what stands at the handlers.
//!
//! Owns: the tags, and what is true of all answers: every field is always there. Never: a path;
//! those stand at their handlers.

use std::collections::HashSet;

use utoipa::OpenApi;
use utoipa::openapi::path::{Operation, PathItem};
use utoipa::openapi::schema::{ArrayItems, SchemaType, Type};
use utoipa::openapi::{Components, OpenApi as Document, Ref, RefOr, Schema};

use super::envelope::{Error, Mistake, Step, ValidationError};
use super::wire::event::EventBody;
use super::wire::word::OwnershipWord;

/// Schemas of which no answer leaves a field out.
const WHOLE: &[&str] = &[
    "Asset",
    "AssetPage",
    "ApiKey",
    "BulkItem",
    "Collection",
    "Duplicate",
    "Event",
    "Member",
    "Membership",
    "Organization",
    "PresignedUpload",
    "Tag",
    "TagPage",
    "Task",
    "Upload",
    "User",
];

#[derive(OpenApi)]
#[openapi(
    components(schemas(Error, ValidationError, Mistake, Step, EventBody, OwnershipWord)),
    tags(
        (name = "assets", description = "Library entries"),
        (name = "uploads", description = "Places to upload to"),
        (name = "archives", description = "Many assets as one ZIP"),
        (name = "collections", description = "Named sets of assets"),
        (name = "organizations", description = "Groups of users who share assets"),
        (name = "users", description = "People and programs with an account"),
        (name = "keys", description = "Long-lived credentials"),
        (name = "tasks", description = "Long work"),
        (name = "events", description = "What happens, as it happens"),
        (name = "login", description = "Sessions"),
    ),
)]
struct Frame;

/// The document without its paths.
pub(super) fn frame() -> Document {
    Frame::openapi()
}

/// Completes what the handlers say.
pub(super) fn complete(document: &mut Document) {
    if let Some(components) = &mut document.components {
        require_fields(components);
        refer_to_items(components);
    }
    name_operations(document);
    forbid_null(document);
}

/// A field that may be null is still there.
fn require_fields(components: &mut Components) {
    for name in WHOLE {
        if let Some(RefOr::T(Schema::Object(object))) = components.schemas.get_mut(*name) {
            object.required = object.properties.keys().cloned().collect();
        }
    }
}

/// `Page_Asset` repeats the whole of `Asset`; a reference says the same.
fn refer_to_items(components: &mut Components) {
    let names: Vec<String> = components.schemas.keys().cloned().collect();
    for (name, schema) in &mut components.schemas {
        let Some(item) =
            name.strip_prefix("Page_").filter(|item| names.iter().any(|it| it == item))
        else {
            continue;
        };
        if let RefOr::T(Schema::Object(page)) = schema
            && let Some(RefOr::T(Schema::Array(data))) = page.properties.get_mut("data")
        {
            let item = Ref::from_schema_name(item);
            data.items = ArrayItems::RefOrSchema(Box::new(item.into()));
        }
    }
}

/// Queries and header fields have no null: what is unknown is left out.
fn forbid_null(document: &mut Document) {
    for item in document.paths.paths.values_mut() {
        for (_, operation) in operations(item) {
            for parameter in operation.parameters.iter_mut().flatten() {
                if let RefOr::T(parameter) = parameter {
                    parameter.schema = parameter.schema.take().map(never_null);
                }
            }
        }
    }
}

fn never_null(schema: RefOr<Schema>) -> RefOr<Schema> {
    let RefOr::T(mut schema) = schema else { return schema };
    match &mut schema {
        Schema::Object(object) => {
            object.default = None;
            object.schema_type = not_null(&object.schema_type);
        }
        Schema::Array(array) => {
            array.default = None;
            array.schema_type = not_null(&array.schema_type);
        }
        Schema::OneOf(either) => {
            if let Some(first) = either.items.first() {
                return first.clone();
            }
        }
        _ => {}
    }
    RefOr::T(schema)
}

fn not_null(of: &SchemaType) -> SchemaType {
    match of {
        SchemaType::Array(types) => match types.iter().find(|it| **it != Type::Null) {
            Some(only) => SchemaType::Type(only.clone()),
            None => SchemaType::Array(types.clone()),
        },
        other => other.clone(),
    }
}

/// A handler of two methods is two operations, whose ids must differ.
fn name_operations(document: &mut Document) {
    let mut taken = HashSet::new();
    for item in document.paths.paths.values_mut() {
        for (method, operation) in operations(item) {
            let Some(id) = &mut operation.operation_id else { continue };
            if !taken.insert(id.clone()) {
                *id = format!("{id}_by_{method}");
            }
        }
    }
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = (&'static str, &mut Operation)> {
    let PathItem { get, put, post, patch, delete, .. } = item;
    let all = [("get", get), ("put", put), ("post", post), ("patch", patch), ("delete", delete)];
    all.into_iter().filter_map(|(method, operation)| Some((method, operation.as_mut()?)))
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn shown() -> Value {
        let (_, document) = crate::native::routes().split_for_parts();
        serde_json::to_value(document).unwrap()
    }

    fn each_operation(document: &Value, mut look: impl FnMut(&str, &str, &Value)) {
        for (path, item) in document["paths"].as_object().unwrap() {
            for (method, operation) in item.as_object().unwrap() {
                look(path, method, operation);
            }
        }
    }

    #[test]
    fn every_operation_is_named_once_and_tagged() {
        let mut ids = HashSet::new();
        each_operation(&shown(), |path, method, operation| {
            let id = operation["operationId"].as_str().unwrap().to_owned();
            assert!(ids.insert(id), "{method} {path}");
            assert_eq!(operation["tags"].as_array().unwrap().len(), 1, "{method} {path}");
            assert!(operation["summary"].is_string(), "{method} {path}");
        });
        assert!(ids.len() > 40, "{}", ids.len());
    }

    #[test]
    fn every_reference_is_defined() {
        let document = shown();
        let text = document.to_string();
        let schemas = document["components"]["schemas"].as_object().unwrap();
        for reference in text.split("\"#/components/schemas/").skip(1) {
            let name = reference.split('"').next().unwrap();
            assert!(schemas.contains_key(name), "{name}");
        }
    }

    #[test]
    fn every_path_parameter_is_described() {
        each_operation(&shown(), |path, method, operation| {
            let described = |name: &str| {
                let all = operation["parameters"].as_array();
                all.is_some_and(|all| all.iter().any(|it| it["name"] == name && it["in"] == "path"))
            };
            for name in path.split('{').skip(1).filter_map(|rest| rest.split('}').next()) {
                assert!(described(name), "{method} {path}");
            }
        });
    }

    #[test]
    fn every_operation_tells_what_it_may_be_refused_with() {
        each_operation(&shown(), |path, method, operation| {
            let responses = operation["responses"].as_object().unwrap();
            for status in ["401", "422", "500", "503"] {
                assert!(responses.contains_key(status), "{status} of {method} {path}");
            }
            let has_body = operation.get("requestBody").is_some();
            assert_eq!(responses.contains_key("415"), has_body, "415 of {method} {path}");
            let has_id = path.contains('{');
            assert!(!has_id || responses.contains_key("404"), "404 of {method} {path}");
            let keyed = operation.to_string().contains("Idempotency-Key");
            assert!(!keyed || responses.contains_key("409"), "409 of {method} {path}");
            let matched = operation.to_string().contains("If-Match");
            assert!(!matched || responses.contains_key("412"), "412 of {method} {path}");
        });
    }

    #[test]
    fn pages_refer_to_what_they_hold() {
        let document = shown();
        let schemas = document["components"]["schemas"].as_object().unwrap();
        let mut pages = 0;
        for (name, page) in schemas {
            if let Some(item) = name.strip_prefix("Page_") {
                let reference = format!("#/components/schemas/{item}");
                assert_eq!(page["properties"]["data"]["items"]["$ref"], reference, "{name}");
                pages += 1;
            }
        }
        assert!(pages > 5);
    }

    #[test]
    fn a_query_has_no_null() {
        each_operation(&shown(), |path, method, operation| {
            for parameter in operation["parameters"].as_array().into_iter().flatten() {
                let (name, schema) = (&parameter["name"], &parameter["schema"]);
                assert!(!schema["type"].is_array(), "{name} of {method} {path}: {schema}");
            }
        });
    }

    #[test]
    fn answers_leave_no_field_out() {
        let document = shown();
        for name in WHOLE {
            let schema = &document["components"]["schemas"][name];
            let fields = schema["properties"].as_object().unwrap_or_else(|| panic!("{name}"));
            assert_eq!(schema["required"].as_array().unwrap().len(), fields.len(), "{name}");
        }
    }
}
