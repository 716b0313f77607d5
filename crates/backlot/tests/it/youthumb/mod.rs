//! The youthumb dialect, as its clients see it.

mod assets;
mod buckets;
mod persons;
mod refusals;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::app::{CAT, Part, Person, TestApp};

pub(crate) const ASSETS: &str = "/youthumb/api/assets";
const PERSONS: &str = "/youthumb/api/persons";
/// An id that nobody has.
const NOBODYS: &str = "01932b6e-7a40-7cc1-9b5e-3f1f6a0b9c2d";

pub(crate) async fn upload(app: &TestApp, person: &Person, sort: &str) -> Value {
    let form = [Part::file("file", "cat.png", CAT), Part::text("type", sort)];
    let made = app.post(ASSETS).by(person).form(&form).answers(201).await;
    assert_eq!(made["success"], true);
    made["data"].clone()
}

pub(crate) async fn listed(app: &TestApp, person: &Person, query: &str) -> Value {
    app.get(&format!("{ASSETS}?{query}")).by(person).answers(200).await["data"].clone()
}

fn count(page: &Value) -> usize {
    page["assets"].as_array().unwrap().len()
}

fn address(asset: &Value) -> String {
    format!("{ASSETS}/{}", asset["id"].as_str().unwrap())
}

fn base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}
