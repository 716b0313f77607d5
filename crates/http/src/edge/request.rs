//! What the edge knows of one request: its id, its route, who asks, how much he may still ask.
//!
//! Owns: [`RequestContext`], shared by the log line, the metrics, the rendering of faults and the
//! handlers. Never: bodies, credentials, or the query string.

use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use axum::extract::{FromRequestParts, MatchedPath};
use axum::http::request::Parts;
use axum::http::{Extensions, HeaderMap, Method};
use backlot_library::limiter::Allowance;

use crate::edge::dialect::Dialect;

/// The header that carries the request id, both ways.
pub const REQUEST_ID: &str = "x-request-id";
const REQUEST_ID_CHARS_MAX: usize = 64;

/// The other end of the connection; the server puts it into each request's extensions.
#[derive(Debug, Clone, Copy)]
pub struct Peer(pub SocketAddr);

/// One request, as far as the edge is concerned. Clones share one state.
#[derive(Debug, Clone)]
pub struct RequestContext(Arc<Facts>);

#[derive(Debug)]
struct Facts {
    id: String,
    method: Method,
    client: Option<IpAddr>,
    entered: OnceLock<Entered>,
    caller: OnceLock<String>,
    allowance: Mutex<Option<Allowance>>,
}

#[derive(Debug)]
struct Entered {
    dialect: &'static str,
    route: Option<String>,
}

impl RequestContext {
    /// A request with this id; `client` is the address it came from, where known.
    #[must_use]
    pub fn new(id: String, method: Method, client: Option<IpAddr>) -> Self {
        Self(Arc::new(Facts {
            id,
            method,
            client,
            entered: OnceLock::new(),
            caller: OnceLock::new(),
            allowance: Mutex::new(None),
        }))
    }

    /// The request id, echoed in `x-request-id`; never empty.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.0.id
    }

    /// The request's method.
    #[must_use]
    pub fn method(&self) -> &Method {
        &self.0.method
    }

    /// Where the request came from; behind a trusted proxy, the address that the proxy names.
    #[must_use]
    pub fn client(&self) -> Option<IpAddr> {
        self.0.client
    }

    /// The name of the dialect that answers, once routing has found one.
    #[must_use]
    pub fn dialect(&self) -> Option<&'static str> {
        self.0.entered.get().map(|entered| entered.dialect)
    }

    /// The template of the matched route (`/piktid/assets/{id}`); `None` when none matched.
    #[must_use]
    pub fn route(&self) -> Option<&str> {
        self.0.entered.get().and_then(|entered| entered.route.as_deref())
    }

    /// Who asks, as an id fit for the log.
    #[must_use]
    pub fn caller(&self) -> Option<&str> {
        self.0.caller.get().map(String::as_str)
    }

    /// Notes who asks, for the log line: an id, never a secret or an address. The first one stays.
    pub fn note_caller(&self, id: impl Into<String>) {
        let _ = self.0.caller.set(id.into());
    }

    /// What the caller may still do; set by [`Self::note_allowance`].
    #[must_use]
    pub fn allowance(&self) -> Option<Allowance> {
        *self.0.allowance.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes what the caller may still do: the answer, good or bad, tells him in `RateLimit`
    /// fields. The latest one stays.
    pub fn note_allowance(&self, allowance: Allowance) {
        *self.0.allowance.lock().unwrap_or_else(PoisonError::into_inner) = Some(allowance);
    }

    /// The request passed into a dialect. The first one stays.
    pub(crate) fn enter(&self, dialect: &'static Dialect, extensions: &Extensions) {
        let route = extensions.get::<MatchedPath>().map(|path| path.as_str().to_owned());
        let _ = self.0.entered.set(Entered { dialect: dialect.name, route });
    }

    /// The context that the serving shell put there. A router called without the shell, as in a
    /// test of one dialect, gets a fresh one.
    pub(crate) fn of(extensions: &Extensions, method: &Method) -> Self {
        match extensions.get::<Self>() {
            Some(context) => context.clone(),
            None => Self::new("-".to_owned(), method.clone(), None),
        }
    }
}

impl<S: Sync> FromRequestParts<S> for RequestContext {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Infallible> {
        Ok(Self::of(&parts.extensions, &parts.method))
    }
}

/// The request id that the client or a proxy chose, if it is fit to be logged and echoed: 1 to 64
/// letters, digits, `-`, `_` and `.`.
#[must_use]
pub fn inbound_request_id(headers: &HeaderMap) -> Option<&str> {
    let id = headers.get(REQUEST_ID)?.to_str().ok()?;
    let sane = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    let fits = (1..=REQUEST_ID_CHARS_MAX).contains(&id.len()) && id.bytes().all(sane);
    fits.then_some(id)
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn only_sane_request_ids_are_taken_over() {
        let taken = |raw: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(REQUEST_ID, HeaderValue::from_bytes(raw.as_bytes()).unwrap());
            inbound_request_id(&headers).map(str::to_owned)
        };
        assert_eq!(taken("abc-123_X.9").as_deref(), Some("abc-123_X.9"));
        for bad in ["", "a b", "ümlaut", "a\"b", &"x".repeat(65)] {
            assert_eq!(taken(bad), None, "{bad}");
        }
        assert_eq!(inbound_request_id(&HeaderMap::new()), None);
    }
}
