//! Another host, on loopback, from which pictures are imported.

use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Redirect};
use axum::routing::get;
use backlot_http::server::{ServeOptions, serve};
use backlot_library::LibraryConfig;
use backlot_library::fetch::AllowedHost;
use futures::stream::{self, StreamExt as _};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use crate::app::{CAT, TestApp};

/// How a host names its file.
const NAMED: &str = "attachment; filename=\"a cat.png\"";

/// The host; gone when dropped.
pub(crate) struct Source {
    pub(crate) host: String,
    _serving: AbortOnDropHandle<()>,
}

impl Source {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let host = listener.local_addr().unwrap().to_string();
        let large = Bytes::from([CAT, &vec![0; 11 << 20]].concat());
        let routes = Router::new()
            .route("/cat.png", get(async || CAT))
            .route("/blue%20shoe.png", get(async || CAT))
            .route("/empty", get(async || ""))
            .route("/text", get(async || "no picture"))
            .route("/large.png", get(async move || large))
            .route("/broken", get(async || StatusCode::SERVICE_UNAVAILABLE))
            .route("/moved", get(async || Redirect::to("/cat.png")))
            .route("/inside", get(async || Redirect::to("http://169.254.169.254/latest/meta-data")))
            .route("/round", get(async || Redirect::to("/round")))
            .route("/", get(async || CAT))
            .route("/disposed", get(async || ([(header::CONTENT_DISPOSITION, NAMED)], CAT)))
            .route("/slow", get(trickle));
        let (options, never) = (ServeOptions::default(), CancellationToken::new());
        let serving = tokio::spawn(async move {
            serve(listener, routes, never, options).await.unwrap();
        });
        Self { host, _serving: AbortOnDropHandle::new(serving) }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.host)
    }

    /// An application that may fetch from here.
    pub(crate) async fn app(&self, change: impl FnOnce(&mut LibraryConfig)) -> TestApp {
        let allowed = AllowedHost::parse(&self.host).unwrap();
        TestApp::with(|config| {
            config.fetch.allow.push(allowed);
            change(config);
        })
        .await
    }
}

/// The head and a few bytes, and then nothing for longer than any test takes.
async fn trickle() -> impl IntoResponse {
    let first = stream::iter([Ok::<_, std::io::Error>(Bytes::from_static(&CAT[..64]))]);
    let rest = stream::pending();
    let length = CAT.len().to_string();
    ([(header::CONTENT_LENGTH, length)], Body::from_stream(first.chain(rest)))
}

/// Lets jobs run, and time pass between their attempts, until nothing is being processed.
pub(crate) async fn work_to_the_end(app: &TestApp) {
    for _ in 0..10 {
        app.work().await;
        app.clock.advance_ms(Duration::from_secs(600).as_millis().try_into().unwrap());
    }
}
