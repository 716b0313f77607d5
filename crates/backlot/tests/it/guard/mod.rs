//! What must hold whoever asks and whatever is sent: authority, hostile input, failing disks.

mod authority;
mod bytes_in;
mod disk;
mod files;
mod heic;
mod leaks;
mod lists;
mod oracle;
mod requests;
mod stage;
mod untouched;
mod wire;
