//! An upload on its way in: hashed and written while it arrives.
//!
//! Batches are written on the blocking pool, one at a time, while the next one fills: an upload
//! holds two batches and its head, and waits when the disk is slower than the network.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use backlot_model::media::Digest;
use bytes::Bytes;
use sha2::{Digest as _, Sha256};
use tokio::task::JoinHandle;

use super::BlobError;
use super::files::{Files, Temporary};

/// How much of the beginning of an upload is kept in memory, to tell what it is.
pub const HEAD_BYTES: usize = 64 << 10;
/// What is written at once.
const BATCH_BYTES: usize = 256 << 10;
const _: () =
    assert!(2 * BATCH_BYTES + HEAD_BYTES <= 1 << 20, "an upload holds at most a mebibyte");

/// An upload being received. Dropping it deletes what was written.
pub struct Staging {
    batch: Vec<u8>,
    size: u64,
    bytes_max: u64,
    progress: Progress,
}

enum Progress {
    Ready(Box<Sink>),
    /// Its batch is being written; gives the emptied batch back.
    Writing(JoinHandle<io::Result<(Box<Sink>, Vec<u8>)>>),
    /// It failed or was too large.
    Over,
}

/// What bytes flow into; owned by one thread at a time.
struct Sink {
    files: Files,
    folder: PathBuf,
    temporary: Option<Temporary>,
    hash: Sha256,
    head: Vec<u8>,
}

impl Staging {
    pub(super) fn new(files: Files, folder: PathBuf, bytes_max: u64) -> Self {
        let (hash, head) = (Sha256::new(), Vec::new());
        let sink = Box::new(Sink { files, folder, temporary: None, hash, head });
        Self { batch: Vec::new(), size: 0, bytes_max, progress: Progress::Ready(sink) }
    }

    /// Takes the next bytes. Waits while the disk is behind.
    ///
    /// After an error, or when the future was dropped half-way, the upload has to begin anew.
    pub async fn write(&mut self, mut bytes: &[u8]) -> Result<(), BlobError> {
        let size = self.size.saturating_add(bytes.len() as u64);
        if size > self.bytes_max {
            self.progress = Progress::Over;
            return Err(BlobError::TooLarge { bytes_max: self.bytes_max });
        }
        while !bytes.is_empty() {
            let (now, later) = bytes.split_at(bytes.len().min(BATCH_BYTES - self.batch.len()));
            self.batch.extend_from_slice(now);
            bytes = later;
            if self.batch.len() == BATCH_BYTES {
                let (sink, emptied) = self.sink().await?;
                let batch = std::mem::replace(&mut self.batch, emptied);
                self.progress = Progress::Writing(sink.take(batch));
            }
        }
        self.size = size;
        Ok(())
    }

    /// How many bytes have come so far.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Writes the rest and tells the digest. Nothing is durable yet.
    pub async fn finish(mut self) -> Result<Staged, BlobError> {
        let (sink, _) = self.sink().await?;
        let batch = std::mem::take(&mut self.batch);
        let (sink, _) = written(sink.take(batch).await)?;
        let Sink { files, temporary, hash, head, .. } = *sink;
        let Some(temporary) = temporary else {
            return Err(BlobError::Io(io::Error::other("the staged file was not made")));
        };
        let digest = Digest(hash.finalize().into());
        Ok(Staged { digest, size: self.size, head: head.into(), temporary, files })
    }

    /// Waits for the batch being written. Safe to give up: the batch is then still being written.
    async fn sink(&mut self) -> Result<(Box<Sink>, Vec<u8>), BlobError> {
        if let Progress::Writing(writing) = &mut self.progress {
            let result = writing.await;
            self.progress = Progress::Over;
            return written(result);
        }
        match std::mem::replace(&mut self.progress, Progress::Over) {
            Progress::Ready(sink) => Ok((sink, Vec::new())),
            _ => Err(BlobError::Io(io::Error::other("the upload has failed before"))),
        }
    }
}

fn written<T>(result: Result<io::Result<T>, tokio::task::JoinError>) -> Result<T, BlobError> {
    Ok(result.map_err(io::Error::other)??)
}

impl Sink {
    /// Hashes and writes `batch` on the blocking pool.
    fn take(
        mut self: Box<Self>,
        mut batch: Vec<u8>,
    ) -> JoinHandle<io::Result<(Box<Self>, Vec<u8>)>> {
        tokio::task::spawn_blocking(move || {
            let temporary = match self.temporary.take() {
                Some(temporary) => temporary,
                None => self.files.create_temporary(&self.folder)?,
            };
            self.files.write(&temporary.file, &batch)?;
            self.temporary = Some(temporary);
            self.hash.update(&batch);
            let wanted = batch.len().min(HEAD_BYTES - self.head.len());
            self.head.extend_from_slice(&batch[..wanted]);
            batch.clear();
            Ok((self, batch))
        })
    }
}

/// Stages a file that `write` fills as it likes, seeking included. On the calling thread.
pub(super) fn stage_file<E: From<BlobError>>(
    files: &Files,
    folder: &Path,
    write: impl FnOnce(&mut File) -> Result<(), E>,
) -> Result<Staged, E> {
    let written = |error: io::Error| E::from(BlobError::from(error));
    let mut temporary = files.create_temporary(folder).map_err(written)?;
    write(&mut temporary.file)?;
    let hashed = hash(&mut temporary.file).map_err(written)?;
    let (digest, size, head) = hashed;
    Ok(Staged { digest, size, head, temporary, files: files.clone() })
}

fn hash(file: &mut File) -> io::Result<(Digest, u64, Bytes)> {
    file.seek(SeekFrom::Start(0))?;
    let (mut hash, mut head, mut size) = (Sha256::new(), Vec::new(), 0);
    let mut batch = vec![0; BATCH_BYTES];
    loop {
        let count = file.read(&mut batch)?;
        if count == 0 {
            return Ok((Digest(hash.finalize().into()), size, head.into()));
        }
        hash.update(&batch[..count]);
        head.extend_from_slice(&batch[..count.min(HEAD_BYTES - head.len())]);
        size += count as u64;
    }
}

/// A received upload, not yet named or durable. Dropping it deletes it.
pub struct Staged {
    pub(super) digest: Digest,
    pub(super) size: u64,
    head: Bytes,
    pub(super) temporary: Temporary,
    files: Files,
}

impl Staged {
    /// The SHA-256 of the bytes.
    #[must_use]
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// In bytes.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The first [`HEAD_BYTES`], or all there are.
    #[must_use]
    pub fn head(&self) -> &Bytes {
        &self.head
    }

    /// Where the bytes lie until the upload is committed or dropped.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.temporary.path
    }

    /// All bytes in memory; too large when there are more than `bytes_max`.
    pub async fn bytes(&self, bytes_max: u64) -> Result<Bytes, BlobError> {
        if self.size > bytes_max {
            return Err(BlobError::TooLarge { bytes_max });
        }
        if self.head.len() as u64 == self.size {
            return Ok(self.head.clone());
        }
        let (files, path, size) = (self.files.clone(), self.temporary.path.clone(), self.size);
        let read = tokio::task::spawn_blocking(move || {
            let size = usize::try_from(size).map_err(io::Error::other)?;
            files.read(&files.open(&path)?, size)
        });
        written(read.await).map(Bytes::from)
    }
}
