//! Bytes: blobs by their SHA-256, renditions made from them, and uploads on their way in.
//!
//! Owns: where bytes lie and in which order they are written. A blob is staged beside the store
//! while it is hashed, made durable, and only then gets its name: at that name there is the whole
//! blob or nothing, whatever crashes.
//! Invariants: no upload holds more than a mebibyte of memory, no read more than a chunk.
//! Never: knows media types or who refers to a blob; those are rows. Writes bytes first, rows after;
//! deletes rows first, bytes after: that is for the caller to keep.

mod disk;
mod error;
mod files;
mod link;
mod read;
mod renditions;
mod staging;

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use backlot_model::Millis;
use backlot_model::media::Digest;
use bytes::Bytes;

use disk::Disk;
pub use error::BlobError;
pub use files::{DiskFaults, DiskStep};
pub use read::{BlobRead, CHUNK_BYTES};
pub use renditions::Keep;
pub use staging::{HEAD_BYTES, Staged, Staging};

/// A blob store. Clones share it.
#[derive(Clone)]
pub struct Blobs {
    store: Store,
}

#[derive(Clone)]
enum Store {
    Disk(Arc<Disk>),
}

/// How a disk store behaves.
#[derive(Clone, Default)]
pub struct DiskOptions {
    /// Asked before every step on the disk; for tests of what a full or failing disk does.
    pub faults: Option<DiskFaults>,
}

/// A blob as it was found in the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BlobEntry {
    /// Its name, which its bytes should have.
    pub digest: Digest,
    /// In bytes.
    pub size: u64,
    /// When it was last committed, by the clock of the disk.
    pub modified_ms: Millis,
}

/// One of 256 parts of the store.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BlobListing {
    /// In the order of their digests.
    pub blobs: Vec<BlobEntry>,
    /// What lies there and is no blob, relative to the store.
    pub strays: Vec<String>,
}

/// A rendition as it was found in the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RenditionEntry {
    /// The blob it was made from.
    pub source: Digest,
    /// Which rendition it is.
    pub name: String,
    /// In bytes.
    pub size: u64,
    /// When it was written, by the clock of the disk.
    pub modified_ms: Millis,
}

impl Blobs {
    /// A store in the folder `root`. Touches nothing: whether this is the right and mounted folder
    /// is told by [`marker`](Self::marker), and [`write_marker`](Self::write_marker) makes a new one.
    #[must_use]
    pub fn open_disk(root: &Path, options: DiskOptions) -> Self {
        Self { store: Store::Disk(Arc::new(Disk::new(root, options))) }
    }

    /// The id written when the store was made; `None` when it never was, or is not mounted.
    pub async fn marker(&self) -> Result<Option<String>, BlobError> {
        match &self.store {
            Store::Disk(disk) => disk.run(Disk::marker).await,
        }
    }

    /// Makes the store and writes its id, durably. Fails when it has an id already.
    pub async fn write_marker(&self, id: &str) -> Result<(), BlobError> {
        let id = id.to_owned();
        match &self.store {
            Store::Disk(disk) => disk.run(move |disk| disk.write_marker(&id)).await,
        }
    }

    /// Begins an upload of at most `bytes_max`. Nothing is written before bytes come.
    #[must_use]
    pub fn stage(&self, bytes_max: u64) -> Staging {
        match &self.store {
            Store::Disk(disk) => disk.stage(bytes_max),
        }
    }

    /// Stages a file that `write` fills as it likes, seeking included, on the blocking pool. What
    /// it left is deleted when it fails.
    pub async fn stage_file<E>(
        &self,
        write: impl FnOnce(&mut std::fs::File) -> Result<(), E> + Send + 'static,
    ) -> Result<Staged, E>
    where
        E: From<BlobError> + Send + 'static,
    {
        match &self.store {
            Store::Disk(disk) => disk.stage_file(write).await,
        }
    }

    /// Gives a staged upload its name, durably. When the blob is there already, makes sure that one
    /// is durable, sets its time to that of the upload, and drops the upload.
    ///
    /// A collector that deletes at the same moment is held off by a row, not by this.
    pub async fn commit(&self, staged: Staged) -> Result<(), BlobError> {
        match &self.store {
            Store::Disk(disk) => disk.run(move |disk| disk.commit(staged)).await,
        }
    }

    /// Opens a blob, or the part of it that `range` says, cut to its size.
    pub async fn read(
        &self,
        digest: Digest,
        range: Option<Range<u64>>,
    ) -> Result<BlobRead, BlobError> {
        match &self.store {
            Store::Disk(disk) => disk.run(move |disk| disk.read(digest, range)).await,
        }
    }

    /// A whole blob in memory; too large when it has more than `bytes_max`.
    pub async fn read_all(&self, digest: Digest, bytes_max: u64) -> Result<Bytes, BlobError> {
        self.read(digest, None).await?.bytes(bytes_max).await
    }

    /// The size of a blob in bytes; `None` when it is not there.
    pub async fn size(&self, digest: Digest) -> Result<Option<u64>, BlobError> {
        match &self.store {
            Store::Disk(disk) => disk.run(move |disk| disk.size(digest)).await,
        }
    }

    /// When a blob was last committed, by the clock of the disk; `None` when it is not there.
    pub async fn modified_ms(&self, digest: Digest) -> Result<Option<Millis>, BlobError> {
        match &self.store {
            Store::Disk(disk) => disk.run(move |disk| disk.modified_ms(digest)).await,
        }
    }

    /// Deletes a blob; one that is not there is deleted already.
    pub async fn delete(&self, digest: Digest) -> Result<(), BlobError> {
        match &self.store {
            Store::Disk(disk) => disk.run(move |disk| disk.delete(digest)).await,
        }
    }

    /// The blobs whose digest begins with the byte `prefix`.
    pub async fn list(&self, prefix: u8) -> Result<BlobListing, BlobError> {
        match &self.store {
            Store::Disk(disk) => disk.run(move |disk| disk.list(prefix)).await,
        }
    }

    /// Reads a blob whole and tells its true digest and size; sound when the digest is its name.
    pub async fn rehash(&self, digest: Digest) -> Result<(Digest, u64), BlobError> {
        match &self.store {
            Store::Disk(disk) => disk.run(move |disk| disk.rehash(digest)).await,
        }
    }

    /// Where a blob lies as a file; `None` in a store that has no files. Does not look.
    #[must_use]
    pub fn local_path(&self, digest: Digest) -> Option<PathBuf> {
        match &self.store {
            Store::Disk(disk) => Some(disk.blob_path(digest)),
        }
    }

    /// Writes what was made from the blob `source`, over an older one of this name.
    ///
    /// `name` is 1 to 100 of `a-z`, `0-9`, `.`, `_`, `-`, and does not begin with a dot.
    pub async fn put_rendition(
        &self,
        source: Digest,
        name: &str,
        bytes: Bytes,
        keep: Keep,
    ) -> Result<(), BlobError> {
        let name = name.to_owned();
        match &self.store {
            Store::Disk(disk) => {
                disk.run(move |disk| disk.put_rendition(source, &name, &bytes, keep)).await
            }
        }
    }

    /// Opens a rendition; [`BlobError::Missing`] when there is none.
    pub async fn read_rendition(
        &self,
        source: Digest,
        name: &str,
        range: Option<Range<u64>>,
    ) -> Result<BlobRead, BlobError> {
        let name = name.to_owned();
        match &self.store {
            Store::Disk(disk) => {
                disk.run(move |disk| disk.read_rendition(source, &name, range)).await
            }
        }
    }

    /// When a rendition was last written, by the clock of the disk; `None` when it is not there.
    pub async fn rendition_modified_ms(
        &self,
        source: Digest,
        name: &str,
    ) -> Result<Option<Millis>, BlobError> {
        let name = name.to_owned();
        match &self.store {
            Store::Disk(disk) => {
                disk.run(move |disk| disk.rendition_modified_ms(source, &name)).await
            }
        }
    }

    /// Deletes one rendition; one that is not there is deleted already.
    pub async fn delete_rendition(&self, source: Digest, name: &str) -> Result<(), BlobError> {
        let name = name.to_owned();
        match &self.store {
            Store::Disk(disk) => disk.run(move |disk| disk.delete_rendition(source, &name)).await,
        }
    }

    /// Deletes every rendition of the blob `source`.
    pub async fn delete_renditions(&self, source: Digest) -> Result<(), BlobError> {
        match &self.store {
            Store::Disk(disk) => disk.run(move |disk| disk.delete_renditions(source)).await,
        }
    }

    /// The renditions of blobs whose digest begins with the byte `prefix`, by digest and name.
    pub async fn list_renditions(&self, prefix: u8) -> Result<Vec<RenditionEntry>, BlobError> {
        match &self.store {
            Store::Disk(disk) => disk.run(move |disk| disk.list_renditions(prefix)).await,
        }
    }

    /// Deletes uploads nobody has written to since `before_ms`, left by a crash. How many.
    pub async fn sweep_staging(&self, before_ms: Millis) -> Result<u64, BlobError> {
        match &self.store {
            Store::Disk(disk) => disk.run(move |disk| disk.sweep_staging(before_ms)).await,
        }
    }
}
