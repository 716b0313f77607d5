//! A creating call that is sent twice happens once.
//!
//! The client names the call by a key; the first call runs and its answer is kept for a day; the
//! same call with the same key gets the same answer. Another call with that key is refused.

use backlot_model::account::{Caller, Scope};
use backlot_model::clock::{DAY_MS, MINUTE_MS};
use backlot_model::{Fault, Kind, Millis};
use backlot_store::idempotency::{self, Reserved};

use crate::Library;
use crate::authority::member;

/// How long an answer is kept.
pub const ANSWERS_KEPT_MS: Millis = DAY_MS;
/// How long a call that never ended keeps its key.
const UNFINISHED_KEPT_MS: Millis = 5 * MINUTE_MS;
/// A key, in characters.
pub const KEY_CHARS_MAX: usize = 255;

/// What to do with a call that carries a key.
pub enum Once {
    /// Run it, and hand the answer to [`Library::answered`], or [`Library::forgotten`] if it failed.
    Run(Ticket),
    /// It has run; this was the answer: status and body.
    Answer(u16, String),
}

/// The right to run a call; see [`Once`].
pub struct Ticket {
    subject: String,
    key: String,
}

impl Library {
    /// Whether the call `key` of the caller is to be run. `fingerprint` tells calls apart.
    ///
    /// # Errors
    /// `invalid` for a bad key; `idempotency-conflict` when the key was used for another call, or
    /// the first is still running.
    pub async fn once(&self, caller: &Caller, key: &str, fingerprint: &str) -> Result<Once, Fault> {
        let member = member(caller, Scope::Write)?;
        let length = key.chars().count();
        if length == 0 || length > KEY_CHARS_MAX || key.chars().any(char::is_control) {
            let said = format!("must have 1 to {KEY_CHARS_MAX} printable characters");
            return Err(Fault::invalid("header.Idempotency-Key", "format", said));
        }
        let (subject, now) = (member.user_id.to_string(), self.now_ms());
        let stale = (now - ANSWERS_KEPT_MS, now - UNFINISHED_KEPT_MS);
        let found = idempotency::reserve(self.db(), &subject, key, fingerprint, now, stale).await?;
        match found {
            Reserved::New => Ok(Once::Run(Ticket { subject, key: key.to_owned() })),
            Reserved::Answered { status, body } => Ok(Once::Answer(status, body)),
            Reserved::Running => {
                let said = "the first call with this key is still running";
                Err(conflict(said).retry_after_ms(1_000))
            }
            Reserved::Other => Err(conflict("this key was used for another call")),
        }
    }

    /// Keeps the answer of a call that ran.
    ///
    /// # Errors
    /// Database faults.
    pub async fn answered(&self, ticket: Ticket, status: u16, body: &str) -> Result<(), Fault> {
        Ok(idempotency::complete(self.db(), &ticket.subject, &ticket.key, status, body).await?)
    }

    /// Frees the key of a call that changed nothing, so that it can be sent again.
    ///
    /// # Errors
    /// Database faults.
    pub async fn forgotten(&self, ticket: Ticket) -> Result<(), Fault> {
        Ok(idempotency::forget(self.db(), &ticket.subject, &ticket.key).await?)
    }
}

fn conflict(said: &str) -> Fault {
    Fault::new(Kind::Conflict, "idempotency-conflict", said)
}
