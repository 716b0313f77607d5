//! Scenario's types, and how the library's things look in them.

pub(super) mod asset;
pub(super) mod collection;
mod parameters;
pub(super) mod project;
pub(super) mod refusal;
pub(super) mod source;
