//! Uploads: promises of bytes that end as an asset, fail, or expire.
//!
//! Owns: places that take a file in one piece (here), in parts ([`parts`]), or by address
//! ([`begin`]), and the job that makes the asset of the latter two ([`import`]).
//! Never: another way in than `ingest`; a part is mere bytes until all of them are one file.

mod begin;
mod import;
mod parts;
mod promise;
mod state;

pub use backlot_store::uploads::{Upload, UploadSource, UploadStatus};
pub use begin::{NewUpload, UploadFrom};
pub use parts::{PARTS_MAX, PartIntake};
pub use promise::UploadKind;
pub use state::{UploadPart, UploadState};

use promise::Promise;

use backlot_model::account::{Caller, Member, Scope};
use backlot_model::asset::Asset;
use backlot_model::policy::owned::Owned;
use backlot_model::{Fault, Id, Kind, Millis};
use backlot_store::assets;
use backlot_store::uploads;

use crate::Library;
use crate::assets::NewAsset;
use crate::authority::{member, owned_not_found};
use crate::ingest::{Accepts, Intake, Received};
use crate::limiter::Limit;
use crate::signing::{Signature, UploadGrant, UploadTarget};

/// A place to upload to, and the asset that will be there.
#[derive(Debug, Clone)]
pub struct UploadPlace {
    /// Identifier of the place.
    pub id: Id<Upload>,
    /// The id that the asset will have.
    pub asset_id: Id<Asset>,
    /// As the client calls the file.
    pub filename: String,
    /// What the client is expected to send as type.
    pub content_type: String,
    /// Open until then.
    pub expires_at: Millis,
    /// Proof that the holder may upload.
    pub signature: Signature,
}

impl Library {
    /// Opens a place for one file of the caller's.
    ///
    /// # Errors
    /// `no-credentials`, `insufficient-scope`, `rate-limited`; `invalid` for a bad file name.
    pub async fn open_upload(
        &self,
        caller: &Caller,
        content_type: Option<&str>,
        new: NewAsset,
    ) -> Result<UploadPlace, Fault> {
        let member = member(caller, Scope::Write)?;
        self.limiter().check(Limit::Upload, &member.user_id.to_string()).await?;
        self.promise(member, content_type, new).await
    }

    /// Opens a place and fills it at once, with bytes that came in by [`Library::receive`].
    ///
    /// # Errors
    /// As [`Library::create_asset`].
    pub async fn upload_at_once(
        &self,
        caller: &Caller,
        received: Received,
        new: NewAsset,
    ) -> Result<UploadPlace, Fault> {
        let member = member(caller, Scope::Write)?;
        let place = self.promise(member, Some(received.mime_type()), new).await?;
        match self.complete_upload(place.id, &place.signature, received).await {
            Ok(_) => Ok(place),
            Err(fault) => {
                let tx = self.db().begin().await?;
                uploads::delete(&tx, place.id).await?;
                tx.commit().await?;
                Err(fault)
            }
        }
    }

    async fn promise(
        &self,
        member: &Member,
        content_type: Option<&str>,
        new: NewAsset,
    ) -> Result<UploadPlace, Fault> {
        let promise = Promise::of(&new).json()?;
        let checked = new.check()?;
        let content_type = content_type.map_or_else(
            || type_of(checked.filename.as_deref()).to_owned(),
            |given| given.trim().to_ascii_lowercase(),
        );
        let id = self.ids().next();
        let asset_id = self.ids().next();
        let filename = checked.filename.unwrap_or_else(|| default_name(asset_id, &content_type));
        let now = self.now_ms();
        let upload = Upload {
            id,
            owner_id: member.user_id,
            organization_id: member.active_organization,
            asset_id,
            filename,
            content_type,
            promise,
            kind: UploadKind::Image.word().to_owned(),
            source: UploadSource::Put,
            status: UploadStatus::Pending,
            url: None,
            size: None,
            parts: 0,
            error: None,
            created_at: now,
            updated_at: now,
            expires_at: now + self.config().upload_ttl_ms,
        };
        let tx = self.db().begin().await?;
        uploads::insert(&tx, &upload).await?;
        tx.commit().await?;
        let target = UploadTarget { upload: id.uuid(), part: None };
        let grant = UploadGrant { target, expires_ms: upload.expires_at };
        let signature = self.signing().sign_upload(&grant);
        Ok(UploadPlace {
            id,
            asset_id,
            filename: upload.filename,
            content_type: upload.content_type,
            expires_at: upload.expires_at,
            signature,
        })
    }

    /// Opens the door of a place to whoever holds its grant.
    ///
    /// # Errors
    /// `bad-signature`, `expired`; `upload-not-found` when it is over; `queue-full`.
    pub async fn receive_upload(
        &self,
        id: Id<Upload>,
        signature: &Signature,
        accepts: Accepts,
    ) -> Result<Intake, Fault> {
        self.open_place(id, signature).await?;
        self.receive_unmetered(accepts).await
    }

    /// Ends an upload as an asset; the same bytes again are the same asset.
    ///
    /// # Errors
    /// As [`Self::receive_upload`] and [`Library::create_asset`]; the place stays open then.
    /// `already-exists` for other bytes than have arrived before.
    pub async fn complete_upload(
        &self,
        id: Id<Upload>,
        signature: &Signature,
        received: Received,
    ) -> Result<Asset, Fault> {
        let upload = self.open_place(id, signature).await?;
        let owner = self.accounts().acting(upload.owner_id, upload.organization_id).await?;
        // A client that lost the answer sends again: the second arrival finds the first.
        let _turn = self.turns().take(&id.to_string()).await;
        if let Some(asset) = assets::by_id(self.db(), upload.asset_id).await? {
            return arrived_before(asset, &received);
        }
        let new = Promise::read(&upload.promise)?.into_new(upload.filename.clone());
        let (draft, origin) = self.stored(&owner, upload.asset_id, received, new).await?;
        self.import_as(id, draft, origin).await
    }

    async fn open_place(&self, id: Id<Upload>, signature: &Signature) -> Result<Upload, Fault> {
        let found = uploads::by_id(self.db(), id).await?;
        let upload = found.filter(|it| it.source == UploadSource::Put);
        let upload = upload.ok_or_else(upload_not_found)?;
        let target = UploadTarget { upload: id.uuid(), part: None };
        self.signing().verify_upload(target, signature, self.now_ms())?;
        Ok(upload)
    }
}

fn arrived_before(asset: Asset, received: &Received) -> Result<Asset, Fault> {
    if asset.deleted_at.is_some() {
        return Err(upload_not_found());
    }
    if asset.digest != Some(received.digest()) {
        let said = "other bytes have arrived here before; ask for another place to upload to";
        return Err(Fault::new(Kind::Conflict, "already-exists", said));
    }
    Ok(asset)
}

fn upload_not_found() -> Fault {
    owned_not_found(Owned::Upload)
}

/// The type that a file name promises; a guess that the bytes will overrule.
fn type_of(filename: Option<&str>) -> &'static str {
    let extension = filename.and_then(|name| name.rsplit_once('.')).map(|(_, it)| it);
    backlot_imaging::media_type(extension.unwrap_or("jpg")).unwrap_or("image/jpeg")
}

fn default_name(id: Id<Asset>, content_type: &str) -> String {
    format!("{id}.{}", backlot_imaging::extension(content_type))
}
