//! Appending: what is asked of the server, what its answers mean, and how an append whose outcome is unknown gets one.
//!
//! An append is asked for again with the same event ids and the same expectation until it has an answer or its time is up. It
//! cannot be made twice: once it was made, the expectation no longer holds, and the ids at the places it was meant for tell
//! whether it was this one. The answer that it was made counts only when the event was read back from `$all`: that gives its
//! position, and its mark tells whether it is ours or was there before.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use event_store::judge::{self, Judgement};
use event_store::{Append, AppendError, Appended, Expected, NewEvent, Position, ReadError, Settle, StreamId};
use eventstore::{AppendToStreamOptions, EventData, StreamState, WriteResult};
use tokio::sync::{Semaphore, oneshot};

use crate::error::Trouble;
use crate::failure::Failure;
use crate::follower::{Found, Head};
use crate::frame::{Frame, Mark};
use crate::queue::{Queue, Queued};
use crate::reader::Reader;
use crate::times::Times;

/// How long to wait before an append is asked for again, at first and at most.
const PAUSES: (Duration, Duration) = (Duration::from_millis(10), Duration::from_millis(250));

pub(crate) struct Writer {
    pub(crate) reader: Arc<Reader>,
    pub(crate) head: Arc<Head>,
    pub(crate) times: Arc<Times>,
    pub(crate) queue: Arc<Queue>,
    pub(crate) failure: Failure,
    /// As many appends are with the server as there are permits.
    pub(crate) slots: Semaphore,
    pub(crate) deadline: Duration,
    /// Random, of this process: the first half of its marks.
    pub(crate) process: u64,
    pub(crate) marks: AtomicU64,
}

/// An append as it is asked for, once or several times.
struct Asked<'a> {
    append: &'a Append,
    stream: String,
    expected: StreamState,
    mark: Mark,
    /// The version that the last event gets.
    last: u64,
}

/// If the client panics over an answer that it does not expect, nobody must wait for ever.
struct Lane<'a> {
    queue: &'a Queue,
    failure: &'a Failure,
    stream: &'a StreamId,
    number: u64,
}

impl Drop for Lane<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.failure.stop("its writer panicked");
            self.queue.abandon(self.stream, self.number);
        }
    }
}

/// What the server said.
enum Answer {
    /// It is in the log: told where once that is read back. It is ours if it bears this mark.
    Made(oneshot::Receiver<Found>, Mark),
    /// It is in the log, and was before it was asked for: where.
    There(Appended),
    /// It is not in the log, and will not be.
    Not(AppendError),
}

impl Writer {
    /// Makes the appends of one stream, one after the other, until there are no more.
    pub(crate) async fn run(self: Arc<Self>, stream: StreamId) {
        let mut lane = Lane { queue: &self.queue, failure: &self.failure, stream: &stream, number: 0 };
        while let Some(Queued { append, settle, since, number, .. }) = self.queue.next(&stream) {
            lane.number = number;
            let answer = match self.queue.prerequisite(&append, number).await {
                Ok(()) => self.attempt(&append, since).await,
                Err(error) => Answer::Not(error),
            };
            let seconds = metrics::histogram!("gatehouse_append_seconds");
            match answer {
                Answer::Made(found, mark) => {
                    // What depends on it may go on; its own answer comes when it was read back.
                    settle.stage(true);
                    let writer = Arc::clone(&self);
                    tokio::spawn(async move {
                        writer.settle(settle, &append, mark, found).await;
                        writer.queue.answered();
                        seconds.record(since.elapsed());
                    });
                }
                Answer::There(appended) => {
                    settle.settle(Ok(appended));
                    self.queue.answered();
                    seconds.record(since.elapsed());
                }
                Answer::Not(error) => {
                    settle.settle(Err(error));
                    self.queue.answered();
                    seconds.record(since.elapsed());
                }
            }
            self.queue.attempted(number);
        }
    }

    /// Asks until there is an answer, or the time is up.
    async fn attempt(&self, append: &Append, since: Instant) -> Answer {
        let Some(asked) = self.asked(append) else { return self.beyond(append).await };
        let mut pause = PAUSES.0;
        let mut unknown = false;
        let mut reason: Arc<str> = "it waited too long".into();
        while since.elapsed() < self.deadline && self.failure.reason().is_none() {
            let answered = self.ask(&asked).await;
            match answered {
                Ok(answer) => return answer,
                Err(Trouble::Elsewhere(newest)) => match self.compare(&asked, newest).await {
                    Ok(answer) => return answer,
                    Err(error) => {
                        // There are events at its places, and they may be its own.
                        reason = error.to_string().into();
                        unknown = true;
                    }
                },
                Err(Trouble::Unknown(text)) => {
                    tracing::debug!(stream = asked.stream, %text, "the outcome of an append is not known yet");
                    unknown = true;
                    reason = text;
                }
                Err(Trouble::NotDone(text)) => reason = text,
                Err(Trouble::Invalid(_)) => {
                    return Answer::Not(AppendError::Malformed("it is larger than what the server takes in one append"));
                }
                Err(Trouble::Deleted | Trouble::NoStream) => {
                    let text = self.failure.stop(&format!("the stream {} was deleted", asked.stream));
                    return Answer::Not(AppendError::Unavailable(text));
                }
                Err(Trouble::Refused(text)) if !unknown => return Answer::Not(AppendError::Unavailable(text)),
                Err(Trouble::Refused(text)) => reason = text,
            }
            tokio::time::sleep(pause.min(self.deadline.saturating_sub(since.elapsed()))).await;
            pause = (pause * 2).min(PAUSES.1);
        }
        let reason = self.failure.reason().unwrap_or(reason);
        Answer::Not(if unknown { AppendError::OutcomeUnknown(reason) } else { AppendError::Unavailable(reason) })
    }

    /// None if the server has no number for the version that is expected.
    fn asked<'a>(&self, append: &'a Append) -> Option<Asked<'a>> {
        let last = last_version(append);
        let expected = match append.expected {
            Expected::NoStream => StreamState::NoStream,
            Expected::Exact(version) => StreamState::StreamRevision(version),
        };
        i64::try_from(last).ok()?;
        let mut mark = [0; 16];
        let (process, number) = (self.process.to_be_bytes(), self.marks.fetch_add(1, Ordering::Relaxed).to_be_bytes());
        for (place, byte) in mark.iter_mut().zip(process.into_iter().chain(number)) {
            *place = byte;
        }
        Some(Asked { append, stream: self.reader.pages.names.of(&append.stream), expected, mark: Mark(mark), last })
    }

    /// Asks the server once.
    async fn ask(&self, asked: &Asked<'_>) -> Result<Answer, Trouble> {
        let Ok(_slot) = self.slots.acquire().await else { return Err(Trouble::NotDone("the log is closed".into())) };
        let stamp = self.times.stamp().await;
        let proposed = |event: &NewEvent| {
            let frame = Frame { recorded_at: stamp.time, mark: asked.mark, metadata: event.metadata.clone() };
            EventData::binary(&*event.event_type, event.data.clone()).id(event.id).metadata(frame.encode())
        };
        let events: Vec<EventData> = asked.append.events.iter().map(proposed).collect();
        let options = AppendToStreamOptions::default().stream_state(asked.expected).requires_leader(true);
        // In this order: what the follower passes after the first line is told, and what it passed before is behind the second.
        let found = self.head.expect(&asked.append.stream, asked.last, asked.mark);
        let seen = *self.head.position.borrow();
        let (stream, options) = (asked.stream.as_str(), &options);
        let connection = &self.reader.pages.connection;
        let made = connection.ask(|client| async move { connection.in_time(client.append_to_stream(stream, options, events)).await }).await;
        drop(stamp);
        match made {
            Ok(made) => self.made(asked, made, seen, found).await,
            Err(trouble) => {
                self.head.forget(&asked.append.stream, asked.last, asked.mark);
                Err(trouble)
            }
        }
    }

    /// The server says that the events are in the log: written now, or repeated from before.
    async fn made(&self, asked: &Asked<'_>, made: WriteResult, seen: Position, found: oneshot::Receiver<Found>) -> Result<Answer, Trouble> {
        if made.next_expected_version != asked.last {
            let version = made.next_expected_version;
            let text =
                format!("an append to {} got version {version} in place of {}: events were deleted or hidden", asked.stream, asked.last);
            let text = self.failure.stop(&text);
            return Ok(Answer::Not(AppendError::OutcomeUnknown(text)));
        }
        self.head.nudge();
        if made.position.commit > seen.0 {
            return Ok(Answer::Made(found, asked.mark));
        }
        // It was there before it was asked for this time, so the follower will not come across it.
        self.head.forget(&asked.append.stream, asked.last, asked.mark);
        self.compare(asked, Some(asked.last)).await.map_err(|error| Trouble::Unknown(error.to_string().into()))
    }

    /// The expectation does not hold: a repeat or a conflict, as the ids tell that are stored at the places it was meant for.
    async fn compare(&self, asked: &Asked<'_>, newest: Option<u64>) -> Result<Answer, ReadError> {
        let (first, last) = match judge::judge(asked.append, newest) {
            Ok(Judgement::Compare { first, last }) => (first, last),
            Ok(Judgement::Write { .. }) => return Err(Trouble::NotDone("the server contradicts itself".into()).unavailable()),
            Err(error) => return Ok(Answer::Not(error)),
        };
        let count = usize::try_from(last - first).unwrap_or(usize::MAX).saturating_add(1);
        let stored = self.reader.stream_forwards(&asked.append.stream, first, count).await?;
        let ids: Vec<_> = stored.iter().map(|ours| ours.event.id).collect();
        if let Err(error) = judge::repeat(asked.append, newest, &ids) {
            return Ok(Answer::Not(error));
        }
        let Some(event) = stored.last() else { return Err(Trouble::NotDone("the events are not there yet".into()).unavailable()) };
        let appended = Appended { position: event.event.position, version: last, repeated: event.mark != asked.mark };
        match self.head.reach(appended.position, self.deadline).await {
            Ok(()) => Ok(Answer::There(appended)),
            Err(trouble) => Err(trouble.unavailable()),
        }
    }

    /// A version that the server has no number for, and so no stream.
    async fn beyond(&self, append: &Append) -> Answer {
        let newest = self.reader.stream(&append.stream, u64::MAX, event_store::Direction::Backwards, 1).await;
        Answer::Not(match newest {
            Ok(newest) => AppendError::WrongExpectedVersion { actual: newest.first().map(|event| event.version) },
            Err(error) => AppendError::Unavailable(error.to_string().into()),
        })
    }

    /// Answers once the event was read back, however far behind the follower is, as long as it moves.
    async fn settle(&self, settle: Settle, append: &Append, mark: Mark, mut found: oneshot::Receiver<Found>) {
        let (version, mut head) = (last_version(append), self.head.position.subscribe());
        let outcome = loop {
            head.mark_unchanged();
            match tokio::time::timeout(self.deadline, &mut found).await {
                Ok(Ok(found)) => break Ok(Appended { position: found.position, version, repeated: found.mark != mark }),
                Err(_) if head.has_changed().is_ok_and(|changed| changed) => {}
                Ok(Err(_)) | Err(_) => {
                    self.head.forget(&append.stream, version, mark);
                    break Err(AppendError::OutcomeUnknown("it was made, but could not be read back".into()));
                }
            }
        };
        if outcome.is_ok() {
            metrics::counter!("gatehouse_commits_total").increment(1);
        }
        settle.settle(outcome);
    }
}

fn last_version(append: &Append) -> u64 {
    let count = u64::try_from(append.events.len()).unwrap_or(u64::MAX);
    append.expected.next_version().saturating_add(count).saturating_sub(1)
}
