//! `GET /v1/snapshot`: what is so now, and at which position.

use std::io;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderName, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use bytes::{Bytes, BytesMut};
use futures_util::stream::{self, Stream};
use public_feed::Snapshot;
use tokio::io::AsyncReadExt;
use tokio::sync::oneshot;

use super::spool::spool;
use crate::downstream::{Consumer, Slot};
use crate::events::EPOCH;
use crate::position::{POSITION, ReadAt};
use crate::problem::Problem;
use crate::reads::broken;
use crate::services::Services;

/// How much of the file is in memory at a time.
const CHUNK: usize = 64 * 1024;

/// Fetch a snapshot
///
/// What is so at one position, as far as the service is shown it: applications, organizations, users, subscriptions, access and
/// relationships, a JSON object a line (`/v1/schemas/snapshot.json`). The first line names the position and its epoch: the events after
/// that position (`GET /v1/events?after=…&epoch=…`) go on from there. The last line says how many there are; without it the snapshot was
/// cut off, and is to be fetched again. Lines of a kind that is not known are to be passed over.
#[utoipa::path(
    get,
    path = "/v1/snapshot",
    tag = "Events",
    operation_id = "snapshot",
    responses(
        (
            status = 200,
            description = "The lines",
            body = String,
            content_type = "application/x-ndjson",
            headers(("Gatehouse-Epoch" = Uuid, description = "The history that the position belongs to"))
        ),
        (status = 429, description = "The service fetches snapshots already", body = Problem),
        (status = 503, description = "Too many snapshots are fetched", body = Problem),
    )
)]
pub(super) async fn snapshot(State(services): State<Services>, consumer: Consumer, at: ReadAt) -> Result<Response, Problem> {
    let slot = services.downstream.snapshots.take(consumer.service)?;
    let view = services.read(&services.views.public_feed, at).await?;
    let epoch = services.downstream.origin.epoch;
    let position = services.position_text(view.position());
    let snapshot = Snapshot::new(consumer.scope, epoch);
    let (done, file) = oneshot::channel();
    let folder = services.downstream.spool.clone();
    tokio::spawn(async move {
        match spool(view, snapshot, &folder, || !done.is_closed()).await {
            Ok(Some(spooled)) => drop(done.send(spooled)),
            Ok(None) => {}
            // Logged here; whoever fetches it finds it cut off.
            Err(error) => drop(broken(error)),
        }
    });
    let mut response = Body::from_stream(parts(Fetching::Waiting(file), slot)).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/x-ndjson"));
    for (name, value) in [(EPOCH, epoch.to_string()), (POSITION, position)] {
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(HeaderName::from_static(name), value);
        }
    }
    Ok(response)
}

/// How far it is.
enum Fetching {
    /// The file is being written.
    Waiting(oneshot::Receiver<std::fs::File>),
    /// It is read.
    Reading(tokio::fs::File),
}

/// The file in parts, each read when there is room for it. The place is given back with it.
fn parts(fetching: Fetching, slot: Slot) -> impl Stream<Item = io::Result<Bytes>> {
    stream::try_unfold((fetching, slot), async |(fetching, slot)| {
        let mut file = match fetching {
            Fetching::Waiting(file) => {
                let cut_off = |_| io::Error::other("the snapshot could not be put together");
                tokio::fs::File::from_std(file.await.map_err(cut_off)?)
            }
            Fetching::Reading(file) => file,
        };
        let mut part = BytesMut::with_capacity(CHUNK);
        let read = file.read_buf(&mut part).await?;
        Ok((read > 0).then(|| (part.freeze(), (Fetching::Reading(file), slot))))
    })
}
