//! Every OpenAPI document, held against a real server: schemathesis makes requests of it, good and
//! bad, and compares each answer with what the document promises.
//!
//! `tests/clients/schemathesis.toml` says what is compared, and what is not and why.

use std::path::Path;
use std::process::Command;

use backlot::painting::{Motif, paint};
use backlot_imaging::OutputFormat;
use reqwest::Method;
use serde_json::Value;

use crate::harness::{Answer, Client, Home, Ran, Server, interpreter};

/// More than one run asks.
const PLENTY: &str = "10000/s";

macro_rules! documents {
    ($($test:ident: $base:literal;)+) => {$(
        #[tokio::test]
        async fn $test() {
            conforms($base).await;
        }
    )+};
}

documents! {
    native: "/api/v1";
    piktid: "/piktid";
    productai: "/productai";
    scenario: "/scenario/v1";
    youthumb: "/youthumb/api";
}

/// The server that stands at `base` answers as its document says, and fails at nothing.
async fn conforms(base: &str) {
    let rates = ["UPLOAD", "BULK_DELETE", "LOGIN_ACCOUNT", "LOGIN_ADDRESS"];
    let home = rates
        .iter()
        .fold(Home::new(), |home, rate| home.with(&format!("BACKLOT_RATES_{rate}"), PLENTY));
    let server = Server::start(&home);
    let client = server.member(&home);
    fill(&client).await;
    let ran = Ran::of(schemathesis(&home, &client, &format!("{}{base}/openapi.json", server.url)));
    assert_eq!(ran.code, 0, "{}\n{}", ran.stdout, ran.stderr);
    assert_eq!(failures(&home), "");
}

/// Assets of every sort, for the calls that need one.
async fn fill(client: &Client) {
    for seed in 0..8 {
        let picture = paint(Motif::Discs, seed, (96, 64), OutputFormat::Jpeg).unwrap();
        let asset_type = if seed % 2 == 0 { "face" } else { "uploaded" };
        let visibility = if seed % 4 < 3 { "shared" } else { "private" };
        let target =
            format!("/api/v1/assets/raw?type={asset_type}&visibility={visibility}&tags=model");
        let made = client.request(Method::PUT, &target).body(picture);
        let made = Answer::of(made).await.unwrap().expect(201);
        client.ended(made["id"].as_str().unwrap()).await;
    }
}

fn schemathesis(home: &Home, client: &Client, document: &str) -> Command {
    let settings = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients/schemathesis.toml");
    let mut command = Command::new(interpreter("TEST_PYTHON", "python3"));
    command.args(["-m", "schemathesis.cli", "--config-file"]).arg(settings);
    command.args(["run", document, "--no-color"]).current_dir(home.path(""));
    command.args(["--header", &format!("Authorization: Bearer {}", client.token())]);
    command
}

/// What the server logged as an error, or said without its logger, as a panic is.
fn failures(home: &Home) -> String {
    let log = std::fs::read_to_string(home.path("server.log")).unwrap();
    let is_calm = |line: &&str| {
        let said: Option<Value> = serde_json::from_str(line).ok();
        said.is_some_and(|said| said["level"] != "ERROR")
    };
    log.lines().filter(|line| !is_calm(line)).collect::<Vec<_>>().join("\n")
}
