//! `GET /v1/events/stream`: events as they happen.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream::{self, Stream};
use public_feed::{Entry, Origin};
use serde::Deserialize;
use utoipa::IntoParams;
use uuid::Uuid;

use super::following::{Following, Waited};
use super::{EPOCH, start};
use crate::downstream::{Consumer, Slot};
use crate::extract::Query;
use crate::position::ReadAt;
use crate::problem::Problem;
use crate::services::Services;

/// How many events are read at once, and so the most that wait in memory for a slow reader.
const AT_ONCE: u32 = 64;
/// How often it is looked whether the token still works while nothing happens.
const CHECK: Duration = Duration::from_secs(5);
/// How often a comment is sent while nothing happens, so that who stands between does not take the stream for dead.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// How long a reader should wait before it comes again.
const RETRY: Duration = Duration::from_secs(2);

/// From where on.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct StreamQuery {
    /// Events after this position; from the first unless told. `Last-Event-ID` counts for more.
    #[param(example = 4711)]
    after: Option<u64>,
    /// The epoch that this position belongs to. Of another one, the request is refused (409).
    epoch: Option<Uuid>,
}

/// Follow events
///
/// What happened after a position, and then what happens, as server-sent events: `id` is `<epoch>:<position>`, `event` the type, `data` the
/// CloudEvent with the same bytes as over NATS. A reader that comes again with `Last-Event-ID` goes on where it was. The stream ends when
/// the service stops, and when the token or the service works no more; what it is shown follows a change of its scope.
#[utoipa::path(
    get,
    path = "/v1/events/stream",
    tag = "Events",
    operation_id = "stream",
    params(
        StreamQuery,
        ("Last-Event-ID" = Option<String>, Header, description = "The `id` of the last event that was dealt with")
    ),
    responses(
        (status = 200, description = "The events", body = String, content_type = "text/event-stream"),
        (status = 400, description = "The position cannot be read", body = Problem),
        (status = 409, description = "The position is of another epoch, or beyond the last: start again from a snapshot", body = Problem),
        (status = 429, description = "The service has too many streams", body = Problem),
        (status = 503, description = "There are too many streams", body = Problem),
    )
)]
pub(super) async fn stream(
    State(services): State<Services>,
    consumer: Consumer,
    headers: HeaderMap,
    Query(query): Query<StreamQuery>,
) -> Result<Response, Problem> {
    let after = match headers.get("last-event-id") {
        Some(last) => {
            let (epoch, position) = last_event(last)?;
            start(&services, position, Some(epoch), "header:Last-Event-ID")?
        }
        None => start(&services, query.after.unwrap_or_default(), query.epoch, "query:after")?,
    };
    let slot = services.downstream.followers.take(consumer.service)?;
    let origin = services.downstream.origin.clone();
    let epoch = HeaderValue::from_str(&origin.epoch.to_string());
    let telling = Telling { following: Following::new(services, consumer, after), origin, read: VecDeque::new(), _slot: slot };
    let mut response = Sse::new(told(telling)).keep_alive(KeepAlive::new().interval(KEEP_ALIVE).text("nothing new")).into_response();
    let headers = response.headers_mut();
    // Proxies that gather an answer before they pass it on are asked not to.
    headers.insert(HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"));
    if let Ok(epoch) = epoch {
        headers.insert(HeaderName::from_static(EPOCH), epoch);
    }
    Ok(response)
}

/// The epoch and position of the last event that a reader saw.
fn last_event(value: &HeaderValue) -> Result<(Uuid, u64), Problem> {
    let parsed = value.to_str().ok().and_then(|text| text.split_once(':')).and_then(|(epoch, position)| {
        let position = position.parse().ok()?;
        Some((epoch.parse().ok()?, position))
    });
    parsed.ok_or_else(|| Problem::malformed("header:Last-Event-ID", "this is not the `id` of an event of this stream"))
}

struct Telling {
    following: Following,
    origin: Origin,
    /// Read, and not yet asked for by the reader.
    read: VecDeque<Entry>,
    _slot: Slot,
}

impl Telling {
    /// The next event; none: the stream ends.
    async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(entry) = self.read.pop_front() {
                return self.event(&entry);
            }
            let (entries, _) = self.following.page(ReadAt(None), AT_ONCE).await.ok()?;
            self.read = entries.into();
            if self.read.is_empty() && self.following.more(CHECK).await == Waited::Stopping {
                return None;
            }
        }
    }

    fn event(&self, entry: &Entry) -> Option<Event> {
        let data = entry.envelope(&self.origin).and_then(|envelope| envelope.to_json());
        // An event is never passed over: a stream that cannot tell it ends before it.
        let data = data.inspect_err(|error| tracing::error!(%error, position = %entry.position, "an event cannot be told")).ok()?;
        let id = format!("{}:{}", self.origin.epoch, entry.position);
        Some(Event::default().id(id).event(&entry.kind).data(String::from_utf8(data).ok()?))
    }
}

/// All that the reader is told. Pulled by the reader: nothing is read before there is room for it.
fn told(telling: Telling) -> impl Stream<Item = Result<Event, Infallible>> {
    let hello = Event::default().retry(RETRY).comment(format!("after {}", telling.following.after));
    stream::unfold((Some(hello), telling), async |(hello, mut telling)| {
        let event = match hello {
            Some(hello) => hello,
            None => telling.next().await?,
        };
        Some((Ok(event), (None, telling)))
    })
}
