//! How many long answers each caller has open.
//!
//! Owns: the count, and giving a place back when its answer ends, however it ends.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use backlot_model::clock::SECOND_MS;
use backlot_model::{Fault, Kind};

/// How many streams of events one caller may have open at a time.
pub const STREAMS_MAX: u32 = 16;

/// The open streams of all callers, in this process. Clones share one count.
#[derive(Debug, Clone, Default)]
pub struct Streams(Arc<Mutex<HashMap<String, u32>>>);

/// A place for one stream; given back when dropped.
#[derive(Debug)]
pub struct Place {
    streams: Streams,
    subject: String,
}

impl Streams {
    /// Takes a place for a stream of `subject`.
    ///
    /// # Errors
    /// `rate-limited` when he has [`STREAMS_MAX`] open.
    pub fn take(&self, subject: String) -> Result<Place, Fault> {
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = open.entry(subject.clone()).or_default();
        if *count >= STREAMS_MAX {
            let said = format!("there are {STREAMS_MAX} streams open; close one first");
            let fault = Fault::new(Kind::RateLimited, "rate-limited", said);
            return Err(fault.retry_after_ms(5 * SECOND_MS));
        }
        *count += 1;
        Ok(Place { streams: self.clone(), subject })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = self.streams.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = open.get_mut(&self.subject) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                open.remove(&self.subject);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_free_again_when_its_stream_ends() {
        let streams = Streams::default();
        let mut places: Vec<_> =
            (0..STREAMS_MAX).map(|_| streams.take("ann".to_owned()).unwrap()).collect();
        let fault = streams.take("ann".to_owned()).unwrap_err();
        assert_eq!((fault.kind, fault.retry_after_ms), (Kind::RateLimited, Some(5_000)));
        assert!(streams.take("bob".to_owned()).is_ok());
        places.pop();
        assert!(streams.take("ann".to_owned()).is_ok());
        drop(places);
        assert!(streams.0.lock().unwrap().is_empty());
    }
}
