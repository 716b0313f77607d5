//! The operations: what the product does, and who may.
//!
//! Owns: every use case, each with the caller as an argument; the decision of authority, once,
//! from the table in `backlot_model::policy`; the one ingest path; the worker.
//! Never: HTTP (no statuses, headers or wire formats) and SQL.

pub mod accounts;
mod aliases;
pub mod archives;
pub mod assets;
mod authority;
pub mod collections;
pub mod config;
pub mod context;
pub mod delivery;
pub mod events;
pub mod fetch;
pub mod idempotency;
pub mod ingest;
pub mod jobs;
pub mod limiter;
pub mod listing;
pub mod models;
pub mod persons;
mod positions;
pub mod search;
pub mod secret;
pub mod signing;
pub mod tasks;
pub mod temp_files;
pub mod upkeep;
pub mod uploads;

pub use config::LibraryConfig;
pub use context::Library;
