//! What goes over the wire, made fit for snapshots: ids, signatures and keys looked at, then
//! replaced by words.

use backlot_model::Id;
use serde_json::{Map, Value, json};

use crate::app::{BASE, Call};

/// Sends a call and keeps status, header fields that carry a promise, and body.
pub(crate) async fn said(what: &str, call: Call<'_>) -> Value {
    let answer = call.send().await;
    let headers: Map<String, Value> = ["allow", "retry-after", "www-authenticate"]
        .into_iter()
        .filter_map(|name| Some((name.to_owned(), json!(answer.header(name)?))))
        .collect();
    let body = if answer.bytes.is_empty() { Value::Null } else { scrub(answer.json()) };
    json!({ "call": what, "status": answer.status.as_u16(), "headers": headers, "body": body })
}

/// Puts words in the place of what differs from run to run, each of which is looked at first.
pub(crate) fn scrub(mut value: Value) -> Value {
    scrub_in(&mut value);
    value
}

fn scrub_in(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                match (name.as_str(), &*value) {
                    ("fileKey", Value::String(key)) => {
                        assert!(key.len() >= 32, "{key}");
                        *value = json!("[key]");
                    }
                    ("id", Value::Number(number)) => {
                        assert!((1..1 << 53).contains(&number.as_u64().unwrap()), "{number}");
                        *value = json!("[number]");
                    }
                    _ => scrub_in(value),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(scrub_in),
        Value::String(text) => {
            if let Some(rest) = text.strip_prefix(BASE) {
                *text = format!("{BASE}{}", unsigned(rest));
            } else {
                *text = text.split('.').map(unnamed).collect::<Vec<_>>().join(".");
            }
        }
        _ => {}
    }
}

/// `/media/assets/[id]/original.png?[signature]`
fn unsigned(address: &str) -> String {
    let (path, signature) = address.split_once('?').unwrap();
    assert!(signature.len() > 30, "{signature}");
    let is_key = |part: &str| part.len() >= 32 && !part.contains('-');
    let part = |part: &str| match part.split_once('.') {
        Some((key, extension)) if is_key(key) => format!("[key].{extension}"),
        _ => unnamed(part),
    };
    format!("{}?[signature]", path.split('/').map(part).collect::<Vec<_>>().join("/"))
}

/// An id in the dress that it wears, without what tells it from others.
fn unnamed(text: &str) -> String {
    let Some(id) = Id::<()>::parse(text) else { return text.to_owned() };
    if text == id.dressed("asset") {
        return "asset_[id]".to_owned();
    }
    assert_eq!(text, id.to_string(), "a bare id is hyphenated and lower-case");
    "[id]".to_owned()
}
