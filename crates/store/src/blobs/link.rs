//! Taking files over from another store on the same file system, without copying bytes.

use std::io;
use std::path::Path;

use backlot_model::media::Digest;

use super::disk::Disk;
use super::files::{if_there, make_folder};
use super::{BlobError, Blobs, Store};

impl Blobs {
    /// Takes the blob over from the store `from` by a second name for the same file, durably. False
    /// when only a copy will do: another file system, or a store without files.
    ///
    /// A blob that is here already is left alone.
    ///
    /// # Errors
    /// [`BlobError::Missing`] when `from` does not have it.
    pub async fn link(&self, from: &Self, digest: Digest) -> Result<bool, BlobError> {
        let (Store::Disk(to), Store::Disk(from)) = (&self.store, &from.store);
        let path = from.blob_path(digest);
        to.run(move |disk| disk.link(&path, digest)).await
    }

    /// The same for a rendition, which a power cut may lose.
    ///
    /// # Errors
    /// [`BlobError::Missing`] when `from` does not have it.
    pub async fn link_rendition(
        &self,
        from: &Self,
        source: Digest,
        name: &str,
    ) -> Result<bool, BlobError> {
        let (Store::Disk(to), Store::Disk(from)) = (&self.store, &from.store);
        let (path, name) = (from.rendition_path(source, name)?, name.to_owned());
        to.run(move |disk| disk.link_rendition(&path, source, &name)).await
    }
}

impl Disk {
    fn link(&self, from: &Path, digest: Digest) -> Result<bool, BlobError> {
        let to = self.blob_path(digest);
        if !self.link_file(from, &to, &self.folders(digest).each_ref().map(AsRef::as_ref))? {
            return Ok(false);
        }
        self.forget_folder(digest);
        self.sync_folders(digest)?;
        Ok(true)
    }

    fn link_rendition(&self, from: &Path, source: Digest, name: &str) -> Result<bool, BlobError> {
        let to = self.rendition_path(source, name)?;
        let folders = self.rendition_folders(source);
        self.link_file(from, &to, &folders.each_ref().map(AsRef::as_ref))
    }

    fn link_file(&self, from: &Path, to: &Path, folders: &[&Path]) -> Result<bool, BlobError> {
        if if_there(from.metadata())?.is_none() {
            return Err(BlobError::Missing);
        }
        for folder in folders {
            make_folder(folder)?;
        }
        match self.files.link(from, to) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(true),
            Err(error) if cannot_link(&error) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }
}

/// Another file system, one without links, a file that has all the names it can have, or one that
/// the kernel does not let us name because it is somebody else's.
fn cannot_link(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::CrossesDevices
            | io::ErrorKind::Unsupported
            | io::ErrorKind::TooManyLinks
            | io::ErrorKind::PermissionDenied
    )
}
