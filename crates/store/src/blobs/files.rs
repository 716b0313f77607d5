//! The steps on the disk, each of which a test can make fail.

use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::UNIX_EPOCH;

use backlot_model::Millis;

/// A step on the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DiskStep {
    /// A new file is made.
    Create,
    /// Bytes are written.
    Write,
    /// A file is made durable.
    SyncFile,
    /// A file gets its name.
    Rename,
    /// A folder's names are made durable.
    SyncFolder,
    /// A file is opened.
    Open,
    /// Bytes are read.
    Read,
    /// A file is deleted.
    Delete,
}

/// Asked before every step; an error stands for the disk's own.
pub type DiskFaults = Arc<dyn Fn(DiskStep) -> io::Result<()> + Send + Sync>;

/// The disk, or one that fails on demand.
#[derive(Clone)]
pub(super) struct Files {
    faults: Option<DiskFaults>,
}

impl Files {
    pub(super) fn new(faults: Option<DiskFaults>) -> Self {
        Self { faults }
    }

    fn step(&self, step: DiskStep) -> io::Result<()> {
        match &self.faults {
            Some(faults) => faults(step),
            None => Ok(()),
        }
    }

    /// Makes a new file with a name of its own in `folder`, deleted again unless it is renamed.
    pub(super) fn create_temporary(&self, folder: &Path) -> io::Result<Temporary> {
        self.step(DiskStep::Create)?;
        let path = folder.join(uuid::Uuid::new_v4().simple().to_string());
        let mut options = OpenOptions::new();
        options.read(true).write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(&path)?;
        Ok(Temporary { file, path, is_renamed: false })
    }

    pub(super) fn write(&self, mut file: &File, bytes: &[u8]) -> io::Result<()> {
        self.step(DiskStep::Write)?;
        file.write_all(bytes)
    }

    pub(super) fn sync(&self, file: &File) -> io::Result<()> {
        self.step(DiskStep::SyncFile)?;
        file.sync_all()
    }

    pub(super) fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        self.step(DiskStep::SyncFolder)?;
        File::open(folder)?.sync_all()
    }

    /// Gives a temporary file its name, over whatever has it.
    pub(super) fn rename(&self, temporary: &mut Temporary, to: &Path) -> io::Result<()> {
        self.step(DiskStep::Rename)?;
        std::fs::rename(&temporary.path, to)?;
        temporary.is_renamed = true;
        Ok(())
    }

    /// Gives the file at `from` a second name.
    pub(super) fn link(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.step(DiskStep::Create)?;
        std::fs::hard_link(from, to)
    }

    pub(super) fn open(&self, path: &Path) -> io::Result<File> {
        self.step(DiskStep::Open)?;
        File::open(path)
    }

    /// The next `count` bytes, fewer at the end of the file.
    pub(super) fn read(&self, file: &File, count: usize) -> io::Result<Vec<u8>> {
        self.step(DiskStep::Read)?;
        let mut bytes = Vec::with_capacity(count);
        file.take(count as u64).read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    pub(super) fn delete(&self, path: &Path) -> io::Result<()> {
        self.step(DiskStep::Delete)?;
        if_there(std::fs::remove_file(path)).map(|_| ())
    }

    pub(super) fn delete_folder(&self, path: &Path) -> io::Result<()> {
        self.step(DiskStep::Delete)?;
        if_there(std::fs::remove_dir_all(path)).map(|_| ())
    }
}

/// Makes a folder whose parent is there; one that is there already is fine.
pub(super) fn make_folder(path: &Path) -> io::Result<()> {
    match std::fs::create_dir(path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}

/// `None` for what is not there.
pub(super) fn if_there<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// The names in a folder; none when there is no such folder. In order.
pub(super) fn names(folder: &Path) -> io::Result<Vec<String>> {
    let Some(entries) = if_there(std::fs::read_dir(folder))? else {
        return Ok(Vec::new());
    };
    let mut names = Vec::new();
    for entry in entries {
        names.push(entry?.file_name().to_string_lossy().into_owned());
    }
    names.sort_unstable();
    Ok(names)
}

pub(super) fn modified_ms(metadata: &Metadata) -> io::Result<Millis> {
    let since = metadata.modified()?.duration_since(UNIX_EPOCH).unwrap_or_default();
    Ok(Millis::try_from(since.as_millis()).unwrap_or(Millis::MAX))
}

/// A file on its way to its name.
pub(super) struct Temporary {
    pub(super) file: File,
    pub(super) path: PathBuf,
    is_renamed: bool,
}

impl Drop for Temporary {
    fn drop(&mut self) {
        if !self.is_renamed
            && let Err(error) = if_there(std::fs::remove_file(&self.path))
        {
            tracing::warn!(%error, path = %self.path.display(), "left a temporary file behind");
        }
    }
}
