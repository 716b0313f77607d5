//! The whole application, tested from outside.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]
#![expect(unreachable_pub, reason = "helpers of tests say what they are for")]

mod across;
mod app;
mod assets;
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
mod scenario;
mod schemathesis;
mod search;
mod source;
mod wire;
mod youthumb;
