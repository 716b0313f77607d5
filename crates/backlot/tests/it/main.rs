//! The whole application, tested from outside.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod app;
mod harness;
mod operate;
mod piktid;
