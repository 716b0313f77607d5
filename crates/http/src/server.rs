//! The serving loop: from a listening socket to the router.
//!
//! Owns: connections, their number, their deadlines, and an end that lets running requests
//! finish. Speaks HTTP/1.1; TLS and HTTP/2 are a proxy's.
//! Never: knows a route.

mod patient;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, header};
use axum::response::Response;
use futures::StreamExt as _;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tower::Service as _;

use crate::edge::request::Peer;
use crate::server::patient::Patient;

/// A wait before the next try to accept when the system has run out of something.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// How connections are treated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ServeOptions {
    /// Open connections; more wait in the system's queue.
    pub connections_max: usize,
    /// How long the head of a request may take; also how long an idle connection is kept.
    pub head_timeout: Duration,
    /// The head of a request, in bytes; over it the answer is 431.
    pub head_bytes_max: usize,
    /// How long a client may take none of an answer's bytes.
    pub write_stall_max: Duration,
    /// How long running requests may take to finish when the end has come.
    pub drain_timeout: Duration,
}

impl Default for ServeOptions {
    fn default() -> Self {
        Self {
            connections_max: 1_024,
            head_timeout: Duration::from_secs(15),
            head_bytes_max: 64 << 10,
            write_stall_max: Duration::from_secs(60),
            drain_timeout: Duration::from_secs(30),
        }
    }
}

/// How the serving ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Drained {
    /// Every request had its answer.
    Wholly,
    /// The deadline cut off this many connections.
    CutOff(usize),
}

/// Serves `router` until `shutdown`; then stops accepting, lets running requests finish within
/// the deadline, and returns.
///
/// # Errors
/// The listener cannot be used.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    shutdown: CancellationToken,
    options: ServeOptions,
) -> io::Result<Drained> {
    listener.local_addr()?;
    let permits = Arc::new(Semaphore::new(options.connections_max));
    let graceful = GracefulShutdown::new();
    let deadline = CancellationToken::new();
    let http = http1_builder(options);
    while let Some(permit) =
        shutdown.run_until_cancelled(Arc::clone(&permits).acquire_owned()).await
    {
        let Some(accepted) = shutdown.run_until_cancelled(accept(&listener)).await else { break };
        let Some((stream, peer)) = accepted else { continue };
        let io = TokioIo::new(Patient::new(stream, options.write_stall_max));
        let (router, closing) = (router.clone(), shutdown.clone());
        let service = hyper::service::service_fn(move |mut request: Request<Incoming>| {
            request.extensions_mut().insert(Peer(peer));
            let answer = router.clone().call(request.map(Body::new));
            let closing = closing.clone();
            async move { answer.await.map(|answer| ending_with(answer, closing)) }
        });
        let connection = graceful.watch(http.serve_connection(io, service));
        let cut_off = deadline.clone().cancelled_owned();
        tokio::spawn(async move {
            let _permit = permit;
            tokio::select! {
                ended = connection => {
                    if let Err(error) = ended {
                        tracing::debug!(%peer, %error, "a connection ended early");
                    }
                }
                () = cut_off => {}
            }
        });
    }
    drop(listener);
    let open = graceful.count();
    tracing::info!(connections = open, "stopped accepting; letting running requests finish");
    match timeout(options.drain_timeout, graceful.shutdown()).await {
        Ok(()) => Ok(Drained::Wholly),
        Err(_) => {
            let left = options.connections_max - permits.available_permits();
            deadline.cancel();
            tracing::warn!(connections = left, "cut off what was still running at the deadline");
            Ok(Drained::CutOff(left))
        }
    }
}

/// A stream of events has no end of its own: it ends with the serving, and its client comes back.
fn ending_with(answer: Response, closing: CancellationToken) -> Response {
    let kind = answer.headers().get(header::CONTENT_TYPE);
    if !kind.is_some_and(|kind| kind.as_bytes().starts_with(b"text/event-stream")) {
        return answer;
    }
    answer.map(|body| {
        let events = body.into_data_stream().take_until(closing.cancelled_owned());
        Body::from_stream(events)
    })
}

fn http1_builder(options: ServeOptions) -> http1::Builder {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(options.head_timeout)
        .max_header_size(options.head_bytes_max)
        .keep_alive(true);
    http
}

/// The next connection; `None` when this one came to nothing.
async fn accept(listener: &TcpListener) -> Option<(TcpStream, SocketAddr)> {
    match listener.accept().await {
        Ok((stream, peer)) => {
            // Without it a small answer waits some 40 ms for the client's acknowledgement.
            let _ = stream.set_nodelay(true);
            Some((stream, peer))
        }
        Err(error) => {
            let of_the_connection = matches!(
                error.kind(),
                io::ErrorKind::ConnectionAborted
                    | io::ErrorKind::ConnectionReset
                    | io::ErrorKind::ConnectionRefused
            );
            if !of_the_connection {
                tracing::error!(%error, "cannot accept connections; trying on");
                sleep(ACCEPT_PAUSE).await;
            }
            None
        }
    }
}

#[cfg(test)]
mod tests;
