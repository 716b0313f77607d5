//! Temporary files: bytes with an owner and an end, outside the library.

use backlot_model::account::{Caller, Scope};
use backlot_model::media::Facts;
use backlot_model::{Fault, Kind};
use backlot_store::{blob_rows, temp_files};

pub use backlot_store::temp_files::TempFile;

use crate::Library;
use crate::assets::NewAsset;
use crate::authority::member;
use crate::ingest::Received;
use crate::secret::random_token;

impl Library {
    /// Keeps received bytes for a while.
    ///
    /// # Errors
    /// `no-credentials`, `insufficient-scope`; `invalid` for a bad file name or description; storage
    /// and database faults.
    pub async fn keep_temp_file(
        &self,
        caller: &Caller,
        received: Received,
        filename: Option<String>,
        description: Option<String>,
    ) -> Result<TempFile, Fault> {
        let member = member(caller, Scope::Write)?;
        let words = NewAsset { filename, description, ..NewAsset::default() }.check()?;
        let Received { staged, facts, extension } = received;
        let digest = staged.digest();
        self.blobs().commit(staged).await.map_err(Fault::from)?;
        let Facts { size, mime_type, .. } = facts.clone();
        let now = self.now_ms();
        let key = random_token::<24>(self.random()).expose().to_owned();
        let file = TempFile {
            filename: words.filename.unwrap_or_else(|| format!("{key}.{extension}")),
            key,
            owner_id: member.user_id,
            digest,
            description: words.description,
            mime_type,
            size,
            created_at: now,
            expires_at: now + self.config().temp_file_ttl_ms,
        };
        let tx = self.db().begin().await?;
        blob_rows::upsert(&tx, digest, &facts, now).await?;
        self.still_there(digest).await?;
        temp_files::insert(&tx, &file).await?;
        tx.commit().await?;
        Ok(file)
    }

    /// One page of the caller's temporary files that have not expired, the newest first, and
    /// whether there are more.
    ///
    /// # Errors
    /// `no-credentials`, `insufficient-scope`; database faults.
    pub async fn temp_files(
        &self,
        caller: &Caller,
        skip: u64,
        limit: u32,
    ) -> Result<(Vec<TempFile>, bool), Fault> {
        let member = member(caller, Scope::Read)?;
        let now = self.now_ms();
        let mut files =
            temp_files::list(self.db(), member.user_id, now, skip, limit.saturating_add(1)).await?;
        let more = files.len() > limit as usize;
        files.truncate(limit as usize);
        Ok((files, more))
    }

    /// A temporary file that has not expired. Its key is the secret that opens it.
    pub(crate) async fn temp_file(&self, key: &str) -> Result<TempFile, Fault> {
        let gone = || Fault::new(Kind::NotFound, "file-not-found", "file not found");
        let found = temp_files::get(self.db(), key).await?;
        found.filter(|it| it.expires_at > self.now_ms()).ok_or_else(gone)
    }
}
