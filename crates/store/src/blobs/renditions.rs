//! What was made from a blob and can be made again: thumbnails, conversions.

use std::io;
use std::ops::Range;
use std::path::PathBuf;

use backlot_model::Millis;
use backlot_model::media::Digest;

use super::disk::Disk;
use super::files::{if_there, make_folder, modified_ms, names};
use super::read::BlobRead;
use super::{BlobError, RenditionEntry};

const NAME_BYTES_MAX: usize = 100;

/// How well a rendition is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// Once written it is there after a power cut.
    Durably,
    /// A power cut may lose it, whole; it will be made again on demand.
    Loosely,
}

impl Disk {
    pub(super) fn put_rendition(
        &self,
        source: Digest,
        name: &str,
        bytes: &[u8],
        keep: Keep,
    ) -> Result<(), BlobError> {
        let path = self.rendition_path(source, name)?;
        let mut temporary = self.files.create_temporary(&self.staging())?;
        self.files.write(&temporary.file, bytes)?;
        // Without it, a power cut can leave the name with half of the bytes.
        self.files.sync(&temporary.file)?;
        let [first, second] = self.rendition_folders(source);
        if if_there(self.files.rename(&mut temporary, &path))?.is_none() {
            make_folder(&first)?;
            make_folder(&second)?;
            self.files.rename(&mut temporary, &path)?;
        }
        if keep == Keep::Durably {
            self.files.sync_folder(&second)?;
            self.files.sync_folder(&first)?;
            if let Some(top) = first.parent() {
                self.files.sync_folder(top)?;
            }
        }
        Ok(())
    }

    pub(super) fn read_rendition(
        &self,
        source: Digest,
        name: &str,
        range: Option<Range<u64>>,
    ) -> Result<BlobRead, BlobError> {
        let path = self.rendition_path(source, name)?;
        BlobRead::of_file(&self.files, self.open(&path)?, range)
    }

    pub(super) fn rendition_modified_ms(
        &self,
        source: Digest,
        name: &str,
    ) -> Result<Option<Millis>, BlobError> {
        let metadata = if_there(self.rendition_path(source, name)?.metadata())?;
        Ok(metadata.as_ref().map(modified_ms).transpose()?)
    }

    pub(super) fn delete_rendition(&self, source: Digest, name: &str) -> Result<(), BlobError> {
        Ok(self.files.delete(&self.rendition_path(source, name)?)?)
    }

    pub(super) fn delete_renditions(&self, source: Digest) -> Result<(), BlobError> {
        let [_, folder] = self.rendition_folders(source);
        Ok(self.files.delete_folder(&folder)?)
    }

    pub(super) fn list_renditions(&self, prefix: u8) -> Result<Vec<RenditionEntry>, BlobError> {
        let mut entries = Vec::new();
        for folder in names(&self.rendition_folder(prefix))? {
            let Some(source) = Digest::parse(&folder) else { continue };
            let [_, folder] = self.rendition_folders(source);
            for name in names(&folder)? {
                let Some(metadata) = if_there(folder.join(&name).metadata())? else { continue };
                let (size, modified_ms) = (metadata.len(), modified_ms(&metadata)?);
                entries.push(RenditionEntry { source, name, size, modified_ms });
            }
        }
        Ok(entries)
    }

    pub(super) fn rendition_path(&self, source: Digest, name: &str) -> Result<PathBuf, BlobError> {
        if !is_name(name) {
            let message = format!("`{name}` is no name for a rendition");
            return Err(BlobError::Io(io::Error::new(io::ErrorKind::InvalidInput, message)));
        }
        let [_, folder] = self.rendition_folders(source);
        Ok(folder.join(name))
    }
}

/// Names become file names and object keys: nothing that means more than itself in either.
fn is_name(name: &str) -> bool {
    let is_plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"._-".contains(&b);
    (1..=NAME_BYTES_MAX).contains(&name.len())
        && !name.starts_with('.')
        && name.bytes().all(is_plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_plain() {
        let longest = "x".repeat(NAME_BYTES_MAX);
        for good in ["thumb-320.webp", "w1024_q80.jpg", "a", &longest] {
            assert!(is_name(good), "{good}");
        }
        let too_long = "x".repeat(NAME_BYTES_MAX + 1);
        for bad in ["", ".", "..", ".hidden", "a/b", "A.jpg", "a b", "a\0b", "ä.jpg", &too_long] {
            assert!(!is_name(bad), "{bad}");
        }
    }
}
