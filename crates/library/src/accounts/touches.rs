//! Notes who was seen, and writes it later: authentication waits for no write.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use backlot_model::account::{ApiKey, User};
use backlot_model::clock::MINUTE_MS;
use backlot_model::{Fault, Id, Millis};
use backlot_store::accounts::touches::touch;

use super::Accounts;

/// How many users and keys are noted between two writes; more are left out.
const NOTES_MAX: usize = 20_000;

/// Who was seen since the last write.
#[derive(Default)]
pub(super) struct Touches(Mutex<Notes>);

#[derive(Default)]
struct Notes {
    users: HashMap<Id<User>, Millis>,
    keys: HashMap<Id<ApiKey>, Millis>,
}

impl Touches {
    /// Notes `user`, and `key` if he came with one, unless that was written within the minute.
    pub(super) fn seen(&self, user: &User, key: Option<&ApiKey>, now_ms: Millis) {
        let is_due = |last: Option<Millis>| last.is_none_or(|last| now_ms - last >= MINUTE_MS);
        let user_is_due = is_due(user.last_active_at);
        let key = key.filter(|key| is_due(key.last_used_at));
        if !user_is_due && key.is_none() {
            return;
        }
        let mut notes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if notes.users.len() + notes.keys.len() >= NOTES_MAX {
            return;
        }
        if user_is_due {
            notes.users.insert(user.id, now_ms);
        }
        if let Some(key) = key {
            notes.keys.insert(key.id, now_ms);
        }
    }

    fn take(&self) -> Notes {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Accounts {
    /// Writes when users and keys were last seen.
    pub(super) async fn flush_touches(&self) -> Result<(), Fault> {
        let notes = self.shared.touches.take();
        if notes.users.is_empty() && notes.keys.is_empty() {
            return Ok(());
        }
        Ok(touch(self.db(), &notes.users, &notes.keys).await?)
    }
}
