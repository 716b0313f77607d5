//! Models that the operator brings: tiny ones, made here.

use std::sync::Arc;
use std::time::Duration;

use backlot::models::Models;
use backlot_imaging::Preview;
use backlot_imaging::network::{Channels, Fitting, Layout, NetworkInput};
use backlot_imaging::testing::colour_classes;
use backlot_library::jobs::{Detector, Hints};
use backlot_library::models::{
    Activation, EncoderModel, HintModel, Label, Meaning, ModelFiles, RunLimits, Scores,
};
use serde_json::{Value, json};

use super::{found, names, plain, similar, upload};
use crate::app::{Person, TestApp};
use crate::harness::{Home, Server, eventually};

const RED: [u8; 3] = [255, 0, 0];
const ORANGE: [u8; 3] = [255, 100, 0];
const BLUE: [u8; 3] = [0, 0, 255];

fn limits() -> RunLimits {
    RunLimits { gate: Arc::default(), threads: 1, time_max: Duration::from_secs(60) }
}

fn input() -> NetworkInput {
    NetworkInput {
        width: 8,
        height: 8,
        layout: Layout::Nchw,
        channels: Channels::Rgb,
        fitting: Fitting::Stretch,
        mean: [0.0; 3],
        deviation: [1.0; 3],
    }
}

fn files(weights: &[f32]) -> ModelFiles {
    let network = colour_classes(8, weights);
    ModelFiles { name: "colours".to_owned(), description: String::new(), network }
}

fn encoder(weights: &[f32]) -> Models {
    let encoder = EncoderModel::load(files(weights), input(), 0, &limits()).unwrap();
    Models { encoder: Some(Arc::new(encoder)), ..Models::default() }
}

/// Says `word` of pictures that are rather red.
fn seer(word: &str) -> Models {
    let meaning =
        Meaning { has_person: true, category: Some(word.to_owned()), ..Meaning::default() };
    let label = Label { threshold: 0.5, absent_below: Some(0.1), meaning };
    let scores = Scores::Along {
        output: 0,
        axis: 1,
        first: 0,
        objectness: None,
        activation: Activation::None,
    };
    let files = ModelFiles { description: word.to_owned(), ..files(&[1.0, 0.0, 0.0]) };
    let model = HintModel::load(files, input(), scores, vec![label], &limits()).unwrap();
    Models { detectors: vec![Arc::new(model)], ..Models::default() }
}

async fn detected(app: &TestApp, person: &Person, id: &str) -> Value {
    let asset = app.get(&format!("/api/v1/assets/{id}")).by(person).answers(200).await;
    asset["detected"].clone()
}

#[tokio::test]
async fn an_encoder_finds_what_looks_alike_and_another_one_begins_anew() {
    let same = [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0];
    let app = TestApp::new().await.restarted_with(encoder(&same)).await;
    let (ann, bob) = (app.user("ann").await, app.user("bob").await);
    let red = upload(&app, &ann, &plain(RED), &[("name", "red")]).await;
    upload(&app, &ann, &plain(BLUE), &[("name", "blue")]).await;
    upload(&app, &ann, &plain(ORANGE), &[("name", "orange")]).await;
    upload(&app, &bob, &plain(RED), &[("name", "his red")]).await;
    app.work().await;
    let page = similar(&app, &ann, &red).await;
    assert_eq!(names(&page), ["orange", "blue"]);
    assert!(page["data"][0]["similarity"].as_f64().unwrap() > 0.8);
    assert!(page["data"][1]["similarity"].as_f64().unwrap().abs() < 0.05);
    let away = json!({"like": [red], "filter": "NOT name = red"});
    assert_eq!(found(&app, &ann, away).await, (vec!["orange".to_owned(), "blue".to_owned()], 2));

    // One that sees blue as red, and nothing else: orange has no direction for it.
    let other = encoder(&[1.0, 0.0, 0.0, 0.0, 1.0, 0.0]);
    let app = app.restarted_with(other).await;
    app.library.follow_models().await.unwrap();
    app.work().await;
    let page = similar(&app, &ann, &red).await;
    assert_eq!(names(&page)[1..], ["blue"]);
    assert!(page["data"][1]["similarity"].as_f64().unwrap() > 0.99);

    // Without one, perceptual hashes do.
    let app = app.restarted_with(Models::default()).await;
    app.library.follow_models().await.unwrap();
    app.work().await;
    assert!(names(&similar(&app, &ann, &red).await).len() <= 2);
}

#[tokio::test]
async fn hints_of_a_changed_model_are_made_anew_and_the_callers_stay() {
    let app = TestApp::new().await.restarted_with(seer("warm")).await;
    let ann = app.user("ann").await;
    let red = upload(&app, &ann, &plain(RED), &[]).await;
    let given = [("detected", r#"{"has_person":false}"#)];
    let told = upload(&app, &ann, &plain(ORANGE), &given).await;
    let blue = upload(&app, &ann, &plain(BLUE), &[]).await;
    app.work().await;
    let seen = detected(&app, &ann, &red).await;
    assert_eq!((&seen["has_person"], &seen["categories"]), (&json!(true), &json!(["warm"])));
    let seen = detected(&app, &ann, &told).await;
    assert_eq!((&seen["has_person"], &seen["categories"]), (&json!(false), &json!(["warm"])));
    assert_eq!(detected(&app, &ann, &blue).await["has_person"], json!(false));
    let warm = json!({"filter": "detected.categories = warm AND detected.has_person = true"});
    assert_eq!(found(&app, &ann, warm).await.1, 1);

    let app = app.restarted_with(seer("hot")).await;
    app.library.follow_models().await.unwrap();
    app.work().await;
    for id in [&red, &told] {
        assert_eq!(detected(&app, &ann, id).await["categories"], json!(["hot"]));
    }
    assert_eq!(detected(&app, &ann, &told).await["has_person"], json!(false));

    // The next start finds nothing to do; one without models takes their hints away.
    app.library.follow_models().await.unwrap();
    assert_eq!(app.library.run_due_jobs().await.unwrap(), 0);
    let app = app.restarted_with(Models::default()).await;
    app.library.follow_models().await.unwrap();
    app.work().await;
    assert_eq!(detected(&app, &ann, &red).await, Value::Null);
    assert_eq!(detected(&app, &ann, &told).await["has_person"], json!(false));
}

/// Can never look.
struct Blind;

impl Detector for Blind {
    fn name(&self) -> &'static str {
        "blind@1"
    }

    fn detect(&self, _: &Preview) -> Option<Hints> {
        None
    }
}

#[tokio::test]
async fn a_model_that_fails_costs_no_asset() {
    let models = Models { detectors: vec![Arc::new(Blind)], ..Models::default() };
    let app = TestApp::new().await.restarted_with(models).await;
    let ann = app.user("ann").await;
    let id = upload(&app, &ann, &plain(RED), &[]).await;
    app.work().await;
    let asset = app.get(&format!("/api/v1/assets/{id}")).by(&ann).answers(200).await;
    assert_eq!((&asset["status"], &asset["detected"]), (&json!("ready"), &Value::Null));
}

const DESCRIPTION: &str = r#"
name = "colours"
file = "colours.onnx"
[input]
width = 8
height = 8
layout = "nchw"
channels = "rgb"
fit = "stretch"
mean = [0.0, 0.0, 0.0]
deviation = [1.0, 1.0, 1.0]
[scores]
output = 0
axis = 1
first = 0
activation = "none"
[[labels]]
name = "red"
threshold = 0.5
category = "red"
"#;

#[tokio::test]
async fn a_server_runs_good_models_and_tells_of_broken_ones() {
    let home = Home::new();
    let folder = home.path("models");
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(folder.join("colours.toml"), DESCRIPTION).unwrap();
    std::fs::write(folder.join("colours.onnx"), colour_classes(8, &[1.0, 0.0, 0.0])).unwrap();
    std::fs::write(folder.join("broken.toml"), DESCRIPTION.replace("colours.onnx", "x")).unwrap();
    let paths = ["colours.toml", "broken.toml"].map(|it| folder.join(it).display().to_string());
    let home = home.with("BACKLOT_MODELS_HINTS", &paths.join(","));
    let server = Server::start(&home);
    let log = std::fs::read_to_string(home.path("server.log")).unwrap();
    assert!(log.contains("broken.toml cannot be used"), "{log}");
    let metrics = reqwest::get(format!("{}/metrics", server.url)).await.unwrap();
    let metrics = metrics.text().await.unwrap();
    for (path, value) in paths.iter().zip([1, 0]) {
        let line = format!("backlot_model_loaded{{model=\"{path}\"}} {value}");
        assert!(metrics.contains(&line), "{metrics}");
    }
    let admin = server.admin();
    let made = admin.upload("red.bmp", plain(RED)).await.unwrap().expect(201);
    let path = format!("/api/v1/assets/{}", made["id"].as_str().unwrap());
    let categories = eventually(async || {
        let asset = admin.get(&path).await.expect(200);
        Some(asset["detected"]["categories"].clone()).filter(|it| !it.is_null())
    });
    assert_eq!(categories.await, json!(["red"]));
}
