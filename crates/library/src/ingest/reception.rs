//! The door itself: who may bring bytes, and whether there is room for them now.

use backlot_model::account::{Caller, Scope};
use backlot_model::clock::SECOND_MS;
use backlot_model::{Fault, Kind};
use backlot_store::jobs;

use super::{Accepts, Intake};
use crate::Library;
use crate::authority::member;
use crate::limiter::Limit;

/// How long a queue depth that was read may be used, in milliseconds.
const DEPTH_FRESH_MS: i64 = SECOND_MS;

/// Remembers how full the queue was, so that not every upload asks the database.
#[derive(Default)]
pub(crate) struct Reception {
    last: tokio::sync::Mutex<Option<(i64, u64)>>,
}

impl Library {
    /// Opens the door for one file.
    ///
    /// # Errors
    /// `no-credentials`, `insufficient-scope`; `rate-limited`; `queue-full` when so many jobs wait
    /// that taking more would only lengthen the queue; storage faults.
    pub async fn receive(&self, caller: &Caller, accepts: Accepts) -> Result<Intake, Fault> {
        let member = member(caller, Scope::Write)?;
        self.limiter().check(Limit::Upload, &member.user_id.to_string()).await?;
        self.receive_unmetered(accepts).await
    }

    /// The same for whoever holds a signed place to upload to, and for the import from disk.
    ///
    /// # Errors
    /// `queue-full`; storage faults.
    pub(crate) async fn receive_unmetered(&self, accepts: Accepts) -> Result<Intake, Fault> {
        self.refuse_when_full().await?;
        let staging = self.blobs().stage(accepts.bytes_max());
        Ok(Intake::new(self.clone(), staging, accepts))
    }

    pub(crate) async fn refuse_when_full(&self) -> Result<(), Fault> {
        let now = self.now_ms();
        let mut last = self.reception().last.lock().await;
        let depth = match *last {
            Some((at, depth)) if now - at < DEPTH_FRESH_MS => depth,
            _ => {
                let depth = jobs::waiting(self.db()).await?;
                *last = Some((now, depth));
                depth
            }
        };
        if depth < self.config().queue_depth_max {
            return Ok(());
        }
        let said = "too many pictures are waiting to be processed; try again in a moment";
        let fault = Fault::new(Kind::Unavailable, "queue-full", said);
        Err(fault.retry_after_ms(5 * SECOND_MS))
    }
}
