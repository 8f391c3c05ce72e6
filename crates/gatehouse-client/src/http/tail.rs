//! Events over HTTP, as they come.

use std::collections::VecDeque;
use std::time::Duration;

use public_events::Position;
use reqwest::Method;
use reqwest::header::ACCEPT;
use serde_json::value::RawValue;
use uuid::Uuid;

use super::error::HttpError;
use super::lines::Lines;
use super::{ANSWER, Gatehouse};
use crate::event::Event;
use crate::progress::{OutOfStep, Progress};
use crate::source::{Delivery, Receipt, SourceError};

/// How many events a page has at most.
const PAGE: u32 = 500;
/// How long the service waits for an event before it answers with an empty page.
const WAIT: Duration = Duration::from_secs(20);
/// After how long of silence a stream is taken for broken: the service sends a sign of life every 15 seconds.
const SILENCE: Duration = Duration::from_secs(45);
/// The longest pause after a failure that passes by itself.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// How events are fetched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TailBy {
    /// Page after page; at the end, the service answers as soon as there is an event. Goes through any proxy.
    LongPoll,
    /// One answer that does not end (server-sent events).
    Stream,
}

/// The events after a position, without end.
#[derive(Debug)]
pub struct Tail {
    gatehouse: Gatehouse,
    by: TailBy,
    after: Position,
    /// Of which history; none before the first event.
    epoch: Option<Uuid>,
    ready: VecDeque<Box<RawValue>>,
    stream: Option<Lines>,
    failures: u32,
}

impl Gatehouse {
    /// The events after this progress; none: from the first.
    #[must_use]
    pub fn tail(&self, after: Option<Progress>, by: TailBy) -> Tail {
        let (after, epoch) = after.map_or((Position(0), None), |progress| (progress.position, Some(progress.epoch)));
        Tail { gatehouse: self.clone(), by, after, epoch, ready: VecDeque::new(), stream: None, failures: 0 }
    }

    /// A page of events after a position: at most 500, empty if there is none yet. What closes a gap.
    ///
    /// # Errors
    /// [`HttpError`], and events that cannot be understood.
    pub async fn events(&self, after: Position) -> Result<Vec<Event>, SourceError> {
        let page = self.page(after, None, Duration::ZERO).await?;
        page.iter().map(|event| Event::parse(event.get().as_bytes()).map_err(SourceError::from)).collect()
    }

    async fn page(&self, after: Position, epoch: Option<Uuid>, wait: Duration) -> Result<Vec<Box<RawValue>>, HttpError> {
        let path = format!("/v1/events?after={after}&limit={PAGE}&wait={}{}", wait.as_secs(), of_epoch(epoch));
        let response = Self::sent(self.request(Method::GET, &path).timeout(ANSWER.saturating_add(wait))).await?;
        let body = response.bytes().await.map_err(HttpError::Unreachable)?;
        serde_json::from_slice(&body).map_err(HttpError::Answer)
    }
}

impl Tail {
    /// The next event. May be dropped while it waits.
    ///
    /// # Errors
    /// An event that cannot be understood, a refusal that does not pass by itself, and that the history is another one.
    pub(crate) async fn next(&mut self) -> Result<Delivery, SourceError> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                let event = Event::parse(event.get().as_bytes())?;
                (self.after, self.epoch) = (event.envelope.position, Some(event.envelope.epoch));
                return Ok(Delivery { event, redelivered: false, receipt: Receipt::None });
            }
            let fetched = match self.by {
                TailBy::LongPoll => self.poll().await,
                TailBy::Stream => self.listen().await,
            };
            match fetched {
                Ok(()) => self.failures = 0,
                Err(error) if error.is_passing() => self.pause(&error).await,
                Err(HttpError::OtherHistory { epoch }) => {
                    return Err(OutOfStep::HistoryChanged { epoch, back_to: self.after }.into());
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    async fn poll(&mut self) -> Result<(), HttpError> {
        self.ready = self.gatehouse.page(self.after, self.epoch, WAIT).await?.into();
        Ok(())
    }

    /// Waits for an event of the stream, which is begun where the last one ended.
    async fn listen(&mut self) -> Result<(), HttpError> {
        let mut lines = match self.stream.take() {
            Some(lines) => lines,
            None => self.open().await?,
        };
        let found = next_data(&mut lines).await;
        // Dropped while it waits, the stream is begun anew: a line that was read halfway is not handed over.
        let data = found?.ok_or(HttpError::CutShort("the stream ended"))?;
        self.ready.push_back(RawValue::from_string(data).map_err(HttpError::Answer)?);
        self.stream = Some(lines);
        Ok(())
    }

    async fn open(&self) -> Result<Lines, HttpError> {
        let path = format!("/v1/events/stream?after={}{}", self.after, of_epoch(self.epoch));
        let request = self.gatehouse.request(Method::GET, &path).header(ACCEPT, "text/event-stream");
        let response = tokio::time::timeout(ANSWER, Gatehouse::sent(request)).await;
        let response = response.map_err(|_elapsed| HttpError::CutShort("the stream did not begin in time"))??;
        Ok(Lines::of(response, SILENCE))
    }

    async fn pause(&mut self, error: &HttpError) {
        let pause = Duration::from_millis(500_u64 << self.failures.min(7)).min(LONGEST_PAUSE);
        self.failures = self.failures.saturating_add(1);
        tracing::warn!(%error, after = %self.after, again_after_seconds = pause.as_secs_f64(), "events cannot be fetched");
        tokio::time::sleep(pause).await;
    }
}

fn of_epoch(epoch: Option<Uuid>) -> String {
    epoch.map_or_else(String::new, |epoch| format!("&epoch={epoch}"))
}

/// The data of the next event of a stream (HTML, server-sent events); none when it ends.
async fn next_data(lines: &mut Lines) -> Result<Option<String>, HttpError> {
    let mut data: Option<String> = None;
    while let Some(line) = lines.next().await? {
        if line.is_empty() {
            // An event without data is a sign of life.
            if data.is_some() {
                return Ok(data);
            }
        } else if let Some(text) = line.strip_prefix("data:") {
            let text = text.strip_prefix(' ').unwrap_or(text);
            match &mut data {
                Some(data) => {
                    data.push('\n');
                    data.push_str(text);
                }
                None => data = Some(text.to_owned()),
            }
        }
    }
    Ok(None)
}
