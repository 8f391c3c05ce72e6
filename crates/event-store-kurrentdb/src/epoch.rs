//! The epoch: which history this is, kept in a stream of its own that all instances read.

use bytes::Bytes;
use event_store::{Direction, Epoch};
use eventstore::{AppendToStreamOptions, Client, EventData, StreamState};
use uuid::Uuid;

use crate::OpenError;
use crate::error::{ServerError, Trouble};
use crate::pages::Pages;

const EVENT_TYPE: &str = "gatehouse.epoch.v1";

/// An epoch and the version of its event.
struct Known {
    epoch: Epoch,
    version: u64,
}

/// The epoch of this log; a log that has none is new and is given one.
pub(crate) async fn load(pages: &Pages) -> Result<Epoch, OpenError> {
    // Another instance may be as quick: whoever is first gives it.
    for _ in 0..3 {
        if let Some(known) = newest(pages).await? {
            return Ok(known.epoch);
        }
        write(pages, StreamState::NoStream).await?;
    }
    Err(OpenError::Damaged { at: pages.names.epochs().to_owned(), what: "the epoch of the log cannot be read back".to_owned() })
}

/// Starts a new epoch after the newest.
pub(crate) async fn renew(pages: &Pages) -> Result<Epoch, OpenError> {
    let known = newest(pages).await?;
    let state = known.map_or(StreamState::NoStream, |known| StreamState::StreamRevision(known.version));
    let epoch = write(pages, state).await?;
    match newest(pages).await? {
        Some(known) if known.epoch == epoch => Ok(epoch),
        Some(_) | None => Err(OpenError::Unreachable(ServerError("another epoch was started at the same time".into()))),
    }
}

async fn newest(pages: &Pages) -> Result<Option<Known>, OpenError> {
    let at = pages.names.epochs().to_owned();
    let page = match pages.stream(&at, None, Direction::Backwards, 1).await {
        Ok(page) => page,
        Err(Trouble::Deleted) => return Err(OpenError::Damaged { at, what: "the stream of epochs was deleted".to_owned() }),
        Err(trouble) => return Err(OpenError::Unreachable(ServerError(trouble.text()))),
    };
    let Some(event) = page.and_then(|page| page.into_iter().next()) else { return Ok(None) };
    if i64::try_from(event.position.commit).is_err() {
        return Err(OpenError::TooOld);
    }
    match Uuid::from_slice(&event.data) {
        Ok(epoch) if event.event_type == EVENT_TYPE => Ok(Some(Known { epoch: Epoch(epoch), version: event.revision })),
        Ok(_) | Err(_) => Err(OpenError::Damaged { at, what: "it is not an epoch of Gatehouse".to_owned() }),
    }
}

async fn write(pages: &Pages, state: StreamState) -> Result<Epoch, OpenError> {
    let epoch = random_id()?;
    let event = EventData::binary(EVENT_TYPE, Bytes::copy_from_slice(epoch.as_bytes())).id(random_id()?);
    let options = AppendToStreamOptions::default().stream_state(state).requires_leader(true);
    let (options, event) = (&options, &event);
    let asked = pages.patiently(|client: Client| async move {
        pages.connection.in_time(client.append_to_stream(pages.names.epochs(), options, event.clone())).await.map(|_| ())
    });
    match asked.await {
        // Another was quicker: it is read back in any case.
        Ok(()) | Err(Trouble::Elsewhere(_)) => Ok(Epoch(epoch)),
        Err(trouble) => Err(OpenError::Unreachable(ServerError(trouble.text()))),
    }
}

/// Bytes of the operating system's, as an id.
fn random_id() -> Result<Uuid, OpenError> {
    Ok(uuid::Builder::from_random_bytes(random_bytes()?).into_uuid())
}

/// Bytes of the operating system's.
pub(crate) fn random_bytes<const N: usize>() -> Result<[u8; N], OpenError> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|error| OpenError::Unreachable(ServerError(error.to_string().into())))?;
    Ok(bytes)
}
