//! Canvases: assets of JSON that change, and keep the states they went through.
//!
//! Everything else's bytes never change. A canvas's do, so its access epoch moves with them: an
//! address shows what it showed when it was given out, or nothing.

use backlot_model::account::{Caller, Scope};
use backlot_model::asset::{Asset, Status, TYPE_CANVAS};
use backlot_model::media::{Digest, Facts, MediaKind};
use backlot_model::query::{Position, SortValue};
use backlot_model::{Fault, Id, Kind};
use backlot_store::db::Tx;
use backlot_store::snapshots::{self, Snapshot};
use backlot_store::{assets, blob_rows};
use bytes::Bytes;
use serde::de::IgnoredAny;

use super::{AssetPatch, Expected, NewAsset};
use crate::Library;
use crate::authority::member;
use crate::ingest::{Accepts, BytesFrom, Draft, Origin, Received, attach};
use crate::jobs::Job;

/// The type of the picture that stands for a canvas.
const TYPE_PICTURE: &str = "canvas-export";
/// A canvas as text, in bytes.
pub const CANVAS_BYTES_MAX: usize = 1 << 20;
/// How many of its latest states a canvas keeps.
pub const SNAPSHOTS_MAX: u32 = 1_000;
/// One page of states, in bytes: it ends early rather than be larger.
const PAGE_BYTES_MAX: u64 = 16 << 20;

/// A change of a canvas; what is absent stays.
#[derive(Default)]
pub struct CanvasChange {
    /// JSON text.
    pub canvas: Option<String>,
    /// A picture that stands for it from now on, in place of one that came this way before.
    pub thumbnail: Option<Received>,
    /// Whether the new state is left out of the canvas's snapshots.
    pub is_passing: bool,
}

/// One state of a canvas, with its text.
#[derive(Debug, Clone)]
pub struct CanvasState {
    /// Which state; its `digest` is the SHA-256 of the text.
    pub snapshot: Snapshot,
    /// JSON text.
    pub raw_data: String,
}

impl Library {
    /// Makes a canvas of JSON text, perhaps with a picture that stands for it: a hidden asset of
    /// its own, of type `canvas-export`.
    ///
    /// # Errors
    /// `invalid` at `body.canvas` for what is no JSON object or array or is over 1 MiB; as
    /// [`Library::create_asset`].
    pub async fn create_canvas(
        &self,
        caller: &Caller,
        canvas: &str,
        thumbnail: Option<Received>,
        new: NewAsset,
    ) -> Result<Asset, Fault> {
        member(caller, Scope::Write)?;
        check(canvas)?;
        let received = self.canvas_bytes(canvas).await?;
        let new =
            NewAsset { asset_type: new.asset_type.or_else(|| Some(TYPE_CANVAS.to_owned())), ..new };
        let Some(thumbnail) = thumbnail else {
            return self.create_asset(caller, received, new).await;
        };
        let picture = thumbnail_of(&new);
        let items = vec![
            (BytesFrom::Received(Box::new(thumbnail)), picture),
            (BytesFrom::Received(Box::new(received)), new),
        ];
        let mut drafts = self.drafts(caller, items).await?;
        if let [(picture, _), (canvas, _)] = &mut drafts[..] {
            canvas.shows(picture);
        }
        let mut made = self.record_all(drafts).await?;
        made.pop().ok_or_else(|| Fault::internal("a canvas was not made"))
    }

    /// Changes a canvas to a new state, with whatever else `patch` says. The same state again is
    /// no change and no snapshot.
    ///
    /// # Errors
    /// As [`Library::change_asset`]; `invalid` at `body.canvas` also for an asset that is no
    /// canvas.
    pub async fn change_canvas(
        &self,
        caller: &Caller,
        id: Id<Asset>,
        expected: &Expected,
        patch: AssetPatch,
        change: CanvasChange,
    ) -> Result<Asset, Fault> {
        let author = member(caller, Scope::Write)?.user_id;
        let CanvasChange { canvas, thumbnail, is_passing } = change;
        let state = match canvas {
            Some(canvas) => Some(self.durable_canvas(&canvas).await?),
            None => None,
        };
        let picture = match thumbnail {
            Some(thumbnail) => Some(self.canvas_picture(caller, id, thumbnail).await?),
            None => None,
        };
        let now = self.now_ms();
        let tx = self.db().begin().await?;
        let before = self.live_asset_in(&tx, id).await?;
        let mut after = self.patched(caller, &before, expected, patch)?;
        refuse_other(&before)?;
        self.check_references(caller, &before, &after).await?;
        let new_state = state.filter(|(digest, ..)| before.digest != Some(*digest));
        if let Some((digest, facts, extension)) = &new_state {
            attach(&tx, &mut after, *digest, facts, extension).await?;
            self.still_there(*digest).await?;
            after.access_epoch += 1;
            (after.status, after.error) = (Status::Processing, None);
        }
        if let Some((draft, origin)) = picture {
            after.thumbnail_id = Some(draft.id());
            self.record_in(&tx, draft, origin).await?;
            self.drop_picture(&tx, &before).await?;
        }
        if after == before {
            return Ok(before);
        }
        let after = self.save(&tx, &before, after).await?;
        if new_state.is_some() {
            if !is_passing {
                self.take_snapshot(&tx, &after, author).await?;
            }
            if let Some(older) = before.digest {
                blob_rows::mark_orphaned_if_unused(&tx, older, now).await?;
            }
            self.enqueue(&tx, &Job::Process { asset: id.to_string() }).await?;
        }
        tx.commit().await?;
        Ok(after)
    }

    async fn durable_canvas(&self, canvas: &str) -> Result<(Digest, Facts, &'static str), Fault> {
        check(canvas)?;
        let Received { staged, facts, extension } = self.canvas_bytes(canvas).await?;
        let digest = staged.digest();
        self.blobs().commit(staged).await.map_err(Fault::from)?;
        Ok((digest, facts, extension))
    }

    async fn canvas_picture(
        &self,
        caller: &Caller,
        id: Id<Asset>,
        thumbnail: Received,
    ) -> Result<(Draft, Origin), Fault> {
        let canvas = self.asset(caller, id).await?;
        let new = thumbnail_of(&NewAsset {
            name: Some(canvas.name),
            visibility: Some(canvas.visibility),
            organization_id: canvas.organization_id.map(|id| id.to_string()),
            ..NewAsset::default()
        });
        let items = vec![(BytesFrom::Received(Box::new(thumbnail)), new)];
        let mut drafts = self.drafts(caller, items).await?;
        drafts.pop().ok_or_else(|| Fault::internal("a picture was not drafted"))
    }

    /// Deletes the picture that came with an earlier state.
    async fn drop_picture(&self, tx: &Tx, canvas: &Asset) -> Result<(), Fault> {
        let Some(id) = canvas.thumbnail_id else { return Ok(()) };
        let found = assets::by_id_in(tx, id).await?;
        let is_its = |it: &Asset| {
            let came_with_it = it.asset_type == TYPE_PICTURE && it.is_hidden;
            came_with_it && it.deleted_at.is_none() && it.uploader_id == canvas.uploader_id
        };
        match found.filter(is_its) {
            Some(picture) => self.delete_in(tx, &picture).await.map(drop),
            None => Ok(()),
        }
    }

    /// One page of the states of an asset, the latest first, and the token of the next page. What
    /// is no canvas has none. A page has fewer than `limit` when their texts are long.
    ///
    /// # Errors
    /// `asset-not-found`; `bad-cursor` for a token of another asset or caller.
    pub async fn snapshots(
        &self,
        caller: &Caller,
        id: Id<Asset>,
        after: Option<&str>,
        limit: u32,
    ) -> Result<(Vec<CanvasState>, Option<String>), Fault> {
        member(caller, Scope::Read)?;
        let asset = self.asset(caller, id).await?;
        let query = format!("snapshots of {id}");
        let before = match after {
            Some(token) => Some(Id::new(self.open_position(caller, &query, token)?.id.uuid())),
            None => None,
        };
        let found = snapshots::list(self.db(), asset.id, before, limit.saturating_add(1)).await?;
        let (mut states, mut bytes): (Vec<CanvasState>, u64) = (Vec::new(), 0);
        let mut next = None;
        for snapshot in found {
            if states.len() == limit as usize || bytes > PAGE_BYTES_MAX {
                next = states.last().map(|last| last.snapshot.id);
                break;
            }
            let state = self.state(snapshot).await?;
            bytes += state.raw_data.len() as u64;
            states.push(state);
        }
        let seal = |id: Id<Snapshot>| {
            let position = Position { value: SortValue::Number(0), id: Id::new(id.uuid()) };
            self.seal_position(caller, &query, &position)
        };
        Ok((states, next.map(seal).transpose()?))
    }

    async fn state(&self, snapshot: Snapshot) -> Result<CanvasState, Fault> {
        let most = CANVAS_BYTES_MAX as u64;
        let bytes = self.blobs().read_all(snapshot.digest, most).await.map_err(Fault::from)?;
        let raw_data = String::from_utf8(bytes.into()).map_err(Fault::internal)?;
        Ok(CanvasState { snapshot, raw_data })
    }

    /// Keeps the state that the asset is in, and lets the oldest ones go.
    pub(crate) async fn take_snapshot(
        &self,
        tx: &Tx,
        asset: &Asset,
        author_id: Id<backlot_model::account::User>,
    ) -> Result<(), Fault> {
        let Some(digest) = asset.digest else { return Ok(()) };
        let now = self.now_ms();
        let snapshot = Snapshot {
            id: self.ids().next(),
            asset_id: asset.id,
            digest,
            author_id,
            taken_at: now,
        };
        snapshots::insert(tx, &snapshot).await?;
        for digest in snapshots::trim(tx, asset.id, SNAPSHOTS_MAX).await? {
            blob_rows::mark_orphaned_if_unused(tx, digest, now).await?;
        }
        Ok(())
    }

    async fn canvas_bytes(&self, canvas: &str) -> Result<Received, Fault> {
        let kinds = [MediaKind::Json, MediaKind::ThreeD, MediaKind::Text];
        let accepts = Accepts::kinds(&kinds, &self.config().uploads);
        let mut intake = self.receive_unmetered(accepts).await?;
        intake.write(Bytes::copy_from_slice(canvas.as_bytes())).await?;
        intake.finish().await
    }
}

fn refuse_other(asset: &Asset) -> Result<(), Fault> {
    if asset.asset_type == TYPE_CANVAS {
        return Ok(());
    }
    let said = "the asset is no canvas, and its bytes never change";
    Err(Fault::invalid("body.canvas", "type", said))
}

/// Whether an asset is one whose states are kept.
pub(crate) fn is_canvas(asset: &Asset) -> bool {
    asset.asset_type == TYPE_CANVAS
        && asset.mime_type.as_deref().is_some_and(|it| it.ends_with("json"))
        && asset.size.is_some_and(|size| size <= CANVAS_BYTES_MAX as u64)
}

fn check(canvas: &str) -> Result<(), Fault> {
    if canvas.len() > CANVAS_BYTES_MAX {
        let said = format!("a canvas has at most {CANVAS_BYTES_MAX} bytes");
        return Err(Fault::new(Kind::TooLarge, "too-large", said).at("body.canvas", "length"));
    }
    let wrong = |said: String| Fault::invalid("body.canvas", "format", said);
    if !canvas.trim_start().starts_with(['{', '[']) {
        return Err(wrong("must be a JSON object or array, as text".to_owned()));
    }
    let read: Result<IgnoredAny, _> = serde_json::from_str(canvas);
    read.map(drop).map_err(|error| wrong(format!("must be JSON: {error}")))
}

/// The picture that stands for a canvas is seen by whoever sees the canvas.
fn thumbnail_of(canvas: &NewAsset) -> NewAsset {
    NewAsset {
        name: canvas.name.clone(),
        asset_type: Some(TYPE_PICTURE.to_owned()),
        visibility: canvas.visibility,
        organization_id: canvas.organization_id.clone(),
        is_hidden: true,
        ..NewAsset::default()
    }
}
