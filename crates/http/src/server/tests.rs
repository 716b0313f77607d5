//! Over real sockets: what only a connection can show.

use std::sync::Mutex;

use axum::response::IntoResponse as _;
use axum::routing::{get, post};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::sync::Notify;
use tokio::task::JoinHandle;

use super::*;
use crate::edge::dialect::{Refusal, mount};
use crate::edge::intake::testing::Kept;
use crate::edge::intake::{self};
use crate::edge::observe::Observer;
use crate::edge::plain::PLAIN;
use crate::edge::shell::{Origins, wrap};

struct Running {
    address: SocketAddr,
    shutdown: CancellationToken,
    task: JoinHandle<io::Result<Drained>>,
}

impl Running {
    async fn start(routes: Router, options: ServeOptions) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let shutdown = CancellationToken::new();
        let router = wrap(mount(&PLAIN, routes), Observer::for_tests(), Origins::None);
        let task = tokio::spawn(serve(listener, router, shutdown.clone(), options));
        Self { address, shutdown, task }
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    async fn end(self) -> Drained {
        self.shutdown.cancel();
        self.task.await.unwrap().unwrap()
    }
}

async fn read_all(stream: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}

async fn read_head(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    String::from_utf8(head).unwrap()
}

async fn refuse_large(incoming: intake::Incoming) -> Result<String, Refusal> {
    let part = incoming.raw(None, 1_000, &mut Kept::default()).await?;
    Ok(part.bytes.to_string())
}

#[tokio::test]
async fn requests_are_answered_and_the_end_comes_at_once() {
    let running =
        Running::start(Router::new().route("/", get("hello")), ServeOptions::default()).await;
    let mut stream = running.connect().await;
    for _ in 0..2 {
        stream.write_all(b"GET / HTTP/1.1\r\nHost: a\r\nX-Request-Id: abc\r\n\r\n").await.unwrap();
        let head = read_head(&mut stream).await;
        assert!(head.starts_with("HTTP/1.1 200"), "{head}");
        assert!(head.contains("x-request-id: abc"), "{head}");
        assert_eq!(&[stream.read_u8().await.unwrap()], b"h");
        stream.read_exact(&mut [0; 4]).await.unwrap();
    }
    assert_eq!(running.end().await, Drained::Wholly);
    assert_eq!(read_all(&mut stream).await, "");
}

/// A route that says when it was entered and answers when it is told to.
fn gated(entered: Arc<Notify>, open: Arc<Notify>) -> Router {
    Router::new().route(
        "/",
        get(async move || {
            entered.notify_one();
            open.notified().await;
            "done"
        }),
    )
}

#[tokio::test]
async fn a_running_request_is_finished_but_no_new_one_taken() {
    let (entered, open) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let routes = gated(Arc::clone(&entered), Arc::clone(&open));
    let running = Running::start(routes, ServeOptions::default()).await;
    let mut stream = running.connect().await;
    stream.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
    entered.notified().await;
    let address = running.address;
    let ending = tokio::spawn(running.end());
    while TcpStream::connect(address).await.is_ok() {
        tokio::task::yield_now().await;
    }
    open.notify_one();
    let answer = read_all(&mut stream).await;
    assert!(answer.contains("connection: close") && answer.ends_with("done"), "{answer}");
    assert_eq!(ending.await.unwrap(), Drained::Wholly);
}

#[tokio::test]
async fn the_deadline_cuts_off_what_does_not_finish() {
    let entered = Arc::new(Notify::new());
    let routes = gated(Arc::clone(&entered), Arc::new(Notify::new()));
    let options =
        ServeOptions { drain_timeout: Duration::from_millis(20), ..ServeOptions::default() };
    let running = Running::start(routes, options).await;
    let mut stream = running.connect().await;
    stream.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
    entered.notified().await;
    assert_eq!(running.end().await, Drained::CutOff(1));
    assert_eq!(read_all(&mut stream).await, "");
}

#[tokio::test]
async fn a_stream_of_events_ends_with_the_serving() {
    let events = || {
        let first = futures::stream::iter([Ok::<_, io::Error>("data: 1\n\n")]);
        let body = Body::from_stream(first.chain(futures::stream::pending()));
        ([(header::CONTENT_TYPE, "text/event-stream")], body)
    };
    let routes = Router::new().route("/", get(async move || events()));
    let running = Running::start(routes, ServeOptions::default()).await;
    let mut stream = running.connect().await;
    stream.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
    assert!(read_head(&mut stream).await.starts_with("HTTP/1.1 200"));
    assert_eq!(running.end().await, Drained::Wholly);
    assert!(read_all(&mut stream).await.ends_with("0\r\n\r\n"));
}

#[tokio::test]
async fn a_head_that_does_not_come_or_is_too_large_ends_the_connection() {
    let options = ServeOptions {
        head_timeout: Duration::from_millis(50),
        head_bytes_max: 1_000,
        ..ServeOptions::default()
    };
    let running = Running::start(Router::new().route("/", get("hello")), options).await;
    let mut slow = running.connect().await;
    slow.write_all(b"GET / HTTP/1.1\r\nHost:").await.unwrap();
    assert!(!read_all(&mut slow).await.contains("200 OK"));
    let mut large = running.connect().await;
    let head = format!("GET / HTTP/1.1\r\nHost: a\r\nX: {}\r\n\r\n", "x".repeat(2_000));
    large.write_all(head.as_bytes()).await.unwrap();
    assert!(read_all(&mut large).await.starts_with("HTTP/1.1 431"));
    assert_eq!(running.end().await, Drained::Wholly);
}

#[tokio::test]
async fn connections_over_the_bound_wait_for_a_place() {
    let options = ServeOptions { connections_max: 1, ..ServeOptions::default() };
    let running = Running::start(Router::new().route("/", get("hello")), options).await;
    let mut first = running.connect().await;
    first.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
    assert!(read_head(&mut first).await.starts_with("HTTP/1.1 200"));
    let mut second = running.connect().await;
    second.write_all(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").await.unwrap();
    let mut byte = [0; 1];
    let early = timeout(Duration::from_millis(50), second.read(&mut byte)).await;
    assert!(early.is_err(), "the second connection was served beside the first");
    drop(first);
    assert!(read_all(&mut second).await.starts_with("HTTP/1.1 200"));
    assert_eq!(running.end().await, Drained::Wholly);
}

#[tokio::test]
async fn a_client_that_sends_everything_first_hears_why_it_was_refused() {
    let routes = Router::new().route("/", post(refuse_large));
    let running = Running::start(routes, ServeOptions::default()).await;
    for length_field in ["Content-Length: 8000000", "Transfer-Encoding: chunked"] {
        let mut stream = running.connect().await;
        let head = format!("POST / HTTP/1.1\r\nHost: a\r\n{length_field}\r\n\r\n");
        stream.write_all(head.as_bytes()).await.unwrap();
        for _ in 0..80 {
            if length_field.starts_with('T') {
                stream.write_all(b"186a0\r\n").await.unwrap();
            }
            stream.write_all(&[b'x'; 100_000]).await.unwrap();
            if length_field.starts_with('T') {
                stream.write_all(b"\r\n").await.unwrap();
            }
        }
        let head = read_head(&mut stream).await;
        assert!(head.starts_with("HTTP/1.1 413"), "{head}");
    }
    assert_eq!(running.end().await, Drained::Wholly);
}

#[tokio::test]
async fn an_offered_body_that_is_refused_is_not_asked_for() {
    let routes = Router::new().route("/", post(refuse_large));
    let running = Running::start(routes, ServeOptions::default()).await;
    let mut stream = running.connect().await;
    let head =
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2000\r\nExpect: 100-continue\r\n\r\n";
    stream.write_all(head).await.unwrap();
    let answer = read_all(&mut stream).await;
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
    assert_eq!(running.end().await, Drained::Wholly);
}

#[tokio::test]
async fn a_client_that_goes_away_drops_the_sink() {
    let dropped = Arc::new(Notify::new());
    struct Guard(Arc<Notify>);
    impl Drop for Guard {
        fn drop(&mut self) {
            self.0.notify_one();
        }
    }
    let begun = Arc::new(Notify::new());
    let outcome = Arc::new(Mutex::new(None));
    let routes = {
        let (dropped, begun, outcome) =
            (Arc::clone(&dropped), Arc::clone(&begun), Arc::clone(&outcome));
        Router::new().route(
            "/",
            post(async move |incoming: intake::Incoming| {
                let _guard = Guard(dropped);
                begun.notify_one();
                let read = incoming.raw(None, 1_000, &mut Kept::default()).await;
                *outcome.lock().unwrap() = Some(read.is_ok());
                "stored".into_response()
            }),
        )
    };
    let running = Running::start(routes, ServeOptions::default()).await;
    let mut stream = running.connect().await;
    let part = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nonly a part";
    stream.write_all(part).await.unwrap();
    begun.notified().await;
    drop(stream);
    dropped.notified().await;
    assert_ne!(*outcome.lock().unwrap(), Some(true), "a truncated body was taken for whole");
    assert_eq!(running.end().await, Drained::Wholly);
}
