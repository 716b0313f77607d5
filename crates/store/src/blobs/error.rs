//! Why bytes were not written or read.

use std::io;

use backlot_model::fault::{Fault, Kind};

/// Why bytes were not written or read.
#[derive(Debug, thiserror::Error)]
pub enum BlobError {
    /// There is no such blob or rendition.
    #[error("the bytes are not in the store")]
    Missing,
    /// More bytes than the caller allows.
    #[error("more than {bytes_max} bytes")]
    TooLarge {
        /// What was allowed.
        bytes_max: u64,
    },
    /// No space is left.
    #[error("no space is left in the store: {0}")]
    Full(#[source] io::Error),
    /// The store cannot be reached, or fails.
    #[error("the store fails: {0}")]
    Io(#[source] io::Error),
}

impl From<io::Error> for BlobError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::Full(error),
            _ => Self::Io(error),
        }
    }
}

impl From<BlobError> for Fault {
    fn from(error: BlobError) -> Self {
        match error {
            BlobError::Missing => {
                Self::new(Kind::Internal, "blob-missing", "the bytes of this file are missing")
                    .because(error)
            }
            BlobError::TooLarge { bytes_max } => Self::new(
                Kind::TooLarge,
                "too-large",
                format!("the file is larger than {bytes_max} bytes"),
            ),
            BlobError::Full(_) => {
                Self::new(Kind::Unavailable, "storage-full", "no space is left for files")
                    .retry_after_ms(60_000)
                    .because(error)
            }
            BlobError::Io(_) => {
                Self::new(Kind::Unavailable, "storage-unavailable", "files cannot be reached now")
                    .retry_after_ms(5_000)
                    .because(error)
            }
        }
    }
}
