//! `GET /v1/events`: a batch of events.

use std::time::Duration;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderName, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use projection_runtime::Position;
use public_feed::Entry;
use serde::Deserialize;
use tokio::time::Instant;
use utoipa::IntoParams;
use uuid::Uuid;

use super::following::{Following, Waited};
use super::{EPOCH, start};
use crate::downstream::Consumer;
use crate::extract::Query;
use crate::position::{POSITION, ReadAt};
use crate::problem::Problem;
use crate::reads::broken;
use crate::services::Services;

/// The header with where the next batch begins.
const NEXT: &str = "gatehouse-next";
/// The longest that a request waits for events, in seconds. Requests end a little later than that at the latest.
const LONGEST_WAIT: u32 = 30;

/// Which events.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct EventsQuery {
    /// Those after this position: `Gatehouse-Next` of the batch before, or the position of a snapshot. From the first unless told.
    #[param(example = 4711)]
    after: Option<u64>,
    /// The epoch that this position belongs to, as events and snapshots name it. Of another one, the request is refused (409).
    epoch: Option<Uuid>,
    /// How many, 1 to 1,000; 100 unless told.
    limit: Option<u32>,
    /// How many seconds to wait if there are none yet, 0 to 30; none unless told.
    wait: Option<u32>,
}

/// Read events
///
/// What happened after a position, as far as the service is shown it, in order: CloudEvents with the same bytes as over NATS.
/// `Gatehouse-Next` says where the next batch begins, `Gatehouse-Epoch` which history that belongs to; keep both once the batch has been
/// dealt with. With `wait`, an empty answer comes only when nothing happened in that time. Types that are not known are to be passed over.
#[utoipa::path(
    get,
    path = "/v1/events",
    tag = "Events",
    operation_id = "list",
    params(EventsQuery),
    responses(
        (
            status = 200,
            description = "A batch of events; an empty one: there are no more yet",
            body = Vec<Object>,
            content_type = "application/cloudevents-batch+json",
            headers(
                ("Gatehouse-Next" = u64, description = "The position after which the next batch begins"),
                ("Gatehouse-Epoch" = Uuid, description = "The history that positions belong to"),
                ("Link" = String, description = "The next batch, as `rel=\"next\"`"),
            )
        ),
        (status = 400, description = "The query cannot be read", body = Problem),
        (status = 409, description = "The position is of another epoch, or beyond the last: start again from a snapshot", body = Problem),
        (status = 429, description = "Too many requests of this service wait", body = Problem),
    )
)]
pub(super) async fn events(
    State(services): State<Services>,
    consumer: Consumer,
    at: ReadAt,
    Query(query): Query<EventsQuery>,
) -> Result<Response, Problem> {
    let after = start(&services, query.after.unwrap_or_default(), query.epoch, "query:after")?;
    let limit = batch_size(query.limit)?;
    let patience = patience(query.wait)?;
    let _slot = if patience.is_zero() { None } else { Some(services.downstream.followers.take(consumer.service)?) };
    let until = Instant::now() + patience;
    let mut following = Following::new(services, consumer, after);
    loop {
        let (entries, position) = following.page(at, limit).await?;
        let left = until.saturating_duration_since(Instant::now());
        if !entries.is_empty() || left.is_zero() || following.more(left).await == Waited::Stopping {
            return answer(&following, &entries, position, limit);
        }
    }
}

fn batch_size(limit: Option<u32>) -> Result<u32, Problem> {
    match limit {
        None => Ok(100),
        Some(limit @ 1..=1_000) => Ok(limit),
        Some(_) => Err(Problem::malformed("query:limit", "a batch has 1 to 1,000 events")),
    }
}

fn patience(wait: Option<u32>) -> Result<Duration, Problem> {
    match wait.unwrap_or_default() {
        seconds @ 0..=LONGEST_WAIT => Ok(Duration::from_secs(seconds.into())),
        _ => Err(Problem::malformed("query:wait", "a request waits 0 to 30 seconds")),
    }
}

fn answer(following: &Following, entries: &[Entry], position: Position, limit: u32) -> Result<Response, Problem> {
    let (services, next) = (&following.services, following.after);
    let origin = &services.downstream.origin;
    let mut body = vec![b'['];
    for entry in entries {
        if body.len() > 1 {
            body.push(b',');
        }
        body.extend(entry.envelope(origin).and_then(|envelope| envelope.to_json()).map_err(broken)?);
    }
    body.push(b']');
    let link = format!("<{}/v1/events?after={next}&epoch={}&limit={limit}>; rel=\"next\"", services.base_url, origin.epoch);
    let mut response = Body::from(body).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/cloudevents-batch+json"));
    for (name, value) in [
        (NEXT, next.to_string()),
        (EPOCH, origin.epoch.to_string()),
        (POSITION, services.position_text(position)),
        (header::LINK.as_str(), link),
    ] {
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(HeaderName::from_static(name), value);
        }
    }
    Ok(response)
}
