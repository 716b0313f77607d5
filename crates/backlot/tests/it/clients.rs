//! The vendors' own samples, as printed but for host and key, against a real server.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::harness::{Client, Home, Ran, Server, interpreter};

/// A server, somebody in an organisation, and a picture on another host.
struct Stage {
    _home: Home,
    server: Server,
    client: Client,
    /// The client's key as id and secret.
    key_pair: (String, String),
    picture_url: String,
}

fn stage() -> Stage {
    let (host, picture_url) = picture_host();
    let home = Home::new().with("BACKLOT_FETCH_ALLOW", &host);
    let server = Server::start(&home);
    let client = server.member(&home);
    let mira = ["--email", "mira@example.com", "--org", "Studio", "--json"];
    let key = home.json(&[&["key", "create"][..], &mira].concat());
    let half = |name: &str| key[name].as_str().unwrap().to_owned();
    let key_pair = (half("id"), half("secret"));
    Stage { _home: home, server, client, key_pair, picture_url }
}

/// Serves a picture on a free port for as long as the test runs.
fn picture_host() -> (String, String) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let host = listener.local_addr().unwrap().to_string();
    let picture = std::fs::read(picture()).unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            let _ = stream.read(&mut [0; 4_096]);
            let length = picture.len();
            let head =
                format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n");
            let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&picture));
        }
    });
    let url = format!("http://{host}/product.jpg");
    (host, url)
}

fn picture() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/pictures/rocket.jpg")
}

impl Stage {
    /// Runs a sample to its end.
    fn run(&self, interpreter: &str, sample: &str) -> Ran {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients");
        let mut command = Command::new(interpreter);
        command.arg(folder.join(sample)).env("BASE", &self.server.url);
        command.env("KEY", self.client.token()).env("PICTURE", picture());
        command.env("KEY_ID", &self.key_pair.0).env("KEY_SECRET", &self.key_pair.1);
        command.env("PICTURE_URL", &self.picture_url);
        Ran::of(command).expect(0)
    }
}

/// The id after `Asset uploaded:`.
fn uploaded(ran: &Ran) -> String {
    let id = ran.stdout.trim().strip_prefix("Asset uploaded: ").unwrap().to_owned();
    assert!(id.starts_with("asset_"), "{id}");
    id
}

async fn is_ready(client: &Client, id: &str) {
    let asset = client.ended(id).await;
    assert_eq!((asset["status"].as_str(), asset["width"].as_u64()), (Some("ready"), Some(640)));
    assert_eq!(asset["name"], "Blue Sneaker");
}

#[tokio::test]
async fn the_curl_samples_of_productai_run() {
    let stage = stage();
    let ran = stage.run("sh", "productai.sh");
    let answers: Vec<Value> =
        ran.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    for made in &answers[..2] {
        assert_eq!(made["status"], "processing");
        assert_eq!(made["tags"], serde_json::json!(["footwear", "summer"]));
        is_ready(&stage.client, made["asset_id"].as_str().unwrap()).await;
    }
    assert_eq!((&answers[2]["total"], &answers[2]["has_more"]), (&2.into(), &false.into()));
}

#[tokio::test]
async fn the_python_sample_of_productai_runs() {
    let stage = stage();
    let ran = stage.run(&interpreter("TEST_PYTHON", "python3"), "productai.py");
    is_ready(&stage.client, &uploaded(&ran)).await;
}

#[tokio::test]
async fn the_javascript_sample_of_productai_runs() {
    let stage = stage();
    let ran = stage.run(&interpreter("TEST_NODE", "node"), "productai.mjs");
    is_ready(&stage.client, &uploaded(&ran)).await;
}

#[tokio::test]
async fn the_javascript_sample_of_youthumb_runs_with_its_persons() {
    let stage = stage();
    let ran = stage.run(&interpreter("TEST_NODE", "node"), "youthumb.mjs");
    let said: Value = serde_json::from_str(&ran.stdout).unwrap();
    let (person, faces) = (&said["person"]["data"], &said["faces"]["data"]["assets"]);
    assert_eq!((&person["name"], faces.as_array().unwrap().len()), (&"Mira".into(), 2));
    let images = person["images"].as_array().unwrap();
    assert_eq!((images.len(), &images[0]["id"]), (2, &person["defaultImageId"]));
    assert_eq!(images[0]["name"], "front.jpg");
}

#[tokio::test]
async fn the_python_client_of_scenario_does_all_of_its_calls() {
    let stage = stage();
    let ran = stage.run(&interpreter("TEST_PYTHON", "python3"), "scenario/suite.py");
    assert_eq!(ran.stdout.trim(), "every call was answered");
}
