//! Uploads that a job brings in: in parts, or from an address.

use backlot_model::account::{Caller, Member, Scope};
use backlot_model::asset::Asset;
use backlot_model::{Fault, Id, Kind};
use backlot_store::uploads;

use super::parts::PARTS_MAX;
use super::{
    Promise, Upload, UploadKind, UploadSource, UploadState, UploadStatus, default_name, type_of,
};
use crate::Library;
use crate::assets::NewAsset;
use crate::authority::member;
use crate::fetch::filename_in;
use crate::jobs::Job;
use crate::limiter::Limit;

/// An upload that is asked for.
#[derive(Debug, Clone)]
pub struct NewUpload {
    /// Which sort of file it is to be.
    pub kind: UploadKind,
    /// Where its bytes come from.
    pub from: UploadFrom,
    /// What the asset will be; its type follows from the bytes unless it is said. Hints are not
    /// kept.
    pub new: NewAsset,
}

/// Where the bytes of an upload come from.
#[derive(Debug, Clone)]
pub enum UploadFrom {
    /// From the client, in parts.
    Parts {
        /// In how many, from 1 to [`PARTS_MAX`].
        count: u32,
        /// In bytes; what comes is held against it.
        size: Option<u64>,
        /// What the client says its type is; the bytes overrule it.
        content_type: Option<String>,
    },
    /// From a foreign address.
    Url(String),
    /// From an asset, such as one that an address of ours named.
    Asset(Id<Asset>),
}

impl Library {
    /// Begins an upload. One in parts awaits them; one from an address is fetched after the
    /// answer; one from an asset is there at once.
    ///
    /// # Errors
    /// `no-credentials`, `insufficient-scope`, `rate-limited`; `queue-full`; `invalid` for what no
    /// asset could be called, for a number of parts out of range, for references that the caller
    /// does not see; `too-large` for an announced size; `fetch-refused` for an address that the
    /// guard does not allow; as [`Library::create_asset_from_asset`].
    pub async fn begin_upload(
        &self,
        caller: &Caller,
        asked: NewUpload,
    ) -> Result<UploadState, Fault> {
        let member = member(caller, Scope::Write)?;
        if let UploadFrom::Asset(original) = asked.from {
            return self.upload_from_asset(caller, member, original, asked).await;
        }
        self.limiter().check(Limit::Upload, &member.user_id.to_string()).await?;
        self.refuse_when_full().await?;
        let mut upload = self.blank_upload(member, &asked)?;
        match &asked.from {
            UploadFrom::Parts { count, size, content_type } => {
                self.check_parts(asked.kind, *count, *size)?;
                upload.source = UploadSource::Parts;
                (upload.parts, upload.size) = (*count, *size);
                if let Some(given) = content_type {
                    upload.content_type = given.trim().to_ascii_lowercase();
                }
                upload.expires_at = upload.created_at + self.config().parts_ttl_ms;
            }
            UploadFrom::Url(raw) => {
                let url = self.fetcher().check(raw).await?;
                upload.source = UploadSource::Url;
                if asked.new.filename.is_none()
                    && let Some(name) = filename_in(&url)
                {
                    upload.filename = name;
                }
                upload.content_type = type_of(Some(&upload.filename)).to_owned();
                upload.url = Some(url.to_string());
            }
            UploadFrom::Asset(_) => {}
        }
        // Who refers to what he may not is told now, not when all is uploaded.
        self.draft(caller, upload.asset_id, asked.new).await?;
        let tx = self.db().begin().await?;
        uploads::insert(&tx, &upload).await?;
        if upload.source == UploadSource::Url {
            self.enqueue(&tx, &Job::Upload { upload: upload.id.to_string() }).await?;
        }
        tx.commit().await?;
        self.upload_state(upload)
    }

    async fn upload_from_asset(
        &self,
        caller: &Caller,
        member: &Member,
        original: Id<Asset>,
        asked: NewUpload,
    ) -> Result<UploadState, Fault> {
        let mut upload = self.blank_upload(member, &asked)?;
        let mut new = asked.new;
        let taken = asked.kind.accepts(&self.config().uploads);
        let source = self.asset(caller, original).await?;
        new.asset_type = new.asset_type.or(Some(asked.kind.asset_type(source.kind).to_owned()));
        let id = upload.asset_id;
        let (draft, origin) = self.drafted_over(caller, id, original, taken, new).await?;
        let tx = self.db().begin().await?;
        let asset = self.record_in(&tx, draft, origin).await?;
        upload.source = UploadSource::Asset;
        upload.status = UploadStatus::Imported;
        (upload.size, upload.filename) = (asset.size, asset.filename);
        upload.content_type = asset.mime_type.unwrap_or_default();
        uploads::insert(&tx, &upload).await?;
        tx.commit().await?;
        self.upload_state(upload)
    }

    fn blank_upload(&self, member: &Member, asked: &NewUpload) -> Result<Upload, Fault> {
        let promise = Promise::of(&asked.new).json()?;
        let checked = asked.new.clone().check()?;
        let content_type = type_of(checked.filename.as_deref()).to_owned();
        let asset_id = self.ids().next();
        let now = self.now_ms();
        Ok(Upload {
            id: self.ids().next(),
            owner_id: member.user_id,
            organization_id: member.active_organization,
            asset_id,
            filename: checked.filename.unwrap_or_else(|| default_name(asset_id, &content_type)),
            content_type,
            promise,
            kind: asked.kind.word().to_owned(),
            source: UploadSource::Put,
            status: UploadStatus::Pending,
            url: None,
            size: None,
            parts: 0,
            error: None,
            created_at: now,
            updated_at: now,
            expires_at: now + self.config().upload_ttl_ms,
        })
    }

    fn check_parts(&self, kind: UploadKind, count: u32, size: Option<u64>) -> Result<(), Fault> {
        if !(1..=PARTS_MAX).contains(&count) {
            let said = format!("must be between 1 and {PARTS_MAX}");
            return Err(Fault::invalid("body.parts", "range", said));
        }
        let bytes_max = kind.accepts(&self.config().uploads).bytes_max();
        if size.is_some_and(|size| size > bytes_max) {
            let said = format!("the file is larger than {bytes_max} bytes, the most of its kind");
            return Err(Fault::new(Kind::TooLarge, "too-large", said).at("body.size", "range"));
        }
        Ok(())
    }
}
