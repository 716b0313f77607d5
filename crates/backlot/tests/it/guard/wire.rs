//! What only a connection can show: requests that break HTTP itself, against a real server.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

use crate::app::CAT;
use crate::harness::{Home, Server};

/// Sends bytes, and reads until the server has said all. `ends` says that no more will come.
fn exchange(server: &Server, request: &[u8], ends: bool) -> String {
    let address = server.url.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    // The server may have refused and closed before it has read all.
    let _ = stream.write_all(request);
    if ends {
        let _ = stream.shutdown(Shutdown::Write);
    }
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

fn status_of(answer: &str) -> Option<u16> {
    answer.strip_prefix("HTTP/1.1 ")?.get(..3)?.parse().ok()
}

/// A body in chunks of `HTTP/1.1`.
fn chunked(bytes: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    for chunk in bytes.chunks(1_000) {
        body.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
        body.extend_from_slice(chunk);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(b"0\r\n\r\n");
    body
}

#[tokio::test]
async fn what_breaks_the_protocol_ends_its_own_connection_only() {
    let home = Home::new().with("BACKLOT_DETECT_FACES", "false");
    let server = Server::start(&home);
    let put = "PUT /api/v1/assets/raw HTTP/1.1\r\nHost: x\r\nConnection: close\r\n";
    let auth = format!("Authorization: Bearer {}\r\n", server.first_key());
    let upload =
        |fields: &str, body: &[u8]| [format!("{put}{auth}{fields}\r\n").as_bytes(), body].concat();
    let get = |fields: &str| {
        let head = "GET /api/v1/assets HTTP/1.1\r\nHost: x\r\nConnection: close\r\n";
        format!("{head}{auth}{fields}\r\n").into_bytes()
    };
    let length = format!("Content-Length: {}\r\n", CAT.len());
    let both = format!("{length}Transfer-Encoding: chunked\r\n");
    let two = format!("{length}Content-Length: 3\r\n");
    let broken = [
        ("two lengths", upload(&two, CAT)),
        ("a negative length", upload("Content-Length: -1\r\n", CAT)),
        ("a huge length", upload("Content-Length: 99999999999999999999\r\n", CAT)),
        ("no chunk", upload("Transfer-Encoding: chunked\r\n", b"xyz\r\n")),
        ("a huge chunk", upload("Transfer-Encoding: chunked\r\n", b"ffffffffffffffffff\r\n")),
        ("half the chunks", upload("Transfer-Encoding: chunked\r\n", b"4\r\n\x89PNG\r\n")),
        ("half the bytes", upload(&length, &CAT[..CAT.len() / 2])),
        ("an unknown coding", upload("Transfer-Encoding: gzip\r\n", CAT)),
        ("a header over the limit", get(&format!("X: {}\r\n", "x".repeat(2 << 20)))),
        ("very many headers", get(&"X: y\r\n".repeat(5_000))),
        ("a header folded", get("X: y\r\n z\r\n")),
        ("a zero in a header", get("X: a\0b\r\n")),
        ("a name with a space", get("X Y: z\r\n")),
        ("no http", b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03".to_vec()),
        ("another protocol", b"GET / HTTP/9.9\r\n\r\n".to_vec()),
        ("a bare line", b"\r\n\r\n\r\n".to_vec()),
    ];
    for (what, request) in broken {
        let ends = what.starts_with("half") || what == "a bare line";
        let answer = exchange(&server, &request, ends);
        // To who has gone away there is nothing to say.
        let status = status_of(&answer).or(ends.then_some(400)).unwrap_or_default();
        assert!((400..500).contains(&status), "{what}: {answer:.300}");
    }
    let client = server.admin();
    let page = client.get("/api/v1/assets").await.expect(200);
    assert_eq!(page["count"], 0, "{page}");
    let staging = home.data_dir().join("blobs/staging");
    crate::harness::eventually(async || {
        let left = std::fs::read_dir(&staging).unwrap().count();
        (left == 0).then_some(())
    })
    .await;
    // What is well formed passes, with a length or without.
    for (fields, body) in
        [(&*length, CAT.to_vec()), ("Transfer-Encoding: chunked\r\n", chunked(CAT))]
    {
        let answer = exchange(&server, &upload(fields, &body), false);
        assert_eq!(status_of(&answer), Some(201), "{answer:.300}");
    }
    // Of a length and chunks, chunks count; what follows is no second request.
    let smuggled = [chunked(CAT), b"GET /api/v1/assets HTTP/1.1\r\n\r\n".to_vec()].concat();
    let answer = exchange(&server, &upload(&both, &smuggled), false);
    assert!(answer.matches("HTTP/1.1 ").count() <= 1, "{answer:.300}");
    home.run(&["verify"]).expect(0);
}
