//! The keys that tokens and URLs are signed with: made at the first start, rotated on demand.

use std::sync::{Arc, Mutex, PoisonError, RwLock};

use backlot_model::account::Caller;
use backlot_model::clock::{DAY_MS, SECOND_MS};
use backlot_model::policy::account::AccountOperation;
use backlot_model::{Fault, Millis};
use backlot_store::accounts::lock;
use backlot_store::accounts::signing_keys::{self, SigningKeyRow};
use backlot_store::db::{Db, Fetch};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::authority::require_platform;
use super::tokens::TOKEN_MS_MAX;
use super::{Accounts, limit_reached};
use crate::secret::{Random, random_bytes};
use crate::signing::{KEYS_MAX, SigningKey, SigningKeys};

/// How long a retired key checks what it signed: as long as that can live, and a day for processes
/// that have not heard of its retirement.
const RETIRED_MS: Millis = TOKEN_MS_MAX + DAY_MS;

/// How often tokens of unknown keys make us look for new keys.
const RELOAD_MS_MIN: Millis = 5 * SECOND_MS;

const LOCK: &str = "signing-key";

/// The keys as last loaded.
pub(super) struct Ring {
    loaded: RwLock<Loaded>,
    reloaded_at: Mutex<Millis>,
}

struct Loaded {
    keys: Arc<SigningKeys>,
    ids: Vec<String>,
}

impl Ring {
    pub(super) async fn open(db: &Db, random: &dyn Random, now_ms: Millis) -> Result<Self, Fault> {
        let mut rows = signing_keys::load(db).await?;
        if rows.is_empty() {
            let tx = db.begin().await?;
            lock(&tx, LOCK).await?;
            // Another process may have been first.
            if signing_keys::load(&tx).await?.is_empty() {
                let (id, secret) = fresh(random);
                signing_keys::replace(&tx, &id, &secret, now_ms).await?;
            }
            tx.commit().await?;
            rows = signing_keys::load(db).await?;
        }
        let loaded = RwLock::new(Loaded::from_rows(&rows)?);
        Ok(Self { loaded, reloaded_at: Mutex::new(now_ms) })
    }

    pub(super) fn current(&self) -> Arc<SigningKeys> {
        Arc::clone(&self.loaded.read().unwrap_or_else(PoisonError::into_inner).keys)
    }

    pub(super) async fn reload(&self, db: &impl Fetch, now_ms: Millis) -> Result<(), Fault> {
        let loaded = Loaded::from_rows(&signing_keys::load(db).await?)?;
        *self.loaded.write().unwrap_or_else(PoisonError::into_inner) = loaded;
        *self.reloaded_at.lock().unwrap_or_else(PoisonError::into_inner) = now_ms;
        Ok(())
    }

    /// Looks for new keys when `token` names one that is not known, but not on every call.
    pub(super) async fn reload_for(
        &self,
        db: &Db,
        token: &str,
        now_ms: Millis,
    ) -> Result<(), Fault> {
        if !self.names_unknown_key(token) {
            return Ok(());
        }
        {
            let mut reloaded_at = self.reloaded_at.lock().unwrap_or_else(PoisonError::into_inner);
            if now_ms.saturating_sub(*reloaded_at) < RELOAD_MS_MIN {
                return Ok(());
            }
            *reloaded_at = now_ms;
        }
        self.reload(db, now_ms).await
    }

    fn names_unknown_key(&self, token: &str) -> bool {
        let Some((header, _)) = token.split_once('.') else { return false };
        if header.len() > 200 {
            return false;
        }
        let Ok(header) = URL_SAFE_NO_PAD.decode(header) else { return false };
        let Ok(header) = serde_json::from_slice::<serde_json::Value>(&header) else { return false };
        let Some(id) = header.get("kid").and_then(|id| id.as_str()) else { return false };
        let loaded = self.loaded.read().unwrap_or_else(PoisonError::into_inner);
        loaded.ids.iter().all(|known| known != id)
    }
}

impl Loaded {
    fn from_rows(rows: &[SigningKeyRow]) -> Result<Self, Fault> {
        let mut keys = rows.iter().take(KEYS_MAX).map(|row| {
            let bytes = zeroize::Zeroizing::new(hex::decode(&row.secret).map_err(Fault::internal)?);
            SigningKey::new(&row.id, &bytes)
        });
        let Some(current) = keys.next() else {
            return Err(Fault::internal("the database has no signing key"));
        };
        let older = keys.collect::<Result<_, _>>()?;
        let keys = Arc::new(SigningKeys::new(current?, older)?);
        Ok(Self { keys, ids: rows.iter().map(|row| row.id.clone()).collect() })
    }
}

/// A new key's id and its bytes, in hexadecimal digits.
fn fresh(random: &dyn Random) -> (String, String) {
    let id = format!("k{}", hex::encode(random_bytes::<6>(random)));
    (id, hex::encode(random_bytes::<32>(random)))
}

impl Accounts {
    /// Signs with a new key from now on. What older keys signed stays good as long as it says;
    /// keys that cannot have signed anything alive are forgotten. Other processes follow within
    /// the interval of [`Accounts::tidy`].
    ///
    /// # Errors
    /// `limit-reached` when as many keys as there may be are still needed.
    pub async fn rotate_signing_key(&self, caller: &Caller) -> Result<(), Fault> {
        require_platform(caller, AccountOperation::RotateSigningKey)?;
        let now_ms = self.now();
        let tx = self.db().begin().await?;
        lock(&tx, LOCK).await?;
        signing_keys::forget(&tx, now_ms - RETIRED_MS).await?;
        if signing_keys::load(&tx).await?.len() >= KEYS_MAX {
            let message = format!("{KEYS_MAX} signing keys are still needed by tokens they signed");
            return Err(limit_reached(message));
        }
        let (id, secret) = fresh(&*self.shared.random);
        signing_keys::replace(&tx, &id, &secret, now_ms).await?;
        tx.commit().await?;
        self.shared.keys.reload(self.db(), now_ms).await
    }
}
