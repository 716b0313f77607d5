//! From bytes to a library entry: the end of every door.

use backlot_model::account::{Caller, Member, Organization, Scope};
use backlot_model::asset::{Asset, Lineage, Status, Visibility};
use backlot_model::event::EventKind;
use backlot_model::media::{Digest, Facts, MediaKind};
use backlot_model::policy::Operation;
use backlot_model::{Fault, Id, Kind};
use backlot_store::db::Tx;
use backlot_store::{assets, blob_rows};

use super::{Accepts, Received, Stage};
use crate::Library;
use crate::assets::{CheckedAsset, NewAsset, is_canvas};
use crate::authority::{allow, asset_not_found, member};
use crate::jobs::Job;
use crate::limiter::Limit;

/// Where an asset's bytes are.
pub(crate) enum Origin {
    /// Durable, with what their header says, and the extension that fits them.
    Blob { digest: Digest, facts: Box<Facts>, extension: &'static str },
    /// Still to be fetched.
    Url(String, Accepts),
}

impl Library {
    /// Makes an asset of received bytes. The answer is given when bytes and record are durable;
    /// facts and thumbnails follow.
    ///
    /// # Errors
    /// `invalid` with every wrong field; storage and database faults. Nothing is left behind.
    pub async fn create_asset(
        &self,
        caller: &Caller,
        received: Received,
        new: NewAsset,
    ) -> Result<Asset, Fault> {
        let id = self.ids().next();
        let (draft, origin) = self.stored(caller, id, received, new).await?;
        self.record(draft, origin).await
    }

    /// An asset with this id whose bytes are durable, to be recorded with what belongs to it.
    pub(crate) async fn stored(
        &self,
        caller: &Caller,
        id: Id<Asset>,
        received: Received,
        new: NewAsset,
    ) -> Result<(Draft, Origin), Fault> {
        let draft = self.draft(caller, id, new).await?;
        let Received { staged, facts, extension } = received;
        let digest = staged.digest();
        let stage = Stage::begin("store");
        self.blobs().commit(staged).await.map_err(Fault::from)?;
        drop(stage);
        let facts = Box::new(facts);
        Ok((draft, Origin::Blob { digest, facts, extension }))
    }

    /// Makes an asset over bytes that the caller already owns, without sending them again.
    ///
    /// # Errors
    /// `asset-not-found` when he owns no asset with these bytes; `invalid` as for any asset.
    pub async fn create_asset_from_hash(
        &self,
        caller: &Caller,
        digest: Digest,
        new: NewAsset,
    ) -> Result<Asset, Fault> {
        let member = member(caller, Scope::Write)?;
        self.limiter().check(Limit::Upload, &member.user_id.to_string()).await?;
        self.refuse_when_full().await?;
        if !assets::owns_blob(self.db(), member.user_id, digest).await? {
            return Err(asset_not_found());
        }
        let origin = self.over(digest).await?;
        let draft = self.draft(caller, self.ids().next(), new).await?;
        self.record(draft, origin).await
    }

    /// Makes an asset over the bytes of another one, of which the caller has the id or an address
    /// of ours.
    ///
    /// # Errors
    /// `asset-not-found` when he may not see it, `forbidden` when he may not copy it, `asset-busy`
    /// while it is still being fetched; `unsupported-media` or `too-large` when the call does not
    /// take it; `invalid` as for any asset.
    pub async fn create_asset_from_asset(
        &self,
        caller: &Caller,
        original: Id<Asset>,
        accepts: Accepts,
        new: NewAsset,
    ) -> Result<Asset, Fault> {
        let id = self.ids().next();
        let (draft, origin) = self.drafted_over(caller, id, original, accepts, new).await?;
        self.record(draft, origin).await
    }

    /// The same with an id that was promised before, to be recorded with what belongs to it.
    pub(crate) async fn drafted_over(
        &self,
        caller: &Caller,
        id: Id<Asset>,
        original: Id<Asset>,
        accepts: Accepts,
        new: NewAsset,
    ) -> Result<(Draft, Origin), Fault> {
        let (original, digest) = self.copied(caller, original).await?;
        accepts.refuse_existing(&original)?;
        let new = NewAsset { filename: new.filename.or(Some(original.filename)), ..new };
        let origin = self.over(digest).await?;
        Ok((self.draft(caller, id, new).await?, origin))
    }

    /// The asset over whose bytes the caller is to make another one, within what he may upload.
    pub(crate) async fn copied(
        &self,
        caller: &Caller,
        id: Id<Asset>,
    ) -> Result<(Asset, Digest), Fault> {
        let original = self.live_asset(id).await?;
        allow(caller, Operation::Copy, &original)?;
        let member = member(caller, Scope::Write)?;
        self.limiter().check(Limit::Upload, &member.user_id.to_string()).await?;
        self.refuse_when_full().await?;
        let busy = || {
            let said = "the asset has no bytes yet; use it when it is ready";
            Fault::new(Kind::Conflict, "asset-busy", said)
        };
        let digest = original.digest.ok_or_else(busy)?;
        Ok((original, digest))
    }

    /// The asset as it will be, but for its bytes: words checked, references resolved within the
    /// caller's reach.
    pub(crate) async fn draft(
        &self,
        caller: &Caller,
        id: Id<Asset>,
        new: NewAsset,
    ) -> Result<Draft, Fault> {
        let member = member(caller, Scope::Write)?;
        let checked = new.check()?;
        if let Some(id) = checked.organization_id {
            self.refuse_foreign_organization(member, id).await?;
        }
        let organization_id = organization(member, &checked)?;
        let lineage = self.lineage(caller, &checked).await?;
        let collections = self.check_collections(caller, &checked.collection_ids).await?;
        let now = self.now_ms();
        let asset = Asset {
            id,
            uploader_id: member.user_id,
            uploader_name: member.username.clone(),
            uploader_is_superuser: member.is_superuser,
            organization_id,
            project: checked.project,
            name: checked.name.unwrap_or_default(),
            filename: checked.filename.unwrap_or_default(),
            description: checked.description,
            asset_type: checked.asset_type,
            kind: MediaKind::Image,
            status: Status::Processing,
            error: None,
            visibility: checked.visibility,
            tags: checked.tags,
            styling_note: checked.styling_note,
            detected: checked.detected,
            lineage,
            parameters: checked.parameters,
            collections,
            digest: None,
            size: None,
            mime_type: None,
            width: None,
            height: None,
            dominant_color: None,
            thumbhash: None,
            has_thumbnails: false,
            access_epoch: 0,
            version: 1,
            created_at: now,
            updated_at: now,
            deleted_at: None,
            thumbnail_id: None,
            is_hidden: checked.is_hidden,
            lock: None,
        };
        Ok(Draft(asset))
    }

    /// Records a draft with its job and event, in one transaction.
    pub(crate) async fn record(&self, draft: Draft, origin: Origin) -> Result<Asset, Fault> {
        let mut made = self.record_all(vec![(draft, origin)]).await?;
        made.pop().ok_or_else(|| Fault::internal("an asset was not made"))
    }

    /// Records all or none, in their order.
    pub(crate) async fn record_all(
        &self,
        drafts: Vec<(Draft, Origin)>,
    ) -> Result<Vec<Asset>, Fault> {
        let _stage = Stage::begin("record");
        let mut made = Vec::with_capacity(drafts.len());
        let tx = self.db().begin().await?;
        for (draft, origin) in drafts {
            made.push(self.record_in(&tx, draft, origin).await?);
        }
        tx.commit().await?;
        Ok(made)
    }

    /// Records one within a transaction.
    pub(crate) async fn record_in(
        &self,
        tx: &Tx,
        draft: Draft,
        origin: Origin,
    ) -> Result<Asset, Fault> {
        let mut asset = draft.0;
        match &origin {
            Origin::Blob { digest, facts, extension } => {
                attach(tx, &mut asset, *digest, facts, extension).await?;
                self.still_there(*digest).await?;
                assets::insert(tx, &asset, None).await?;
                if is_canvas(&asset) {
                    self.take_snapshot(tx, &asset, asset.uploader_id).await?;
                }
                self.enqueue(tx, &Job::Process { asset: asset.id.to_string() }).await?;
            }
            Origin::Url(url, accepts) => {
                name_after(&mut asset, None);
                assets::insert(tx, &asset, Some(url)).await?;
                let job = Job::ImportUrl { asset: asset.id.to_string(), accepts: Some(*accepts) };
                self.enqueue(tx, &job).await?;
            }
        }
        self.announce(tx, EventKind::Created, &asset).await?;
        Ok(asset)
    }

    /// Whether the bytes that were already here are so still: the collector may have taken them
    /// just before the row was written. Call it after that, within the transaction.
    pub(crate) async fn still_there(&self, digest: Digest) -> Result<(), Fault> {
        if self.blobs().size(digest).await.map_err(Fault::from)?.is_some() {
            return Ok(());
        }
        let said = "these bytes were being collected as they came; send them again";
        Err(Fault::new(Kind::Unavailable, "blob-missing", said).retry_after_ms(1_000))
    }

    async fn lineage(&self, caller: &Caller, checked: &CheckedAsset) -> Result<Lineage, Fault> {
        let mut lineage = Lineage {
            parent_id: checked.parent_id,
            root_id: None,
            inference_id: checked.inference_id.clone(),
            model_id: checked.model_id.clone(),
            author_id: checked.author_id.clone(),
        };
        if let Some(parent_id) = checked.parent_id {
            let unknown =
                || Fault::invalid("body.parent_id", "reference", "there is no such asset");
            let found = assets::by_id(self.db(), parent_id).await?;
            let parent = found.filter(|it| it.deleted_at.is_none()).ok_or_else(unknown)?;
            allow(caller, Operation::See, &parent).map_err(|_| unknown())?;
            lineage.root_id = Some(parent.lineage.root_id.unwrap_or(parent.id));
        }
        Ok(lineage)
    }
}

/// An asset that is complete but for its bytes.
pub(crate) struct Draft(Asset);

impl Draft {
    /// The id that the asset will have.
    pub(crate) const fn id(&self) -> Id<Asset> {
        self.0.id
    }

    /// Makes it a copy of an asset that the caller may copy, whether or not he may read: a child
    /// of it, shown by the same picture.
    pub(crate) fn is_copy_of(&mut self, original: &Asset) {
        self.0.lineage.parent_id = Some(original.id);
        self.0.lineage.root_id = Some(original.lineage.root_id.unwrap_or(original.id));
        self.0.thumbnail_id = original.thumbnail_id;
    }

    /// Lets another one stand for it where pictures are shown.
    pub(crate) fn shows(&mut self, picture: &Self) {
        self.0.thumbnail_id = Some(picture.0.id);
    }
}

/// Gives an asset its bytes: what the header says at once, the rest when it is processed.
pub(crate) async fn attach(
    tx: &Tx,
    asset: &mut Asset,
    digest: Digest,
    facts: &Facts,
    extension: &str,
) -> Result<(), Fault> {
    blob_rows::upsert(tx, digest, facts, asset.created_at).await?;
    asset.digest = Some(digest);
    asset.kind = facts.kind;
    asset.size = Some(facts.size);
    asset.mime_type = Some(facts.mime_type.clone());
    asset.width = facts.width;
    asset.height = facts.height;
    name_after(asset, Some(extension));
    Ok(())
}

/// Completes the names: a file name that fits the bytes, and a display name.
fn name_after(asset: &mut Asset, extension: Option<&str>) {
    if asset.filename.is_empty() {
        asset.filename = match extension {
            Some(extension) => format!("{}.{extension}", asset.id),
            None => asset.id.to_string(),
        };
    }
    if asset.name.is_empty() {
        asset.name.clone_from(&asset.filename);
    }
}

fn organization(
    member: &Member,
    checked: &CheckedAsset,
) -> Result<Option<Id<Organization>>, Fault> {
    let organization = checked.organization_id.or(member.active_organization);
    if checked.visibility == Visibility::Shared && organization.is_none() {
        let said = "to share, the asset needs an organisation, and you are in none";
        return Err(Fault::invalid("body.visibility", "reference", said));
    }
    Ok(organization)
}
