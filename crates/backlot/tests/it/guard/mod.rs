//! What must hold whoever asks and whatever is sent: authority, hostile input, failing disks.

mod authority;
mod leaks;
mod lists;
mod oracle;
mod stage;
