//! Collections: named sets of assets of a user or an organisation.

use backlot_model::account::{Caller, Organization, Scope};
use backlot_model::asset::{Asset, Collected, Collection};
use backlot_model::event::EventKind;
use backlot_model::limits::BULK_IDS_MAX;
use backlot_model::policy::Operation;
use backlot_model::policy::owned::{Owned, OwnedOperation};
use backlot_model::query::ScopeKey;
use backlot_model::{Fault, Id, Millis};
use backlot_store::db::Tx;
use backlot_store::events::scope_of;
use backlot_store::{assets, collections};

use crate::Library;
use crate::authority::{
    allow, allow_owned, asset_not_found, member, owned_not_found, required_name,
};
use crate::listing::organizations;

/// A change of a collection. `None` leaves a field as it is.
#[derive(Debug, Clone, Default)]
pub struct CollectionPatch {
    /// Cannot be cleared.
    pub name: Option<String>,
    /// The asset that stands for it; `Some(None)` leaves that to the newest member with a picture.
    pub thumbnail: Option<Option<Id<Asset>>>,
}

impl Library {
    /// Makes a collection: of the organisation when one is given, else of the caller alone.
    ///
    /// # Errors
    /// `invalid` for a bad name or an organisation that is not the caller's.
    pub async fn create_collection(
        &self,
        caller: &Caller,
        name: &str,
        organization_id: Option<Id<Organization>>,
    ) -> Result<Collection, Fault> {
        let member = member(caller, Scope::Write)?;
        if let Some(id) = organization_id {
            self.refuse_foreign_organization(member, id).await?;
        }
        let now = self.now_ms();
        let collection = Collection {
            id: self.ids().next(),
            owner_id: member.user_id,
            organization_id,
            name: required_name(name)?,
            asset_count: 0,
            thumbnail: None,
            created_at: now,
            updated_at: now,
        };
        let tx = self.db().begin().await?;
        collections::insert(&tx, &collection).await?;
        tx.commit().await?;
        Ok(collection)
    }

    /// One collection.
    ///
    /// # Errors
    /// `collection-not-found`.
    pub async fn collection(
        &self,
        caller: &Caller,
        id: Id<Collection>,
    ) -> Result<Collection, Fault> {
        member(caller, Scope::Read)?;
        self.permitted_collection(caller, OwnedOperation::See, id).await
    }

    /// One page of the caller's and his organisations' collections, the newest first, and how many
    /// there are.
    ///
    /// # Errors
    /// `no-credentials`, `insufficient-scope`; database faults.
    pub async fn collections(
        &self,
        caller: &Caller,
        skip: u64,
        limit: u32,
    ) -> Result<(Vec<Collection>, u64), Fault> {
        let member = member(caller, Scope::Read)?;
        let teams: Vec<_> = organizations(member).collect();
        Ok(collections::list(self.db(), member.user_id, &teams, skip, limit).await?)
    }

    /// The first `limit` of the caller's and his active organisation's collections, the newest
    /// first, that come after the one made at `after` with that id; with `organization`, only those
    /// of that one.
    ///
    /// # Errors
    /// `no-credentials`, `insufficient-scope`; database faults.
    pub async fn collections_after(
        &self,
        caller: &Caller,
        organization: Option<Id<Organization>>,
        after: Option<(Millis, Id<Collection>)>,
        limit: u32,
    ) -> Result<Vec<Collection>, Fault> {
        let member = member(caller, Scope::Read)?;
        let team = organization.or(member.active_organization);
        let teams: Vec<_> = team.filter(|id| member.role_in(*id).is_some()).into_iter().collect();
        let own = organization.is_none().then_some(member.user_id);
        Ok(collections::list_after(self.db(), own, &teams, after, limit).await?)
    }

    /// Changes a collection.
    ///
    /// # Errors
    /// `collection-not-found`, `forbidden` for who did not make it; `invalid` for a bad name or a
    /// thumbnail that the caller may not collect.
    pub async fn change_collection(
        &self,
        caller: &Caller,
        id: Id<Collection>,
        patch: CollectionPatch,
    ) -> Result<Collection, Fault> {
        member(caller, Scope::Write)?;
        let name = patch.name.map(|name| required_name(&name)).transpose()?;
        self.permitted_collection(caller, OwnedOperation::Change, id).await?;
        if let Some(Some(thumbnail)) = patch.thumbnail {
            let unknown =
                |_| Fault::invalid("body.thumbnail", "reference", "there is no such asset");
            let asset = self.asset(caller, thumbnail).await.map_err(unknown)?;
            allow(caller, Operation::Collect, &asset).map_err(unknown)?;
        }
        let (tx, now) = (self.db().begin().await?, self.now_ms());
        if let Some(name) = name {
            collections::rename(&tx, id, &name, now).await?;
        }
        if let Some(thumbnail) = patch.thumbnail {
            collections::set_thumbnail(&tx, id, thumbnail, now).await?;
        }
        tx.commit().await?;
        self.permitted_collection(caller, OwnedOperation::See, id).await
    }

    /// Deletes a collection. Its assets stay.
    ///
    /// # Errors
    /// `collection-not-found`, `forbidden` for who did not make it.
    pub async fn delete_collection(
        &self,
        caller: &Caller,
        id: Id<Collection>,
    ) -> Result<(), Fault> {
        member(caller, Scope::Write)?;
        self.permitted_collection(caller, OwnedOperation::Change, id).await?;
        let tx = self.db().begin().await?;
        collections::delete(&tx, id).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Puts assets into a collection; those already in it stay.
    ///
    /// # Errors
    /// `collection-not-found`; `asset-not-found` when the caller sees one of them not, and then
    /// none is added.
    pub async fn add_to_collection(
        &self,
        caller: &Caller,
        id: Id<Collection>,
        ids: &[Id<Asset>],
    ) -> Result<Collection, Fault> {
        member(caller, Scope::Write)?;
        let collection = self.permitted_collection(caller, OwnedOperation::Fill, id).await?;
        let collection = Collected::from(&collection);
        let tx = self.db().begin().await?;
        for asset in self.collectable(&tx, caller, ids).await? {
            self.collect_in(&tx, collection, &asset).await?;
        }
        tx.commit().await?;
        self.permitted_collection(caller, OwnedOperation::See, id).await
    }

    /// Takes assets out of a collection; those not in it are left alone.
    ///
    /// # Errors
    /// `collection-not-found`.
    pub async fn remove_from_collection(
        &self,
        caller: &Caller,
        id: Id<Collection>,
        ids: &[Id<Asset>],
    ) -> Result<Collection, Fault> {
        member(caller, Scope::Write)?;
        bounded(ids)?;
        self.permitted_collection(caller, OwnedOperation::Fill, id).await?;
        let tx = self.db().begin().await?;
        collections::remove(&tx, id, ids, self.now_ms()).await?;
        tx.commit().await?;
        self.permitted_collection(caller, OwnedOperation::See, id).await
    }

    /// Those of the collections that `asset` is in that `caller` sees.
    #[must_use]
    pub fn collections_shown(caller: &Caller, asset: &Asset) -> Vec<Id<Collection>> {
        asset.collections.iter().filter(|it| sees(caller, it)).map(|it| it.id).collect()
    }

    /// Puts one asset into a collection within a transaction.
    pub(crate) async fn collect_in(
        &self,
        tx: &Tx,
        collection: Collected,
        asset: &Asset,
    ) -> Result<Asset, Fault> {
        let mut after = asset.clone();
        if !after.collections.contains(&collection) {
            collections::add(tx, collection.id, &[asset.id], self.now_ms()).await?;
            after.collections.push(collection);
            after.collections.sort_unstable();
            if let Some(scope) = told_of(&collection, &after) {
                self.announce_to(tx, EventKind::Updated, &after, scope).await?;
            }
        }
        Ok(after)
    }

    /// These collections, into all of which the caller may put assets.
    pub(crate) async fn check_collections(
        &self,
        caller: &Caller,
        ids: &[Id<Collection>],
    ) -> Result<Vec<Collected>, Fault> {
        member(caller, Scope::Write)?;
        let mut found = Vec::with_capacity(ids.len());
        for id in ids {
            let unknown = |_| {
                let said = format!("there is no collection {id}");
                Fault::invalid("body.collection_ids", "reference", said)
            };
            let it = self.permitted_collection(caller, OwnedOperation::Fill, *id).await;
            found.push(Collected::from(&it.map_err(unknown)?));
        }
        found.sort_unstable();
        found.dedup();
        Ok(found)
    }

    async fn collectable(
        &self,
        tx: &Tx,
        caller: &Caller,
        ids: &[Id<Asset>],
    ) -> Result<Vec<Asset>, Fault> {
        bounded(ids)?;
        let found = assets::by_ids_in(tx, ids).await?;
        for id in ids {
            let asset = found.iter().find(|it| it.id == *id && it.deleted_at.is_none());
            allow(caller, Operation::Collect, asset.ok_or_else(asset_not_found)?)?;
        }
        Ok(found)
    }

    async fn permitted_collection(
        &self,
        caller: &Caller,
        operation: OwnedOperation,
        id: Id<Collection>,
    ) -> Result<Collection, Fault> {
        let found = collections::by_id(self.db(), id).await?;
        let it = found.ok_or_else(|| owned_not_found(Owned::Collection))?;
        allow_owned(caller, operation, Owned::Collection, (it.owner_id, it.organization_id))?;
        Ok(it)
    }
}

/// Whether `caller` is told of this collection.
pub(crate) fn sees(caller: &Caller, it: &Collected) -> bool {
    let whose = (it.owner_id, it.organization_id);
    allow_owned(caller, OwnedOperation::See, Owned::Collection, whose).is_ok()
}

/// Who hears that an asset was put into a collection: those of the asset's listeners who all see
/// the collection.
fn told_of(collection: &Collected, asset: &Asset) -> Option<ScopeKey> {
    match scope_of(asset) {
        ScopeKey::Organization(id) if collection.organization_id == Some(id) => {
            Some(ScopeKey::Organization(id))
        }
        _ if collection.owner_id == asset.uploader_id => Some(ScopeKey::User(asset.uploader_id)),
        _ => None,
    }
}

fn bounded(ids: &[Id<Asset>]) -> Result<(), Fault> {
    if ids.len() <= BULK_IDS_MAX {
        return Ok(());
    }
    let said = format!("must name at most {BULK_IDS_MAX} assets");
    Err(Fault::invalid("body.ids", "length", said))
}
