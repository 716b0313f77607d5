//! Real processes: the `backlot` program on a data directory of its own, and a client for it.
//!
//! For what only a process can show: starting, stopping, dying, and commands beside a server.

use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use reqwest::Method;
use reqwest::multipart::{Form, Part};
use serde_json::Value;
use tempfile::TempDir;

/// How long anything may take before a test gives up.
const PATIENCE: Duration = Duration::from_secs(60);
const POLL: Duration = Duration::from_millis(20);

/// A folder with a data directory in it; gone with it.
pub struct Home {
    dir: TempDir,
    environment: Vec<(String, String)>,
}

/// What a command printed, and how it ended.
#[derive(Debug)]
pub struct Ran {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Home {
    pub fn new() -> Self {
        Self { dir: tempfile::tempdir().unwrap(), environment: Vec::new() }
    }

    /// Every process started from here has this in its environment.
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// A path in the folder, beside the data directory.
    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub fn data_dir(&self) -> PathBuf {
        self.path("data")
    }

    /// `backlot ARGS --data-dir DATA`, not yet started.
    pub fn command(&self, args: &[&str]) -> Command {
        self.command_in(&self.data_dir(), args)
    }

    /// The same with another data directory.
    pub fn command_in(&self, data_dir: &Path, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_backlot"));
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("BACKLOT_") {
                command.env_remove(name);
            }
        }
        command.args(args).arg("--data-dir").arg(data_dir).current_dir(self.dir.path());
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command.stdin(Stdio::null());
        command
    }

    /// Runs a command to its end.
    pub fn run(&self, args: &[&str]) -> Ran {
        Ran::of(self.command(args))
    }

    /// Runs a command that succeeds and prints JSON.
    #[track_caller]
    pub fn json(&self, args: &[&str]) -> Value {
        self.run(args).expect(0).json()
    }
}

impl Ran {
    pub fn of(mut command: Command) -> Self {
        let output = command.output().unwrap();
        Self {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    #[track_caller]
    pub fn expect(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{}\n{}", self.stdout, self.stderr);
        self
    }

    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

/// A running server. Dropping it kills it.
pub struct Server {
    child: Child,
    /// `http://127.0.0.1:PORT`.
    pub url: String,
    /// What `serve --json` printed: at the first start, `admin` and `key` are in it.
    pub said: Value,
}

impl Server {
    /// Starts one on a free port and waits until it answers.
    #[track_caller]
    pub fn start(home: &Home) -> Self {
        let mut command = home.command(&["serve", "--listen", "127.0.0.1:0", "--json"]);
        let log = File::options().create(true).append(true).open(home.path("server.log")).unwrap();
        let mut child = command.stdout(Stdio::piped()).stderr(log).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let Ok(said) = serde_json::from_str::<Value>(&line) else {
            let _ = child.kill();
            let log = std::fs::read_to_string(home.path("server.log")).unwrap();
            panic!("the server did not start: {:?}\n{log}", child.wait());
        };
        let url = said["url"].as_str().unwrap().to_owned();
        Self { child, url, said }
    }

    /// The token of the key made at the first start.
    #[track_caller]
    pub fn first_key(&self) -> String {
        self.said["key"].as_str().unwrap().to_owned()
    }

    /// A client that sends this token.
    pub fn client(&self, token: &str) -> Client {
        Client { url: self.url.clone(), token: token.to_owned(), http: reqwest::Client::new() }
    }

    /// A client with the first administrator's key.
    #[track_caller]
    pub fn admin(&self) -> Client {
        self.client(&self.first_key())
    }

    /// A client with a key of somebody in an organisation.
    #[track_caller]
    pub fn member(&self, home: &Home) -> Client {
        let who = ["--email", "mira@example.com", "--org", "Studio"];
        let create = ["user", "create", "--password", "correct horse"];
        home.run(&[&create[..], &who[..]].concat()).expect(0);
        let key = home.json(&[&["key", "create", "--json"][..], &who[..]].concat());
        self.client(key["token"].as_str().unwrap())
    }

    /// Of the process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Asks it to end, and waits for that.
    pub fn stop(mut self) -> ExitStatus {
        let pid = self.child.id().to_string();
        let asked = Command::new("kill").args(["-TERM", &pid]).status().unwrap();
        assert!(asked.success());
        self.child.wait().unwrap()
    }

    /// Ends it as a power cut would.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Somebody with a credential.
#[derive(Clone)]
pub struct Client {
    url: String,
    token: String,
    http: reqwest::Client,
}

/// An answer, read whole.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub body: Vec<u8>,
}

impl Client {
    pub fn token(&self) -> String {
        self.token.clone()
    }

    /// Begins a request; `target` is a path or a whole URL.
    pub fn request(&self, method: Method, target: &str) -> reqwest::RequestBuilder {
        let url = if target.starts_with('/') {
            format!("{}{target}", self.url)
        } else {
            target.to_owned()
        };
        self.http.request(method, url).bearer_auth(&self.token).timeout(PATIENCE)
    }

    pub async fn get(&self, target: &str) -> Answer {
        Answer::of(self.request(Method::GET, target)).await.unwrap()
    }

    /// Uploads a picture through the native API.
    pub async fn upload(&self, filename: &str, bytes: Vec<u8>) -> reqwest::Result<Answer> {
        let file = Part::bytes(bytes).file_name(filename.to_owned());
        let form = Form::new().part("file", file);
        Answer::of(self.request(Method::POST, "/api/v1/assets").multipart(form)).await
    }

    /// Waits until an asset is no longer being processed.
    pub async fn ended(&self, id: &str) -> Value {
        let path = format!("/api/v1/assets/{id}");
        eventually(async || {
            let asset = self.get(&path).await.expect(200);
            (asset["status"] != "processing").then_some(asset)
        })
        .await
    }
}

impl Answer {
    pub async fn of(request: reqwest::RequestBuilder) -> reqwest::Result<Self> {
        let answer = request.send().await?;
        let status = answer.status().as_u16();
        Ok(Self { status, body: answer.bytes().await?.to_vec() })
    }

    /// The JSON of an answer with this status.
    #[track_caller]
    pub fn expect(&self, status: u16) -> Value {
        let text = String::from_utf8_lossy(&self.body);
        assert_eq!(self.status, status, "{text}");
        if self.body.is_empty() { Value::Null } else { serde_json::from_str(&text).unwrap() }
    }
}

/// An interpreter that the test script has found or installed, else the machine's.
pub fn interpreter(variable: &str, name: &str) -> String {
    std::env::var(variable).unwrap_or_else(|_| name.to_owned())
}

/// Asks again and again until there is an answer.
pub async fn eventually<T>(ask: impl AsyncFn() -> Option<T>) -> T {
    let mut ticks = tokio::time::interval(POLL);
    let answer = async {
        loop {
            ticks.tick().await;
            if let Some(answer) = ask().await {
                return answer;
            }
        }
    };
    tokio::time::timeout(PATIENCE, answer).await.unwrap()
}
