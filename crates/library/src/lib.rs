//! The operations: what the product does, and who may.

pub mod accounts;
pub mod limiter;
pub mod secret;
pub mod signing;
