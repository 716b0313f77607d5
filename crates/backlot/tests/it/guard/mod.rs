//! What must hold whoever asks and whatever is sent: authority, hostile input, failing disks.

mod authority;
mod bytes_in;
mod collections;
mod disk;
mod files;
mod heic;
mod imports;
mod lasting;
mod leaks;
mod lists;
mod memory;
mod oracle;
mod races;
mod requests;
mod stage;
mod untouched;
mod wire;
