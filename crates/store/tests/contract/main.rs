//! What every engine and every blob store has to do. The one test binary of this crate.

mod accounts;
mod db;
