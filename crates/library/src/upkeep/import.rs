//! Files of the operator's disk, through the one way in.

use std::path::PathBuf;

use backlot_imaging::{SNIFF_BYTES, sniff};
use backlot_model::account::{Caller, Scope};
use backlot_model::asset::{Asset, Visibility};
use backlot_model::media::{Digest, MediaKind};
use backlot_model::{Fault, Id, Kind, Millis};
use backlot_store::{assets, upkeep};
use bytes::{Bytes, BytesMut};
use sha2::{Digest as _, Sha256};
use tokio::fs::File;
use tokio::io::AsyncReadExt as _;

use super::copying::io_fault;
use crate::Library;
use crate::assets::NewAsset;
use crate::authority::member;
use crate::context::blocking;
use crate::ingest::Accepts;

/// How many assets that failed in processing a summary names.
pub const PROCESSED_LISTED_MAX: u32 = 1_000;
/// What is read at once.
const CHUNK_BYTES: usize = 256 << 10;

/// How files become assets.
#[derive(Debug, Clone)]
pub struct Import {
    /// Who uploads them.
    pub owner: Caller,
    /// Given to each.
    pub tags: Vec<String>,
    /// Private if absent.
    pub visibility: Option<Visibility>,
    /// The organisation they belong to; the owner's active one if absent.
    pub organization_id: Option<String>,
    /// Takes text and JSON, too. Beside pictures they are mostly about them, not of them.
    pub takes_text: bool,
}

/// What became of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImportOutcome {
    /// It is an asset now.
    Created(Id<Asset>),
    /// The owner has these bytes already.
    Present,
}

impl Library {
    /// Makes an asset of one file, unless its owner has the same bytes already.
    ///
    /// # Errors
    /// As [`Library::create_asset`]; `storage-unavailable` when the file cannot be read;
    /// `queue-full` when it should be tried again a moment later.
    pub async fn import_file(
        &self,
        import: &Import,
        path: PathBuf,
    ) -> Result<ImportOutcome, Fault> {
        let owner = member(&import.owner, Scope::Write)?.user_id;
        let accepts = Accepts::anything(&self.config().uploads);
        let reading = path.clone();
        let (head, digest) =
            blocking(move || read_through(&reading).map_err(|error| io_fault(&reading, &error)))
                .await??;
        if !import.takes_text {
            refuse_text(&head)?;
        }
        // Equal files of one run become one asset.
        let _turn = self.turns().take(&format!("import/{owner}/{digest}")).await;
        if assets::owns_blob(self.db(), owner, digest).await? {
            return Ok(ImportOutcome::Present);
        }
        let mut intake = self.receive_unmetered(accepts).await?;
        let unreadable = |error| io_fault(&path, &error);
        let mut file = File::open(&path).await.map_err(unreadable)?;
        let mut buffer = BytesMut::new();
        loop {
            buffer.reserve(CHUNK_BYTES);
            if file.read_buf(&mut buffer).await.map_err(unreadable)? == 0 {
                break;
            }
            intake.write(buffer.split().freeze()).await?;
        }
        let received = intake.finish().await?;
        let filename = path.file_name().map(|name| name.to_string_lossy().into_owned());
        let new = NewAsset {
            filename,
            tags: import.tags.clone(),
            visibility: import.visibility,
            organization_id: import.organization_id.clone(),
            ..NewAsset::default()
        };
        let asset = self.create_asset(&import.owner, received, new).await?;
        Ok(ImportOutcome::Created(asset.id))
    }

    /// How many of the owner's assets made since `since` are still being processed.
    ///
    /// # Errors
    /// `no-credentials`; database faults.
    pub async fn processing_since(&self, owner: &Caller, since: Millis) -> Result<u64, Fault> {
        let owner = member(owner, Scope::Read)?.user_id;
        Ok(upkeep::processing_since(self.db(), owner, since).await?)
    }

    /// File name and reason of the owner's assets made since `since` that failed in processing; at
    /// most [`PROCESSED_LISTED_MAX`].
    ///
    /// # Errors
    /// `no-credentials`; database faults.
    pub async fn failed_since(
        &self,
        owner: &Caller,
        since: Millis,
    ) -> Result<Vec<(String, String)>, Fault> {
        let owner = member(owner, Scope::Read)?.user_id;
        Ok(upkeep::failed_since(self.db(), owner, since, PROCESSED_LISTED_MAX).await?)
    }
}

/// The beginning of a file and the digest of all of it.
fn read_through(path: &std::path::Path) -> std::io::Result<(Bytes, Digest)> {
    use std::io::Read as _;
    let mut file = std::fs::File::open(path)?;
    let (mut hash, mut head) = (Sha256::new(), Vec::with_capacity(SNIFF_BYTES));
    let mut chunk = vec![0; CHUNK_BYTES];
    loop {
        match file.read(&mut chunk)? {
            0 => return Ok((head.into(), Digest(hash.finalize().into()))),
            count => {
                hash.update(&chunk[..count]);
                let wanted = count.min(SNIFF_BYTES - head.len());
                head.extend_from_slice(&chunk[..wanted]);
            }
        }
    }
}

fn refuse_text(head: &[u8]) -> Result<(), Fault> {
    let is_text = |kind| matches!(kind, MediaKind::Text | MediaKind::Json);
    match sniff(head) {
        Some(sniffed) if is_text(sniffed.kind) => {
            let said = format!("{} is not imported unless asked for", sniffed.media_type);
            Err(Fault::new(Kind::UnsupportedMedia, "unsupported-media", said))
        }
        _ => Ok(()),
    }
}
