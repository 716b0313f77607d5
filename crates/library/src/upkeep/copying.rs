//! Carrying files from one store to another.

use backlot_model::media::Digest;
use backlot_model::{Fault, Kind};
use backlot_store::blobs::{BlobError, Blobs, Keep};
use backlot_store::upkeep::{BlobRecord, RenditionRecord};
use futures::{StreamExt as _, TryStreamExt as _};

/// How many files are carried at once.
const AT_ONCE: usize = 4;
/// A thumbnail is never larger, in bytes.
const THUMBNAIL_BYTES_MAX: u64 = 16 << 20;

/// How far it is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CopyProgress {
    /// Files that are there now.
    pub files: u64,
    /// Of so many.
    pub files_total: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Of so many.
    pub bytes_total: u64,
}

/// How files come over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum How {
    /// As a second name where that is possible, else byte by byte. What is there by name and size
    /// is good.
    Link,
    /// Byte by byte, each digest checked. What is there by name and size is good.
    Copy,
    /// The same, and what is there is read and checked as well.
    CheckedCopy,
}

/// What became of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Carried {
    /// It was there.
    Present,
    /// It came by a second name.
    Linked,
    /// It came byte by byte.
    Copied,
    /// It is not where it should have come from, or not whole.
    Lost,
}

/// Carries `records`, a few at a time, and tells what became of each.
pub(super) async fn carry_blobs(
    from: &Blobs,
    to: &Blobs,
    how: How,
    records: &[BlobRecord],
    mut tell: impl FnMut(&BlobRecord, Carried),
) -> Result<(), Fault> {
    let carrying = records.iter().map(async |record| {
        let carried = carry_blob(from, to, how, record).await?;
        Ok::<_, Fault>((record, carried))
    });
    let mut carried = futures::stream::iter(carrying).buffer_unordered(AT_ONCE);
    while let Some((record, what)) = carried.try_next().await? {
        tell(record, what);
    }
    Ok(())
}

async fn carry_blob(
    from: &Blobs,
    to: &Blobs,
    how: How,
    record: &BlobRecord,
) -> Result<Carried, Fault> {
    let BlobRecord { digest, size, .. } = *record;
    let is_there = to.size(digest).await? == Some(size);
    if is_there && (how != How::CheckedCopy || to.rehash(digest).await?.0 == digest) {
        return Ok(Carried::Present);
    }
    match from.size(digest).await? {
        Some(found) if found == size => {}
        _ => return Ok(Carried::Lost),
    }
    // A commit leaves a file of the right size alone, and this one has the wrong bytes.
    to.delete(digest).await?;
    if how == How::Link && to.link(from, digest).await? {
        return Ok(Carried::Linked);
    }
    copy_blob(from, to, digest, size).await
}

async fn copy_blob(from: &Blobs, to: &Blobs, digest: Digest, size: u64) -> Result<Carried, Fault> {
    let mut bytes = match from.read(digest, None).await {
        Ok(read) => read.into_stream(),
        Err(BlobError::Missing) => return Ok(Carried::Lost),
        Err(error) => return Err(error.into()),
    };
    let mut staging = to.stage(size);
    while let Some(chunk) = bytes.try_next().await? {
        staging.write(&chunk).await?;
    }
    let staged = staging.finish().await?;
    if staged.digest() != digest {
        return Ok(Carried::Lost);
    }
    to.commit(staged).await?;
    Ok(Carried::Copied)
}

/// Carries the stored thumbnails among `records`. One that is not there is passed over: it can be
/// made again. How many there are now.
pub(super) async fn carry_thumbnails(
    from: &Blobs,
    to: &Blobs,
    how: How,
    prefix: u8,
    records: &[RenditionRecord],
) -> Result<u64, Fault> {
    let there = to.list_renditions(prefix).await?;
    let there: std::collections::HashSet<_> =
        there.into_iter().map(|it| (it.source, it.name, it.size)).collect();
    let mut carried = 0;
    for record in records.iter().filter(|record| !record.is_cached) {
        let (source, name) = (record.source, &record.name);
        if there.contains(&(source, name.clone(), record.size)) {
            carried += 1;
            continue;
        }
        if how == How::Link {
            match to.link_rendition(from, source, name).await {
                Ok(true) => {
                    carried += 1;
                    continue;
                }
                Ok(false) => {}
                Err(BlobError::Missing) => continue,
                Err(error) => return Err(error.into()),
            }
        }
        let bytes = match from.read_rendition(source, name, None).await {
            Ok(read) => read.bytes(THUMBNAIL_BYTES_MAX).await?,
            Err(BlobError::Missing) => continue,
            Err(error) => return Err(error.into()),
        };
        to.put_rendition(source, name, bytes, Keep::Loosely).await?;
        carried += 1;
    }
    Ok(carried)
}

/// What went wrong at `path`, for the operator.
pub(super) fn io_fault(path: &std::path::Path, error: &std::io::Error) -> Fault {
    let said = format!("{}: {error}", path.display());
    match error.kind() {
        std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => {
            Fault::new(Kind::Unavailable, "storage-full", said)
        }
        _ => Fault::new(Kind::Unavailable, "storage-unavailable", said),
    }
}
