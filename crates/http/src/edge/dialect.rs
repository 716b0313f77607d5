//! A dialect as a value, and the one layer that makes every refusal wear its envelope.
//!
//! Owns: [`Dialect`], [`Refusal`], [`mount`]. Whatever a handler, an extractor, a missing route,
//! a wrong method or a panic refuses leaves through [`Dialect::render`], is logged once, and gets
//! the header fields that go with it.
//! Never: knows a vendor, or decides what is allowed.

use std::any::Any;
use std::error::Error as StdError;
use std::fmt::Write as _;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use backlot_model::{Fault, Kind};
use futures::FutureExt;

use crate::edge::ratelimit::{self, seconds_up};
use crate::edge::request::RequestContext;

/// One wire format: what differs between vendors, apart from their routes and types.
#[derive(Debug)]
pub struct Dialect {
    /// A short lower-case word; a label in logs and metrics, and its key in the configuration.
    pub name: &'static str,
    /// What `/docs` calls it.
    pub title: &'static str,
    /// Where it stands unless the configuration says otherwise; begins with `/`, ends without.
    pub default_prefix: &'static str,
    /// Renders a fault in this API's envelope. Total: it has nothing left to fall back on.
    pub render: fn(&Fault, &RequestContext) -> Response,
}

/// A fault on its way to the dialect's envelope: what handlers and extractors refuse with.
#[derive(Debug)]
pub struct Refusal(pub Fault);

impl From<Fault> for Refusal {
    fn from(fault: Fault) -> Self {
        Self(fault)
    }
}

#[derive(Clone)]
struct Carried(Arc<Fault>);

/// Carries the fault to the layer of [`mount`]; outside of a mounted dialect it is a bare status.
impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut response = status_of(self.0.kind).into_response();
        response.extensions_mut().insert(Carried(Arc::new(self.0)));
        response
    }
}

/// The status that fits a kind where a vendor does not say otherwise.
#[must_use]
pub const fn status_of(kind: Kind) -> StatusCode {
    match kind {
        Kind::Invalid => StatusCode::BAD_REQUEST,
        Kind::Unauthenticated => StatusCode::UNAUTHORIZED,
        Kind::Forbidden => StatusCode::FORBIDDEN,
        Kind::NotFound => StatusCode::NOT_FOUND,
        Kind::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
        Kind::Conflict => StatusCode::CONFLICT,
        Kind::PreconditionFailed => StatusCode::PRECONDITION_FAILED,
        Kind::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        Kind::UnsupportedMedia => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        Kind::RateLimited => StatusCode::TOO_MANY_REQUESTS,
        Kind::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        Kind::Internal => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// Puts `routes` under the dialect: unknown paths, wrong methods, panics and every [`Refusal`]
/// answer in its envelope. Call it once all routes are there, and nest the result.
pub fn mount<S>(dialect: &'static Dialect, routes: Router<S>) -> Router<S>
where
    S: Clone + Send + Sync + 'static,
{
    routes
        .fallback(no_such_route)
        .method_not_allowed_fallback(no_such_method)
        .layer(from_fn_with_state(dialect, speak))
}

async fn no_such_route() -> Refusal {
    Refusal(Fault::new(Kind::NotFound, "not-found", "there is nothing at this address"))
}

async fn no_such_method(context: RequestContext) -> Refusal {
    let message = format!("this address does not take {}; see `Allow`", context.method());
    Refusal(Fault::new(Kind::MethodNotAllowed, "method-not-allowed", message))
}

async fn speak(
    State(dialect): State<&'static Dialect>,
    mut request: Request,
    next: Next,
) -> Response {
    let context = RequestContext::of(request.extensions(), request.method());
    context.enter(dialect, request.extensions());
    request.extensions_mut().insert(context.clone());
    let mut response = match AssertUnwindSafe(next.run(request)).catch_unwind().await {
        Ok(response) => response,
        Err(panic) => Refusal(Fault::internal(panic_text(&*panic))).into_response(),
    };
    if let Some(fault) = fault_in(&mut response) {
        log(&fault, &context);
        if let Some(allowance) = ratelimit::of_refusal(&fault) {
            context.note_allowance(allowance);
        }
        response = (dialect.render)(&fault, &context);
        add_fault_fields(&mut response, &fault);
    }
    add_common_fields(&mut response, &context);
    response
}

/// The fault that a response carries. axum's own extractors refuse in plain text instead; that is
/// made a fault of the same meaning, so that no envelope is missing where one of them was used.
fn fault_in(response: &mut Response) -> Option<Arc<Fault>> {
    if let Some(Carried(fault)) = response.extensions_mut().remove::<Carried>() {
        return Some(fault);
    }
    let plain = response.headers().get(header::CONTENT_TYPE);
    let plain = plain.is_some_and(|kind| kind.as_bytes().starts_with(b"text/plain"));
    let (kind, code, message) = match response.status() {
        _ if !plain => return None,
        StatusCode::NOT_FOUND => (Kind::NotFound, "not-found", "there is nothing at this address"),
        StatusCode::PAYLOAD_TOO_LARGE => (Kind::TooLarge, "too-large", "the body is too large"),
        StatusCode::UNSUPPORTED_MEDIA_TYPE => {
            (Kind::UnsupportedMedia, "unsupported-media", "the body is of a type not taken here")
        }
        status if status.is_client_error() => {
            (Kind::Invalid, "invalid", "the request is not valid")
        }
        status if status.is_server_error() => {
            return Some(Arc::new(Fault::internal("bare status")));
        }
        _ => return None,
    };
    Some(Arc::new(Fault::new(kind, code, message)))
}

fn panic_text(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    format!("panic: {}", text.unwrap_or("without a message"))
}

/// Logs a fault, the only time it is logged.
fn log(fault: &Fault, context: &RequestContext) {
    let (request_id, dialect) = (context.id(), context.dialect().unwrap_or("-"));
    let (route, code) = (context.route().unwrap_or("unmatched"), fault.code);
    let cause = causes(fault);
    match fault.kind {
        Kind::Internal | Kind::Unavailable => {
            tracing::error!(request_id, dialect, route, code, cause, "failed: {}", fault.message);
        }
        Kind::Unauthenticated | Kind::Forbidden | Kind::RateLimited => {
            tracing::info!(request_id, dialect, route, code, cause, "refused: {}", fault.message);
        }
        _ => {
            tracing::debug!(request_id, dialect, route, code, cause, "refused: {}", fault.message);
        }
    }
}

/// The whole chain of causes in one line; empty when there is none.
fn causes(fault: &Fault) -> String {
    let mut text = String::new();
    let mut next = fault.source();
    while let Some(cause) = next {
        let separator = if text.is_empty() { "" } else { ": " };
        let _ = write!(text, "{separator}{cause}");
        next = cause.source();
    }
    text
}

fn add_fault_fields(response: &mut Response, fault: &Fault) {
    let unauthenticated = response.status() == StatusCode::UNAUTHORIZED;
    let headers = response.headers_mut();
    if let Some(wait_ms) = fault.retry_after_ms {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds_up(wait_ms)));
    }
    if unauthenticated {
        let challenge = HeaderValue::from_static("Bearer realm=\"backlot\"");
        headers.entry(header::WWW_AUTHENTICATE).or_insert(challenge);
    }
}

/// Answers of an API are nobody's cache entry, and are what their type says.
fn add_common_fields(response: &mut Response, context: &RequestContext) {
    let headers = response.headers_mut();
    let nosniff = HeaderValue::from_static("nosniff");
    headers.entry(header::X_CONTENT_TYPE_OPTIONS).or_insert(nosniff);
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    if let Some(allowance) = context.allowance() {
        ratelimit::write(&allowance, headers);
    }
}
