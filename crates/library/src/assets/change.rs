//! Changing: words, tags, visibility, copies, deletion and restoration.

use backlot_model::account::{Caller, Member, Organization, Scope};
use backlot_model::asset::{Asset, Lock, Visibility, is_asset_type};
use backlot_model::clock::DAY_MS;
use backlot_model::event::EventKind;
use backlot_model::fault::FieldFault;
use backlot_model::limits::{NAME_CHARS_MAX, RESTORE_DAYS, TEXT_CHARS_MAX};
use backlot_model::media::Detected;
use backlot_model::policy::{Operation, Standing};
use backlot_model::{Fault, Id, Kind, Millis};
use backlot_store::assets;
use backlot_store::db::Tx;
use serde_json::{Map, Value};

use super::lock::{prolonged, refuse_locked};
use super::new_asset;
use crate::Library;
use crate::authority::{allow, asset_not_found, member};

/// A change of one asset. `None` leaves a field as it is; `Some(None)` clears it.
#[derive(Debug, Clone, Default)]
pub struct AssetPatch {
    /// Display name; cannot be cleared.
    pub name: Option<String>,
    /// File name; cannot be cleared.
    pub filename: Option<String>,
    /// Free text.
    pub description: Option<Option<String>>,
    /// A free label.
    pub project: Option<Option<String>>,
    /// One of the asset types.
    pub asset_type: Option<String>,
    /// All tags, in order.
    pub tags: Option<Vec<String>>,
    /// Replaces only the tags among `within`; others stay.
    pub tags_within: Option<TagsWithin>,
    /// An instruction kept with the picture.
    pub styling_note: Option<Option<String>>,
    /// A label of who made it.
    pub author_id: Option<Option<String>>,
    /// The run that made it.
    pub inference_id: Option<Option<String>>,
    /// The model that made it.
    pub model_id: Option<Option<String>>,
    /// Generation parameters, whole.
    pub parameters: Option<Map<String, Value>>,
    /// Hints, whole.
    pub detected: Option<Option<Detected>>,
    /// The asset that stands for it where pictures are shown.
    pub thumbnail_id: Option<Option<Id<Asset>>>,
    /// Whether clients should not show it among others.
    pub is_hidden: Option<bool>,
    /// A new end of the lock that the caller holds.
    pub locked_until: Option<Millis>,
    /// Who may see it.
    pub visibility: Option<Visibility>,
    /// The organisation it belongs to; must be one of the caller's.
    pub organization_id: Option<Option<Id<Organization>>>,
}

/// What a change counts on; it is refused where that does not hold.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Expected {
    /// The asset still has this version.
    pub version: Option<i64>,
    /// The caller holds this lock. Not needed for what is not locked.
    pub lock_id: Option<Id<Lock>>,
}

/// A replacement of the tags of a fixed set.
#[derive(Debug, Clone)]
pub struct TagsWithin {
    /// The set.
    pub set: &'static [&'static str],
    /// Those that the asset shall have.
    pub tags: Vec<String>,
}

impl Library {
    /// Changes an asset; its new state.
    ///
    /// # Errors
    /// `asset-not-found`, `forbidden`; `locked`, `version-mismatch` when what is expected does not
    /// hold; `invalid` with the fields. Nothing is changed then.
    pub async fn change_asset(
        &self,
        caller: &Caller,
        id: Id<Asset>,
        expected: &Expected,
        patch: AssetPatch,
    ) -> Result<Asset, Fault> {
        let tx = self.db().begin().await?;
        let before = self.live_asset_in(&tx, id).await?;
        let after = self.patched(caller, &before, expected, patch)?;
        if after == before {
            return Ok(before);
        }
        self.check_references(caller, &before, &after).await?;
        let after = self.save(&tx, &before, after).await?;
        tx.commit().await?;
        Ok(after)
    }

    /// Whether `caller` may do `operation` to the asset as it is: by his authority, by its lock, by
    /// its version. Every change of an asset passes through here.
    ///
    /// # Errors
    /// As [`allow`]; `locked`, `version-mismatch`.
    pub(super) fn permit(
        &self,
        caller: &Caller,
        operation: Operation,
        before: &Asset,
        expected: &Expected,
    ) -> Result<(), Fault> {
        allow(caller, operation, before)?;
        refuse_locked(before, expected.lock_id, self.now_ms())?;
        if expected.version.is_some_and(|version| version != before.version) {
            let said = "the asset has changed since; get it again";
            return Err(Fault::new(Kind::PreconditionFailed, "version-mismatch", said));
        }
        Ok(())
    }

    /// Refuses an organisation that is not the caller's, and a thumbnail that he does not see.
    pub(super) async fn check_references(
        &self,
        caller: &Caller,
        before: &Asset,
        after: &Asset,
    ) -> Result<(), Fault> {
        if let Some(id) = after.organization_id.filter(|id| before.organization_id != Some(*id)) {
            self.refuse_foreign_organization(member(caller, Scope::Write)?, id).await?;
        }
        if let Some(id) = after.thumbnail_id.filter(|id| before.thumbnail_id != Some(*id)) {
            let unknown =
                |_| Fault::invalid("body.thumbnail_id", "reference", "there is no such asset");
            self.asset(caller, id).await.map_err(unknown)?;
        }
        Ok(())
    }

    pub(super) fn patched(
        &self,
        caller: &Caller,
        before: &Asset,
        expected: &Expected,
        patch: AssetPatch,
    ) -> Result<Asset, Fault> {
        self.permit(caller, Operation::Change, before, expected)?;
        let member = member(caller, Scope::Write)?;
        if patch.visibility.is_some() || patch.organization_id.is_some() {
            allow(caller, Operation::SetVisibility, before)?;
        }
        let mut after = before.clone();
        if let Some(until) = patch.locked_until {
            after.lock = Some(prolonged(before, until, self.now_ms())?);
        }
        apply(&mut after, patch, member).map_err(|it| Fault::invalid_fields(vec![it]))?;
        Ok(after)
    }

    /// Deletes an asset; it can be restored for 30 days. The bytes go later.
    ///
    /// # Errors
    /// `asset-not-found`, `forbidden`, `locked`, `version-mismatch`.
    pub async fn delete_asset(
        &self,
        caller: &Caller,
        id: Id<Asset>,
        expected: &Expected,
    ) -> Result<Asset, Fault> {
        let tx = self.db().begin().await?;
        let before = self.live_asset_in(&tx, id).await?;
        self.permit(caller, Operation::Delete, &before, expected)?;
        let after = self.delete_in(&tx, &before).await?;
        tx.commit().await?;
        Ok(after)
    }

    /// Undoes a deletion.
    ///
    /// # Errors
    /// `asset-not-found`, `forbidden`; `not-deleted`; `restore-expired` after 30 days.
    pub async fn restore_asset(&self, caller: &Caller, id: Id<Asset>) -> Result<Asset, Fault> {
        let tx = self.db().begin().await?;
        let before = assets::by_id_in(&tx, id).await?.ok_or_else(asset_not_found)?;
        let after = self.restore_in(&tx, caller, &before).await?;
        tx.commit().await?;
        Ok(after)
    }

    pub(super) async fn live_asset_in(&self, tx: &Tx, id: Id<Asset>) -> Result<Asset, Fault> {
        let found = assets::by_id_in(tx, id).await?;
        found.filter(|it| it.deleted_at.is_none()).ok_or_else(asset_not_found)
    }

    /// Writes a changed asset with its time, epoch and events.
    pub(super) async fn save(
        &self,
        tx: &Tx,
        before: &Asset,
        mut after: Asset,
    ) -> Result<Asset, Fault> {
        after.updated_at = self.now_ms().max(before.updated_at);
        if narrows(before, &after) {
            after.access_epoch += 1;
        }
        assets::save(tx, before, &after).await?;
        after.version += 1;
        self.announce_changed(tx, before, &after).await?;
        Ok(after)
    }

    pub(super) async fn delete_in(&self, tx: &Tx, before: &Asset) -> Result<Asset, Fault> {
        let mut after = before.clone();
        let now = self.now_ms();
        after.deleted_at = Some(now);
        after.lock = None;
        after.updated_at = now.max(before.updated_at);
        after.access_epoch += 1;
        assets::save(tx, before, &after).await?;
        after.version += 1;
        self.announce(tx, EventKind::Deleted, &after).await?;
        Ok(after)
    }

    pub(super) async fn restore_in(
        &self,
        tx: &Tx,
        caller: &Caller,
        before: &Asset,
    ) -> Result<Asset, Fault> {
        let allowed = allow(caller, Operation::Restore, before);
        if before.deleted_at.is_some() && Standing::of(caller, before) > Standing::Uploader {
            // What is deleted is there only for who may bring it back.
            return Err(asset_not_found());
        }
        allowed?;
        let Some(deleted_at) = before.deleted_at else {
            let said = "the asset is not deleted";
            return Err(Fault::new(Kind::Conflict, "not-deleted", said));
        };
        let now = self.now_ms();
        if now - deleted_at >= RESTORE_DAYS * DAY_MS {
            let said = format!("it was deleted more than {RESTORE_DAYS} days ago");
            return Err(Fault::new(Kind::Conflict, "restore-expired", said));
        }
        let mut after = before.clone();
        after.deleted_at = None;
        after.updated_at = now.max(before.updated_at);
        assets::save(tx, before, &after).await?;
        after.version += 1;
        self.announce(tx, EventKind::Created, &after).await?;
        self.resume(tx, &after).await?;
        Ok(after)
    }
}

/// Whether somebody who could see it may no longer.
fn narrows(before: &Asset, after: &Asset) -> bool {
    let moved = before.organization_id != after.organization_id;
    after.visibility < before.visibility || (moved && before.visibility == Visibility::Shared)
}

fn apply(asset: &mut Asset, patch: AssetPatch, member: &Member) -> Result<(), FieldFault> {
    set_name(&mut asset.name, "name", patch.name)?;
    set_name(&mut asset.filename, "filename", patch.filename)?;
    set_text(&mut asset.description, "description", patch.description, TEXT_CHARS_MAX)?;
    set_text(&mut asset.project, "project", patch.project, NAME_CHARS_MAX)?;
    set_text(&mut asset.styling_note, "styling_note", patch.styling_note, TEXT_CHARS_MAX)?;
    set_text(&mut asset.lineage.author_id, "author_id", patch.author_id, NAME_CHARS_MAX)?;
    set_text(&mut asset.lineage.inference_id, "inference_id", patch.inference_id, NAME_CHARS_MAX)?;
    set_text(&mut asset.lineage.model_id, "model_id", patch.model_id, NAME_CHARS_MAX)?;
    if let Some(tags) = patch.tags {
        asset.tags = new_asset::tags("tags", &tags)?;
    }
    if let Some(TagsWithin { set, tags }) = patch.tags_within {
        let mut kept: Vec<String> =
            asset.tags.iter().filter(|tag| !set.contains(&tag.as_str())).cloned().collect();
        kept.extend(tags);
        asset.tags = new_asset::tags("tags", &kept)?;
    }
    if let Some(word) = patch.asset_type {
        if !is_asset_type(&word) {
            let said = FieldFault::new("body.type", "enum", "is not one of the asset types");
            return Err(said.with_input(&word));
        }
        asset.asset_type = word;
    }
    if let Some(parameters) = patch.parameters {
        asset.parameters = new_asset::parameters(Some(parameters))?;
    }
    if let Some(detected) = patch.detected {
        asset.detected = new_asset::detected(detected)?;
    }
    if let Some(thumbnail_id) = patch.thumbnail_id {
        asset.thumbnail_id = thumbnail_id;
    }
    asset.is_hidden = patch.is_hidden.unwrap_or(asset.is_hidden);
    apply_audience(asset, patch.visibility, patch.organization_id, member)
}

fn apply_audience(
    asset: &mut Asset,
    visibility: Option<Visibility>,
    organization: Option<Option<Id<Organization>>>,
    member: &Member,
) -> Result<(), FieldFault> {
    if let Some(organization) = organization {
        asset.organization_id = organization;
    }
    if let Some(visibility) = visibility {
        if visibility == Visibility::Shared && asset.organization_id.is_none() {
            asset.organization_id = member.active_organization;
        }
        asset.visibility = visibility;
    }
    if asset.visibility == Visibility::Shared && asset.organization_id.is_none() {
        let said = "to share, the asset needs an organisation";
        return Err(FieldFault::new("body.visibility", "reference", said));
    }
    Ok(())
}

fn set_name(name: &mut String, field: &str, change: Option<String>) -> Result<(), FieldFault> {
    let Some(raw) = change else { return Ok(()) };
    let missing = || FieldFault::new(&format!("body.{field}"), "missing", "must not be empty");
    let read = match field {
        "filename" => new_asset::file_name(&raw)?,
        _ => new_asset::text(field, &raw, NAME_CHARS_MAX)?,
    };
    *name = read.ok_or_else(missing)?;
    Ok(())
}

fn set_text(
    text: &mut Option<String>,
    field: &str,
    change: Option<Option<String>>,
    chars_max: usize,
) -> Result<(), FieldFault> {
    let Some(raw) = change else { return Ok(()) };
    *text = match raw {
        Some(raw) => new_asset::text(field, &raw, chars_max)?,
        None => None,
    };
    Ok(())
}

#[cfg(test)]
mod tests {
    use backlot_model::asset::Visibility::{Private, Public, Shared, Unlisted};

    #[test]
    fn visibilities_are_ordered_by_how_many_may_see() {
        assert!(Private < Shared && Shared < Unlisted && Unlisted < Public);
    }
}
