//! Copying: another asset over the same bytes, by the one ingest path.

use backlot_model::account::{Caller, Organization};
use backlot_model::asset::{Asset, Visibility};
use backlot_model::{Fault, Id};

use super::NewAsset;
use crate::Library;

/// Who sees a copy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CopyTo {
    /// Only who made it.
    Private,
    /// Everybody in this organisation.
    Shared(Id<Organization>),
}

impl Library {
    /// Makes a copy for the caller over the same bytes; its parent is the original. It is in no
    /// collection and not locked.
    ///
    /// # Errors
    /// `asset-not-found`, `forbidden`; `asset-busy` while the original is still being fetched;
    /// `rate-limited` and `disk-full` as for any asset; `invalid` for an organisation that is not
    /// the caller's.
    pub async fn copy_asset(
        &self,
        caller: &Caller,
        id: Id<Asset>,
        to: CopyTo,
    ) -> Result<Asset, Fault> {
        let (original, digest) = self.copied(caller, id).await?;
        let origin = self.over(digest).await?;
        let new = as_new(original.clone(), to);
        let mut draft = self.draft(caller, self.ids().next(), new).await?;
        draft.is_copy_of(&original);
        self.record(draft, origin).await
    }
}

/// What is said of a copy: what is said of the original.
fn as_new(original: Asset, to: CopyTo) -> NewAsset {
    let (organization, visibility) = match to {
        CopyTo::Private => (None, Visibility::Private),
        CopyTo::Shared(organization) => (Some(organization), Visibility::Shared),
    };
    NewAsset {
        name: Some(original.name),
        filename: Some(original.filename),
        description: original.description,
        project: original.project,
        asset_type: Some(original.asset_type),
        visibility: Some(visibility),
        tags: original.tags,
        styling_note: original.styling_note,
        parent_id: None,
        inference_id: original.lineage.inference_id,
        model_id: original.lineage.model_id,
        author_id: original.lineage.author_id,
        // What was stored is an object.
        parameters: serde_json::from_str(&original.parameters).ok(),
        detected: original.detected,
        collection_ids: Vec::new(),
        organization_id: organization.map(|id| id.to_string()),
        is_hidden: original.is_hidden,
    }
}
