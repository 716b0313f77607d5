//! What says that a backup is whole: one small file, written last.

use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use backlot_model::{Fault, Kind, Millis};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::copying::io_fault;

/// Its name in the folder of a backup.
pub const MANIFEST_FILE: &str = "backup.json";
/// Grows when older programs could not restore what is written.
const FORMAT: u32 = 1;
/// A manifest is never larger, in bytes.
const BYTES_MAX: u64 = 64 << 10;

/// What a backup consists of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// How it is written.
    pub format: u32,
    /// Which version of Backlot wrote it.
    pub version: String,
    /// The id of the library.
    pub store_id: String,
    /// When the state was taken, in milliseconds since 1970.
    pub created_at: Millis,
    /// The file of the database, in the same folder.
    pub database: String,
    /// Its SHA-256 in hexadecimal digits.
    pub database_sha256: String,
    /// How many files it refers to.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// How many of them were missing when the backup was made.
    pub files_missing: u64,
}

impl Manifest {
    /// A manifest of this version.
    pub(super) fn new(store_id: String, created_at: Millis, database: String) -> Self {
        Self {
            format: FORMAT,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            store_id,
            created_at,
            database,
            database_sha256: String::new(),
            files: 0,
            bytes: 0,
            files_missing: 0,
        }
    }

    /// Reads that of the backup in `folder`; `None` when there is none.
    ///
    /// # Errors
    /// When it cannot be read, or was written by a newer version.
    pub fn read(folder: &Path) -> Result<Option<Self>, Fault> {
        let path = folder.join(MANIFEST_FILE);
        let mut text = String::new();
        match File::open(&path) {
            Ok(file) => file
                .take(BYTES_MAX)
                .read_to_string(&mut text)
                .map_err(|error| io_fault(&path, &error))?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(io_fault(&path, &error)),
        };
        let wrong = |said: &str| {
            let said = format!("{} {said}", path.display());
            Fault::new(Kind::Conflict, "version-mismatch", said)
        };
        let value: serde_json::Value =
            serde_json::from_str(&text).map_err(|_| wrong("is no manifest of a backup"))?;
        let format = value.get("format").and_then(serde_json::Value::as_u64);
        if format.is_some_and(|format| format > u64::from(FORMAT)) {
            return Err(wrong("was written by a newer version of Backlot; restore with that one"));
        }
        let manifest: Self =
            serde_json::from_value(value).map_err(|_| wrong("is no manifest of a backup"))?;
        if Path::new(&manifest.database).file_name() != Some(manifest.database.as_ref()) {
            return Err(wrong("names a database outside of its folder"));
        }
        Ok(Some(manifest))
    }

    /// Writes it durably over an older one: from then on the backup is this one.
    pub(super) fn write(&self, folder: &Path) -> Result<(), Fault> {
        let (path, partial) = (folder.join(MANIFEST_FILE), folder.join("backup.json.partial"));
        let write = || -> io::Result<()> {
            let mut file = File::create(&partial)?;
            serde_json::to_writer_pretty(&mut file, self)?;
            file.write_all(b"\n")?;
            file.sync_all()?;
            std::fs::rename(&partial, &path)?;
            File::open(folder)?.sync_all()
        };
        write().map_err(|error| io_fault(&path, &error))
    }
}

/// The SHA-256 of a file, in hexadecimal digits.
pub(super) fn sha256_of(path: &Path) -> Result<String, Fault> {
    let hash = || -> io::Result<String> {
        let (mut file, mut hash) = (File::open(path)?, Sha256::new());
        io::copy(&mut file, &mut hash)?;
        Ok(hex::encode(hash.finalize()))
    };
    hash().map_err(|error| io_fault(path, &error))
}

/// Where the files of a backup lie.
pub(super) fn blobs_of(folder: &Path) -> PathBuf {
    folder.join("blobs")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manifest_is_read_as_it_was_written() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(Manifest::read(folder.path()).unwrap(), None);
        let manifest = Manifest::new("id".into(), 5, "snapshot-5.db".into());
        manifest.write(folder.path()).unwrap();
        assert_eq!(Manifest::read(folder.path()).unwrap(), Some(manifest.clone()));
        let newer = Manifest { format: 2, ..manifest.clone() };
        newer.write(folder.path()).unwrap();
        let refused = Manifest::read(folder.path()).unwrap_err();
        assert!(refused.message.contains("newer version"), "{refused}");
        let outside = Manifest { database: "../x.db".into(), ..manifest };
        outside.write(folder.path()).unwrap();
        assert!(Manifest::read(folder.path()).is_err());
        std::fs::write(folder.path().join(MANIFEST_FILE), "{").unwrap();
        assert!(Manifest::read(folder.path()).is_err());
    }
}
