//! Search.
pub mod filter;
