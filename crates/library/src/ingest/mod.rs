//! The one way in. Every door (multipart, raw body, base64, URL, presigned upload, import from
//! disk, bytes already here) ends in [`Library::create_asset`].
//!
//! Owns: receiving bytes under limits, naming their type, making blob, record, job and event.
//! Invariant: an asset is recorded only after its bytes are durable.

mod accepts;
mod batch;
mod create;
mod from_url;
pub mod heif;
mod intake;
pub(crate) mod process;
mod reception;
mod stage;

pub use accepts::{Accepts, PICTURE_TYPES};
pub use batch::BytesFrom;
pub use intake::{Intake, Received};

pub(crate) use create::{Draft, Origin, attach};
pub(crate) use from_url::may_pass;
pub(crate) use reception::Reception;
pub(crate) use stage::{Stage, describe};
