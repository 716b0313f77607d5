//! Bytes on their way out, a chunk at a time.

use std::fs::File;
use std::io;
use std::ops::Range;

use bytes::{Bytes, BytesMut};
use futures::stream::{self, BoxStream, StreamExt as _, TryStreamExt as _};

use super::BlobError;
use super::files::Files;

/// What is read at once, and so what a slow client holds in memory.
pub const CHUNK_BYTES: usize = 256 << 10;

/// An opened blob or rendition. It can be read to its end even if it is deleted meanwhile.
pub struct BlobRead {
    size: u64,
    range: Range<u64>,
    chunks: BoxStream<'static, Result<Bytes, BlobError>>,
}

impl BlobRead {
    /// Opens and reads the first chunk, so that something small takes one turn on the blocking pool.
    pub(super) fn of_file(
        files: &Files,
        file: File,
        range: Option<Range<u64>>,
    ) -> Result<Self, BlobError> {
        let size = file.metadata()?.len();
        let range = match range {
            Some(range) => range.start.min(size)..range.end.clamp(range.start.min(size), size),
            None => 0..size,
        };
        if range.start > 0 {
            io::Seek::seek(&mut &file, io::SeekFrom::Start(range.start))?;
        }
        let mut rest = Rest { files: files.clone(), file, bytes: range.end - range.start };
        let first = rest.chunk()?;
        let later = stream::try_unfold(rest, |rest| async move {
            if rest.bytes == 0 {
                return Ok(None);
            }
            let read = move || {
                let mut rest = rest;
                rest.chunk().map(|chunk| Some((chunk, rest)))
            };
            Ok(tokio::task::spawn_blocking(read).await.map_err(io::Error::other)??)
        });
        let first = stream::iter((!first.is_empty()).then_some(Ok(first)));
        Ok(Self { size, range, chunks: first.chain(later).boxed() })
    }

    /// The size of the whole, in bytes.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Which part is read: what was asked for, cut to the size.
    #[must_use]
    pub fn range(&self) -> Range<u64> {
        self.range.clone()
    }

    /// The bytes in chunks of at most [`CHUNK_BYTES`]. Ends with an error when the file turns out
    /// shorter than it was.
    #[must_use]
    pub fn into_stream(self) -> BoxStream<'static, Result<Bytes, BlobError>> {
        self.chunks
    }

    /// The bytes in one piece; too large when there are more than `bytes_max`.
    pub async fn bytes(mut self, bytes_max: u64) -> Result<Bytes, BlobError> {
        let count = self.range.end - self.range.start;
        if count > bytes_max {
            return Err(BlobError::TooLarge { bytes_max });
        }
        let Some(first) = self.chunks.try_next().await? else {
            return Ok(Bytes::new());
        };
        if first.len() as u64 == count {
            return Ok(first);
        }
        let mut all = BytesMut::with_capacity(usize::try_from(count).map_err(io::Error::other)?);
        all.extend_from_slice(&first);
        while let Some(chunk) = self.chunks.try_next().await? {
            all.extend_from_slice(&chunk);
        }
        Ok(all.freeze())
    }
}

struct Rest {
    files: Files,
    file: File,
    bytes: u64,
}

impl Rest {
    fn chunk(&mut self) -> io::Result<Bytes> {
        let wanted = usize::try_from(self.bytes).unwrap_or(usize::MAX).min(CHUNK_BYTES);
        let chunk = self.files.read(&self.file, wanted)?;
        if chunk.len() < wanted {
            return Err(io::Error::from(io::ErrorKind::UnexpectedEof));
        }
        self.bytes -= chunk.len() as u64;
        Ok(chunk.into())
    }
}
