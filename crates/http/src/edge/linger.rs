//! Lets a client hear why its upload was refused.
//!
//! Owns: reading on, for a while, a request body that nobody wants any more. Most clients look
//! for an answer only after they have sent everything; a connection that is closed under them
//! looks like a broken network instead of a 413.
//! Never: keeps a byte of it, or asks for a body that the client offered with `Expect` and that
//! nobody had asked for.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::body::Body;
use axum::extract::Request;
use axum::http::header;
use backlot_model::limits::MIB;
use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};
use http_body_util::BodyExt as _;
use tokio::runtime::Handle;
use tokio::time::timeout;

const BYTES_MAX: u64 = 64 * MIB;
const TOTAL_MAX: Duration = Duration::from_secs(30);
const STALL_MAX: Duration = Duration::from_secs(5);

/// Makes the request's body read on by itself when it is dropped before its end.
pub(crate) fn over(request: Request) -> Request {
    if request.body().is_end_stream() {
        return request;
    }
    let offered = request.headers().contains_key(header::EXPECT);
    request.map(|inner| Body::new(Lingering { inner, wanted: !offered, ended: false }))
}

struct Lingering {
    inner: Body,
    wanted: bool,
    ended: bool,
}

impl HttpBody for Lingering {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        self.wanted = true;
        let frame = ready!(Pin::new(&mut self.inner).poll_frame(cx));
        self.ended = !matches!(frame, Some(Ok(_)));
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

impl Drop for Lingering {
    fn drop(&mut self) {
        if self.ended || !self.wanted || self.inner.is_end_stream() {
            return;
        }
        if let Ok(runtime) = Handle::try_current() {
            let rest = std::mem::take(&mut self.inner);
            runtime.spawn(timeout(TOTAL_MAX, read_on(rest)));
        }
    }
}

async fn read_on(mut rest: Body) {
    let mut bytes = 0;
    while let Ok(Some(Ok(frame))) = timeout(STALL_MAX, rest.frame()).await {
        bytes += frame.data_ref().map_or(0, |data| data.len() as u64);
        if bytes > BYTES_MAX {
            return;
        }
    }
}
