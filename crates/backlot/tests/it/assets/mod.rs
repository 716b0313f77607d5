//! What is done with assets beyond uploading and listing, through the native API and the library.

mod archives;
mod batch;
mod canvas;
mod downloads;
mod locks;
mod uploads;

use serde_json::Value;

use crate::app::{CAT, Part, Person, TestApp};

/// A cat of this person's, ready.
pub(crate) async fn cat(app: &TestApp, person: &Person) -> Value {
    let form = [Part::file("file", "cat.png", CAT)];
    let made = app.post("/api/v1/assets").by(person).form(&form).answers(201).await;
    app.work().await;
    made
}

/// Where the asset is.
pub(crate) fn place(asset: &Value) -> String {
    format!("/api/v1/assets/{}", asset["id"].as_str().unwrap())
}
