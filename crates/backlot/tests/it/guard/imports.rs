//! What the server fetches for users, on a loopback host that the operator has allowed.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;

use serde_json::json;

use crate::app::CAT;
use crate::harness::{Answer, Client, Home, Server};

/// A host that answers a path with these bytes, for as long as the test runs; its name and port.
fn host(answer: impl Fn(&str) -> Vec<u8> + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let name = listener.local_addr().unwrap().to_string();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            let mut head = [0; 4_096];
            let count = stream.read(&mut head).unwrap_or(0);
            let head = String::from_utf8_lossy(&head[..count]).into_owned();
            let path = head.split(' ').nth(1).unwrap_or_default();
            let _ = stream.write_all(&answer(path));
        }
    });
    name
}

fn ok(body: &[u8]) -> Vec<u8> {
    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len());
    [head.as_bytes(), body].concat()
}

fn redirect(to: &str) -> Vec<u8> {
    format!("HTTP/1.1 302 Found\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n").into_bytes()
}

async fn imported(client: &Client, url: &str) -> serde_json::Value {
    let call = client.request(reqwest::Method::POST, "/api/v1/assets").json(&json!({ "url": url }));
    let made = Answer::of(call).await.unwrap().expect(201);
    client.ended(made["id"].as_str().unwrap()).await
}

#[tokio::test]
async fn imports_end_as_ready_or_failed_and_tell_nothing_of_what_lies_inside() {
    const SECRET: &str = "the secret of an internal host";
    let inside = host(|_| ok(SECRET.as_bytes()));
    let to_inside = format!("http://{inside}/secret");
    let outside = host(move |path| match path {
        "/cat.png" => ok(CAT),
        "/again" => redirect("/cat.png"),
        "/inside" => redirect(&to_inside),
        "/metadata" => redirect("http://169.254.169.254/latest/meta-data/"),
        "/file" => redirect("file:///etc/passwd"),
        "/page" => ok(b"<!doctype html><script>alert(1)</script>"),
        "/loop" => redirect("/loop"),
        "/teapot" => b"HTTP/1.1 418 No\r\nContent-Length: 5\r\n\r\nhello".to_vec(),
        _ => b"nonsense\r\n\r\n".to_vec(),
    });
    let mut home = Home::new().with("BACKLOT_FETCH_ALLOW", &outside);
    // A proxy that nobody serves: whoever asked it would fetch nothing.
    for name in ["http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "ALL_PROXY"] {
        home = home.with(name, "http://127.0.0.1:9");
    }
    let server = Server::start(&home);
    let client = server.admin();
    for path in ["cat.png", "again"] {
        let asset = imported(&client, &format!("http://{outside}/{path}")).await;
        assert_eq!(asset["status"], "ready", "{path}: {asset}");
        assert_eq!(asset["size"], CAT.len());
    }
    for path in ["inside", "metadata", "file", "page", "loop", "teapot"] {
        let asset = imported(&client, &format!("http://{outside}/{path}")).await;
        assert_eq!(asset["status"], "failed", "{path}: {asset}");
        let reason = asset["error"].as_str().unwrap();
        assert!(!reason.is_empty(), "{path}");
        let said = asset.to_string();
        for leak in [SECRET, "root:", "hello", "169.254", &inside] {
            assert!(!reason.contains(leak) && !said.contains(SECRET), "{path}: {said}");
        }
        assert!(asset["content_hash"].is_null() && asset["size"].is_null(), "{path}: {asset}");
    }
    home.run(&["verify"]).expect(0);
}
