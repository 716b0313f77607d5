//! How far uploads are, for who asked for them.

use backlot_model::account::{Caller, Organization, Scope, User};
use backlot_model::asset::{Asset, Collection};
use backlot_model::policy::owned::{Owned, OwnedOperation};
use backlot_model::{Fault, Id, Millis};
use backlot_store::uploads;

use super::{Promise, Upload, UploadKind, UploadSource, UploadStatus, upload_not_found};
use crate::Library;
use crate::authority::{allow_owned, member};
use crate::signing::{Signature, UploadGrant, UploadTarget};

/// How far an upload is.
#[derive(Debug, Clone)]
pub struct UploadState {
    /// Identifier.
    pub id: Id<Upload>,
    /// The asset that is, or will be, there.
    pub asset_id: Id<Asset>,
    /// Who asked for it.
    pub owner_id: Id<User>,
    /// For whom he acted.
    pub organization_id: Option<Id<Organization>>,
    /// Which sort of file it is to be.
    pub kind: UploadKind,
    /// How the bytes come.
    pub source: UploadSource,
    /// How far it is. The asset is there once it is imported.
    pub status: UploadStatus,
    /// As the client calls the file.
    pub filename: String,
    /// What the client is expected to send as type.
    pub content_type: String,
    /// In bytes: as announced, then as found.
    pub size: Option<u64>,
    /// Where each part is sent to, in order; none when it does not come in parts, or is over.
    pub parts: Vec<UploadPart>,
    /// In how many parts it comes; 0 when it does not come in parts.
    pub parts_count: u32,
    /// Where the bytes are fetched from.
    pub url: Option<String>,
    /// Why it failed.
    pub error: Option<String>,
    /// The asset that it is said to be made from.
    pub parent_id: Option<Id<Asset>>,
    /// The collections that the asset is put into.
    pub collection_ids: Vec<Id<Collection>>,
    /// Whether the asset should not be shown among others.
    pub is_hidden: bool,
    /// When it was asked for.
    pub created_at: Millis,
    /// When it last changed.
    pub updated_at: Millis,
    /// Open until then.
    pub expires_at: Millis,
}

/// Where one part is sent to.
#[derive(Debug, Clone)]
pub struct UploadPart {
    /// Its place, from 1.
    pub number: u32,
    /// Open until then.
    pub expires_at: Millis,
    /// Proof that the holder may send it.
    pub signature: Signature,
}

impl UploadState {
    /// Whether the asset is there.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.status == UploadStatus::Imported
    }
}

impl Library {
    /// How far one of the caller's uploads is.
    ///
    /// # Errors
    /// `upload-not-found`.
    pub async fn upload(&self, caller: &Caller, id: Id<Upload>) -> Result<UploadState, Fault> {
        member(caller, Scope::Read)?;
        let found = uploads::by_id(self.db(), id).await?;
        let upload = found.ok_or_else(upload_not_found)?;
        let whose = (upload.owner_id, upload.organization_id);
        allow_owned(caller, OwnedOperation::See, Owned::Upload, whose)?;
        self.upload_state(upload)
    }

    /// One page of the caller's uploads that have not expired, the newest first, and how many
    /// there are.
    ///
    /// # Errors
    /// `no-credentials`, `insufficient-scope`; database faults.
    pub async fn uploads(
        &self,
        caller: &Caller,
        skip: u64,
        limit: u32,
    ) -> Result<(Vec<UploadState>, u64), Fault> {
        let member = member(caller, Scope::Read)?;
        let (found, count) = uploads::list(self.db(), member.user_id, skip, limit).await?;
        let states: Result<_, _> = found.into_iter().map(|it| self.upload_state(it)).collect();
        Ok((states?, count))
    }

    pub(super) fn upload_state(&self, upload: Upload) -> Result<UploadState, Fault> {
        let promise = Promise::read(&upload.promise)?;
        let kind = UploadKind::parse(&upload.kind);
        let (id, expires_at) = (upload.id, upload.expires_at);
        let is_open = upload.status == UploadStatus::Pending;
        let open_parts = if is_open { upload.parts } else { 0 };
        let part = |number| {
            let target = UploadTarget { upload: id.uuid(), part: Some(number) };
            let grant = UploadGrant { target, expires_ms: expires_at };
            UploadPart { number, expires_at, signature: self.signing().sign_upload(&grant) }
        };
        Ok(UploadState {
            id,
            asset_id: upload.asset_id,
            owner_id: upload.owner_id,
            organization_id: upload.organization_id,
            kind: kind.ok_or_else(|| Fault::internal("an unknown kind of upload"))?,
            source: upload.source,
            status: upload.status,
            filename: upload.filename,
            content_type: upload.content_type,
            size: upload.size,
            parts: (1..=open_parts).map(part).collect(),
            parts_count: upload.parts,
            url: upload.url,
            error: upload.error,
            parent_id: promise.parent_id.as_deref().and_then(Id::parse),
            collection_ids: promise.collection_ids.iter().filter_map(|id| Id::parse(id)).collect(),
            is_hidden: promise.is_hidden,
            created_at: upload.created_at,
            updated_at: upload.updated_at,
            expires_at,
        })
    }
}
