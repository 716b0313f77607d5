//! The native API, as its clients see it.

mod accounts;
mod bulk;
mod change;
mod collections;
mod create;
mod doors;
mod events;
mod filters;
mod idempotency;
mod keys;
mod listing;
mod login;
mod organizations;
mod read;
mod refusals;
mod tasks;
mod uploads;
mod versions;

use backlot_model::Id;
use base64::Engine as _;
use serde_json::{Value, json};

use crate::app::{BASE, CAT, Person, TestApp};

const ASSETS: &str = "/api/v1/assets";
/// An id that nobody has.
const NOBODY: &str = "01932b6e-7a40-7cc1-9b5e-3f1f6a0b9c2d";

/// Makes an asset of the cat with these fields; not yet processed.
async fn made(app: &TestApp, person: &Person, fields: Value) -> Value {
    let mut body = json!({ "base64": base64(CAT) });
    body.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    app.post(ASSETS).by(person).json(&body).answers(201).await
}

/// The id of an asset made with these fields.
async fn made_id(app: &TestApp, person: &Person, fields: Value) -> String {
    text(&made(app, person, fields).await["id"])
}

/// A picture with a good header that cannot be decoded.
fn broken() -> Vec<u8> {
    let mut bytes = CAT.to_vec();
    bytes[100_000..101_000].fill(0);
    bytes
}

fn base64(bytes: &[u8]) -> String {
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

fn path(id: &str) -> String {
    format!("{ASSETS}/{id}")
}

#[track_caller]
fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

/// The names on a page of assets.
fn names(page: &Value) -> Vec<&str> {
    page["data"].as_array().unwrap().iter().map(|it| it["name"].as_str().unwrap()).collect()
}

/// The names that a query lists, oldest first.
async fn listed(app: &TestApp, person: &Person, query: &str) -> Vec<String> {
    let target = format!("{ASSETS}?sort_direction=asc&{query}");
    let page = app.get(&target).by(person).answers(200).await;
    assert_eq!(page["count"], page["data"].as_array().unwrap().len(), "{query}");
    names(&page).into_iter().map(str::to_owned).collect()
}

/// Where each mistake of a refusal stands, and its sort.
fn mistakes(refusal: &Value) -> Vec<String> {
    let step = |step: &Value| step.as_str().map_or_else(|| step.to_string(), str::to_owned);
    let one = |it: &Value| {
        let loc: Vec<_> = it["loc"].as_array().unwrap().iter().map(step).collect();
        format!("{} {}", loc.join("."), it["type"].as_str().unwrap())
    };
    refusal["detail"].as_array().unwrap().iter().map(one).collect()
}

/// Puts words in the place of ids, signatures and secrets, each of which is looked at first.
fn scrub(mut value: Value) -> Value {
    scrub_in(&mut value, "");
    value
}

fn scrub_in(value: &mut Value, name: &str) {
    match value {
        Value::Object(fields) => fields.iter_mut().for_each(|(name, value)| scrub_in(value, name)),
        Value::Array(items) => items.iter_mut().for_each(|item| scrub_in(item, name)),
        Value::String(text) => match name {
            "access_token" | "refresh_token" => {
                assert_eq!(text.split('.').count(), 3, "a JWT");
                "[jwt]".clone_into(text);
            }
            "token" => {
                assert!(text.starts_with("bk_") && text.len() == 79, "{text}");
                "[token]".clone_into(text);
            }
            "prefix" => {
                assert!(text.starts_with("bk_") && text.len() == 15, "{text}");
                "[prefix]".clone_into(text);
            }
            "request_id" => {
                assert!(text.len() == 32 && Id::<()>::parse(text).is_some(), "{text}");
                "[request]".clone_into(text);
            }
            "secret" => {
                assert_eq!(text.len(), 43);
                "[secret]".clone_into(text);
            }
            _ if name.ends_with("url") => *text = scrubbed_url(text),
            _ => *text = scrubbed_id(text),
        },
        _ => {}
    }
}

/// An id, or a name that is made of one.
fn scrubbed_id(text: &str) -> String {
    let id = text.split('.').next().filter(|it| is_id(it));
    id.map_or_else(|| text.to_owned(), |id| text.replace(id, "[id]"))
}

fn is_id(text: &str) -> bool {
    Id::<()>::parse(text).is_some_and(|id| id.to_string() == *text)
}

/// `/media/assets/[id]/original.png?[signature]`; it begins with where the application stands.
fn scrubbed_url(url: &str) -> String {
    let (path, signature) = url.strip_prefix(BASE).unwrap().split_once('?').unwrap();
    assert!(signature.len() > 30, "{signature}");
    let id = path.split('/').find(|part| is_id(part)).unwrap();
    format!("{}?[signature]", path.replace(id, "[id]"))
}
