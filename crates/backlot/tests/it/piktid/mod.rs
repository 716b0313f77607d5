//! The piktid dialect, as its clients see it.

mod auth;
mod change;
mod document;
mod listing;
mod refusals;
mod uploads;

use backlot_library::assets::{AssetPatch, Expected};
use backlot_model::Id;
use serde_json::{Value, json};

use crate::app::{BASE, CAT, Part, Person, TestApp};

/// Uploads a picture by form, and has it processed.
async fn upload(app: &TestApp, person: &Person, filename: &str) -> String {
    let id = upload_only(app, person, filename, CAT).await;
    app.work().await;
    id
}

/// Uploads by form; the id.
async fn upload_only(app: &TestApp, person: &Person, filename: &str, bytes: &[u8]) -> String {
    let form = [Part::file("file", filename, bytes)];
    let upload = app.post("/piktid/upload").by(person).form(&form).answers(200).await;
    upload["file_id"].as_str().unwrap().to_owned()
}

/// Changes an asset in ways that this dialect does not know.
async fn change(app: &TestApp, person: &Person, id: &str, patch: AssetPatch) {
    let (caller, id) = (app.caller(person).await, Id::parse(id).unwrap());
    app.library.change_asset(&caller, id, &Expected::default(), patch).await.unwrap();
}

/// The ids, or names, of a listing.
async fn listed(app: &TestApp, person: &Person, query: &str, field: &str) -> Vec<String> {
    let page = app.get(&format!("/piktid/assets?{query}")).by(person).answers(200).await;
    let assets = page["assets"].as_array().unwrap().iter();
    assets.map(|asset| asset[field].as_str().unwrap().to_owned()).collect()
}

/// The envelope of a refusal with one detail.
fn problem(error: &str, field: Option<&str>, message: &str, position: Option<&str>) -> Value {
    json!({
        "error": error,
        "detail": [{ "field": field, "message": message, "position": position }],
    })
}

fn not_found() -> Value {
    problem("Not Found", None, "asset not found", Some("path"))
}

/// Puts words in the place of ids, signatures and tokens, each of which is looked at first.
fn scrub(mut value: Value) -> Value {
    scrub_in(&mut value, "");
    value
}

fn scrub_in(value: &mut Value, name: &str) {
    match value {
        Value::Object(fields) => fields.iter_mut().for_each(|(name, value)| scrub_in(value, name)),
        Value::Array(items) => items.iter_mut().for_each(|item| scrub_in(item, name)),
        Value::String(text) => match name {
            "id" | "file_id" | "token_id" => {
                assert!(Id::<()>::parse(text).is_some_and(|id| id.to_string() == *text), "{text}");
                *text = "[id]".to_owned();
            }
            "token" | "refresh_token" => {
                assert_eq!(text.split('.').count(), 3, "a JWT");
                *text = "[token]".to_owned();
            }
            _ if name.ends_with("url") || name.starts_with("thumbnail_") => {
                *text = scrubbed_url(text);
            }
            _ => {}
        },
        _ => {}
    }
}

/// `http://backlot.test/media/assets/[id]/original.png?[signature]`
fn scrubbed_url(url: &str) -> String {
    let (path, signature) = url.strip_prefix(BASE).unwrap().split_once('?').unwrap();
    assert!(signature.len() > 30, "{signature}");
    let named = |part: &&str| Id::<()>::parse(part).is_some();
    let id = path.split('/').find(named).unwrap();
    format!("{}?[signature]", path.replace(id, "[id]"))
}
