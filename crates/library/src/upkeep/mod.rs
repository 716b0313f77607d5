//! What keeps a library sound: sweeping, collecting, verifying, copying it aside.

mod sweep;

pub use sweep::Swept;
