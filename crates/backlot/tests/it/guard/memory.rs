//! Memory does not grow with what comes in or goes out.

#![cfg(target_os = "linux")]

use bytes::Bytes;
use futures::{StreamExt as _, stream};
use reqwest::Method;

use crate::harness::{Answer, Home, Server};

const PIECE: usize = 1 << 20;
const PIECES: usize = 256;
/// How much the server may need beyond what it needs at rest.
const ROOM_KB: u64 = 96 << 10;

/// The most memory that the process has had, in KiB.
fn peak_kb(server: &Server) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.pid())).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[tokio::test]
async fn a_large_file_streams_through_in_both_directions() {
    let home = Home::new().with("BACKLOT_DETECT_FACES", "false");
    let server = Server::start(&home);
    let client = server.admin();
    let at_rest = peak_kb(&server);
    let mut head = b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom\0\0\0\0mdat".to_vec();
    head.resize(PIECE, 0);
    let rest = stream::repeat_with(|| Bytes::from_static(&[7; PIECE])).take(PIECES - 1);
    let pieces = stream::once(async { Bytes::from(head) }).chain(rest);
    let body = reqwest::Body::wrap_stream(pieces.map(Ok::<_, std::io::Error>));
    let call = client.request(Method::PUT, "/api/v1/assets/raw?filename=film.mp4").body(body);
    let made = Answer::of(call).await.unwrap().expect(201);
    assert_eq!(made["size"], PIECE * PIECES, "{made}");
    let target = format!("/media/assets/{}/original", made["id"].as_str().unwrap());
    let answer = client.request(Method::GET, &target).send().await.unwrap();
    let mut came = 0;
    let mut pieces = answer.bytes_stream();
    while let Some(piece) = pieces.next().await {
        came += piece.unwrap().len();
    }
    assert_eq!(came, PIECE * PIECES);
    let grown = peak_kb(&server) - at_rest;
    assert!(grown < ROOM_KB, "{grown} KiB for {} KiB", PIECE * PIECES / 1_024);
}
