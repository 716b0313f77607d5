//! What the worker does with the bytes of an asset: facts, thumbnails, an end.

use backlot_imaging::{Deadline, ImageFault, ProcessOptions, Processed, decode_bytes, process};
use backlot_model::asset::{Asset, Status};
use backlot_model::event::EventKind;
use backlot_model::limits::{THUMB_BIG_PX, THUMB_SMALL_PX};
use backlot_model::media::{Digest, Facts, MediaKind};
use backlot_model::{Fault, Id};
use backlot_store::blobs::Keep;
use backlot_store::db::Tx;
use backlot_store::renditions::Rendition;
use backlot_store::{assets, blob_rows, renditions};

use super::{Stage, heif};
use crate::Library;
use crate::context::blocking;
use crate::jobs::Job;

/// Grows when facts or thumbnails are made differently, so that old ones can be told.
pub(crate) const FACTS_VERSION: i64 = 1;

/// The stored thumbnails and their names among the renditions.
pub(crate) const THUMBS: [(&str, u32); 2] = [("small", THUMB_SMALL_PX), ("big", THUMB_BIG_PX)];

/// What became of the bytes.
enum Made {
    /// Facts, and thumbnails if the kind has any.
    Facts(Facts),
    /// They are not what they claim to be; a sentence for the owner.
    Unusable(String),
}

impl Library {
    /// Brings an asset to its end: ready or failed. Safe to run twice.
    pub(crate) async fn process_asset(&self, id: Id<Asset>) -> Result<(), Fault> {
        let found = assets::by_id(self.db(), id).await?;
        let Some(asset) = found.filter(awaits_its_end) else {
            return Ok(());
        };
        let Some(digest) = asset.digest else { return Ok(()) };
        // Equal bytes that arrive together are processed once.
        let turn = self.one_at_a_time(&digest.to_string()).await;
        let stage = Stage::begin("process");
        let made = self.facts_of(digest).await?;
        drop(stage);
        drop(turn);
        match made {
            Made::Facts(facts) => self.finish_asset(id, &facts).await?,
            Made::Unusable(reason) => self.fail_asset(id, &reason).await?,
        }
        Ok(())
    }

    /// Makes the facts and thumbnails of a blob; `None` when they are there afterwards, else why its
    /// bytes cannot be used.
    pub(crate) async fn remake(&self, digest: Digest) -> Result<Option<String>, Fault> {
        let _turn = self.one_at_a_time(&digest.to_string()).await;
        match self.facts_of(digest).await? {
            Made::Facts(_) => Ok(None),
            Made::Unusable(reason) => Ok(Some(reason)),
        }
    }

    async fn facts_of(&self, digest: Digest) -> Result<Made, Fault> {
        let known = blob_rows::facts(self.db(), digest).await?;
        let Some((header, version, fault)) = known else {
            return Err(Fault::internal(format!("no row for blob {digest}")));
        };
        if let Some(reason) = fault {
            return Ok(Made::Unusable(reason));
        }
        if version == FACTS_VERSION {
            return Ok(Made::Facts(header));
        }
        if header.kind != MediaKind::Image {
            self.keep(digest, &header, Vec::new()).await?;
            return Ok(Made::Facts(header));
        }
        match self.look_at(digest, header.size).await? {
            Ok(processed) => {
                let facts = facts_from(&header, &processed);
                self.keep(digest, &facts, processed.thumbs).await?;
                Ok(Made::Facts(facts))
            }
            Err(ImageFault::NoDecoder { .. }) => {
                self.keep(digest, &header, Vec::new()).await?;
                Ok(Made::Facts(header))
            }
            Err(fault) => {
                tracing::info!(%digest, error = %fault, "a picture cannot be used");
                let reason = Fault::from(fault).message;
                let tx = self.db().begin().await?;
                blob_rows::record_fault(&tx, digest, &reason).await?;
                tx.commit().await?;
                Ok(Made::Unusable(reason))
            }
        }
    }

    /// Decodes under the limits of memory and time.
    async fn look_at(
        &self,
        digest: Digest,
        size: u64,
    ) -> Result<Result<Processed, ImageFault>, Fault> {
        // The place bounds how many files are in memory; the room bounds what decoding adds.
        let _place = self.decoding().turn().await?;
        let mut is_converted = false;
        let mut bytes = self.blobs().read_all(digest, size).await.map_err(Fault::from)?;
        if let Some(converter) = &self.config().heif_converter
            && heif::is_heif(&bytes)
        {
            match heif::convert(converter, &bytes).await {
                Some(converted) => {
                    bytes = bytes::Bytes::from(converted);
                    is_converted = true;
                }
                None => return Ok(Err(ImageFault::NoDecoder { format: "HEIC" })),
            }
        }
        let probed = match self.probe(&bytes).await? {
            Ok(probed) => probed,
            // What the converter made of it says nothing about the file.
            Err(_) if is_converted => return Ok(Err(ImageFault::NoDecoder { format: "HEIC" })),
            Err(fault) => return Ok(Err(fault)),
        };
        let _room = self.decoding().room(decode_bytes(&probed, THUMB_BIG_PX)).await?;
        let (clock, decode_ms_max) = (self.clock(), self.config().uploads.decode_ms_max);
        blocking(move || {
            let options = ProcessOptions {
                thumb_edges_px: THUMBS.iter().map(|(_, edge)| *edge).collect(),
                deadline: Deadline::after(&*clock, decode_ms_max),
                ..ProcessOptions::default()
            };
            process(&bytes, &probed, &options)
        })
        .await
    }

    /// Stores thumbnails first, facts afterwards: facts of this version mean that both are there.
    async fn keep(
        &self,
        digest: Digest,
        facts: &Facts,
        thumbs: Vec<backlot_imaging::Thumb>,
    ) -> Result<(), Fault> {
        let mut rows = Vec::with_capacity(thumbs.len());
        for ((name, _), thumb) in THUMBS.iter().zip(thumbs) {
            rows.push(Rendition {
                name: (*name).to_owned(),
                mime_type: thumb.media_type.to_owned(),
                size: thumb.bytes.len() as u64,
                width: thumb.width,
                height: thumb.height,
                is_cached: false,
            });
            self.blobs()
                .put_rendition(digest, name, thumb.bytes.into(), Keep::Durably)
                .await
                .map_err(Fault::from)?;
        }
        let tx = self.db().begin().await?;
        for row in &rows {
            renditions::put(&tx, digest, row, self.now_ms()).await?;
        }
        blob_rows::record_facts(&tx, digest, facts, FACTS_VERSION).await?;
        tx.commit().await?;
        Ok(())
    }

    async fn finish_asset(&self, id: Id<Asset>, facts: &Facts) -> Result<(), Fault> {
        let tx = self.db().begin().await?;
        let found = assets::by_id_in(&tx, id).await?;
        let Some(before) = found.filter(awaits_its_end) else {
            return Ok(());
        };
        let mut after = before.clone();
        after.status = Status::Ready;
        after.width = facts.width;
        after.height = facts.height;
        after.dominant_color.clone_from(&facts.dominant_color);
        after.thumbhash.clone_from(&facts.thumbhash);
        after.has_thumbnails = facts.thumbhash.is_some();
        after.updated_at = self.now_ms();
        assets::save(&tx, &before, &after).await?;
        self.announce(&tx, EventKind::Ready, &after).await?;
        self.ask_for_hints(&tx, &after).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Asks anew for the work that a restored asset waits for: nothing is done for a deleted one.
    pub(crate) async fn resume(&self, tx: &Tx, asset: &Asset) -> Result<(), Fault> {
        match (asset.status, asset.digest) {
            (Status::Failed, _) => Ok(()),
            (Status::Ready, _) => self.ask_for_hints(tx, asset).await,
            (Status::Processing, digest) => {
                let asset = asset.id.to_string();
                let job = match digest {
                    Some(_) => Job::Process { asset },
                    None => Job::ImportUrl { asset, accepts: None },
                };
                self.enqueue(tx, &job).await
            }
        }
    }

    /// Hints and embeddings come after `ready`, by jobs of their own.
    async fn ask_for_hints(&self, tx: &Tx, asset: &Asset) -> Result<(), Fault> {
        if !asset.has_thumbnails {
            return Ok(());
        }
        let asset = asset.id.to_string();
        if !self.detectors().is_empty() {
            self.enqueue(tx, &Job::Detect { asset: asset.clone() }).await?;
        }
        if self.encoder().is_some() {
            self.enqueue(tx, &Job::Embed { asset }).await?;
        }
        Ok(())
    }

    /// A turn at the work named `key`; others wait until it is dropped.
    pub(crate) async fn one_at_a_time(&self, key: &str) -> crate::context::Turn {
        self.turns().take(key).await
    }
}

/// Whether an asset is still to be brought to its end; not while it is deleted.
pub(super) fn awaits_its_end(asset: &Asset) -> bool {
    asset.status == Status::Processing && asset.deleted_at.is_none()
}

fn facts_from(header: &Facts, processed: &Processed) -> Facts {
    Facts {
        width: Some(processed.width),
        height: Some(processed.height),
        orientation: Some(processed.orientation),
        dominant_color: Some(processed.dominant_color.clone()),
        color_profile: processed.color_profile.clone(),
        thumbhash: Some(processed.thumbhash.clone()),
        perceptual_hash: Some(processed.perceptual_hash),
        ..header.clone()
    }
}
