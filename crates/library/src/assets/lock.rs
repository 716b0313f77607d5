//! Locks: for a while, only who holds its id may change an asset.

use backlot_model::account::Caller;
use backlot_model::asset::{Asset, Lock};
use backlot_model::clock::DAY_MS;
use backlot_model::event::EventKind;
use backlot_model::policy::Operation;
use backlot_model::{Fault, Id, Kind, Millis};
use backlot_store::assets;
use backlot_store::db::Tx;

use super::Expected;
use crate::Library;
use crate::authority::allow;

/// How far ahead a lock may end, in milliseconds.
pub const LOCK_MS_MAX: Millis = 30 * DAY_MS;

/// How a lock is ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unlock {
    /// By who holds it.
    Held(Id<Lock>),
    /// By the uploader or a superuser, whoever holds it.
    Forced,
}

impl Library {
    /// Locks an asset until that time. Who already holds its lock gets the same one with the new
    /// end. The asset with its lock.
    ///
    /// # Errors
    /// `asset-not-found`, `forbidden`; `locked` for who does not hold the present lock,
    /// `version-mismatch`; `invalid` for an end that is past or more than 30 days ahead.
    pub async fn lock_asset(
        &self,
        caller: &Caller,
        id: Id<Asset>,
        expected: &Expected,
        until: Millis,
    ) -> Result<(Asset, Lock), Fault> {
        let tx = self.db().begin().await?;
        let before = self.live_asset_in(&tx, id).await?;
        self.permit(caller, Operation::Change, &before, expected)?;
        let now = self.now_ms();
        check_end(until, now)?;
        let lock_id = before.lock_at(now).map_or_else(|| self.secret_lock_id(), |lock| lock.id);
        let lock = Lock { id: lock_id, until };
        let after = self.set_lock(&tx, &before, Some(lock)).await?;
        tx.commit().await?;
        Ok((after, lock))
    }

    /// Ends the lock of an asset; one that is not locked stays as it is.
    ///
    /// # Errors
    /// `asset-not-found`, `forbidden`; `locked` when another lock holds.
    pub async fn unlock_asset(
        &self,
        caller: &Caller,
        id: Id<Asset>,
        unlock: Unlock,
    ) -> Result<Asset, Fault> {
        let tx = self.db().begin().await?;
        let before = self.live_asset_in(&tx, id).await?;
        allow(caller, Operation::Change, &before)?;
        if let Unlock::Held(lock_id) = unlock {
            refuse_locked(&before, Some(lock_id), self.now_ms())?;
        }
        if before.lock.is_none() {
            return Ok(before);
        }
        let after = self.set_lock(&tx, &before, None).await?;
        tx.commit().await?;
        Ok(after)
    }

    /// Who is locked out must not guess it, so it is not one of the ids that follow each other.
    fn secret_lock_id(&self) -> Id<Lock> {
        let random = crate::secret::random_bytes::<16>(self.random());
        Id::new(uuid::Builder::from_random_bytes(random).into_uuid())
    }

    /// A lock is no change of the asset itself: its time of change stays.
    async fn set_lock(&self, tx: &Tx, before: &Asset, lock: Option<Lock>) -> Result<Asset, Fault> {
        let mut after = Asset { lock, ..before.clone() };
        assets::save(tx, before, &after).await?;
        after.version += 1;
        self.announce(tx, EventKind::Updated, &after).await?;
        Ok(after)
    }
}

/// Refuses a change of an asset that is locked at `now`, unless its lock is held.
pub(super) fn refuse_locked(
    asset: &Asset,
    held: Option<Id<Lock>>,
    now: Millis,
) -> Result<(), Fault> {
    match asset.lock_at(now) {
        Some(lock) if held != Some(lock.id) => {
            let said = match held {
                Some(_) => "the asset is locked, and by another lock than this one",
                None => "the asset is locked; a change must name its lock",
            };
            Err(Fault::new(Kind::Conflict, "locked", said))
        }
        _ => Ok(()),
    }
}

/// The lock that the caller was found to hold, with another end.
pub(super) fn prolonged(asset: &Asset, until: Millis, now: Millis) -> Result<Lock, Fault> {
    check_end(until, now)?;
    let lock = asset.lock_at(now).ok_or_else(|| {
        let said = "the asset is not locked, so there is nothing to prolong; lock it";
        Fault::invalid("body.locked_until", "reference", said)
    })?;
    Ok(Lock { until, ..lock })
}

fn check_end(until: Millis, now: Millis) -> Result<(), Fault> {
    let said = match until - now {
        ahead if ahead <= 0 => "must be in the future",
        ahead if ahead > LOCK_MS_MAX => "must be at most 30 days ahead",
        _ => return Ok(()),
    };
    Err(Fault::invalid("body.locked_until", "range", said))
}
