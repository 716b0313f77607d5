//! What one dialect makes, another shows.

mod deletion;
mod first;
mod shown;
mod visibility;

use serde_json::{Value, json};

use crate::app::{CAT, Part, Person, TestApp};

/// A dialect as a client of another one meets it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tongue {
    Native,
    Piktid,
    Productai,
    Youthumb,
}

use Tongue::{Native, Piktid, Productai, Youthumb};

const TONGUES: [Tongue; 4] = [Native, Piktid, Productai, Youthumb];

impl Tongue {
    fn address(self, id: &str) -> String {
        match self {
            Native => format!("/api/v1/assets/{id}"),
            Piktid => format!("/piktid/assets/{id}"),
            Productai => format!("/productai/v1/assets/{id}"),
            Youthumb => format!("/youthumb/api/assets/{id}"),
        }
    }

    /// The asset by id, if it is there for this person.
    async fn get(self, app: &TestApp, by: &Person, id: &str) -> Option<Value> {
        let answer = app.get(&self.address(id)).by(by).send().await;
        if answer.status == 404 {
            return None;
        }
        let body = answer.expect(200);
        Some(if self == Youthumb { body["data"].clone() } else { body })
    }

    /// The asset in this person's listing, if it is there.
    async fn find(self, app: &TestApp, by: &Person, id: &str) -> Option<Value> {
        let (path, list, name) = match self {
            Native => ("/api/v1/assets?limit=100", "/data", "id"),
            Piktid => ("/piktid/assets?per_page=100", "/assets", "id"),
            Productai => ("/productai/v1/my-uploaded-assets?limit=100", "/assets", "asset_id"),
            Youthumb => ("/youthumb/api/assets?limit=100", "/data/assets", "id"),
        };
        let page = app.get(path).by(by).answers(200).await;
        let assets = page.pointer(list).unwrap().as_array().unwrap();
        assets.iter().find(|asset| bare(asset[name].as_str().unwrap()) == id).cloned()
    }

    async fn delete(self, app: &TestApp, by: &Person, id: &str) -> u16 {
        app.delete(&self.address(id)).by(by).send().await.status.as_u16()
    }
}

/// A way to make an asset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Maker {
    Native,
    Piktid,
    Productai,
    ProductaiSecond,
    Face,
    Template,
}

const MAKERS: [Maker; 6] = [
    Maker::Native,
    Maker::Piktid,
    Maker::Productai,
    Maker::ProductaiSecond,
    Maker::Face,
    Maker::Template,
];

impl Maker {
    /// Makes one; its bare id.
    async fn make(self, app: &TestApp, by: &Person) -> String {
        let file = || Part::file("file", "cat.png", CAT);
        let (path, status, form) = match self {
            Self::Native => ("/api/v1/assets", 201, vec![file()]),
            Self::Piktid => ("/piktid/upload", 200, vec![file()]),
            Self::Productai => ("/productai/v1/training-asset", 201, vec![file()]),
            Self::ProductaiSecond => ("/productai/v1/api/upload-asset", 200, vec![file()]),
            Self::Face => ("/youthumb/api/assets", 201, vec![file(), Part::text("type", "face")]),
            Self::Template => {
                ("/youthumb/api/assets", 201, vec![file(), Part::text("type", "template")])
            }
        };
        let made = app.post(path).by(by).form(&form).answers(status).await;
        match self {
            Self::Native => made["id"].as_str().unwrap().to_owned(),
            Self::Piktid => made["file_id"].as_str().unwrap().to_owned(),
            Self::Productai => bare(made["asset_id"].as_str().unwrap()),
            Self::ProductaiSecond => {
                let one = Productai.address(&made["data"]["id"].to_string());
                let asset = app.get(&one).by(by).answers(200).await;
                bare(asset["asset_id"].as_str().unwrap())
            }
            Self::Face | Self::Template => made["data"]["id"].as_str().unwrap().to_owned(),
        }
    }

    fn asset_type(self) -> &'static str {
        match self {
            Self::Face => "face",
            Self::Template => "template",
            _ => "uploaded",
        }
    }
}

/// The id without its dress, hyphenated.
fn bare(id: &str) -> String {
    backlot_model::Id::<()>::parse(id).unwrap().to_string()
}

async fn set_visibility(app: &TestApp, by: &Person, id: &str, visibility: &str) {
    let change = json!({ "visibility": visibility });
    app.patch(&Native.address(id)).by(by).json(&change).answers(200).await;
}
