//! The job that writes an archive.
//!
//! Bytes flow from the store through a short channel into a thread that writes the ZIP, so that
//! memory does not grow with it. When either side ends early, so does the other, and the file is
//! deleted.

use std::fs::File;
use std::io::{BufWriter, Write as _};

use backlot_model::asset::Asset;
use backlot_model::{Fault, Id, Kind};
use backlot_store::blob_rows;
use backlot_store::blobs::{BlobError, Staged};
use backlot_store::tasks::{self, Task, TaskStatus};
use backlot_store::temp_files::{self, TempFile};
use bytes::Bytes;
use futures::StreamExt;
use serde_json::json;
use tokio::sync::mpsc;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use super::Contents;
use super::names::{self, Template};
use crate::Library;
use crate::ingest::may_pass;
use crate::secret::random_token;

/// How many chunks may wait to be written.
const CHUNKS_AHEAD: usize = 4;

/// What is written next.
enum Piece {
    /// A file begins.
    Begin { name: String, options: SimpleFileOptions },
    /// It goes on.
    Bytes(Bytes),
    /// All files were written.
    End,
}

/// A file of the archive.
struct Entry {
    asset: Asset,
    name: String,
}

impl Library {
    /// Brings the task of an archive to its end. Safe to run twice: it begins anew.
    pub(crate) async fn make_archive(&self, id: Id<Task>) -> Result<(), Fault> {
        let found = tasks::by_id(self.db(), id).await?;
        let Some(task) = found.filter(|it| !it.status.is_final()) else {
            return Ok(());
        };
        match self.write_archive(&task).await {
            Ok(()) => Ok(()),
            Err(fault) if !may_pass(&fault) => self.fail_task(id, &fault.message).await,
            Err(fault) => Err(fault),
        }
    }

    async fn write_archive(&self, task: &Task) -> Result<(), Fault> {
        let contents: Contents = serde_json::from_str(&task.payload).map_err(Fault::internal)?;
        let entries = self.entries(task, &contents).await?;
        self.note_progress(task.id, 0, entries.len()).await?;
        let (pieces, taken) = mpsc::channel(CHUNKS_AHEAD);
        let writing = self.blobs().stage_file(move |file| write_zip(file, taken));
        let feeding = self.feed(task.id, &entries, pieces);
        let (staged, fed) = futures::join!(writing, feeding);
        fed?;
        self.keep_archive(task, &contents, staged.map_err(|it| it.0)?).await
    }

    /// What its owner may still see of what he asked for, each with its name.
    async fn entries(&self, task: &Task, contents: &Contents) -> Result<Vec<Entry>, Fault> {
        let owner = self.accounts().acting(task.owner_id, task.organization_id).await?;
        let ids: Vec<_> = contents.assets.iter().filter_map(|raw| Id::parse(raw)).collect();
        let mut assets = self.assets(&owner, &ids).await?;
        assets.retain(|asset| asset.digest.is_some());
        if assets.is_empty() {
            let said = "none of these assets has bytes any more";
            return Err(Fault::new(Kind::NotFound, "asset-not-found", said));
        }
        let names = names::all(&Template::parse(&contents.template)?, &assets, contents.flat);
        Ok(assets.into_iter().zip(names).map(|(asset, name)| Entry { asset, name }).collect())
    }

    async fn feed(
        &self,
        task: Id<Task>,
        entries: &[Entry],
        pieces: mpsc::Sender<Piece>,
    ) -> Result<(), Fault> {
        // Where the writer has ended, its own error says why.
        let mut told = 0;
        for (done, Entry { asset, name }) in entries.iter().enumerate() {
            let Some(digest) = asset.digest else { continue };
            let begin = Piece::Begin { name: name.clone(), options: options(asset) };
            if pieces.send(begin).await.is_err() {
                return Ok(());
            }
            let mut bytes =
                self.blobs().read(digest, None).await.map_err(Fault::from)?.into_stream();
            while let Some(chunk) = bytes.next().await {
                if pieces.send(Piece::Bytes(chunk.map_err(Fault::from)?)).await.is_err() {
                    return Ok(());
                }
            }
            let percent = (done + 1) * 100 / entries.len();
            if percent > told {
                told = percent;
                self.note_progress(task, done + 1, entries.len()).await?;
            }
        }
        let _ = pieces.send(Piece::End).await;
        Ok(())
    }

    async fn note_progress(&self, id: Id<Task>, done: usize, all: usize) -> Result<(), Fault> {
        let now = self.now_ms();
        let tx = self.db().begin().await?;
        let Some(mut task) = tasks::by_id_in(&tx, id).await? else { return Ok(()) };
        task.status = TaskStatus::Running;
        task.started_at = task.started_at.or(Some(now));
        task.updated_at = now;
        (task.processed_items, task.total_items) = (done as u64, Some(all as u64));
        // The last percent is the file's own way into the store.
        task.progress = u8::try_from(done * 99 / all.max(1)).unwrap_or(99);
        tasks::save(&tx, &task).await?;
        tx.commit().await?;
        Ok(())
    }

    /// The file and the end of its task, together.
    async fn keep_archive(
        &self,
        task: &Task,
        contents: &Contents,
        staged: Staged,
    ) -> Result<(), Fault> {
        let (digest, size) = (staged.digest(), staged.size());
        self.blobs().commit(staged).await.map_err(Fault::from)?;
        let now = self.now_ms();
        let file = TempFile {
            key: random_token::<24>(self.random()).expose().to_owned(),
            owner_id: task.owner_id,
            digest,
            filename: format!("{}.zip", contents.name),
            description: None,
            mime_type: "application/zip".to_owned(),
            size,
            task_id: Some(task.id),
            created_at: now,
            expires_at: now + self.config().temp_file_ttl_ms,
        };
        let tx = self.db().begin().await?;
        let found = tasks::by_id_in(&tx, task.id).await?;
        let Some(mut task) = found.filter(|it| !it.status.is_final()) else { return Ok(()) };
        blob_rows::upsert_unnamed(&tx, digest, size, now).await?;
        self.still_there(digest).await?;
        temp_files::insert(&tx, &file).await?;
        task.status = TaskStatus::Completed;
        task.progress = 100;
        task.processed_items = task.total_items.unwrap_or_default();
        task.result = Some(json!({ "filename": file.filename, "size": size }).to_string());
        (task.updated_at, task.finished_at) = (now, Some(now));
        tasks::save(&tx, &task).await?;
        tx.commit().await?;
        Ok(())
    }
}

/// Pictures, video and sound do not get smaller twice, so nothing is tried.
fn options(asset: &Asset) -> SimpleFileOptions {
    let is_large = asset.size.is_none_or(|size| size >= u64::from(u32::MAX));
    SimpleFileOptions::default()
        .compression_method(CompressionMethod::Stored)
        .large_file(is_large)
        .last_modified_time(names::zip_time(asset.created_at))
}

/// What went wrong while the file was written.
struct WriteFault(Fault);

impl From<BlobError> for WriteFault {
    fn from(error: BlobError) -> Self {
        Self(error.into())
    }
}

impl From<std::io::Error> for WriteFault {
    fn from(error: std::io::Error) -> Self {
        Self(BlobError::from(error).into())
    }
}

impl From<zip::result::ZipError> for WriteFault {
    fn from(error: zip::result::ZipError) -> Self {
        match error {
            zip::result::ZipError::Io(error) => error.into(),
            other => Self(Fault::internal(other)),
        }
    }
}

fn write_zip(file: &mut File, mut pieces: mpsc::Receiver<Piece>) -> Result<(), WriteFault> {
    let mut zip = ZipWriter::new(BufWriter::new(file));
    while let Some(piece) = pieces.blocking_recv() {
        match piece {
            Piece::Begin { name, options } => zip.start_file(name, options)?,
            Piece::Bytes(bytes) => zip.write_all(&bytes)?,
            Piece::End => {
                zip.finish()?.flush()?;
                return Ok(());
            }
        }
    }
    // Whoever fed it has ended early and says why.
    let cut = std::io::Error::from(std::io::ErrorKind::UnexpectedEof);
    Err(cut.into())
}
