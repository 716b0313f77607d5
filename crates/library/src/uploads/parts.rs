//! Files that come in parts, in any order, each as often as its sender likes.

use backlot_model::account::{Caller, Scope};
use backlot_model::media::Digest;
use backlot_model::policy::owned::{Owned, OwnedOperation};
use backlot_model::{Fault, Id, Kind};
use backlot_store::blob_rows;
use backlot_store::blobs::Staging;
use backlot_store::uploads::{self, Part};
use bytes::Bytes;

use super::{Upload, UploadKind, UploadSource, UploadState, UploadStatus, upload_not_found};
use crate::Library;
use crate::authority::{allow_owned, member};
use crate::jobs::Job;
use crate::signing::{Signature, UploadTarget};

/// In how many parts an upload may come.
pub const PARTS_MAX: u32 = 10_000;

/// A part on its way in. Dropping it leaves nothing behind.
pub struct PartIntake {
    library: Library,
    staging: Staging,
    upload: Id<Upload>,
    number: u32,
    bytes_max: u64,
}

impl PartIntake {
    /// How many bytes the part may have.
    #[must_use]
    pub fn bytes_max(&self) -> u64 {
        self.bytes_max
    }

    /// Takes the next bytes.
    ///
    /// # Errors
    /// `too-large`; storage faults.
    pub async fn write(&mut self, bytes: Bytes) -> Result<(), Fault> {
        self.staging.write(&bytes).await.map_err(Fault::from)
    }

    /// The part is here; its SHA-256. It takes the place of an older one of its number.
    ///
    /// # Errors
    /// `too-large` when the parts would be too much together; `upload-over` when the upload does
    /// not await parts any more; storage and database faults.
    pub async fn finish(self) -> Result<Digest, Fault> {
        let Self { library, staging, upload, number, bytes_max } = self;
        let staged = staging.finish().await.map_err(Fault::from)?;
        let part = Part { number, digest: staged.digest(), size: staged.size() };
        library.blobs().commit(staged).await.map_err(Fault::from)?;
        let now = library.now_ms();
        let tx = library.db().begin().await?;
        let found = uploads::by_id_in(&tx, upload).await?.ok_or_else(upload_not_found)?;
        refuse_over(&found)?;
        let others = uploads::parts(&tx, upload).await?;
        let others = others.iter().filter(|it| it.number != number).map(|it| it.size);
        if others.sum::<u64>() + part.size > bytes_max {
            let said = format!("the parts are more than {bytes_max} bytes together");
            return Err(Fault::new(Kind::TooLarge, "too-large", said).at("body.file", "length"));
        }
        blob_rows::upsert_unnamed(&tx, part.digest, part.size, now).await?;
        library.still_there(part.digest).await?;
        if let Some(older) = uploads::put_part(&tx, upload, part).await? {
            blob_rows::mark_orphaned_if_unused(&tx, older, now).await?;
        }
        tx.commit().await?;
        Ok(part.digest)
    }
}

impl Library {
    /// Opens the door for one part to whoever holds its grant.
    ///
    /// # Errors
    /// `bad-signature`, `expired`; `upload-not-found`; `upload-over` when the upload does not
    /// await parts any more.
    pub async fn receive_part(
        &self,
        id: Id<Upload>,
        number: u32,
        signature: &Signature,
    ) -> Result<PartIntake, Fault> {
        let target = UploadTarget { upload: id.uuid(), part: Some(number) };
        self.signing().verify_upload(target, signature, self.now_ms())?;
        let found = uploads::by_id(self.db(), id).await?;
        let upload = found.ok_or_else(upload_not_found)?;
        refuse_over(&upload)?;
        let kind = UploadKind::parse(&upload.kind).unwrap_or(UploadKind::Asset);
        let most = kind.accepts(&self.config().uploads).bytes_max();
        let bytes_max = upload.size.map_or(most, |size| size.min(most));
        let staging = self.blobs().stage(bytes_max);
        Ok(PartIntake { library: self.clone(), staging, upload: id, number, bytes_max })
    }

    /// Says that all parts of one of the caller's uploads were sent; a job makes the asset of
    /// them. For an upload that does not await parts, its state.
    ///
    /// # Errors
    /// `upload-not-found`, also for an expired one; `invalid` at `body.parts` naming the first one
    /// that has not arrived, or when they are not as many bytes as announced.
    pub async fn complete_parts(
        &self,
        caller: &Caller,
        id: Id<Upload>,
    ) -> Result<UploadState, Fault> {
        member(caller, Scope::Write)?;
        let tx = self.db().begin().await?;
        let found = uploads::by_id_in(&tx, id).await?;
        let mut upload = found.ok_or_else(upload_not_found)?;
        let whose = (upload.owner_id, upload.organization_id);
        allow_owned(caller, OwnedOperation::Fill, Owned::Upload, whose)?;
        if upload.source != UploadSource::Parts || upload.status != UploadStatus::Pending {
            return self.upload_state(upload);
        }
        if upload.expires_at <= self.now_ms() {
            return Err(upload_not_found());
        }
        check_whole(&upload, &uploads::parts(&tx, id).await?)?;
        upload.status = UploadStatus::Validating;
        upload.updated_at = self.now_ms();
        uploads::save(&tx, &upload).await?;
        self.enqueue(&tx, &Job::Upload { upload: id.to_string() }).await?;
        tx.commit().await?;
        self.upload_state(upload)
    }
}

fn refuse_over(upload: &Upload) -> Result<(), Fault> {
    if upload.source == UploadSource::Parts && upload.status == UploadStatus::Pending {
        return Ok(());
    }
    let said = "this upload does not await parts any more";
    Err(Fault::new(Kind::Conflict, "upload-over", said))
}

fn check_whole(upload: &Upload, parts: &[Part]) -> Result<(), Fault> {
    let missing = (1..=upload.parts).find(|n| parts.iter().all(|part| part.number != *n));
    if let Some(number) = missing {
        let said = format!("part {number} of {} has not arrived", upload.parts);
        return Err(Fault::invalid("body.parts", "missing", said));
    }
    let found: u64 = parts.iter().map(|part| part.size).sum();
    match upload.size {
        Some(size) if size != found => {
            let said = format!("the parts have {found} bytes together, not {size} as announced");
            Err(Fault::invalid("body.parts", "length", said))
        }
        _ => Ok(()),
    }
}
