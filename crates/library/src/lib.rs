//! The operations: what the product does, and who may.
//!
//! Owns: every use case, with the caller as an argument, and what they need of the world: the
//! fetcher of foreign URLs, rate limits, secrets and signatures. Never: HTTP or SQL.

pub mod fetch;
pub mod limiter;
pub mod secret;
pub mod signing;
