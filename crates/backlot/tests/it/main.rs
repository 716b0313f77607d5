//! The whole application, tested from outside.

mod app;
mod piktid;
