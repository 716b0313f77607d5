//! What happened, told to those who may see it.

use std::time::Duration;

use backlot_model::account::{Caller, Scope};
use backlot_model::asset::Asset;
use backlot_model::clock::DAY_MS;
use backlot_model::event::{Event, EventKind};
use backlot_model::query::ScopeKey;
use backlot_model::{Fault, Id, Kind, Millis};
use backlot_store::db::Tx;
use backlot_store::events;

use crate::Library;
use crate::authority::member;
use crate::listing::{lists_everything, organizations};

/// How long events can be caught up with.
pub const EVENTS_KEPT_MS: Millis = 7 * DAY_MS;
/// How many events are read at once.
const BATCH: u32 = 200;
/// How long a reader waits before it looks again when nobody wakes it.
const POLL: Duration = Duration::from_secs(1);

/// A caller's place in the stream of events.
pub struct Listener {
    library: Library,
    caller: Caller,
    last: Id<Event>,
}

impl Library {
    /// Begins to listen: after `last`, or from now on.
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
        let now = self.now_ms();
        let latest = events::latest_id(self.db()).await?.unwrap_or_else(|| beginning_of(now));
        let last = match last {
            None => latest,
            Some(last) if time_of(last) < now - EVENTS_KEPT_MS => return Err(expired()),
            Some(last) if last > latest && time_of(last) > now => return Err(expired()),
            Some(last) => last,
        };
        Ok(Listener { library: self.clone(), caller: caller.clone(), last })
    }

    pub(crate) async fn announce(
        &self,
        tx: &Tx,
        kind: EventKind,
        asset: &Asset,
    ) -> Result<(), Fault> {
        self.announce_to(tx, kind, asset, events::scope_of(asset)).await
    }

    /// Tells the asset's uploader and those who listen to `scope`, which is not more than sees it.
    pub(crate) async fn announce_to(
        &self,
        tx: &Tx,
        kind: EventKind,
        asset: &Asset,
        scope: ScopeKey,
    ) -> Result<(), Fault> {
        let event = Event {
            id: self.ids().next(),
            kind,
            asset_id: asset.id,
            uploader_id: asset.uploader_id,
            scope,
            is_leaving: false,
            at: self.now_ms(),
        };
        events::append(tx, &event).await?;
        self.told_after_commit(tx);
        Ok(())
    }

    /// Tells that an asset changed; to those who no longer list it, that it is gone.
    pub(crate) async fn announce_changed(
        &self,
        tx: &Tx,
        before: &Asset,
        after: &Asset,
    ) -> Result<(), Fault> {
        let was = events::scope_of(before);
        events::append_changed(tx, self.ids(), self.now_ms(), was, after).await?;
        self.told_after_commit(tx);
        Ok(())
    }
}

impl Listener {
    /// Where to resume: what followed was not heard yet.
    #[must_use]
    pub fn position(&self) -> Id<Event> {
        self.last
    }

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
        let me = member(&self.caller, Scope::Read)?.clone();
        let mut scopes = vec![ScopeKey::Platform, ScopeKey::User(me.user_id)];
        scopes.extend(organizations(&me).map(ScopeKey::Organization));
        let everything = lists_everything(&me);
        let db = self.library.db();
        // Asked first: what comes after it is for the next look.
        let latest = events::latest_id(db).await?;
        loop {
            let found = if everything {
                events::all_after(db, self.last, BATCH).await?
            } else {
                events::after(db, self.last, &scopes, me.user_id, BATCH).await?
            };
            // None of others' events is looked at again.
            let seen = found.last().map(|event| event.id).or(latest);
            self.last = seen.map_or(self.last, |seen| seen.max(self.last));
            let is_all = found.is_empty();
            // Nothing leaves those who list it wherever it goes.
            let stays = |event: &Event| everything || event.uploader_id == me.user_id;
            let is_news = |event: &Event| !(event.is_leaving && stays(event));
            let news: Vec<Event> = found.into_iter().filter(is_news).collect();
            if is_all || !news.is_empty() {
                return Ok(news);
            }
        }
    }
}

fn expired() -> Fault {
    let said = "what followed this event is no longer known; list what there is, and listen from \
                now on";
    Fault::new(Kind::Invalid, "expired", said)
}

/// A position before all events that happen from `at` on.
fn beginning_of(at: Millis) -> Id<Event> {
    Id::new(uuid::Uuid::from_u128(u128::try_from(at).unwrap_or(0) << 80))
}

/// When an event happened, as its id tells.
fn time_of(event: Id<Event>) -> Millis {
    Millis::try_from(event.uuid().as_u128() >> 80).unwrap_or(Millis::MAX)
}
