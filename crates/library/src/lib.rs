//! The operations: what the product does, and who may.

pub mod limiter;
pub mod secret;
pub mod signing;
