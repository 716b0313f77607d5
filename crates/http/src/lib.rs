//! Everything of Backlot that speaks HTTP.
//!
//! Owns: the serving shell, the shared edge, the native API, the dialects, delivery.
//! Never: names SQL, a table or a blob key; decides who may. The library does.

pub mod app;
pub mod dialects;
pub mod docs;
pub mod door;
pub mod edge;
pub mod health;
pub mod media;
pub mod native;
pub mod router;
pub mod server;
pub mod streams;
