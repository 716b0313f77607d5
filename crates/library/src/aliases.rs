//! Numbers by which a vendor's shipped clients know assets.

use backlot_model::account::Caller;
use backlot_model::asset::Asset;
use backlot_model::{Fault, Id};
use backlot_store::aliases;

use crate::Library;
use crate::assets::NewAsset;
use crate::authority::asset_not_found;
use crate::ingest::Received;
use crate::secret::random_bytes;

/// Numbers stay below this, so that a JavaScript client holds them exactly.
const NUMBER_BITS: u32 = 53;
/// How often a number that is taken is drawn anew.
const DRAWS: usize = 8;

impl Library {
    /// Makes an asset that also has a number: random, unique, at least 1 and below 2^53.
    ///
    /// # Errors
    /// As [`Library::create_asset`].
    pub async fn create_numbered_asset(
        &self,
        caller: &Caller,
        received: Received,
        new: NewAsset,
    ) -> Result<(Asset, u64), Fault> {
        let (draft, origin) = self.stored(caller, self.ids().next(), received, new).await?;
        let tx = self.db().begin().await?;
        let asset = self.record_in(&tx, draft, origin).await?;
        for _ in 0..DRAWS {
            let drawn = u64::from_be_bytes(random_bytes(self.random())) >> (64 - NUMBER_BITS);
            let number = drawn.max(1);
            if aliases::take(&tx, &number.to_string(), asset.id).await? {
                tx.commit().await?;
                return Ok((asset, number));
            }
        }
        Err(Fault::internal("no free number was drawn"))
    }

    /// The asset that has the number.
    ///
    /// # Errors
    /// `asset-not-found`. Whether the caller may see it is asked when he does something with it.
    pub async fn asset_numbered(&self, number: u64) -> Result<Id<Asset>, Fault> {
        aliases::find(self.db(), &number.to_string()).await?.ok_or_else(asset_not_found)
    }
}
