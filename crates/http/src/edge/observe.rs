//! One log line and one set of measurements for each request.
//!
//! Owns: the request id, the line that says what became of a request, its counters. The line is
//! written when the last byte was sent, or when the client went away before.
//! Never: logs a query string, a header or a body.

use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::Response;
use backlot_model::Ids;
use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};
use tokio::time::Instant;

use crate::edge::intake::reader::Pace;
use crate::edge::linger;
use crate::edge::metrics;
use crate::edge::request::{Peer, REQUEST_ID, RequestContext, inbound_request_id};

/// Shown as the status of a request whose client went away before the answer, as nginx does.
const CLIENT_GONE: u16 = 499;

/// What observing needs.
#[derive(Clone)]
pub struct Observer {
    /// Where request ids come from.
    pub ids: Arc<Ids>,
    /// How slow the bodies of clients may be.
    pub pace: Pace,
    /// Whether `X-Forwarded-For` is written by a proxy of the operator's.
    pub trust_forwarded: bool,
}

pub(crate) async fn observe(
    State(observer): State<Observer>,
    request: Request,
    next: Next,
) -> Response {
    let headers = request.headers();
    let id = match inbound_request_id(headers) {
        Some(id) => id.to_owned(),
        None => observer.ids.next::<RequestContext>().uuid().simple().to_string(),
    };
    let peer = request.extensions().get::<Peer>().map(|peer| peer.0.ip());
    let client = if observer.trust_forwarded { forwarded(headers).or(peer) } else { peer };
    let context = RequestContext::new(id, request.method().clone(), client);
    let mut line = Line::begin(context.clone(), request.uri().path());
    let mut request = linger::over(request);
    request.extensions_mut().insert(context.clone());
    request.extensions_mut().insert(observer.pace);

    let mut response = next.run(request).await;

    line.answered(response.status());
    // The id is of header characters only: chosen by us, or checked.
    if let Ok(id) = HeaderValue::from_str(context.id()) {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    response.map(|body| Body::new(Observed { body, line }))
}

/// The address that the nearest proxy saw: the last one in `X-Forwarded-For`.
fn forwarded(headers: &HeaderMap) -> Option<IpAddr> {
    let last = headers.get_all("x-forwarded-for").iter().next_back()?.to_str().ok()?;
    last.rsplit(',').next()?.trim().parse().ok()
}

/// What is known of a request; written when it is dropped.
#[derive(Debug)]
struct Line {
    context: RequestContext,
    path: String,
    begun: Instant,
    head: Option<(StatusCode, f64)>,
    bytes: u64,
    complete: bool,
}

impl Line {
    fn begin(context: RequestContext, path: &str) -> Self {
        metrics::request_begins();
        let path = path.chars().take(200).collect();
        let begun = Instant::now();
        Self { context, path, begun, head: None, bytes: 0, complete: false }
    }

    fn answered(&mut self, status: StatusCode) {
        self.head = Some((status, self.begun.elapsed().as_secs_f64()));
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        let elapsed = || self.begun.elapsed().as_secs_f64();
        let status = self.head.map_or(CLIENT_GONE, |(status, _)| status.as_u16());
        let seconds = self.head.map_or_else(elapsed, |(_, seconds)| seconds);
        metrics::request_ends(&self.context, status, seconds);
        let context = &self.context;
        let ms = (seconds * 100_000.0).round() / 100.0;
        let (method, route) = (context.method().as_str(), context.route());
        let (request_id, bytes, complete) = (context.id(), self.bytes, self.complete);
        let (dialect, caller) = (context.dialect().unwrap_or("-"), context.caller().unwrap_or("-"));
        let client = context.client().map(tracing::field::display);
        match route {
            Some(route @ ("/livez" | "/readyz" | "/metrics")) => {
                tracing::debug!(request_id, method, route, status, ms, bytes, "request");
            }
            Some(route) => tracing::info!(
                request_id, method, route, dialect, status, ms, bytes, complete, caller, client,
                "request"
            ),
            None => tracing::info!(
                request_id,
                method,
                route = "unmatched",
                path = self.path,
                dialect,
                status,
                ms,
                bytes,
                complete,
                caller,
                client,
                "request"
            ),
        }
    }
}

/// A response body that counts itself into its line.
struct Observed {
    body: Body,
    line: Line,
}

impl HttpBody for Observed {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(cx));
        match &frame {
            Some(Ok(frame)) => {
                self.line.bytes += frame.data_ref().map_or(0, |data| data.len() as u64);
            }
            Some(Err(_)) => {}
            None => self.line.complete = true,
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Observed {
    fn drop(&mut self) {
        // A HEAD answer's body is never polled, a sized one not past its size.
        let head = *self.line.context.method() == Method::HEAD;
        self.line.complete |= head || self.body.is_end_stream();
    }
}

#[cfg(test)]
impl Observer {
    /// Ids from a clock that stands; nobody is trusted.
    pub(crate) fn for_tests() -> Self {
        let clock = Arc::new(backlot_model::HandClock::default());
        Self { ids: Arc::new(Ids::new(clock)), pace: Pace::default(), trust_forwarded: false }
    }
}
