//! What things are in Backlot.
//!
//! Owns: identifiers, time and chance as arguments, faults, limits, the asset and account types,
//! the question a listing answers, and the table of who may do what.
//! Never: I/O, async, or serialised forms. Wire formats belong to the dialects, rows to `store`.

pub mod account;
pub mod asset;
pub mod clock;
pub mod event;
pub mod fault;
pub mod id;
pub mod limits;
pub mod media;
pub mod policy;
pub mod query;

pub use clock::{Clock, HandClock, Ids, Millis};
pub use fault::{Fault, Kind};
pub use id::Id;
