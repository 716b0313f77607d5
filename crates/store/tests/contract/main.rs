//! What every engine and every blob store has to do. The one test binary of this crate.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod accounts;
mod assets;
mod blob_rows;
mod blobs;
mod db;
mod disk;
mod embeddings;
mod expressions;
mod jobs;
mod listing;
mod migrate;
mod plans;
mod records;
mod samples;
mod sqlite;
mod upkeep;
mod world;
