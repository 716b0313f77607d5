//! The scenario dialect, as its clients see it.

mod assets;
mod canvases;
mod collections;
mod cursors;
mod document;
mod listing;
mod projects;
mod refusals;
mod search;
mod uploads;

use backlot_library::assets::{AssetPatch, Expected};
use backlot_model::asset::Visibility;
use backlot_model::{Id, Millis};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::app::{BASE, CAT, Person, TestApp};

const ASSETS: &str = "/scenario/v1/assets";
const COLLECTIONS: &str = "/scenario/v1/collections";

/// Uploads a picture; the asset as it was answered.
async fn upload(app: &TestApp, person: &Person, name: &str) -> Value {
    upload_with(app, person, name, &json!({})).await
}

/// The same with further fields.
async fn upload_with(app: &TestApp, person: &Person, name: &str, more: &Value) -> Value {
    let mut body = json!({ "name": name, "image": STANDARD.encode(CAT) });
    for (field, value) in more.as_object().unwrap() {
        body[field] = value.clone();
    }
    app.post(ASSETS).by(person).json(&body).answers(200).await["asset"].clone()
}

/// Registers a result natively; its id as this dialect gives it.
async fn register(app: &TestApp, person: &Person, fields: &Value) -> String {
    let mut body = json!({ "base64": STANDARD.encode(CAT), "filename": "result.png" });
    for (field, value) in fields.as_object().unwrap() {
        body[field] = value.clone();
    }
    let made = app.post("/api/v1/assets").by(person).json(&body).answers(201).await;
    Id::<()>::parse(made["id"].as_str().unwrap()).unwrap().dressed("asset")
}

fn id_of(asset: &Value) -> &str {
    asset["id"].as_str().unwrap()
}

fn path_of(asset: &Value) -> String {
    format!("{ASSETS}/{}", id_of(asset))
}

/// Changes an asset in ways that this dialect does not know.
async fn change(app: &TestApp, person: &Person, id: &str, patch: AssetPatch) {
    let (caller, id) = (app.caller(person).await, Id::parse(id).unwrap());
    app.library.change_asset(&caller, id, &Expected::default(), patch).await.unwrap();
}

async fn publish(app: &TestApp, person: &Person, id: &str) {
    let patch = AssetPatch { visibility: Some(Visibility::Public), ..AssetPatch::default() };
    change(app, person, id, patch).await;
}

/// The names of a listing, in its order.
async fn listed(app: &TestApp, person: &Person, query: &str) -> Vec<String> {
    names(&app.get(&format!("{ASSETS}?{query}")).by(person).answers(200).await)
}

fn names(page: &Value) -> Vec<String> {
    let assets = page["assets"].as_array().unwrap().iter();
    assets.map(|asset| asset["metadata"]["name"].as_str().unwrap().to_owned()).collect()
}

/// The time `ms` from the beginning of the test, as clients write it.
fn at(app: &TestApp, ms: Millis) -> String {
    let ms = app.library.now_ms() + ms;
    let time = jiff::Timestamp::from_millisecond(ms).unwrap();
    format!("{time:.3}")
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
            "nextPaginationToken" => {
                assert!(text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b)));
                *text = "[token]".to_owned();
            }
            "trace_id" => *text = "[trace]".to_owned(),
            _ if name.to_lowercase().ends_with("url") => *text = scrubbed_url(text),
            _ => {
                if let Some((dress, _)) = text.split_once('_').filter(|_| is_dressed(text)) {
                    *text = format!("[{dress}]");
                }
            }
        },
        _ => {}
    }
}

fn is_dressed(text: &str) -> bool {
    Id::<()>::parse(text).is_some_and(|id| {
        let (dress, _) = text.split_once('_').unwrap_or_default();
        id.dressed(dress) == text
    })
}

/// `http://backlot.test/media/assets/[id]/original.png?[signature]`
fn scrubbed_url(url: &str) -> String {
    let (path, signature) = url.strip_prefix(BASE).unwrap().split_once('?').unwrap();
    assert!(signature.len() > 30, "{signature}");
    let named = |part: &&str| Id::<()>::parse(part).is_some();
    let id = path.split('/').find(named).unwrap();
    format!("{}?[signature]", path.replace(id, "[id]"))
}
