//! Comparing a stream with the log, message by message, and putting right what can be.

use std::collections::VecDeque;
use std::sync::Arc;

use async_nats::jetstream::Context;
use async_nats::jetstream::consumer::pull::OrderedConfig;
use futures_util::StreamExt;
use public_events::{Envelope, Position};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::connection::Connection;
use crate::cursor::Cursor;
use crate::cursor_place::CursorPlace;
use crate::feed::{Feed, FeedError, event_at};
use crate::message::Label;
use crate::pause::Pause;
use crate::repair::{Progress, RepairError, messages, publish_all};
use crate::settings::Settings;
use crate::stream::{self, Look};
use crate::worker::Worker;

/// How many events of the log are read at once.
const PAGE: usize = 1000;

/// How many holes and strangers are told one by one; all are counted.
const TOLD: usize = 1000;

/// After how many messages it is told how far the comparison has come.
const TELL_EVERY: u64 = 1000;

/// Events that the stream lacks between others that it has. They cannot be put in between.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hole {
    /// The position of the first event that is missing.
    pub first: Position,
    /// The position of the last one.
    pub last: Position,
    /// How many there are.
    pub events: u64,
}

/// A message that is no event of the log: the end of another history, which a restore of the log has lost, or somebody else's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stranger {
    /// The message's sequence in the stream.
    pub sequence: u64,
    /// The event's id, if it says one.
    pub id: Option<Uuid>,
    /// The position that it had, if it says one.
    pub position: Option<Position>,
    /// In which history of the log.
    pub epoch: Option<Uuid>,
}

/// What a comparison found, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Reconciled {
    /// Whether there was no stream, and it was made anew.
    pub made: bool,
    /// How many messages of the stream were compared.
    pub compared: u64,
    /// What lies between others and is missing, the first thousand holes. Accepted as it is; a new stream, filled with
    /// [`crate::refill()`], has none.
    pub holes: Vec<Hole>,
    /// How many events are missing in all holes.
    pub missing: u64,
    /// Messages that are no events of the log, the first thousand. They stay.
    pub strangers: Vec<Stranger>,
    /// How many there are.
    pub stranger_count: u64,
    /// How many events at the end were missing, and were published.
    pub published: u64,
}

/// Compares the stream with the log from its first message to its last, sets the cursor, and publishes what is missing at the end.
///
/// A stream that is gone is made anew and filled from the beginning, and so is one that was emptied. Needs memory for a page of events
/// only. A publisher that runs meanwhile with the same cursor does no harm, but goes on by itself as soon as the cursor is right, and what it
/// publishes then is not counted here.
///
/// # Errors
/// [`RepairError`]. Nothing is lost by it: done again, it begins anew.
pub async fn reconcile(
    feed: Arc<dyn Feed>,
    settings: Settings,
    cursor: impl Into<CursorPlace> + Send,
    pause: Arc<dyn Pause>,
    stop: &CancellationToken,
    progress: &(dyn Fn(&Progress) + Send + Sync),
) -> Result<Reconciled, RepairError> {
    let mut worker = Worker::new(feed.clone(), settings, cursor.into(), pause);
    let mut connection = Connection::open(&worker.settings).await?;
    let name = worker.settings.stream.name.clone();
    let found = stream::look(&connection.context, &name).await?;
    let made = found.is_none();
    let look = match found {
        Some(look) => look,
        None => stream::make(&connection.context, &worker.settings.stream, false).await?,
    };
    let known = worker.place.read(None).await.ok().flatten();
    let mut comparison = Comparison::new(&*feed, &look, known.as_ref()).await?;
    if look.messages > 0 {
        let context = connection.context.clone();
        tokio::select! {
            () = stop.cancelled() => return Err(RepairError::Stopped),
            () = connection.lost() => return Err(RepairError::Messages("the connection to the NATS server is lost".to_owned())),
            result = comparison.read(&context, &worker.settings, progress) => result?,
        }
    }
    let Comparison { position, last, mut report, .. } = comparison;
    drop(connection);
    worker.save(cursor_of(&look, name.as_str(), position, last, feed.epoch())).await?;
    let told = Progress { compared: report.compared, to_compare: report.compared, ..Progress::default() };
    report.made = made;
    report.published = publish_all(&mut worker, stop, &told, progress).await?;
    Ok(report)
}

fn cursor_of(look: &Look, stream: &str, position: Position, message: Option<Uuid>, epoch: Uuid) -> Cursor {
    let missing = look.last.saturating_sub(look.messages);
    Cursor { stream: stream.to_owned(), created: look.created, sequence: look.last, message, position, epoch, missing }
}

/// A walk through the stream with the log beside it.
struct Comparison<'a> {
    ahead: Ahead<'a>,
    look: &'a Look,
    /// The position of the last event that both have; what follows it in the log is to be published.
    position: Position,
    /// The id of the stream's last message.
    last: Option<Uuid>,
    report: Reconciled,
}

impl<'a> Comparison<'a> {
    async fn new(feed: &'a dyn Feed, look: &'a Look, cursor: Option<&Cursor>) -> Result<Self, FeedError> {
        let mut position = Position(0);
        if look.messages == 0 && look.limited {
            // All that it had has expired. What it had is known from the cursor alone, if that is of this stream and this log.
            let of_stream = cursor.filter(|cursor| cursor.created == look.created && cursor.sequence <= look.last);
            if let Some(cursor) = of_stream
                && event_at(feed, cursor.position).await?.map(|event| event.id) == cursor.message
            {
                position = cursor.position;
            }
        }
        Ok(Self { ahead: Ahead::after(feed, position), look, position, last: None, report: Reconciled::default() })
    }

    /// Reads all messages, without their bodies.
    async fn read(
        &mut self,
        context: &Context,
        settings: &Settings,
        progress: &(dyn Fn(&Progress) + Send + Sync),
    ) -> Result<(), RepairError> {
        let stream = context.get_stream(settings.stream.name.as_str()).await.map_err(|error| messages(&error))?;
        let config = OrderedConfig { headers_only: true, ..OrderedConfig::default() };
        let consumer = stream.create_consumer(config).await.map_err(|error| messages(&error))?;
        let mut arriving = consumer.messages().await.map_err(|error| messages(&error))?;
        loop {
            // A stream whose messages expire meanwhile may have no next one.
            let next = tokio::time::timeout(settings.patience.saturating_mul(4), arriving.next()).await;
            let Ok(Some(message)) = next else {
                return Err(RepairError::Messages("no more messages came, though the stream has more".to_owned()));
            };
            let message = message.map_err(|error| messages(&error))?;
            let (sequence, pending) = match message.info() {
                Ok(info) => (info.stream_sequence, info.pending),
                Err(error) => return Err(RepairError::Messages(error.to_string())),
            };
            if sequence <= self.look.last {
                let label = message.headers.as_ref().and_then(Label::of);
                self.compare(sequence, label).await?;
                if self.report.compared.is_multiple_of(TELL_EVERY) {
                    progress(&Progress { compared: self.report.compared, to_compare: self.look.messages, ..Progress::default() });
                }
            }
            if sequence >= self.look.last || pending == 0 {
                return Ok(());
            }
        }
    }

    async fn compare(&mut self, sequence: u64, label: Option<Label>) -> Result<(), FeedError> {
        self.report.compared += 1;
        self.last = label.map(|label| label.id);
        let Some(label) = label else {
            self.stranger(sequence, None);
            return Ok(());
        };
        if self.ahead.peek().await?.is_some_and(|(_, id)| id == label.id) {
            self.ahead.pass().await?;
            self.position = label.position;
            return Ok(());
        }
        // Not the next event of the log: a later one, after a hole, or none of this log.
        let is_ours = event_at(self.ahead.feed, label.position).await?.is_some_and(|event| event.id == label.id);
        if !is_ours || label.position <= self.position {
            self.stranger(sequence, Some(label));
            return Ok(());
        }
        let expired = self.report.compared == 1 && self.look.limited;
        self.skip_to(label.position, !expired).await?;
        self.position = label.position;
        Ok(())
    }

    /// Passes over events up to one that the stream has; what lies before it is missing.
    async fn skip_to(&mut self, position: Position, is_hole: bool) -> Result<(), FeedError> {
        let mut hole: Option<Hole> = None;
        while let Some((at, _)) = self.ahead.peek().await? {
            self.ahead.pass().await?;
            if at >= position {
                break;
            }
            let before = hole.get_or_insert(Hole { first: at, last: at, events: 0 });
            before.last = at;
            before.events += 1;
        }
        if let Some(hole) = hole.filter(|_| is_hole) {
            self.report.missing += hole.events;
            if self.report.holes.len() < TOLD {
                self.report.holes.push(hole);
            }
        }
        Ok(())
    }

    fn stranger(&mut self, sequence: u64, label: Option<Label>) {
        self.report.stranger_count += 1;
        if self.report.strangers.len() < TOLD {
            let (id, position, epoch) = (label.map(|label| label.id), label.map(|label| label.position), label.map(|label| label.epoch));
            self.report.strangers.push(Stranger { sequence, id, position, epoch });
        }
    }
}

/// The events of the log in their order, a page at a time.
struct Ahead<'a> {
    feed: &'a dyn Feed,
    read_to: Position,
    page: VecDeque<(Position, Uuid)>,
}

impl<'a> Ahead<'a> {
    fn after(feed: &'a dyn Feed, position: Position) -> Self {
        Self { feed, read_to: position, page: VecDeque::new() }
    }

    /// The next event; none at the end of the log.
    async fn peek(&mut self) -> Result<Option<(Position, Uuid)>, FeedError> {
        if self.page.is_empty() {
            let events: Vec<Envelope> = self.feed.page(self.read_to, PAGE).await?;
            self.read_to = events.last().map_or(self.read_to, |event| event.position);
            self.page.extend(events.iter().map(|event| (event.position, event.id)));
        }
        Ok(self.page.front().copied())
    }

    /// Passes over the next event.
    async fn pass(&mut self) -> Result<(), FeedError> {
        self.peek().await?;
        self.page.pop_front();
        Ok(())
    }
}
