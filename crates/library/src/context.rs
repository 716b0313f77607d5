//! What every operation works with: records, bytes, time, chance, and who is woken by what.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use backlot_model::clock::SECOND_MS;
use backlot_model::{Clock, Fault, Ids, Kind, Millis};
use backlot_store::blobs::Blobs;
use backlot_store::db::{Db, Tx};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};

use crate::accounts::Accounts;
use crate::config::LibraryConfig;
use crate::fetch::Fetcher;
use crate::ingest::Reception;
use crate::jobs::Detector;
use crate::limiter::Limiter;
use crate::search::likeness::{ByEmbedding, ByHash, Encoder, Similarity};
use crate::secret::Random;
use crate::signing::SigningKeys;

/// The library: a cheap handle to everything an operation needs.
#[derive(Clone)]
pub struct Library(Arc<Inner>);

/// What a [`Library`] is made of.
pub struct Parts {
    /// Records.
    pub db: Db,
    /// Bytes.
    pub blobs: Blobs,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Chance.
    pub random: Arc<dyn Random>,
    /// New identifiers.
    pub ids: Arc<Ids>,
    /// How often callers may do what; shared with `accounts`.
    pub limiter: Arc<Limiter>,
    /// Accounts, sessions, and the keys that sign URLs and cursors.
    pub accounts: Accounts,
    /// What the operator configured.
    pub config: LibraryConfig,
    /// What finds hints in pictures.
    pub detectors: Vec<Arc<dyn Detector>>,
    /// What tells which pictures look alike; perceptual hashes do where there is none.
    pub encoder: Option<Arc<dyn Encoder>>,
}

struct Inner {
    parts: Parts,
    fetcher: Fetcher,
    reception: Reception,
    decoding: Decoding,
    turns: Turns,
    jobs_waiting: Notify,
    events_told: Notify,
    detectors: Arc<Vec<Arc<dyn Detector>>>,
    similarity: Box<dyn Similarity>,
}

impl Library {
    /// Puts the parts together.
    ///
    /// # Errors
    /// When the fetcher cannot be set up.
    pub fn new(parts: Parts) -> Result<Self, Fault> {
        let config = &parts.config;
        Ok(Self(Arc::new(Inner {
            fetcher: Fetcher::new(config.fetch.clone())?,
            reception: Reception::default(),
            decoding: Decoding::new(config.decode_memory_bytes, config.decode_workers),
            turns: Turns::default(),
            jobs_waiting: Notify::new(),
            events_told: Notify::new(),
            detectors: Arc::new(parts.detectors.clone()),
            similarity: match &parts.encoder {
                Some(encoder) => Box::new(ByEmbedding(Arc::clone(encoder))),
                None => Box::new(ByHash),
            },
            parts,
        })))
    }

    /// Accounts, keys and sessions.
    #[must_use]
    pub fn accounts(&self) -> &Accounts {
        &self.0.parts.accounts
    }

    /// What the operator configured.
    #[must_use]
    pub fn config(&self) -> &LibraryConfig {
        &self.0.parts.config
    }

    /// How often callers may do what.
    #[must_use]
    pub fn limiter(&self) -> &Limiter {
        &self.0.parts.limiter
    }

    /// Now.
    #[must_use]
    pub fn now_ms(&self) -> Millis {
        self.0.parts.clock.now_ms()
    }

    pub(crate) fn clock(&self) -> Arc<dyn Clock> {
        Arc::clone(&self.0.parts.clock)
    }

    pub(crate) fn db(&self) -> &Db {
        &self.0.parts.db
    }

    pub(crate) fn blobs(&self) -> &Blobs {
        &self.0.parts.blobs
    }

    pub(crate) fn ids(&self) -> &Ids {
        &self.0.parts.ids
    }

    pub(crate) fn random(&self) -> &dyn Random {
        &*self.0.parts.random
    }

    pub(crate) fn signing(&self) -> Arc<SigningKeys> {
        self.0.parts.accounts.signing_keys()
    }

    pub(crate) fn fetcher(&self) -> &Fetcher {
        &self.0.fetcher
    }

    pub(crate) fn reception(&self) -> &Reception {
        &self.0.reception
    }

    pub(crate) fn decoding(&self) -> &Decoding {
        &self.0.decoding
    }

    pub(crate) fn turns(&self) -> &Turns {
        &self.0.turns
    }

    pub(crate) fn detectors(&self) -> &Arc<Vec<Arc<dyn Detector>>> {
        &self.0.detectors
    }

    pub(crate) fn encoder(&self) -> Option<&Arc<dyn Encoder>> {
        self.0.parts.encoder.as_ref()
    }

    pub(crate) fn similarity(&self) -> &dyn Similarity {
        &*self.0.similarity
    }

    /// Has a worker of this process look when `tx` is committed.
    pub(crate) fn wake_after_commit(&self, tx: &Tx) {
        let library = Arc::clone(&self.0);
        tx.after_commit(move || library.jobs_waiting.notify_one());
    }

    /// Has listeners of this process look when `tx` is committed.
    pub(crate) fn told_after_commit(&self, tx: &Tx) {
        let library = Arc::clone(&self.0);
        tx.after_commit(move || library.events_told.notify_waiters());
    }

    pub(crate) async fn woken(&self) {
        self.0.jobs_waiting.notified().await;
    }

    pub(crate) fn event_woken(&self) -> tokio::sync::futures::Notified<'_> {
        self.0.events_told.notified()
    }
}

/// Runs work that computes or blocks off the async threads. A panic in it is a fault, not a crash.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Fault> {
    tokio::task::spawn_blocking(work).await.map_err(Fault::internal)
}

/// Bounds how much memory decoding takes at once, in bytes, and how many decode at once.
pub(crate) struct Decoding {
    memory: Arc<Semaphore>,
    memory_kib: u32,
    turns: Arc<Semaphore>,
}

/// Room to decode in; given back when dropped.
pub(crate) struct Room {
    _memory: OwnedSemaphorePermit,
}

/// One KiB of memory is one permit, so that a semaphore's counter suffices for terabytes.
const PERMIT_BYTES: u64 = 1 << 10;

impl Decoding {
    fn new(memory_bytes: u64, workers: usize) -> Self {
        let memory_kib = u32::try_from(memory_bytes / PERMIT_BYTES).unwrap_or(u32::MAX).max(1);
        Self {
            memory: Arc::new(Semaphore::new(memory_kib as usize)),
            memory_kib,
            turns: Arc::new(Semaphore::new(workers.max(1))),
        }
    }

    /// Waits until `bytes` of memory are free. A need above the whole takes the whole, alone.
    /// Never ask for room while holding some: two who do so may wait for each other for ever.
    pub(crate) async fn room(&self, bytes: u64) -> Result<Room, Fault> {
        let kib = u32::try_from(bytes.div_ceil(PERMIT_BYTES)).unwrap_or(u32::MAX);
        let kib = kib.clamp(1, self.memory_kib);
        let memory = self.memory.clone().acquire_many_owned(kib).await.map_err(Fault::internal)?;
        Ok(Room { _memory: memory })
    }

    /// Waits for one of the places to decode in.
    pub(crate) async fn turn(&self) -> Result<OwnedSemaphorePermit, Fault> {
        self.turns.clone().acquire_owned().await.map_err(Fault::internal)
    }

    /// The same, but not longer than `wait_ms`.
    pub(crate) async fn turn_within(&self, wait_ms: u64) -> Result<OwnedSemaphorePermit, Fault> {
        let wait = std::time::Duration::from_millis(wait_ms);
        match tokio::time::timeout(wait, self.turn()).await {
            Ok(turn) => turn,
            Err(_) => {
                let said = "too many pictures are being made; try again in a moment";
                let fault = Fault::new(Kind::Unavailable, "queue-full", said);
                Err(fault.retry_after_ms(2 * SECOND_MS))
            }
        }
    }
}

/// Lets one at a time do the work of a name.
#[derive(Default)]
pub(crate) struct Turns(Mutex<HashMap<String, Weak<tokio::sync::Mutex<()>>>>);

/// One's turn at the work of a name; ends when dropped.
pub(crate) struct Turn {
    _guard: tokio::sync::OwnedMutexGuard<()>,
}

impl Turns {
    pub(crate) async fn take(&self, name: &str) -> Turn {
        let lock = self.lock_named(name);
        Turn { _guard: lock.lock_owned().await }
    }

    fn lock_named(&self, name: &str) -> Arc<tokio::sync::Mutex<()>> {
        let mut named = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(lock) = named.get(name).and_then(Weak::upgrade) {
            return lock;
        }
        // What nobody holds any more goes when there is much of it.
        if named.len() >= 1_024 {
            named.retain(|_, lock| lock.strong_count() > 0);
        }
        let lock = Arc::new(tokio::sync::Mutex::new(()));
        named.insert(name.to_owned(), Arc::downgrade(&lock));
        lock
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_need_above_the_whole_waits_until_it_is_alone() {
        let decoding = Decoding::new(4 << 10, 1);
        let small = decoding.room(1).await.unwrap();
        let mut whole = Box::pin(decoding.room(u64::MAX));
        assert!(futures::poll!(&mut whole).is_pending());
        drop(small);
        assert!(futures::poll!(&mut whole).is_ready());
    }

    #[tokio::test]
    async fn equal_names_wait_for_each_other() {
        let turns = Turns::default();
        let first = turns.take("a").await;
        let mut second = Box::pin(turns.take("a"));
        assert!(futures::poll!(&mut second).is_pending());
        assert!(futures::poll!(Box::pin(turns.take("b"))).is_ready());
        drop(first);
        assert!(futures::poll!(&mut second).is_ready());
    }
}
