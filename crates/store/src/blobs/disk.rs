//! A store in a folder: `blobs/ab/cd/<sha256>`, `renditions/ab/<sha256>/<name>`, `staging/`, and
//! the marker `store-id`.
//!
//! Everything here blocks and runs through [`Disk::run`] on the blocking pool. Only the marker's
//! writing makes the top folders: when the volume is gone, writes fail instead of filling the disk
//! under its mount point.

use std::fs::File;
use std::io::{self, Read as _};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use backlot_model::Millis;
use backlot_model::media::Digest;
use sha2::{Digest as _, Sha256};

use super::files::{Files, if_there, make_folder, modified_ms, names};
use super::read::{BlobRead, CHUNK_BYTES};
use super::staging::{Staged, Staging};
use super::{BlobEntry, BlobError, BlobListing, DiskOptions};

const MARKER: &str = "store-id";
/// A marker longer than this is none of ours.
const MARKER_BYTES_MAX: usize = 1_000;

pub(super) struct Disk {
    root: PathBuf,
    pub(super) files: Files,
    /// A bit for each `ab/cd` whose own name is known to be durable.
    durable_folders: Vec<AtomicU64>,
}

impl Disk {
    pub(super) fn new(root: &Path, options: DiskOptions) -> Self {
        let durable_folders = (0..(1 << 16) / 64).map(|_| AtomicU64::new(0)).collect();
        Self { root: root.to_owned(), files: Files::new(options.faults), durable_folders }
    }

    pub(super) async fn run<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&Self) -> Result<T, BlobError> + Send + 'static,
    ) -> Result<T, BlobError> {
        let disk = Arc::clone(self);
        tokio::task::spawn_blocking(move || work(&disk)).await.map_err(io::Error::other)?
    }

    pub(super) fn stage(&self, bytes_max: u64) -> Staging {
        Staging::new(self.files.clone(), self.staging(), bytes_max)
    }

    pub(super) async fn stage_file<E>(
        self: &Arc<Self>,
        write: impl FnOnce(&mut std::fs::File) -> Result<(), E> + Send + 'static,
    ) -> Result<Staged, E>
    where
        E: From<BlobError> + Send + 'static,
    {
        let disk = Arc::clone(self);
        let staged = tokio::task::spawn_blocking(move || {
            super::staging::stage_file(&disk.files, &disk.staging(), write)
        });
        staged.await.map_err(|error| E::from(BlobError::from(io::Error::other(error))))?
    }

    pub(super) fn marker(&self) -> Result<Option<String>, BlobError> {
        let Some(file) = if_there(self.files.open(&self.root.join(MARKER)))? else {
            return Ok(None);
        };
        let id = self.files.read(&file, MARKER_BYTES_MAX)?;
        let id = String::from_utf8(id).map_err(io::Error::other)?;
        Ok(Some(id.trim_end().to_owned()))
    }

    pub(super) fn write_marker(&self, id: &str) -> Result<(), BlobError> {
        if let Some(present) = self.marker()? {
            let message = format!("the store has the id `{present}` already");
            return Err(BlobError::Io(io::Error::new(io::ErrorKind::AlreadyExists, message)));
        }
        std::fs::create_dir_all(&self.root)?;
        for folder in [self.staging(), self.root.join("blobs"), self.root.join("renditions")] {
            make_folder(&folder)?;
        }
        let mut marker = self.files.create_temporary(&self.staging())?;
        self.files.write(&marker.file, format!("{id}\n").as_bytes())?;
        self.files.sync(&marker.file)?;
        self.files.rename(&mut marker, &self.root.join(MARKER))?;
        self.files.sync_folder(&self.root)?;
        if let Some(parent) = self.root.parent().filter(|parent| *parent != Path::new("")) {
            self.files.sync_folder(parent)?;
        }
        Ok(())
    }

    pub(super) fn commit(&self, mut staged: Staged) -> Result<(), BlobError> {
        let digest = staged.digest;
        let path = self.blob_path(digest);
        if self.is_present(&path, &staged)? {
            return Ok(());
        }
        self.files.sync(&staged.temporary.file)?;
        if if_there(self.files.rename(&mut staged.temporary, &path))?.is_none() {
            let [first, second] = self.folders(digest);
            make_folder(&first)?;
            make_folder(&second)?;
            self.forget_folder(digest);
            self.files.rename(&mut staged.temporary, &path)?;
        }
        self.sync_folders(digest)
    }

    /// Whether the blob is there with the size it should have; then it is durable as well, and as
    /// young as the upload, so that a collector that looks at its age lets it be.
    fn is_present(&self, path: &Path, staged: &Staged) -> Result<bool, BlobError> {
        let Some(present) = if_there(self.files.open(path))? else {
            return Ok(false);
        };
        let now = staged.temporary.file.metadata()?.modified()?;
        // A file of another owner cannot be made younger, but replaced.
        if present.metadata()?.len() != staged.size || present.set_modified(now).is_err() {
            return Ok(false);
        }
        self.files.sync(&present)?;
        self.sync_folders(staged.digest)?;
        // It may have been deleted since it was opened.
        Ok(if_there(path.metadata())?.is_some())
    }

    pub(super) fn sync_folders(&self, digest: Digest) -> Result<(), BlobError> {
        let [first, second] = self.folders(digest);
        self.files.sync_folder(&second)?;
        let (word, bit) = self.folder_bit(digest);
        if word.load(Ordering::Acquire) & bit == 0 {
            self.files.sync_folder(&first)?;
            self.files.sync_folder(&self.root.join("blobs"))?;
            word.fetch_or(bit, Ordering::Release);
        }
        Ok(())
    }

    pub(super) fn forget_folder(&self, digest: Digest) {
        let (word, bit) = self.folder_bit(digest);
        word.fetch_and(!bit, Ordering::Release);
    }

    fn folder_bit(&self, digest: Digest) -> (&AtomicU64, u64) {
        let folder = usize::from(digest.0[0]) << 8 | usize::from(digest.0[1]);
        (&self.durable_folders[folder / 64], 1 << (folder % 64))
    }

    pub(super) fn read(
        &self,
        digest: Digest,
        range: Option<Range<u64>>,
    ) -> Result<BlobRead, BlobError> {
        BlobRead::of_file(&self.files, self.open(&self.blob_path(digest))?, range)
    }

    pub(super) fn open(&self, path: &Path) -> Result<File, BlobError> {
        if_there(self.files.open(path))?.ok_or(BlobError::Missing)
    }

    pub(super) fn size(&self, digest: Digest) -> Result<Option<u64>, BlobError> {
        let metadata = if_there(self.blob_path(digest).metadata())?;
        Ok(metadata.map(|metadata| metadata.len()))
    }

    pub(super) fn modified_ms(&self, digest: Digest) -> Result<Option<Millis>, BlobError> {
        let metadata = if_there(self.blob_path(digest).metadata())?;
        Ok(metadata.as_ref().map(modified_ms).transpose()?)
    }

    pub(super) fn delete(&self, digest: Digest) -> Result<(), BlobError> {
        Ok(self.files.delete(&self.blob_path(digest))?)
    }

    pub(super) fn list(&self, prefix: u8) -> Result<BlobListing, BlobError> {
        let mut listing = BlobListing::default();
        let top = format!("blobs/{prefix:02x}");
        for middle in names(&self.root.join(&top))? {
            let folder = format!("{top}/{middle}");
            if !self.root.join(&folder).is_dir() {
                listing.strays.push(folder);
                continue;
            }
            for name in names(&self.root.join(&folder))? {
                let path = format!("{folder}/{name}");
                let Some(metadata) = if_there(self.root.join(&path).metadata())? else { continue };
                match Digest::parse(&name) {
                    Some(digest) if self.blob_path(digest) == self.root.join(&path) => {
                        let (size, modified_ms) = (metadata.len(), modified_ms(&metadata)?);
                        listing.blobs.push(BlobEntry { digest, size, modified_ms });
                    }
                    _ => listing.strays.push(path),
                }
            }
        }
        Ok(listing)
    }

    pub(super) fn rehash(&self, digest: Digest) -> Result<(Digest, u64), BlobError> {
        let mut file = self.open(&self.blob_path(digest))?;
        let (mut hash, mut size) = (Sha256::new(), 0);
        let mut chunk = vec![0; CHUNK_BYTES];
        loop {
            match file.read(&mut chunk)? {
                0 => return Ok((Digest(hash.finalize().into()), size)),
                count => {
                    hash.update(&chunk[..count]);
                    size += count as u64;
                }
            }
        }
    }

    pub(super) fn sweep_staging(&self, before_ms: Millis) -> Result<u64, BlobError> {
        let mut swept = 0;
        for name in names(&self.staging())? {
            let path = self.staging().join(name);
            let Some(metadata) = if_there(path.metadata())? else { continue };
            if metadata.is_file() && modified_ms(&metadata)? < before_ms {
                self.files.delete(&path)?;
                swept += 1;
            }
        }
        Ok(swept)
    }

    pub(super) fn blob_path(&self, digest: Digest) -> PathBuf {
        let [_, folder] = self.folders(digest);
        folder.join(hex::encode(digest.0))
    }

    /// `blobs/ab` and `blobs/ab/cd`.
    pub(super) fn folders(&self, digest: Digest) -> [PathBuf; 2] {
        let first = self.root.join(format!("blobs/{:02x}", digest.0[0]));
        let second = first.join(format!("{:02x}", digest.0[1]));
        [first, second]
    }

    pub(super) fn staging(&self) -> PathBuf {
        self.root.join("staging")
    }

    /// `renditions/ab` and `renditions/ab/<sha256>`.
    pub(super) fn rendition_folders(&self, source: Digest) -> [PathBuf; 2] {
        let first = self.rendition_folder(source.0[0]);
        let second = first.join(hex::encode(source.0));
        [first, second]
    }

    pub(super) fn rendition_folder(&self, prefix: u8) -> PathBuf {
        self.root.join(format!("renditions/{prefix:02x}"))
    }
}
