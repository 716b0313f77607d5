//! Locks of assets.

use backlot_library::assets::Unlock;
use backlot_model::asset::Lock;
use backlot_model::{Fault, Millis};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{at, id_at, time_at};

/// How long an asset is to be locked.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(example = json!({"locked_until": "2026-01-15T10:30:00Z"}))]
pub(in crate::native) struct LockAsked {
    /// At most 30 days ahead.
    #[schema(format = DateTime)]
    locked_until: String,
}

impl LockAsked {
    /// When it ends.
    pub(in crate::native) fn until(&self) -> Result<Millis, Fault> {
        time_at("body.locked_until", &self.locked_until)
    }
}

/// A lock. Whoever holds its id may change the asset.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Lock, example = json!({
    "lock_id": "5f6d2c1e-8b0a-4c39-9d4e-2a7b1c3d4e5f", "locked_until": "2026-01-15T10:30:00.000Z"
}))]
pub(in crate::native) struct LockBody {
    /// To be named in the header `Lock-Id`; told only here.
    #[schema(format = Uuid)]
    lock_id: String,
    /// It ends by itself then.
    #[schema(format = DateTime)]
    locked_until: String,
}

impl From<Lock> for LockBody {
    fn from(lock: Lock) -> Self {
        let Lock { id, until } = lock;
        Self { lock_id: id.to_string(), locked_until: at(until) }
    }
}

/// How a lock is ended: one of the two is required.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(example = json!({"lock_id": "5f6d2c1e-8b0a-4c39-9d4e-2a7b1c3d4e5f"}))]
pub(in crate::native) struct UnlockAsked {
    /// The lock that the caller holds.
    #[serde(default)]
    lock_id: Option<String>,
    /// Whether to break the lock whoever holds it.
    #[serde(default)]
    force: bool,
}

impl UnlockAsked {
    /// As the library knows it.
    pub(in crate::native) fn unlock(&self) -> Result<Unlock, Fault> {
        match (&self.lock_id, self.force) {
            (_, true) => Ok(Unlock::Forced),
            (Some(raw), false) => Ok(Unlock::Held(id_at("body.lock_id", raw)?)),
            (None, false) => {
                let said = "is required, or `force`";
                Err(Fault::invalid("body.lock_id", "missing", said))
            }
        }
    }
}
