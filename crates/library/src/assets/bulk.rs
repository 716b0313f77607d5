//! One operation over many assets, with a result for each.

use backlot_model::account::{Caller, Scope};
use backlot_model::asset::{Asset, Collected, Collection, Visibility};
use backlot_model::limits::BULK_IDS_MAX;
use backlot_model::policy::Operation;
use backlot_model::{Fault, Id};
use backlot_store::assets;
use backlot_store::db::Tx;

use super::{AssetPatch, Expected, new_asset};
use crate::Library;
use crate::authority::{allow, asset_not_found, member};

/// What is done to each.
#[derive(Debug, Clone)]
pub enum Bulk {
    /// Delete.
    Delete,
    /// Undo the deletion.
    Restore,
    /// Add tags.
    Tag(Vec<String>),
    /// Take tags away.
    Untag(Vec<String>),
    /// Change who may see it.
    Share(Visibility),
    /// Put into a collection.
    Collect(Id<Collection>),
}

/// What became of one id.
pub struct BulkResult {
    /// As given.
    pub id: String,
    /// Its new state, or why it is unchanged.
    pub result: Result<Asset, Fault>,
}

impl Library {
    /// Does `bulk` to each of `ids` (in any dress, at most 1,000), all in one transaction. A
    /// refusal of one does not touch the others.
    ///
    /// # Errors
    /// `invalid` for too many ids or for arguments that no asset could take; database faults, and
    /// then nothing is changed.
    pub async fn bulk(
        &self,
        caller: &Caller,
        bulk: &Bulk,
        ids: &[String],
    ) -> Result<Vec<BulkResult>, Fault> {
        member(caller, Scope::Write)?;
        if ids.len() > BULK_IDS_MAX {
            let said = format!("must name at most {BULK_IDS_MAX} assets");
            return Err(Fault::invalid("body.ids", "length", said));
        }
        let known: Vec<Id<Asset>> = ids.iter().filter_map(|raw| Id::parse(raw)).collect();
        let into = match bulk {
            Bulk::Collect(collection) => self.check_collections(caller, &[*collection]).await?,
            _ => Vec::new(),
        };
        if let Bulk::Tag(tags) | Bulk::Untag(tags) = bulk {
            new_asset::tags("tags", tags).map_err(|it| Fault::invalid_fields(vec![it]))?;
        }
        let tx = self.db().begin().await?;
        let mut found = assets::by_ids_in(&tx, &known).await?;
        let mut results = Vec::with_capacity(ids.len());
        for raw in ids {
            let place = Id::parse(raw).and_then(|id| found.iter().position(|it| it.id == id));
            let result = match place {
                Some(place) => self.bulk_one(&tx, caller, (bulk, &into), &found[place]).await,
                None => Err(asset_not_found()),
            };
            let result = match result {
                Err(fault) if is_ours(&fault) => return Err(fault),
                other => other,
            };
            if let (Some(place), Ok(after)) = (place, &result) {
                found[place] = after.clone();
            }
            results.push(BulkResult { id: raw.clone(), result });
        }
        tx.commit().await?;
        Ok(results)
    }

    async fn bulk_one(
        &self,
        tx: &Tx,
        caller: &Caller,
        (bulk, into): (&Bulk, &[Collected]),
        asset: &Asset,
    ) -> Result<Asset, Fault> {
        if asset.deleted_at.is_some() && !matches!(bulk, Bulk::Restore) {
            return Err(asset_not_found());
        }
        let patch = match bulk {
            Bulk::Restore => return self.restore_in(tx, caller, asset).await,
            Bulk::Delete => {
                self.permit(caller, Operation::Delete, asset, &Expected::default())?;
                return self.delete_in(tx, asset).await;
            }
            Bulk::Collect(_) => {
                allow(caller, Operation::Collect, asset)?;
                let mut after = asset.clone();
                for collection in into {
                    after = self.collect_in(tx, *collection, &after).await?;
                }
                return Ok(after);
            }
            Bulk::Share(visibility) => {
                AssetPatch { visibility: Some(*visibility), ..AssetPatch::default() }
            }
            Bulk::Tag(tags) => {
                let all = asset.tags.iter().chain(tags).cloned().collect();
                AssetPatch { tags: Some(all), ..AssetPatch::default() }
            }
            Bulk::Untag(tags) => {
                let rest = asset.tags.iter().filter(|tag| !tags.contains(tag)).cloned().collect();
                AssetPatch { tags: Some(rest), ..AssetPatch::default() }
            }
        };
        let after = self.patched(caller, asset, &Expected::default(), patch)?;
        if after == *asset { Ok(after) } else { self.save(tx, asset, after).await }
    }
}

/// Whether a fault concerns the whole call, not one asset.
fn is_ours(fault: &Fault) -> bool {
    use backlot_model::Kind::{Internal, Unavailable};
    matches!(fault.kind, Internal | Unavailable)
}
