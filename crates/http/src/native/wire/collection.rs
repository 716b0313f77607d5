//! Collections.

use backlot_model::asset::{Asset, Collection};
use backlot_model::limits::BULK_IDS_MAX;
use backlot_model::{Fault, Id};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{at, id_at};

/// A named set of assets.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Collection, example = json!({
    "id": "0190f2c4-b000-7d1b-8a55-0c2f6b0f4a11", "owner_id": "0190f2c4-0000-7000-8000-000000000001",
    "organization_id": null, "name": "Autumn", "asset_count": 12,
    "thumbnail_asset_id": "0190f2c4-a7e0-7d1b-8a55-0c2f6b0f4a11",
    "created_at": "2026-01-15T10:30:00.000Z", "updated_at": "2026-01-15T10:30:00.000Z"
}))]
pub(in crate::native) struct CollectionBody {
    /// Identifier.
    #[schema(format = Uuid)]
    id: String,
    /// Who made it.
    #[schema(format = Uuid)]
    owner_id: String,
    /// Whose members see it; null: only the owner.
    #[schema(format = Uuid)]
    organization_id: Option<String>,
    /// Its name.
    name: String,
    /// How many assets are in it.
    asset_count: u64,
    /// The asset whose thumbnail stands for it.
    #[schema(format = Uuid)]
    thumbnail_asset_id: Option<String>,
    /// When it was made.
    #[schema(format = DateTime)]
    created_at: String,
    /// When it, or what is in it, last changed.
    #[schema(format = DateTime)]
    updated_at: String,
}

impl From<Collection> for CollectionBody {
    fn from(collection: Collection) -> Self {
        let Collection {
            id,
            owner_id,
            organization_id,
            name,
            asset_count,
            thumbnail,
            created_at,
            updated_at,
        } = collection;
        Self {
            id: id.to_string(),
            owner_id: owner_id.to_string(),
            organization_id: organization_id.map(|id| id.to_string()),
            name,
            asset_count,
            thumbnail_asset_id: thumbnail.map(|id| id.to_string()),
            created_at: at(created_at),
            updated_at: at(updated_at),
        }
    }
}

/// A collection to be made.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(example = json!({"name": "Autumn"}))]
pub(in crate::native) struct NewCollection {
    /// Its name.
    #[schema(min_length = 1, max_length = 255)]
    pub(in crate::native) name: String,
    /// The organisation whose members see it; if absent, only the caller does.
    #[serde(default)]
    pub(in crate::native) organization_id: Option<String>,
}

/// What to change of a collection.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(example = json!({"name": "Winter"}))]
pub(in crate::native) struct CollectionChange {
    /// Its name.
    #[schema(min_length = 1, max_length = 255)]
    pub(in crate::native) name: String,
}

/// Assets that are put into a collection, or taken out.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(example = json!({"asset_ids": ["0190f2c4-a7e0-7d1b-8a55-0c2f6b0f4a11"]}))]
pub(in crate::native) struct MembersChange {
    /// The assets.
    #[schema(max_items = 1000)]
    asset_ids: Vec<String>,
}

impl MembersChange {
    /// The ids.
    pub(in crate::native) fn ids(&self) -> Result<Vec<Id<Asset>>, Fault> {
        if self.asset_ids.len() > BULK_IDS_MAX {
            let said = format!("must name at most {BULK_IDS_MAX} assets");
            return Err(Fault::invalid("body.asset_ids", "length", said));
        }
        let read = |(index, raw): (usize, &String)| id_at(&format!("body.asset_ids.{index}"), raw);
        self.asset_ids.iter().enumerate().map(read).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bad_id_is_located() {
        let good = "0190f2c4-a7e0-7d1b-8a55-0c2f6b0f4a11";
        let change = MembersChange { asset_ids: vec![good.to_owned(), "x".to_owned()] };
        let fault = change.ids().unwrap_err();
        assert_eq!(fault.fields[0].path, ["body", "asset_ids", "1"]);
        let change = MembersChange { asset_ids: vec![format!("asset_{good}")] };
        assert_eq!(change.ids().unwrap()[0].to_string(), good);
        let change = MembersChange { asset_ids: vec![good.to_owned(); BULK_IDS_MAX + 1] };
        assert_eq!(change.ids().unwrap_err().fields[0].rule, "length");
    }
}
