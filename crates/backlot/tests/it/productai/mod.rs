//! The productai dialect, as its clients see it.

mod listing;
mod refusals;
mod second_face;
mod uploads;

use serde_json::Value;

use crate::app::{CAT, Part, Person, TestApp};

pub(crate) const UPLOAD: &str = "/productai/v1/training-asset";
pub(crate) const LIST: &str = "/productai/v1/my-uploaded-assets";
const SECOND_UPLOAD: &str = "/productai/v1/api/upload-asset";
const KEY_CHECK: &str = "/productai/v1/api/key-check";
/// An id that nobody has.
const UNKNOWN: &str = "/productai/v1/assets/asset_01932b6e7a407cc19b5e3f1f6a0b9c2d";

async fn upload(app: &TestApp, person: &Person, more: &[Part<'_>]) -> Value {
    let mut form = vec![Part::file("file", "cat.png", CAT)];
    form.extend(more.iter().map(|part| Part { ..*part }));
    app.post(UPLOAD).by(person).form(&form).answers(201).await
}

pub(crate) fn address(asset: &Value) -> String {
    let id = asset["asset_id"].as_str().unwrap();
    assert!(id.starts_with("asset_"), "{id}");
    format!("/productai/v1/assets/{id}")
}
