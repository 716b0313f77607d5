//! What happened, told to those who may see it.

use std::time::Duration;

use backlot_model::account::{Caller, Scope};
use backlot_model::asset::Asset;
use backlot_model::clock::{DAY_MS, SECOND_MS};
use backlot_model::event::{Event, EventKind};
use backlot_model::query::ScopeKey;
use backlot_model::{Fault, Id, Kind, Millis};
use backlot_store::db::Tx;
use backlot_store::events;

use crate::Library;
use crate::assets::scope_of;
use crate::authority::member;
use crate::listing::{lists_everything, organizations};

/// How long events can be caught up with.
pub const EVENTS_KEPT_MS: Millis = 7 * DAY_MS;
/// How many events are read at once.
const BATCH: u32 = 200;
/// How far a reader looks back, since another process may commit an older id after a newer one.
const LOOK_BACK_MS: Millis = 2 * SECOND_MS;
/// How long a reader waits before it looks again when nobody wakes it.
const POLL: Duration = Duration::from_secs(1);

/// A caller's place in the stream of events.
pub struct Listener {
    library: Library,
    caller: Caller,
    last: Id<Event>,
    /// Events of the look-back window that were already told.
    told: std::collections::BTreeSet<Id<Event>>,
}

impl Library {
    /// Begins to listen: after `last`, or from now on. Events that are nearly as old as `last` may
    /// be told again, since it is not known which of them the listener has heard.
    ///
    /// # Errors
    /// `no-credentials`, `insufficient-scope`; `expired` when what followed `last` is no longer
    /// kept, or `last` is no event of ours; database faults.
    pub async fn listen(
        &self,
        caller: &Caller,
        last: Option<Id<Event>>,
    ) -> Result<Listener, Fault> {
        member(caller, Scope::Read)?;
        let begin = |last: Id<Event>| {
            let told = std::iter::once(last).collect();
            Listener { library: self.clone(), caller: caller.clone(), last, told }
        };
        if let Some(last) = last {
            let now = self.now_ms();
            if !(now - EVENTS_KEPT_MS..=now + LOOK_BACK_MS).contains(&time_of(last)) {
                let said = "what followed this event is no longer known; list what there is, and \
                            listen from now on";
                return Err(Fault::new(Kind::Invalid, "expired", said));
            }
            return Ok(begin(last));
        }
        let latest = events::latest_id(self.db()).await?;
        let mut listener = begin(latest.unwrap_or_else(|| self.ids().next()));
        // What happened just before is not news to somebody who begins now.
        listener.look().await?;
        Ok(listener)
    }

    pub(crate) async fn announce(
        &self,
        tx: &Tx,
        kind: EventKind,
        asset: &Asset,
    ) -> Result<(), Fault> {
        self.announce_to(tx, kind, asset, scope_of(asset)).await
    }

    pub(crate) async fn announce_to(
        &self,
        tx: &Tx,
        kind: EventKind,
        asset: &Asset,
        scope: ScopeKey,
    ) -> Result<(), Fault> {
        let (id, at) = (self.ids().next(), self.now_ms());
        let event =
            Event { id, kind, asset_id: asset.id, uploader_id: asset.uploader_id, scope, at };
        events::append(tx, &event).await?;
        self.told_after_commit();
        Ok(())
    }
}

impl Listener {
    /// The next events, oldest first; waits until there are any.
    ///
    /// # Errors
    /// Database faults.
    pub async fn next(&mut self) -> Result<Vec<Event>, Fault> {
        loop {
            let library = self.library.clone();
            let woken = library.event_woken();
            let news = self.look().await?;
            if !news.is_empty() {
                return Ok(news);
            }
            let _ = tokio::time::timeout(POLL, woken).await;
        }
    }

    /// The events since the last look, if any.
    ///
    /// # Errors
    /// Database faults.
    pub async fn look(&mut self) -> Result<Vec<Event>, Fault> {
        let member = member(&self.caller, Scope::Read)?.clone();
        let mut scopes = vec![ScopeKey::Platform, ScopeKey::User(member.user_id)];
        scopes.extend(organizations(&member).map(ScopeKey::Organization));
        let from = look_back(self.last);
        let db = self.library.db();
        // What was told already lies within the window and must not use up the batch.
        let limit = BATCH + u32::try_from(self.told.len()).unwrap_or(BATCH);
        let mut found = if lists_everything(&member) {
            events::all_after(db, from, limit).await?
        } else {
            events::after(db, from, &scopes, member.user_id, limit).await?
        };
        found.retain(|event| !self.told.contains(&event.id));
        if let Some(newest) = found.iter().map(|event| event.id).max() {
            self.last = self.last.max(newest);
            self.told.extend(found.iter().map(|event| event.id));
            let floor = look_back(self.last);
            self.told = self.told.split_off(&floor);
        }
        Ok(found)
    }
}

/// The smallest id of the look-back window that ends at `last`.
fn look_back(last: Id<Event>) -> Id<Event> {
    let from_ms = u128::try_from(time_of(last) - LOOK_BACK_MS).unwrap_or(0);
    Id::new(uuid::Uuid::from_u128(from_ms << 80))
}

/// When an event happened, as its id tells.
fn time_of(event: Id<Event>) -> Millis {
    Millis::try_from(event.uuid().as_u128() >> 80).unwrap_or(Millis::MAX)
}
