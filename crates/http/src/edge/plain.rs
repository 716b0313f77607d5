//! The envelope of what belongs to no dialect: health, delivery, paths that nobody serves.
//!
//! Owns: `{"error", "message", "request_id"}` with the code as `error`. Never: routes.

use axum::Json;
use axum::response::{IntoResponse, Response};
use backlot_model::Fault;
use serde::Serialize;

use crate::edge::dialect::{Dialect, status_of};
use crate::edge::request::RequestContext;

/// Answers outside of all dialects.
pub static PLAIN: Dialect =
    Dialect { name: "plain", title: "Outside of all dialects", default_prefix: "", render };

#[derive(Serialize)]
struct Envelope<'f> {
    error: &'static str,
    message: &'f str,
    request_id: &'f str,
}

/// Renders a fault as such.
pub fn render(fault: &Fault, context: &RequestContext) -> Response {
    let request_id = context.id();
    let body = Json(Envelope { error: fault.code, message: &fault.message, request_id });
    (status_of(fault.kind), body).into_response()
}
