//! The job that makes an asset of an upload in parts or from an address.

use backlot_model::asset::Asset;
use backlot_model::{Fault, Id};
use backlot_store::db::Tx;
use backlot_store::{blob_rows, uploads};
use futures::StreamExt;
use url::Url;

use super::{Promise, Upload, UploadKind, UploadSource, UploadStatus, default_name};
use crate::Library;
use crate::fetch::filename_in;
use crate::ingest::{Accepts, Draft, Origin, Received, may_pass};

impl Library {
    /// Brings an upload to its end: imported or failed. Safe to run twice.
    pub(crate) async fn import_upload(&self, id: Id<Upload>) -> Result<(), Fault> {
        let found = uploads::by_id(self.db(), id).await?;
        let Some(upload) = found.filter(|it| !it.status.is_final()) else {
            return Ok(());
        };
        match self.make_uploaded_asset(&upload).await {
            Ok(()) => {}
            Err(fault) if !may_pass(&fault) => self.fail_upload(id, &fault.message).await?,
            Err(fault) => return Err(fault),
        }
        Ok(())
    }

    async fn make_uploaded_asset(&self, upload: &Upload) -> Result<(), Fault> {
        self.advance_upload(upload.id, UploadStatus::Validating).await?;
        let kind = UploadKind::parse(&upload.kind)
            .ok_or_else(|| Fault::internal("an unknown kind of upload"))?;
        let accepts = kind.accepts(&self.config().uploads);
        let (received, named) = match (upload.source, &upload.url) {
            (UploadSource::Url, Some(url)) => self.download(url, accepts).await?,
            _ => (self.assemble(upload, accepts).await?, None),
        };
        self.advance_upload(upload.id, UploadStatus::Validated).await?;
        let owner = self.accounts().acting(upload.owner_id, upload.organization_id).await?;
        let mut new = Promise::read(&upload.promise)?.into_new(upload.filename.clone());
        if upload.source == UploadSource::Url && is_made_up(upload) {
            let in_url = upload.url.as_deref().and_then(|url| Url::parse(url).ok());
            new.filename = named.or_else(|| in_url.as_ref().and_then(filename_in));
        }
        new.asset_type =
            new.asset_type.or_else(|| Some(kind.asset_type(received.kind()).to_owned()));
        let (draft, origin) = self.stored(&owner, upload.asset_id, received, new).await?;
        self.import_as(upload.id, draft, origin).await.map(drop)
    }

    /// Records the asset of an upload and the upload's end: both or neither.
    pub(super) async fn import_as(
        &self,
        id: Id<Upload>,
        draft: Draft,
        origin: Origin,
    ) -> Result<Asset, Fault> {
        let tx = self.db().begin().await?;
        let asset = self.record_in(&tx, draft, origin).await?;
        self.end_upload_in(&tx, id, Ok(asset.size)).await?;
        tx.commit().await?;
        Ok(asset)
    }

    /// The parts, one after the other, through the door that every file comes through.
    async fn assemble(&self, upload: &Upload, accepts: Accepts) -> Result<Received, Fault> {
        let mut intake = self.receive_unmetered(accepts).await?;
        for part in uploads::parts(self.db(), upload.id).await? {
            let read = self.blobs().read(part.digest, None).await.map_err(Fault::from)?;
            let mut stream = read.into_stream();
            while let Some(bytes) = stream.next().await {
                intake.write(bytes.map_err(Fault::from)?).await?;
            }
        }
        intake.finish().await
    }

    async fn advance_upload(&self, id: Id<Upload>, status: UploadStatus) -> Result<(), Fault> {
        let tx = self.db().begin().await?;
        let Some(mut upload) = uploads::by_id_in(&tx, id).await? else { return Ok(()) };
        upload.status = status;
        upload.updated_at = self.now_ms();
        uploads::save(&tx, &upload).await?;
        tx.commit().await?;
        Ok(())
    }

    async fn fail_upload(&self, id: Id<Upload>, reason: &str) -> Result<(), Fault> {
        let tx = self.db().begin().await?;
        self.end_upload_in(&tx, id, Err(reason)).await?;
        Ok(tx.commit().await?)
    }

    /// Ends an upload, with the size of its asset or a reason that its owner can read. Its parts
    /// go.
    pub(crate) async fn end_upload_in(
        &self,
        tx: &Tx,
        id: Id<Upload>,
        end: Result<Option<u64>, &str>,
    ) -> Result<(), Fault> {
        let now = self.now_ms();
        let found = uploads::by_id_in(tx, id).await?;
        let Some(mut upload) = found.filter(|it| !it.status.is_final()) else { return Ok(()) };
        match end {
            Ok(size) => (upload.status, upload.size) = (UploadStatus::Imported, size),
            Err(reason) => {
                (upload.status, upload.error) = (UploadStatus::Failed, Some(reason.to_owned()));
            }
        }
        upload.updated_at = now;
        uploads::save(tx, &upload).await?;
        for digest in uploads::take_parts(tx, id).await? {
            blob_rows::mark_orphaned_if_unused(tx, digest, now).await?;
        }
        Ok(())
    }

    /// Removes at most `limit` uploads that expired, with their parts; how many went.
    pub(crate) async fn sweep_uploads(&self, limit: u32) -> Result<u64, Fault> {
        let now = self.now_ms();
        let tx = self.db().begin().await?;
        let gone = uploads::expired(&tx, now, limit).await?;
        for id in &gone {
            for digest in uploads::take_parts(&tx, *id).await? {
                blob_rows::mark_orphaned_if_unused(&tx, digest, now).await?;
            }
            uploads::delete(&tx, *id).await?;
        }
        tx.commit().await?;
        Ok(gone.len() as u64)
    }
}

/// Whether the client gave its file no name.
fn is_made_up(upload: &Upload) -> bool {
    let url = upload.url.as_deref().and_then(|url| Url::parse(url).ok());
    let in_url = url.as_ref().and_then(filename_in);
    in_url.unwrap_or_else(|| default_name(upload.asset_id, &upload.content_type)) == upload.filename
}
