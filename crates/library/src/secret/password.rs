//! Passwords: Argon2id, and the small pool that its memory is bounded by.
//!
//! Owns: hashing, checking, and the bounded place where both run. Never: what a good password is
//! (accounts say so) and how often one may guess (the limiter does).

use std::sync::Arc;

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{Error as HashError, PasswordHasher as _, PasswordVerifier as _};
use argon2::{Algorithm, Argon2, Params, Version};
use backlot_model::{Fault, Kind};
use tokio::sync::Semaphore;

use super::{Random, Secret, random_bytes};

/// A password, in bytes. Bounds what one request can make us hash.
pub const PASSWORD_BYTES_MAX: usize = 1_024;

/// How many hashings run at once: each takes a core and `memory_kib`.
const RUNNING_MAX: usize = 2;

/// How many more may wait for a place before callers are sent away.
const WAITING_MAX: usize = 64;

/// How long a caller who was sent away should stay away.
const RETRY_AFTER_MS: i64 = 1_000;

/// The cost of one hashing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PasswordCost {
    /// Memory, in KiB.
    pub memory_kib: u32,
    /// Passes over the memory.
    pub passes: u32,
    /// Lanes.
    pub lanes: u32,
}

/// OWASP's recommendation for Argon2id: 19 MiB, two passes, one lane.
impl Default for PasswordCost {
    fn default() -> Self {
        Self { memory_kib: 19 * 1_024, passes: 2, lanes: 1 }
    }
}

impl PasswordCost {
    /// The least that Argon2 takes: for tests, where hundreds of users are made.
    pub const CHEAP: Self = Self { memory_kib: 8, passes: 1, lanes: 1 };

    fn argon2(self) -> Result<Argon2<'static>, Fault> {
        let params = Params::new(self.memory_kib, self.passes, self.lanes, None);
        let params = params.map_err(|cause| Fault::internal(cause.to_string()))?;
        Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
    }
}

/// Hashes `password` with a fresh salt into a PHC string that carries its own parameters.
///
/// Takes tens of milliseconds of a core: from async code, go through [`PasswordPool`].
///
/// # Errors
/// `invalid` when the password is over [`PASSWORD_BYTES_MAX`].
pub fn hash_password(
    random: &dyn Random,
    cost: PasswordCost,
    password: &Secret,
) -> Result<String, Fault> {
    let password = password.expose().as_bytes();
    if password.len() > PASSWORD_BYTES_MAX {
        let message = format!("must be at most {PASSWORD_BYTES_MAX} bytes");
        return Err(Fault::invalid("body.password", "length", message));
    }
    let salt: [u8; 16] = random_bytes(random);
    match cost.argon2()?.hash_password_with_salt(password, &salt) {
        Ok(hash) => Ok(hash.to_string()),
        Err(cause) => Err(Fault::internal(cause.to_string())),
    }
}

/// Whether `password` is the one behind `stored`, a PHC string of [`hash_password`] of whatever
/// cost. A password that is too long is not it.
///
/// # Errors
/// `internal` when `stored` is not an Argon2 PHC string.
pub fn verify_password(password: &Secret, stored: &str) -> Result<bool, Fault> {
    let stored = PasswordHash::new(stored).map_err(|cause| Fault::internal(cause.to_string()))?;
    let bytes = password.expose().as_bytes();
    let kept = &bytes[..bytes.len().min(PASSWORD_BYTES_MAX)];
    match Argon2::default().verify_password(kept, &stored) {
        Ok(()) => Ok(kept.len() == bytes.len()),
        Err(HashError::PasswordInvalid) => Ok(false),
        Err(cause) => Err(Fault::internal(cause.to_string())),
    }
}

/// Whether `stored` was made with another cost than `cost`, so that the next good login should
/// hash the password again.
#[must_use]
pub fn needs_rehash(stored: &str, cost: PasswordCost) -> bool {
    let Ok(stored) = PasswordHash::new(stored) else { return true };
    let Ok(params) = Params::try_from(&stored) else { return true };
    let made_with = (params.m_cost(), params.t_cost(), params.p_cost());
    stored.algorithm != Algorithm::Argon2id.ident()
        || made_with != (cost.memory_kib, cost.passes, cost.lanes)
}

/// Hashes and checks passwords off the async threads, two at a time, so that a storm of logins
/// cannot take all cores and memory.
pub struct PasswordPool {
    random: Arc<dyn Random>,
    cost: PasswordCost,
    /// Checked in place of the hash that an unknown user does not have.
    nobody: Arc<str>,
    places: Arc<Semaphore>,
    queue: Arc<Semaphore>,
}

impl PasswordPool {
    /// A pool that hashes at `cost`. Hashes one throw-away password at once, for the users there
    /// are not.
    ///
    /// # Errors
    /// `internal` when Argon2 does not take `cost`.
    pub fn new(random: Arc<dyn Random>, cost: PasswordCost) -> Result<Self, Fault> {
        let nobody = hash_password(&*random, cost, &super::random_token::<32>(&*random))?;
        Ok(Self {
            random,
            cost,
            nobody: nobody.into(),
            places: Arc::new(Semaphore::new(RUNNING_MAX)),
            queue: Arc::new(Semaphore::new(RUNNING_MAX + WAITING_MAX)),
        })
    }

    /// See [`hash_password`].
    ///
    /// # Errors
    /// As there, and `queue-full` when too many are waiting.
    pub async fn hash(&self, password: Secret) -> Result<String, Fault> {
        let (random, cost) = (Arc::clone(&self.random), self.cost);
        self.run(move || hash_password(&*random, cost, &password)).await
    }

    /// Whether `password` is the one behind `stored`. With `stored` absent (no such user, or one
    /// without a password) it takes as long, and is `false`.
    ///
    /// # Errors
    /// As [`verify_password`], and `queue-full` when too many are waiting.
    pub async fn verify(&self, password: Secret, stored: Option<String>) -> Result<bool, Fault> {
        let nobody = Arc::clone(&self.nobody);
        self.run(move || {
            let matches = verify_password(&password, stored.as_deref().unwrap_or(&nobody))?;
            Ok(matches && stored.is_some())
        })
        .await
    }

    /// Whether a stored hash was made with another cost than this pool's.
    #[must_use]
    pub fn needs_rehash(&self, stored: &str) -> bool {
        needs_rehash(stored, self.cost)
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, Fault> {
        let Ok(queued) = Arc::clone(&self.queue).try_acquire_owned() else {
            let fault = Fault::new(Kind::Unavailable, "queue-full", "too many logins at once");
            return Err(fault.retry_after_ms(RETRY_AFTER_MS));
        };
        let place = Arc::clone(&self.places).acquire_owned().await.map_err(Fault::internal)?;
        // The permits go along: a caller who hangs up does not make room for work that still runs.
        let job = tokio::task::spawn_blocking(move || {
            let _held = (queued, place);
            work()
        });
        job.await.map_err(Fault::internal)?
    }
}

#[cfg(test)]
mod tests {
    use super::super::SeededRandom;
    use super::*;

    fn pool() -> PasswordPool {
        PasswordPool::new(Arc::new(SeededRandom::new(1)), PasswordCost::CHEAP).unwrap()
    }

    #[test]
    fn a_password_is_known_by_its_hash_alone() {
        let random = SeededRandom::new(3);
        let password = Secret::new("correct horse");
        let hash = hash_password(&random, PasswordCost::CHEAP, &password).unwrap();
        let again = hash_password(&random, PasswordCost::CHEAP, &password).unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=8,t=1,p=1$"), "{hash}");
        assert_ne!(hash, again, "each has its own salt");
        assert!(verify_password(&password, &hash).unwrap());
        assert!(!verify_password(&Secret::new("correct horsf"), &hash).unwrap());
        assert!(!verify_password(&Secret::new(""), &hash).unwrap());
    }

    #[test]
    fn the_default_cost_is_what_owasp_asks() {
        let random = SeededRandom::new(3);
        let hash = hash_password(&random, PasswordCost::default(), &Secret::new("x")).unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert!(verify_password(&Secret::new("x"), &hash).unwrap());
    }

    #[test]
    fn an_overlong_password_is_refused_and_never_matches() {
        let random = SeededRandom::new(3);
        let longest = "p".repeat(PASSWORD_BYTES_MAX);
        let hash =
            hash_password(&random, PasswordCost::CHEAP, &Secret::new(longest.clone())).unwrap();
        let longer = Secret::new(format!("{longest}p"));
        let fault = hash_password(&random, PasswordCost::CHEAP, &longer).unwrap_err();
        assert_eq!((fault.kind, fault.fields[0].rule), (Kind::Invalid, "length"));
        assert!(verify_password(&Secret::new(longest), &hash).unwrap());
        assert!(!verify_password(&longer, &hash).unwrap(), "no match by its first bytes");
    }

    #[test]
    fn a_broken_stored_hash_is_a_defect_and_no_login() {
        for stored in ["", "plain", "$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHQ"] {
            assert!(
                !matches!(verify_password(&Secret::new("plain"), stored), Ok(true)),
                "{stored}"
            );
        }
        let fault = verify_password(&Secret::new("plain"), "plain").unwrap_err();
        assert_eq!(fault.kind, Kind::Internal);
    }

    #[test]
    fn a_changed_cost_asks_for_a_new_hash() {
        let random = SeededRandom::new(3);
        let hash = hash_password(&random, PasswordCost::CHEAP, &Secret::new("x")).unwrap();
        assert!(!needs_rehash(&hash, PasswordCost::CHEAP));
        assert!(needs_rehash(&hash, PasswordCost::default()));
        assert!(needs_rehash("plain", PasswordCost::CHEAP));
    }

    #[tokio::test]
    async fn a_user_there_is_not_never_logs_in() {
        let pool = pool();
        let hash = pool.hash(Secret::new("pw")).await.unwrap();
        assert!(pool.verify(Secret::new("pw"), Some(hash.clone())).await.unwrap());
        assert!(!pool.verify(Secret::new("no"), Some(hash)).await.unwrap());
        assert!(!pool.verify(Secret::new("pw"), None).await.unwrap());
        // The stand-in costs what a real one costs.
        assert!(!pool.needs_rehash(&pool.nobody));
    }

    #[tokio::test]
    async fn a_full_queue_sends_callers_away_and_frees_itself() {
        let pool = pool();
        let all = u32::try_from(RUNNING_MAX + WAITING_MAX).unwrap();
        let taken = pool.queue.acquire_many(all).await.unwrap();
        let fault = pool.hash(Secret::new("pw")).await.unwrap_err();
        assert_eq!((fault.code, fault.retry_after_ms), ("queue-full", Some(RETRY_AFTER_MS)));
        drop(taken);
        pool.hash(Secret::new("pw")).await.unwrap();
        assert_eq!(pool.queue.available_permits(), RUNNING_MAX + WAITING_MAX);
        assert_eq!(pool.places.available_permits(), RUNNING_MAX);
    }

    #[tokio::test]
    async fn work_that_panics_gives_its_place_back() {
        let pool = pool();
        let fault = pool.run::<()>(|| panic!("boom")).await.unwrap_err();
        assert_eq!(fault.kind, Kind::Internal);
        assert_eq!(pool.places.available_permits(), RUNNING_MAX);
    }
}
