//! What every dialect and the native API share between a socket and the library.
//!
//! Owns: dialects as values, request ids, log lines, metrics, credentials, the ways bytes and
//! fields come in, conditions, rate limit fields, OpenAPI plumbing.
//! Never: a rule of the product, a vendor's field name, SQL.

pub mod credential;
pub mod dialect;
pub mod etag;
pub mod fields;
pub mod intake;
mod linger;
pub mod metrics;
pub mod observe;
pub mod openapi;
pub mod path;
pub mod place;
pub mod plain;
pub mod ratelimit;
pub mod request;
pub mod shell;
pub mod time;

#[cfg(test)]
mod tests;
