//! What happens, as it happens: server-sent events.
//!
//! Invariant: a stream ends by itself after five minutes, so that who may hear what is asked again
//! that often; clients of server-sent events come back by themselves, with the id of the last one.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::response::sse::{Event as Sent, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use backlot_library::Library;
use backlot_library::events::Listener;
use backlot_model::account::Caller;
use backlot_model::event::Event;
use backlot_model::fault::FieldFault;
use backlot_model::{Fault, Id};
use futures::{Stream, stream};
use tokio::time::{Instant, timeout_at};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::answer::Answered;
use super::envelope::{Limited, Refused};
use super::wire::asset::AssetBody;
use super::wire::event::{EventBody, SentBody};
use crate::app::SignedIn;
use crate::app::{App, Links};
use crate::edge::fields::{Fields, Query};
use crate::streams::Place;

/// How long a stream lives.
const LIFE: Duration = Duration::from_secs(5 * 60);
/// How often a silent stream says that it is alive.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// How long a client is to wait before he comes back.
const RETRY: Duration = Duration::from_secs(1);

const LAST_EVENT_ID: &str = "last-event-id";

/// The route `/events`.
pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(listen))
}

/// Hear what happens to assets
///
/// To those that the caller can list and to his own, as server-sent events: `id` is where to
/// resume, `event` the kind, `data` an `Event` in JSON. Whoever resumes hears everything that followed,
/// each event once and in order. Take `asset.updated` of an asset that you do not know as news of
/// it: it came into sight. A stream begins and ends with an `id` without data, so that a client who
/// heard nothing can resume too. A comment every 15 seconds shows that it is alive; it ends by
/// itself after five minutes, and clients come back with `Last-Event-ID`. What happened is kept for
/// seven days.
#[utoipa::path(
    get, path = "/events", operation_id = "listen_to_events", tag = "events",
    params(
        ("Last-Event-ID" = Option<String>, Header, description = "Begin after this event; wins over the query"),
        ("last_event_id" = Option<String>, Query, description = "Begin after this event; from now on if absent"),
    ),
    responses(
        (status = 200, description = "Events, each as described", body = SentBody, content_type = "text/event-stream"),
        Refused, Limited,
    ),
)]
async fn listen(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    links: Links,
    headers: HeaderMap,
    Query(query): Query,
) -> Answered {
    let (path, last) = last_event(&headers, &query)?;
    let place = app.streams().take(caller.subject())?;
    let listener = app.library().listen(&caller, last).await;
    let listener = listener.map_err(|fault| match fault.code {
        "expired" if fault.fields.is_empty() => fault.at(path, "range"),
        _ => fault,
    })?;
    let library = app.library().clone();
    let (waiting, is_over) = (VecDeque::new(), false);
    Ok(streamed(Watch { listener, library, links, caller, waiting, is_over, place }))
}

/// Where the caller left off, and where he said so.
fn last_event(
    headers: &HeaderMap,
    query: &Fields,
) -> Result<(&'static str, Option<Id<Event>>), Fault> {
    let (path, raw) = match headers.get(LAST_EVENT_ID) {
        Some(value) => ("header.Last-Event-ID", Some(value.to_str().unwrap_or_default())),
        None => {
            let raw = query.one("last_event_id");
            ("query.last_event_id", raw.map_err(|fault| Fault::invalid_fields(vec![fault]))?)
        }
    };
    let read = |raw: &str| {
        let said = "must be the id of an event, as it was told";
        let no_id = || FieldFault::new(path, "format", said).with_input(raw);
        Id::parse(raw).ok_or_else(|| Fault::invalid_fields(vec![no_id()]))
    };
    Ok((path, raw.map(read).transpose()?))
}

/// A stream under way.
struct Watch {
    listener: Listener,
    library: Library,
    links: Links,
    caller: Caller,
    waiting: VecDeque<Sent>,
    is_over: bool,
    #[expect(dead_code, reason = "held until the stream ends")]
    place: Place,
}

fn streamed(mut watch: Watch) -> Response {
    watch.waiting.push_back(watch.position().retry(RETRY).comment("listening"));
    let events = Sse::new(events(watch, Instant::now() + LIFE));
    let mut response = events.keep_alive(KeepAlive::new().interval(HEARTBEAT)).into_response();
    // Or nginx would hold events back until its buffer is full.
    let unbuffered = HeaderName::from_static("x-accel-buffering");
    response.headers_mut().insert(unbuffered, HeaderValue::from_static("no"));
    response
}

/// The events until `end`. It ends early when they cannot be read; the client then comes back.
fn events(watch: Watch, end: Instant) -> impl Stream<Item = Result<Sent, Infallible>> {
    stream::unfold(watch, move |mut watch| async move {
        loop {
            if let Some(event) = watch.waiting.pop_front() {
                return Some((Ok(event), watch));
            }
            if watch.is_over {
                return None;
            }
            if let Err(fault) = watch.more(end).await {
                tracing::warn!(error = %fault, "a stream of events ended early");
                return None;
            }
        }
    })
}

impl Watch {
    /// Where the client is to resume, without an event.
    fn position(&self) -> Sent {
        Sent::default().id(self.listener.position().to_string())
    }

    /// Waits for events and makes them ready to be sent, each with its asset as it is now. At the
    /// end, that is the position that was reached.
    async fn more(&mut self, end: Instant) -> Result<(), Fault> {
        let Ok(news) = timeout_at(end, self.listener.next()).await else {
            self.is_over = true;
            self.waiting.push_back(self.position());
            return Ok(());
        };
        let news = news?;
        let mut ids: Vec<_> = news.iter().map(|event| event.asset_id).collect();
        ids.sort_unstable();
        ids.dedup();
        let assets = self.library.assets(&self.caller, &ids).await?;
        for event in news {
            let asset = assets.iter().find(|asset| asset.id == event.asset_id).cloned();
            let asset = asset.map(|asset| AssetBody::of(asset, &self.links, &self.caller));
            self.waiting.push_back(sent(&event, asset)?);
        }
        Ok(())
    }
}

fn sent(event: &Event, asset: Option<AssetBody>) -> Result<Sent, Fault> {
    let sent = Sent::default().id(event.id.to_string()).event(event.kind.word());
    sent.json_data(EventBody::of(event, asset)).map_err(Fault::internal)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "0190f2c4-a7e0-7d1b-8a55-0c2f6b0f4a11";

    fn last(header: Option<&'static str>, query: &str) -> Result<Option<Id<Event>>, Fault> {
        let mut headers = HeaderMap::new();
        if let Some(value) = header {
            headers.insert(LAST_EVENT_ID, HeaderValue::from_static(value));
        }
        let query = Fields::parse("query", query.as_bytes()).unwrap();
        last_event(&headers, &query).map(|(_, last)| last)
    }

    #[test]
    fn the_header_wins_over_the_query() {
        assert_eq!(last(None, "").unwrap(), None);
        assert_eq!(last(None, &format!("last_event_id={ID}")).unwrap(), Id::parse(ID));
        assert_eq!(last(Some(ID), "last_event_id=x").unwrap(), Id::parse(ID));
    }

    #[test]
    fn what_is_no_id_is_located() {
        let fault = last(Some("x"), "").unwrap_err();
        assert_eq!(fault.fields[0].path, ["header", "Last-Event-ID"]);
        let fault = last(None, "last_event_id=x").unwrap_err();
        assert_eq!(fault.fields[0].path, ["query", "last_event_id"]);
    }
}
