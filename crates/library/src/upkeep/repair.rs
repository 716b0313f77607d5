//! Repairs that cannot make anything worse: making again what is made from bytes that are there,
//! and asking again for work that nobody is doing.

use backlot_model::asset::{Asset, Status};
use backlot_model::media::Digest;
use backlot_model::{Fault, Id};
use backlot_store::blobs::BlobError;
use backlot_store::{assets, renditions, upkeep};

use super::findings::FindingKind;
use super::verify::Run;
use crate::Library;
use crate::jobs::Job;

impl Library {
    /// Asks for the work that brings an asset to its end, or ends it when there is none to do.
    /// False when it has come to its end meanwhile.
    pub(super) async fn take_up(&self, id: Id<Asset>) -> Result<bool, Fault> {
        let found = assets::by_id(self.db(), id).await?;
        let Some(asset) =
            found.filter(|it| it.status == Status::Processing && it.deleted_at.is_none())
        else {
            return Ok(false);
        };
        let job = match asset.digest {
            Some(_) => Job::Process { asset: id.to_string() },
            None if assets::source_url(self.db(), id).await?.is_some() => {
                Job::ImportUrl { asset: id.to_string(), accepts: None }
            }
            None => {
                self.fail_asset(id, "its bytes never arrived").await?;
                return Ok(true);
            }
        };
        let tx = self.db().begin().await?;
        self.enqueue(&tx, &job).await?;
        tx.commit().await?;
        Ok(true)
    }

    pub(super) async fn verify_thumbnails(
        &self,
        source: Digest,
        run: &mut Run<'_>,
    ) -> Result<(), Fault> {
        let (mut repaired, mut detail) = (false, "a thumbnail of this file".to_owned());
        if run.options.repair {
            let tx = self.db().begin().await?;
            upkeep::outdate_facts(&tx, source).await?;
            tx.commit().await?;
            match self.remake(source).await {
                Ok(None) => repaired = true,
                Ok(Some(reason)) => detail = format!("cannot be made again: {reason}"),
                Err(fault) => detail = format!("cannot be made again: {fault}"),
            }
        }
        run.note(FindingKind::ThumbnailMissing, source, detail, repaired);
        Ok(())
    }

    /// A row without its file would answer with an error where it could be made again.
    pub(super) async fn verify_cached(
        &self,
        source: Digest,
        name: &str,
        run: &mut Run<'_>,
    ) -> Result<(), Fault> {
        if run.options.repair {
            let tx = self.db().begin().await?;
            renditions::remove(&tx, source, name).await?;
            tx.commit().await?;
        }
        let subject = format!("{source}/{name}");
        run.note(FindingKind::CachedMissing, subject, "", run.options.repair);
        Ok(())
    }

    pub(super) async fn has_rendition_file(
        &self,
        source: Digest,
        name: &str,
    ) -> Result<bool, Fault> {
        match self.blobs().read_rendition(source, name, Some(0..1)).await {
            Ok(_) => Ok(true),
            Err(BlobError::Missing) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }
}
