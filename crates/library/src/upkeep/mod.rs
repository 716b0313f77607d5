//! What keeps a library sound: sweeping, collecting, verifying, copying it aside, filling it.
//!
//! Owns: the bond between records and bytes (the marker), finding and repairing what does not
//! hold, backup and restore, import from disk, and what is told to those who watch.
//! Never: the command line, or what is printed.

mod backup;
mod collect;
mod copying;
mod findings;
mod gauges;
mod import;
mod manifest;
mod marker;
mod repair;
mod restore;
mod sweep;
mod verify;
mod walk;

pub use backup::{BackupOptions, BackupReport};
pub use collect::Collected;
pub use copying::CopyProgress;
pub use findings::{Finding, FindingKind, Tally, VerifyReport};
pub use gauges::describe_measurements;
pub use import::{Import, ImportOutcome, PROCESSED_LISTED_MAX};
pub use manifest::{MANIFEST_FILE, Manifest};
pub use marker::{MarkerTrouble, bind};
pub use restore::{HALF_DONE, Restored, restore};
pub use sweep::Swept;
pub use verify::{VerifyOptions, VerifyStep};
pub use walk::{Found, walk};
