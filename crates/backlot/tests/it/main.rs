//! The whole application, tested from outside.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]
#![expect(unreachable_pub, reason = "helpers of tests say what they are for")]

mod across;
mod app;
mod clients;
mod documents;
mod guard;
mod harness;
mod imports;
mod native;
mod operate;
mod piktid;
mod places;
mod productai;
mod schemathesis;
mod source;
mod wire;
mod youthumb;
