//! The whole application, tested from outside.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]
#![expect(unreachable_pub, reason = "helpers of tests say what they are for")]

mod app;
mod clients;
mod guard;
mod harness;
mod operate;
mod piktid;
mod productai;
mod youthumb;
