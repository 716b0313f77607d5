//! Rows and bytes.
//!
//! Owns: the database façade and its engines, migrations, the blob store, the job queue, and every
//! SQL text and blob key.
//! Never: decides who may do something, or knows that HTTP exists.

pub mod accounts;
pub mod blobs;
pub mod db;
pub mod migrate;
#[cfg(feature = "testing")]
pub mod testing;

pub use blobs::{BlobError, Blobs};
pub use db::{Arg, Db, DbError, Fetch, ReadTx, Row, Tx};
