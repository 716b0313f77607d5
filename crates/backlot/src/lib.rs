//! The `backlot` program: settings, commands, and putting the parts together.
//!
//! Owns: configuration, the command line, logging, and what the process does at start and stop.
//! Never: rules of the product (`backlot_library`), wire formats (`backlot_http`) or SQL
//! (`backlot_store`).

pub mod cli;
pub mod config;
pub mod logging;
pub mod models;
pub mod painting;
pub mod wiring;
