//! Starting, telling, refusing, stopping.

use std::io::{BufRead as _, BufReader};
use std::process::Stdio;

use reqwest::Method;

use crate::harness::{Answer, Home, Ran, Server, eventually};

#[tokio::test]
async fn the_first_start_tells_a_newcomer_all_he_needs() {
    let home = Home::new();
    let mut command = home.command(&["serve", "--listen", "127.0.0.1:0"]);
    command.stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut until = |word: &str| -> String {
        lines.find_map(|line| line.ok().filter(|line| line.contains(word))).unwrap()
    };
    assert!(until("listening on").starts_with("listening on http://127.0.0.1:"));
    assert!(until("admin ").contains("admin@localhost"));
    assert!(until("password ").contains("shown this once"));
    let curl = until("curl ");
    let words: Vec<&str> = curl.split_whitespace().collect();
    let token = words.iter().find(|word| word.starts_with("bk_")).unwrap().trim_matches('\'');
    let picture = words.iter().find_map(|word| word.strip_prefix("file=@")).unwrap();
    let form = reqwest::multipart::Form::new().file("file", picture).await.unwrap();
    let upload = reqwest::Client::new().post(*words.last().unwrap()).bearer_auth(token);
    let made = Answer::of(upload.multipart(form)).await.unwrap().expect(201);
    assert_eq!(made["filename"], "welcome.jpg");
    child.kill().unwrap();
    child.wait().unwrap();
    // It is told once.
    assert!(Server::start(&home).said["key"].is_null());
}

#[tokio::test]
async fn the_environment_names_the_first_administrator() {
    let home = Home::new()
        .with("BACKLOT_ADMIN_EMAIL", "ops@example.com")
        .with("BACKLOT_ADMIN_PASSWORD", "correct horse");
    let server = Server::start(&home);
    assert_eq!(server.said["admin"]["email"], "ops@example.com");
    assert!(server.said["admin"]["password"].is_null());
    let me = server.admin().get("/api/v1/users/me").await.expect(200);
    assert_eq!(me["email"], "ops@example.com");
    let login = [("username", "ops@example.com"), ("password", "correct horse")];
    let url = format!("{}/api/v1/login/access-token", server.url);
    let answer = Answer::of(reqwest::Client::new().post(url).form(&login)).await.unwrap();
    assert!(answer.expect(200)["access_token"].is_string());
}

#[tokio::test]
async fn one_server_serves_a_library_until_it_is_asked_to_stop() {
    let home = Home::new();
    let server = Server::start(&home);
    let second = home.run(&["serve", "--listen", "127.0.0.1:0"]).expect(4);
    assert!(second.stderr.contains("another server"), "{}", second.stderr);
    let taken = server.url.strip_prefix("http://").unwrap().to_owned();
    let elsewhere = home.path("elsewhere");
    let same_port = Ran::of(home.command_in(&elsewhere, &["serve", "--listen", &taken])).expect(3);
    assert!(same_port.stderr.contains("--listen"), "{}", same_port.stderr);
    let health = ["health", "--url", &server.url, "--json"];
    assert_eq!(home.json(&health)["ready"], true);
    assert!(server.stop().success());
    home.run(&["health", "--url", &format!("http://{taken}")]).expect(3);
}

#[tokio::test]
async fn readiness_and_measurements_are_told() {
    let home = Home::new();
    let server = Server::start(&home);
    let client = server.admin();
    let made = client.upload("a.jpg", super::picture(1)).await.unwrap().expect(201);
    client.ended(made["id"].as_str().unwrap()).await;
    let ready = client.get("/readyz").await.expect(200);
    assert_eq!(ready["status"], "ready");
    assert_eq!(client.get("/livez").await.status, 200);
    let shown = client.get("/metrics").await;
    let text = String::from_utf8(shown.body).unwrap();
    for line in [
        "backlot_blobs 1",
        "backlot_jobs{kind=\"process\",state=\"ready\"} 0",
        "backlot_job_oldest_seconds{kind=\"process\"}",
        "backlot_http_requests_total{dialect=\"native\"",
    ] {
        assert!(text.contains(line), "{line} is missing in\n{text}");
    }
}

#[tokio::test]
async fn a_volume_that_is_not_there_is_noticed() {
    let home = Home::new();
    let server = Server::start(&home);
    let client = server.admin();
    let (blobs, away) = (home.data_dir().join("blobs"), home.path("away"));
    std::fs::rename(&blobs, &away).unwrap();
    let ready = Answer::of(client.request(Method::GET, "/readyz")).await.unwrap();
    assert_eq!(ready.expect(503)["checks"]["files"], "failed");
    let refused = client.upload("a.jpg", super::picture(1)).await.unwrap();
    assert_eq!(refused.status, 503);
    server.kill();
    let refused = home.run(&["serve", "--listen", "127.0.0.1:0"]).expect(3);
    assert!(refused.stderr.contains("blob_url"), "{}", refused.stderr);
    let report = home.run(&["verify", "--json"]).expect(1).json();
    assert_eq!(report["findings"][0]["kind"], "wrong-store");
    assert!(!blobs.try_exists().unwrap(), "nothing may be made where the volume should be");
    std::fs::rename(&away, &blobs).unwrap();
    let server = Server::start(&home);
    let client = server.client(&client.token());
    let made = client.upload("a.jpg", super::picture(1)).await.unwrap().expect(201);
    client.ended(made["id"].as_str().unwrap()).await;
}

#[tokio::test]
async fn a_stop_lets_a_running_upload_finish() {
    let home = Home::new();
    let server = Server::start(&home);
    let client = server.admin();
    let (send, body) = futures::channel::mpsc::unbounded::<Result<Vec<u8>, std::io::Error>>();
    let picture = super::picture(1);
    let (head, rest) = picture.split_at(100);
    let target = "/api/v1/assets/raw?filename=slow.jpg";
    let request = client
        .request(Method::PUT, target)
        .header("content-type", "image/jpeg")
        .body(reqwest::Body::wrap_stream(body));
    let uploading = tokio::spawn(Answer::of(request));
    send.unbounded_send(Ok(head.to_vec())).unwrap();
    eventually(async || {
        let text = String::from_utf8(client.get("/metrics").await.body).unwrap();
        text.contains("backlot_http_requests_in_flight 2").then_some(())
    })
    .await;
    let stopping = tokio::task::spawn_blocking(move || server.stop());
    eventually(async || {
        Answer::of(client.request(Method::GET, "/livez")).await.is_err().then_some(())
    })
    .await;
    send.unbounded_send(Ok(rest.to_vec())).unwrap();
    drop(send);
    let made = uploading.await.unwrap().unwrap();
    assert_eq!(made.status, 201, "{made:?}");
    assert!(stopping.await.unwrap().success());
}
