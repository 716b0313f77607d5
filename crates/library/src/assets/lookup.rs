//! Seeing: one asset, many by id, tags with their counts, likely duplicates.

use backlot_model::account::{Caller, Scope};
use backlot_model::asset::Asset;
use backlot_model::policy::Operation;
use backlot_model::query::Filter;
use backlot_model::{Fault, Id};
use backlot_store::assets::Likeness;
use backlot_store::{assets, blob_rows};

use crate::Library;
use crate::authority::{allow, asset_not_found, member};
use crate::listing::Within;

pub use backlot_store::assets::TagCount;

/// How many bits two perceptual hashes may differ in and still count as likely duplicates.
const LIKENESS_BITS_MAX: u32 = 7;

impl Library {
    /// The asset, if this caller may see it. Deleted ones are not there.
    ///
    /// # Errors
    /// `asset-not-found`.
    pub async fn asset(&self, caller: &Caller, id: Id<Asset>) -> Result<Asset, Fault> {
        let asset = self.live_asset(id).await?;
        allow(caller, Operation::See, &asset)?;
        Ok(asset)
    }

    /// Those of the assets that this caller may see, in the order asked for.
    ///
    /// # Errors
    /// Database faults only.
    pub async fn assets(&self, caller: &Caller, ids: &[Id<Asset>]) -> Result<Vec<Asset>, Fault> {
        let mut found = assets::by_ids(self.db(), ids).await?;
        found.retain(|it| it.deleted_at.is_none() && allow(caller, Operation::See, it).is_ok());
        let place = |asset: &Asset| ids.iter().position(|id| *id == asset.id);
        found.sort_by_key(place);
        Ok(found)
    }

    /// The tags of what the caller can list within a part, with how many assets carry each, by name.
    ///
    /// # Errors
    /// `no-credentials`, `insufficient-scope`; database faults.
    pub async fn tags(
        &self,
        caller: &Caller,
        within: Within,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Vec<TagCount>, Fault> {
        member(caller, Scope::Read)?;
        let reach = self.reach_within(caller, within)?;
        Ok(assets::tag_histogram(self.db(), &reach, after, limit).await?)
    }

    /// Assets that look like this one, the likest first, each with the number of bits in which
    /// their perceptual hashes differ (0 to 7).
    ///
    /// # Errors
    /// `asset-not-found`; none when the asset has no perceptual hash, only an empty answer.
    pub async fn near_duplicates(
        &self,
        caller: &Caller,
        id: Id<Asset>,
        limit: u32,
    ) -> Result<Vec<(Asset, u32)>, Fault> {
        member(caller, Scope::Read)?;
        let asset = self.asset(caller, id).await?;
        let Some(digest) = asset.digest else { return Ok(Vec::new()) };
        let facts = blob_rows::facts(self.db(), digest).await?;
        let Some(hash) = facts.and_then(|(facts, ..)| facts.perceptual_hash) else {
            return Ok(Vec::new());
        };
        let reach = self.reach(caller, None)?;
        let likeness =
            Likeness { like: vec![hash], unlike: Vec::new(), distance_max: LIKENESS_BITS_MAX };
        let filter = Filter::default();
        let near =
            assets::near_duplicates(self.db(), &reach, &filter, &likeness, limit + 1).await?;
        let others = near.into_iter().filter(|(other, _)| other.id != id);
        Ok(others.take(limit as usize).collect())
    }

    /// Whether `caller`, who sees the asset, is told why it failed.
    #[must_use]
    pub fn is_told_why(caller: &Caller, asset: &Asset) -> bool {
        allow(caller, Operation::SeeWhy, asset).is_ok()
    }

    pub(crate) async fn live_asset(&self, id: Id<Asset>) -> Result<Asset, Fault> {
        let found = assets::by_id(self.db(), id).await?;
        found.filter(|it| it.deleted_at.is_none()).ok_or_else(asset_not_found)
    }
}
