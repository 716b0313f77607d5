//! The whole application, tested from outside.

mod app;
mod harness;
mod operate;
mod piktid;
