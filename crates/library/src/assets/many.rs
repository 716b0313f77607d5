//! Deleting many assets at once, all of them or none.

use backlot_model::account::{Caller, Scope};
use backlot_model::asset::Asset;
use backlot_model::limits::BULK_IDS_MAX;
use backlot_model::policy::Operation;
use backlot_model::{Fault, Id};
use backlot_store::assets;

use super::Expected;
use crate::Library;
use crate::authority::{allow, asset_not_found, member};

impl Library {
    /// Deletes assets (ids in any dress, at most 1,000), all of them or none; see
    /// [`Library::bulk`] for one by one. Those that the caller has deleted before stay so.
    ///
    /// # Errors
    /// `asset-not-found`, `forbidden` or `locked` when one of them cannot be deleted; its message
    /// names it. Nothing is deleted then.
    pub async fn delete_assets(&self, caller: &Caller, ids: &[String]) -> Result<(), Fault> {
        member(caller, Scope::Write)?;
        if ids.len() > BULK_IDS_MAX {
            let said = format!("must name at most {BULK_IDS_MAX} assets");
            return Err(Fault::invalid("body.ids", "length", said));
        }
        let known: Vec<Id<Asset>> = ids.iter().filter_map(|raw| Id::parse(raw)).collect();
        let tx = self.db().begin().await?;
        let mut found = assets::by_ids_in(&tx, &known).await?;
        for (place, raw) in ids.iter().enumerate() {
            let asset = Id::parse(raw).and_then(|id| found.iter_mut().find(|it| it.id == id));
            let deleted = async {
                let asset = asset.ok_or_else(asset_not_found)?;
                if asset.deleted_at.is_some() {
                    return allow(caller, Operation::Restore, asset);
                }
                self.permit(caller, Operation::Delete, asset, &Expected::default())?;
                *asset = self.delete_in(&tx, asset).await?;
                Ok(())
            };
            let named = |fault: Fault| fault.at(&format!("body.ids.{place}"), "reference");
            deleted.await.map_err(named)?;
        }
        tx.commit().await?;
        Ok(())
    }
}
