//! Rows and bytes.
//!
//! Owns: the database façade and its engines, migrations, the blob store, the job queue, and every
//! SQL text and blob key.
//! Never: decides who may do something, or knows that HTTP exists.

pub mod accounts;
pub mod aliases;
pub mod assets;
pub mod blob_rows;
pub mod blobs;
pub mod collections;
pub mod db;
pub mod embeddings;
pub mod events;
pub mod idempotency;
pub mod jobs;
pub mod migrate;
pub mod persons;
pub mod renditions;
pub mod settings;
pub mod snapshots;
mod statement;
pub mod tasks;
pub mod temp_files;
#[cfg(feature = "testing")]
pub mod testing;
pub mod upkeep;
pub mod uploads;

pub use blobs::{BlobError, Blobs};
pub use db::{Arg, Db, DbError, Fetch, ReadTx, Row, Tx};
