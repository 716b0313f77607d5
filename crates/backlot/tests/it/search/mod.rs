//! Search by words, filters and likeness, and the models that the operator brings.

mod filters;
mod likeness;
mod models;

use serde_json::{Value, json};

use crate::app::{Part, Person, TestApp};

/// Uploads a picture with these fields; the id.
async fn upload(app: &TestApp, person: &Person, bytes: &[u8], fields: &[(&str, &str)]) -> String {
    let mut form = vec![Part::file("file", "picture.png", bytes)];
    form.extend(fields.iter().map(|(name, text)| Part::text(name, text)));
    let asset = app.post("/api/v1/assets").by(person).form(&form).answers(201).await;
    asset["id"].as_str().unwrap().to_owned()
}

/// The names of what a search finds, in its order, and how many there are in all.
async fn found(app: &TestApp, person: &Person, search: Value) -> (Vec<String>, u64) {
    let page = app.post("/api/v1/assets/search").by(person).json(&search).answers(200).await;
    (names(&page), page["count"].as_u64().unwrap())
}

fn names(page: &Value) -> Vec<String> {
    let hits = page["data"].as_array().unwrap().iter();
    hits.map(|hit| hit["asset"]["name"].as_str().unwrap().to_owned()).collect()
}

async fn similar(app: &TestApp, person: &Person, id: &str) -> Value {
    app.get(&format!("/api/v1/assets/{id}/similar")).by(person).answers(200).await
}

/// A picture of one colour, 16 by 16 pixels.
fn plain(rgb: [u8; 3]) -> Vec<u8> {
    let side: u32 = 16;
    let bytes = 54 + side * side * 3;
    let mut bmp = b"BM".to_vec();
    for number in [bytes, 0, 54, 40, side, side, 1 | 24 << 16, 0, side * side * 3, 0, 0, 0, 0] {
        bmp.extend(number.to_le_bytes());
    }
    let [red, green, blue] = rgb;
    bmp.extend([blue, green, red].repeat((side * side) as usize));
    bmp
}

fn ids(like: &[&str]) -> Value {
    json!(like)
}
