//! Pages of events as the server gives them, and what each of them is to us.

use std::sync::Arc;
use std::time::{Duration, Instant};

use event_store::{Direction, Position, ReadError, Recorded, StreamId};
use eventstore::{Client, ReadAllOptions, ReadStream, ReadStreamOptions, RecordedEvent, StreamPosition};

use crate::connection::Connection;
use crate::error::{Trouble, damaged};
use crate::frame::{Frame, Mark};
use crate::names::{Names, Owner};

/// How long to wait before the server is asked again, at first and at most.
const PAUSES: (Duration, Duration) = (Duration::from_millis(10), Duration::from_millis(250));

/// Where a page of all events begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// At the first or at the last event, as the direction is.
    End,
    /// Forwards with the event here, backwards with the one before.
    At(eventstore::Position),
}

impl Place {
    pub(crate) fn of(position: u64) -> Self {
        Self::At(eventstore::Position { commit: position, prepare: position })
    }
}

/// One of our events, as it is stored.
#[derive(Debug, Clone)]
pub(crate) struct Ours {
    pub(crate) event: Recorded,
    pub(crate) mark: Mark,
}

/// What an event in the server is to us.
#[derive(Debug, Clone)]
pub(crate) enum Meaning {
    /// One of our events.
    Ours(Box<Ours>),
    /// What the server keeps about one of our streams says that some of its events are not to be seen.
    Hides(StreamId),
    /// An epoch of this log, and whether it is the first, which is older than any event.
    Epoch { epoch: Option<[u8; 16]>, is_first: bool },
    /// Nothing.
    Another,
}

/// Asks for pages until they come or the time is up.
pub(crate) struct Pages {
    pub(crate) connection: Connection,
    pub(crate) names: Names,
    pub(crate) deadline: Duration,
    /// The most events asked for at once.
    pub(crate) page: usize,
}

impl Pages {
    /// A page of the events of everyone. Shorter than asked for only at the end.
    pub(crate) async fn all(&self, place: Place, direction: Direction, count: usize) -> Result<Vec<RecordedEvent>, Trouble> {
        let position = match (place, direction) {
            (Place::At(position), _) => StreamPosition::Position(position),
            (Place::End, Direction::Forwards) => StreamPosition::Start,
            (Place::End, Direction::Backwards) => StreamPosition::End,
        };
        let options = ReadAllOptions::default().position(position).max_count(count).requires_leader(true);
        let options = match direction {
            Direction::Forwards => options.forwards(),
            Direction::Backwards => options.backwards(),
        };
        let options = &options;
        self.patiently(|client| async move { self.whole(client.read_all(options)).await }).await
    }

    /// A page of the events of one stream; none if there is no such stream.
    pub(crate) async fn stream(
        &self,
        name: &str,
        from: Option<u64>,
        direction: Direction,
        count: usize,
    ) -> Result<Option<Vec<RecordedEvent>>, Trouble> {
        let position = match (from, direction) {
            (Some(version), _) => StreamPosition::Position(version),
            (None, Direction::Forwards) => StreamPosition::Start,
            (None, Direction::Backwards) => StreamPosition::End,
        };
        let options = ReadStreamOptions::default().position(position).max_count(count).requires_leader(true);
        let options = match direction {
            Direction::Forwards => options.forwards(),
            Direction::Backwards => options.backwards(),
        };
        let options = &options;
        let page = self.patiently(|client| async move { self.whole(client.read_stream(name, options)).await }).await;
        match page {
            Ok(events) => Ok(Some(events)),
            Err(Trouble::NoStream) => Ok(None),
            Err(trouble) => Err(trouble),
        }
    }

    /// Asks until there is an answer or the time is up.
    pub(crate) async fn patiently<T, F>(&self, question: impl Fn(Client) -> F) -> Result<T, Trouble>
    where
        F: Future<Output = eventstore::Result<T>>,
    {
        let since = Instant::now();
        let mut pause = PAUSES.0;
        loop {
            match self.connection.ask(&question).await {
                Err(Trouble::NotDone(_) | Trouble::Unknown(_)) if since.elapsed() + pause < self.deadline => {
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(PAUSES.1);
                }
                answer => return answer,
            }
        }
    }

    /// All of an answer. Each event is waited for anew: a page of large ones may take long.
    async fn whole(&self, answer: impl Future<Output = eventstore::Result<ReadStream>>) -> eventstore::Result<Vec<RecordedEvent>> {
        let mut answer = self.connection.in_time(answer).await?;
        let mut events = Vec::new();
        while let Some(event) = self.connection.in_time(answer.next()).await? {
            events.extend(event.event);
        }
        Ok(events)
    }

    /// What an event is to us.
    pub(crate) fn meaning(&self, event: RecordedEvent) -> Result<Meaning, ReadError> {
        match self.names.owner(event.stream_id()) {
            Owner::Another => Ok(Meaning::Another),
            Owner::Epochs => Ok(Meaning::Epoch { epoch: event.data.as_ref().try_into().ok(), is_first: event.revision == 0 }),
            Owner::About(stream) if hides_events(&event.data) => Ok(Meaning::Hides(stream)),
            Owner::About(_) => Ok(Meaning::Another),
            Owner::Ours(stream) => ours(stream, event).map(|ours| Meaning::Ours(Box::new(ours))),
        }
    }
}

impl Pages {
    /// Whether a stream whose events were once hidden shows them all again: nothing hides them now, and the first is there.
    pub(crate) async fn still_whole(&self, stream: &StreamId) -> Result<(), ReadError> {
        if self.hidden_now(stream).await? {
            return Err(damaged(stream, "its events were deleted, or are hidden by the stream's metadata"));
        }
        match self.stream(&self.names.of(stream), Some(0), Direction::Forwards, 1).await {
            Ok(Some(page)) if page.first().is_some_and(|event| event.revision == 0) => Ok(()),
            Ok(_) | Err(Trouble::Deleted) => Err(damaged(stream, "its first events were removed")),
            Err(trouble) => Err(trouble.unavailable()),
        }
    }

    /// Whether the newest metadata of a stream hides events.
    pub(crate) async fn hidden_now(&self, stream: &StreamId) -> Result<bool, ReadError> {
        let about = self.names.about(stream);
        let newest = self.stream(&about, None, Direction::Backwards, 1).await.map_err(|trouble| trouble.unavailable())?;
        Ok(newest.into_iter().flatten().any(|event| hides_events(&event.data)))
    }
}

/// Whether metadata of a stream keeps events from being seen: `$tb` and what leads to scavenging.
fn hides_events(metadata: &[u8]) -> bool {
    let mentions = |key: &[u8]| metadata.windows(key.len()).any(|window| window == key);
    mentions(b"\"$tb\"") || mentions(b"\"$maxCount\"") || mentions(b"\"$maxAge\"")
}

fn ours(stream: StreamId, event: RecordedEvent) -> Result<Ours, ReadError> {
    let (position, version) = (event.position.commit, event.revision);
    let at = || format!("{stream} version {version}");
    if event.event_type == "$streamDeleted" {
        return Err(damaged(at(), "the stream was deleted"));
    }
    // Each event is a record of its own. Only an old client's transaction could give several events one commit position.
    if event.position.prepare != position || position == 0 || i64::try_from(position).is_err() {
        return Err(damaged(at(), "it has no position of its own"));
    }
    let frame = Frame::decode(event.custom_metadata).ok_or_else(|| damaged(at(), "it was not written by Gatehouse"))?;
    let recorded = Recorded {
        position: Position(position),
        stream,
        version,
        id: event.id,
        event_type: Arc::from(event.event_type),
        recorded_at: frame.recorded_at,
        metadata: frame.metadata,
        data: event.data,
    };
    Ok(Ours { event: recorded, mark: frame.mark })
}
