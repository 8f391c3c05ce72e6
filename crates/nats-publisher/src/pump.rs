//! Publishing over one connection: many messages on their way, acknowledged in their order.

use std::collections::VecDeque;
use std::future::{Future, pending};
use std::pin::Pin;

use async_nats::jetstream::context::PublishError;
use async_nats::jetstream::publish::PublishAck;
use futures_util::FutureExt;
use jiff::Timestamp;
use public_events::Position;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::connection::Connection;
use crate::cursor::Cursor;
use crate::message::Message;
use crate::read_ahead::{Read, ReadAhead};
use crate::worker::{End, Goal, Halt, Tail, Worker, causes};

/// What came of a message.
type Acknowledgement = Pin<Box<dyn Future<Output = Result<PublishAck, PublishError>> + Send>>;

/// A message on its way.
struct Flight {
    sequence: u64,
    position: Position,
    id: Uuid,
    acknowledgement: Acknowledgement,
}

/// Publishes until something comes between.
pub(crate) struct Pump<'a> {
    worker: &'a mut Worker,
    /// What was acknowledged last.
    tail: Tail,
    /// The sequence that the last message sent will have.
    sent: u64,
    /// Up to here, a message may turn out to be in the stream already: it was sent before.
    sent_before: u64,
    flights: VecDeque<Flight>,
    ready: VecDeque<Message>,
    no_more: bool,
    saved_at: Timestamp,
}

impl<'a> Pump<'a> {
    pub(crate) fn new(worker: &'a mut Worker, tail: Tail) -> Self {
        let (sent, sent_before, saved_at) = (tail.sequence, worker.own.unwrap_or(tail.sequence), worker.pause.now());
        Self { worker, tail, sent, sent_before, flights: VecDeque::new(), ready: VecDeque::new(), no_more: false, saved_at }
    }

    /// Publishes until the goal is reached, it is told to stop, or something is in the way. What was acknowledged is then in the cursor,
    /// unless that cannot be written.
    pub(crate) async fn run(mut self, connection: &mut Connection, goal: Goal, stop: &CancellationToken) -> End {
        let end = match self.publish(connection, goal, stop).await {
            Ok(never) => match never {},
            Err(end) => end,
        };
        let saved = self.save().await;
        match (end, saved) {
            (End::Told | End::Everything, Err(error)) => error,
            (end, _) => end,
        }
    }

    async fn publish(&mut self, connection: &mut Connection, goal: Goal, stop: &CancellationToken) -> Result<Never, End> {
        let stream = self.worker.settings.stream.name.clone();
        let mut ahead = ReadAhead::start(self.worker.feed.clone(), self.tail.position, stream, self.tail.inbound.clone());
        let pause = self.worker.pause.clone();
        loop {
            let idle = self.flights.is_empty() && self.ready.is_empty() && self.no_more;
            self.save_if_due(idle).await?;
            self.send(connection).await?;
            if idle {
                self.worker.board.idle();
                if goal == Goal::Everything {
                    return Err(End::Everything);
                }
            }
            let (in_flight, wants_more) = (!self.flights.is_empty(), self.ready.is_empty());
            tokio::select! {
                biased;
                () = stop.cancelled() => return Err(self.finish().await),
                () = connection.lost() => return Err(End::Again("the connection to the NATS server is lost".to_owned())),
                result = first(&mut self.flights), if in_flight => self.acknowledged(result).await?,
                read = ahead.next(), if wants_more => self.take(read)?,
                () = pause.pause(self.worker.settings.look_every), if idle => self.look(connection).await?,
            }
        }
    }

    /// Sends what is ready, as much as may be in flight and ahead of the cursor.
    async fn send(&mut self, connection: &Connection) -> Result<(), End> {
        let most = self.worker.cursor.as_ref().map_or(0, |cursor| cursor.sequence).saturating_add(self.worker.settings.batch);
        while self.flights.len() < self.worker.settings.in_flight && self.sent < most {
            let Some(message) = self.ready.pop_front() else { break };
            let (position, id, subject) = (message.position, message.id, message.subject.clone());
            let sent = connection.context.send_publish(subject, message.publish(self.sent)).await;
            let acknowledgement = sent.map_err(|error| End::Again(format!("event {id} cannot be sent: {}", causes(&error))))?;
            self.sent += 1;
            self.worker.own = self.worker.own.max(Some(self.sent));
            self.flights.push_back(Flight { sequence: self.sent, position, id, acknowledgement: acknowledgement.into_future() });
        }
        Ok(())
    }

    fn take(&mut self, read: Read) -> Result<(), End> {
        match read {
            Read::Page(messages) => {
                self.no_more = false;
                self.ready.extend(messages);
                self.worker.board.publishing(&*self.worker.feed);
                Ok(())
            }
            Read::NoMore => {
                self.no_more = true;
                Ok(())
            }
            Read::Failed(error) => Err(error.into()),
            Read::Broken(error) => Err(End::Halt(Halt::Message(error))),
        }
    }

    /// Takes the first acknowledgement, and those after it that have come meanwhile.
    async fn acknowledged(&mut self, first: Result<PublishAck, PublishError>) -> Result<(), End> {
        let mut next = Some(first);
        let mut count = 0;
        while let Some(result) = next {
            let Some(flight) = self.flights.pop_front() else { break };
            if let Err(end) = self.accept(&flight, result) {
                self.worker.board.at(self.tail.position, self.tail.sequence, count);
                // What is still on its way is waited for, so that the look at the stream that follows sees what became of it.
                self.land().await;
                return Err(end);
            }
            count += 1;
            next = self.flights.front_mut().and_then(|flight| (&mut flight.acknowledgement).now_or_never());
        }
        self.worker.board.at(self.tail.position, self.tail.sequence, count);
        Ok(())
    }

    fn accept(&mut self, flight: &Flight, result: Result<PublishAck, PublishError>) -> Result<(), End> {
        let Flight { sequence, position, id, .. } = *flight;
        let failed = |what: &str| End::Again(format!("event {id} at position {position} was not acknowledged: {what}"));
        let acknowledged = result.map_err(|error| failed(&causes(&error)))?;
        if acknowledged.duplicate && acknowledged.sequence != sequence {
            let at = acknowledged.sequence;
            return Err(failed(&format!("the server takes it for message {at}, until its window of deduplication is over")));
        }
        if acknowledged.sequence != sequence {
            return Err(failed(&format!("it is message {}, not {sequence}", acknowledged.sequence)));
        }
        self.tail = Tail { sequence, position, message: Some(id), inbound: std::mem::take(&mut self.tail.inbound) };
        tracing::debug!(event = %id, position = position.0, sequence, "published");
        if acknowledged.duplicate && sequence > self.sent_before {
            // Nobody but another publisher can have sent it before.
            self.worker.rival = Some(sequence);
            return Err(End::Rival);
        }
        Ok(())
    }

    /// Waits for what is on its way, whatever comes of it.
    async fn land(&mut self) {
        futures_util::future::join_all(self.flights.drain(..).map(|flight| flight.acknowledgement)).await;
    }

    /// Told to stop: what is on its way still counts if it is acknowledged.
    async fn finish(&mut self) -> End {
        while let Some(mut flight) = self.flights.pop_front() {
            let result = (&mut flight.acknowledgement).await;
            if self.accept(&flight, result).is_err() {
                break;
            }
        }
        self.worker.board.at(self.tail.position, self.tail.sequence, 0);
        End::Told
    }

    /// Nothing is to be done: whether the stream is still as it was left.
    async fn look(&mut self, connection: &Connection) -> Result<(), End> {
        let seen = self.worker.settle(connection).await?;
        if seen.sequence == self.tail.sequence {
            return Ok(());
        }
        Err(End::Again("the stream was filled by somebody else meanwhile".to_owned()))
    }

    /// Writes the cursor when half a batch is acknowledged beyond it, when it is old, and when there is nothing else to do.
    async fn save_if_due(&mut self, idle: bool) -> Result<(), End> {
        let known = self.worker.cursor.as_ref().map_or(0, |cursor| cursor.sequence);
        let beyond = self.tail.sequence.saturating_sub(known);
        if beyond == 0 {
            return Ok(());
        }
        let old = || self.worker.pause.now().duration_since(self.saved_at).unsigned_abs() >= self.worker.settings.cursor_every;
        if idle || beyond >= self.worker.settings.batch / 2 || old() {
            self.save().await?;
        }
        Ok(())
    }

    async fn save(&mut self) -> Result<(), End> {
        let Some(old) = self.worker.cursor.clone() else { return Ok(()) };
        if old.sequence >= self.tail.sequence {
            return Ok(());
        }
        let Tail { sequence, position, message, .. } = self.tail.clone();
        self.worker.save(Cursor { sequence, position, message, ..old }).await?;
        self.saved_at = self.worker.pause.now();
        Ok(())
    }
}

/// What cannot be.
enum Never {}

/// What comes of the first message on its way.
async fn first(flights: &mut VecDeque<Flight>) -> Result<PublishAck, PublishError> {
    match flights.front_mut() {
        Some(flight) => (&mut flight.acknowledgement).await,
        None => pending().await,
    }
}
