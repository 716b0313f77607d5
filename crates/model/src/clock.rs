//! Time and identifiers as arguments, so that tests move them by hand.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use uuid::{ContextV7, Timestamp, Uuid};

use crate::Id;

/// Milliseconds since 1970-01-01 UTC.
pub type Millis = i64;

/// One second.
pub const SECOND_MS: Millis = 1_000;
/// One minute.
pub const MINUTE_MS: Millis = 60 * SECOND_MS;
/// One hour.
pub const HOUR_MS: Millis = 60 * MINUTE_MS;
/// One day.
pub const DAY_MS: Millis = 24 * HOUR_MS;

/// Tells the time.
pub trait Clock: Send + Sync {
    /// Now, in milliseconds since 1970.
    fn now_ms(&self) -> Millis;
}

/// The machine's clock.
#[derive(Debug, Default, Clone, Copy)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place where the time comes from")]
    fn now_ms(&self) -> Millis {
        match SystemTime::now().duration_since(UNIX_EPOCH) {
            Ok(since) => Millis::try_from(since.as_millis()).unwrap_or(Millis::MAX),
            Err(_) => 0,
        }
    }
}

/// A clock that stands still until it is moved. Clones share one hand.
#[derive(Debug, Clone)]
pub struct HandClock(Arc<AtomicI64>);

impl HandClock {
    /// A clock that shows `now_ms`.
    #[must_use]
    pub fn at(now_ms: Millis) -> Self {
        Self(Arc::new(AtomicI64::new(now_ms)))
    }

    /// Moves the hand forward.
    pub fn advance_ms(&self, by_ms: Millis) {
        self.0.fetch_add(by_ms, Ordering::SeqCst);
    }
}

/// 2026-01-01T00:00:00Z.
impl Default for HandClock {
    fn default() -> Self {
        Self::at(1_767_225_600_000)
    }
}

impl Clock for HandClock {
    fn now_ms(&self) -> Millis {
        self.0.load(Ordering::SeqCst)
    }
}

/// Makes UUIDv7 identifiers from a clock, each greater than the one before.
pub struct Ids {
    clock: Arc<dyn Clock>,
    context: std::sync::Mutex<ContextV7>,
}

impl Ids {
    /// Identifiers that carry the time of `clock`.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, context: std::sync::Mutex::new(ContextV7::new()) }
    }

    /// The next identifier.
    #[must_use]
    pub fn next<T>(&self) -> Id<T> {
        let now = u64::try_from(self.clock.now_ms()).unwrap_or(0);
        let context = self.context.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let nanos = u32::try_from(now % 1_000).unwrap_or(0) * 1_000_000;
        Id::new(Uuid::new_v7(Timestamp::from_unix(&*context, now / 1_000, nanos)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_grow_while_the_clock_stands() {
        let ids = Ids::new(Arc::new(HandClock::default()));
        let made: Vec<Id<()>> = (0..1_000).map(|_| ids.next()).collect();
        assert!(made.windows(2).all(|pair| pair[0] < pair[1]));
    }
}
