//! The whole application, tested from outside.

mod app;
mod piktid;
mod productai;
mod youthumb;
