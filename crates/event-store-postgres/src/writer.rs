//! The writer: takes what is queued, writes and commits it, finds out what became of what was sent over a lost connection, answers.

use std::sync::Arc;
use std::time::{Duration, Instant};

use event_store::{Appended, Clock, Expected, Position, recorded_time};
use jiff::Timestamp;
use sqlx::postgres::PgConnectOptions;

use crate::draft::{Draft, Memory, Refusals, Stream, Streams, Verdict};
use crate::error::{Trouble, is_shortage};
use crate::names::{Known, Names};
use crate::progress::Progress;
use crate::queue::Queued;
use crate::session::{Place, Seen, Session, natural, same_history, still_holds, within};
use crate::state::State;

/// Between two attempts to connect: at first, and at most.
const PAUSE: Duration = Duration::from_millis(10);
const LONGEST_PAUSE: Duration = Duration::from_millis(500);

/// How long new names may take.
const NAMES: Duration = Duration::from_secs(6);

#[derive(Debug)]
pub(crate) struct Connected {
    pub(crate) session: Session,
    pub(crate) memory: Memory,
}

pub(crate) struct Writer {
    pub(crate) options: PgConnectOptions,
    /// None after a failure: connected anew before the next attempt.
    pub(crate) connected: Option<Connected>,
    pub(crate) remembered_streams: usize,
    pub(crate) clock: Clock,
    pub(crate) names: Arc<Names>,
    pub(crate) state: Arc<State>,
    pub(crate) patience: Duration,
    /// Since when no attempt has gone to its end.
    pub(crate) away_since: Option<Instant>,
    pub(crate) recorded_at: Timestamp,
}

impl Writer {
    /// Runs until the queue is closed and empty.
    ///
    /// Under load there are two batches: those who wait for one are answered, and append again, while the server works on the other.
    pub(crate) async fn run(mut self) {
        let mut done = None;
        while let Some(batch) = self.next(&mut done).await {
            let mut progress = Progress::new(batch.len());
            let before = done.take();
            let answer_before = async {
                if let Some((batch, progress)) = before {
                    answer(batch, progress);
                }
            };
            // The first is sent before the second begins.
            tokio::join!(biased; self.write(&batch, &mut progress), answer_before);
            progress.stage(&batch);
            done = Some((batch, progress));
        }
    }

    /// The next batch. If it takes waiting for one, what is done is answered first.
    async fn next(&self, done: &mut Option<(Vec<Queued>, Progress)>) -> Option<Vec<Queued>> {
        let unanswered = done.as_ref().map_or(0, |(batch, _)| batch.len());
        let batch = self.state.queue.take_now(unanswered);
        if !batch.is_empty() {
            return Some(batch);
        }
        if let Some((batch, progress)) = done.take() {
            answer(batch, progress);
            // What those who were answered append next goes into the next batch together.
            tokio::task::yield_now().await;
        }
        self.state.queue.take().await
    }

    async fn write(&mut self, batch: &[Queued], progress: &mut Progress) {
        if let Some(reason) = self.state.stopped() {
            progress.give_up(&reason);
        }
        while !progress.is_done() {
            match self.attempt(batch, progress).await {
                Ok(()) => self.away_since = None,
                Err(trouble) => self.recover(trouble, batch.len(), progress).await,
            }
            progress.attempts += 1;
        }
    }

    async fn attempt(&mut self, batch: &[Queued], progress: &mut Progress) -> Result<(), Trouble> {
        let mut connected = match self.connected.take() {
            Some(connected) => connected,
            // A server that does not let itself be written to says nothing of the batch, and may be about to change its mind.
            None => self.connect().await.map_err(Trouble::or_lost)?,
        };
        let attempted = self.attempt_on(&mut connected, batch, progress).await;
        let stays = match &attempted {
            Ok(()) => true,
            Err(Trouble::Occupied(_)) => !progress.locked,
            Err(Trouble::Refused(error)) => is_shortage(error) && !progress.locked,
            Err(Trouble::Lost(_) | Trouble::OtherLog(_)) => false,
        };
        if stays {
            self.connected = Some(connected);
        }
        attempted
    }

    /// Connects, shuts out whatever was sent before, and looks whether the log is still the one it was.
    async fn connect(&self) -> Result<Connected, Trouble> {
        let seen = self.state.seen();
        let (mut session, place) = Session::open(&self.options).await?;
        same_history(place, self.state.epoch, seen)?;
        still_holds(&mut session.connection, seen).await?;
        within(NAMES, self.names.reload(&mut session.connection)).await?;
        Ok(Connected { session, memory: Memory::new(place, self.remembered_streams) })
    }

    async fn attempt_on(&mut self, connected: &mut Connected, batch: &[Queued], progress: &mut Progress) -> Result<(), Trouble> {
        let Connected { session, memory } = connected;
        let wanted = progress.open();
        let appends = || wanted.iter().filter_map(|place| batch.get(*place));
        if progress.attempts > 0 {
            // What an earlier attempt said of them is no longer true.
            appends().for_each(|queued| queued.settle.stage(false));
        }
        let categories = appends().map(|queued| &queued.append.stream.category);
        let types = appends().flat_map(|queued| &queued.append.events).map(|event| &event.event_type);
        let known = within(NAMES, self.names.ensure(&mut session.connection, categories, types)).await?;
        if progress.locked {
            let seen = self.state.seen();
            let place = session.begin().await?;
            same_history(place, self.state.epoch, seen)?;
            memory.is_at(place);
        }
        let streams = look_up(session, memory, appends(), progress.locked, &known).await?;
        let mut draft = Draft::of(batch, &wanted, &known, streams, session).await?;
        own_again(batch, &mut draft.verdicts, progress, &known, session).await?;
        let refusals = draft.refusals();
        if refusals == Refusals::Outdated && !progress.locked {
            progress.locked = true;
            return Ok(());
        }
        progress.sending(&draft.verdicts);
        if draft.columns.ids.is_empty() {
            return self.nothing_to_write(connected, draft, progress).await;
        }
        self.commit(connected, draft, refusals != Refusals::None, progress).await
    }

    async fn commit(
        &mut self,
        connected: &mut Connected,
        draft: Draft<'_>,
        only_there: bool,
        progress: &mut Progress,
    ) -> Result<(), Trouble> {
        let Connected { session, memory } = connected;
        let Draft { columns, verdicts, streams } = draft;
        let (events, last) = (columns.ids.len(), columns.ids.last().copied());
        let left_at = memory.place;
        self.recorded_at = recorded_time(&self.clock, self.recorded_at);
        let base = session.append(left_at, only_there, self.recorded_at.as_microsecond(), columns).await;
        let base = match base {
            Ok(Some(base)) => base,
            Ok(None) => {
                progress.not_written();
                if progress.locked {
                    session.end("ROLLBACK").await?;
                }
                memory.is_at(self.look(session).await?);
                progress.locked = only_there;
                return Ok(());
            }
            Err(trouble) => {
                if matches!(trouble, Trouble::Refused(_) | Trouble::Occupied(_)) {
                    progress.not_written();
                }
                return Err(trouble);
            }
        };
        if progress.locked {
            session.end("COMMIT").await.inspect_err(|trouble| {
                if matches!(trouble, Trouble::Refused(_) | Trouble::Occupied(_)) {
                    progress.not_written();
                }
            })?;
        }
        memory.wrote(events, &streams, base);
        if let Some(id) = last {
            self.state.wrote(Seen { position: Position(natural(memory.place.position)), id });
        }
        progress.settle(verdicts, base);
        Ok(())
    }

    /// All is refused or there already. Where nothing is written, it takes a look to know that nobody else has written either.
    async fn nothing_to_write(&mut self, connected: &mut Connected, draft: Draft<'_>, progress: &mut Progress) -> Result<(), Trouble> {
        let Connected { session, memory } = connected;
        let left_at = memory.place;
        if progress.locked {
            session.end("ROLLBACK").await?;
        } else if draft.verdicts.iter().any(|(_, verdict)| matches!(verdict, Verdict::Refused { .. })) {
            memory.is_at(self.look(session).await?);
            if memory.place.position != left_at.position {
                progress.locked = true;
                return Ok(());
            }
        }
        progress.settle(draft.verdicts, memory.place.position);
        Ok(())
    }

    async fn look(&self, session: &mut Session) -> Result<Place, Trouble> {
        let seen = self.state.seen();
        let place = session.place().await?;
        same_history(place, self.state.epoch, seen)?;
        Ok(place)
    }

    async fn recover(&mut self, trouble: Trouble, appends: usize, progress: &mut Progress) {
        match trouble {
            Trouble::Occupied(_) if !progress.locked => progress.locked = true,
            Trouble::Occupied(error) | Trouble::Refused(error) => {
                metrics::counter!("gatehouse_commit_failures_total").increment(1);
                tracing::warn!(%error, appends, "a batch of appends could not be written");
                progress.give_up(&error.to_string().into());
            }
            Trouble::OtherLog(reason) => progress.give_up(&self.state.stop(&reason)),
            Trouble::Lost(error) => {
                progress.lost();
                let away_since = *self.away_since.get_or_insert_with(Instant::now);
                if away_since.elapsed() >= self.patience {
                    metrics::counter!("gatehouse_commit_failures_total").increment(1);
                    tracing::warn!(%error, appends, "the database of the event log stays away");
                    return progress.give_up(&error.to_string().into());
                }
                tracing::debug!(%error, appends, "the connection to the event log was lost");
                tokio::time::sleep(PAUSE.saturating_mul(1 << progress.attempts.min(8)).min(LONGEST_PAUSE)).await;
            }
        }
    }
}

/// What is known of the streams of these appends. Those that are not remembered and may have events are read; all, where nothing may rest on
/// memory.
async fn look_up<'a>(
    session: &mut Session,
    memory: &mut Memory,
    appends: impl Iterator<Item = &'a Queued>,
    all: bool,
    known: &Known,
) -> Result<Streams<'a>, Trouble> {
    let mut found = Streams::new();
    let (mut unread, mut keys, mut categories) = (Vec::new(), Vec::new(), Vec::new());
    for Queued { append, .. } in appends {
        let id = &append.stream;
        // One that an append before this one begins goes on from there.
        if found.contains_key(id) {
            continue;
        }
        let remembered = if all { None } else { memory.stream(id) };
        let stream = match (remembered, append.expected) {
            (Some(stream), _) => stream,
            (None, Expected::NoStream) if !all => Stream::assumed_new(),
            (None, Expected::NoStream | Expected::Exact(_)) => {
                // One of a kind that has no number has no events.
                if let Some(category) = known.categories.number(&id.category) {
                    unread.push(id);
                    keys.push(id.key);
                    categories.push(category);
                }
                Stream::absent()
            }
        };
        found.insert(id, stream);
    }
    if !unread.is_empty() {
        for (number, version) in session.heads(keys, categories).await? {
            if let Some(id) = unread.get(number) {
                found.insert(id, Stream::stored(version));
                memory.remember(id, version);
            }
        }
    }
    Ok(found)
}

/// What is found in the log and may have been sent by this batch over the connection that was lost is no repeat, if it is the same to the
/// last byte: whoever asked has had no answer yet.
async fn own_again(
    batch: &[Queued],
    verdicts: &mut [(usize, Verdict)],
    progress: &mut Progress,
    known: &Known,
    session: &mut Session,
) -> Result<(), Trouble> {
    for (place, verdict) in verdicts.iter_mut() {
        let (Verdict::Stored(made), Some(queued)) = (verdict, batch.get(*place)) else { continue };
        if !progress.may_be_own(*place) {
            continue;
        }
        let stored = session.stored(&queued.append.stream, queued.append.expected.next_version(), made.version, known).await?;
        let events = &queued.append.events;
        let same = stored.len() == events.len()
            && stored.iter().zip(events).all(|(stored, event)| stored.metadata == event.metadata && stored.data == event.data);
        made.repeated = !same;
        progress.found(*place, *made);
    }
    Ok(())
}

fn answer(batch: Vec<Queued>, progress: Progress) {
    let seconds = metrics::histogram!("gatehouse_append_seconds");
    let mut events = 0_u32;
    for (queued, outcome) in batch.into_iter().zip(progress.into_outcomes()) {
        if let Ok(Appended { repeated: false, .. }) = outcome {
            events = events.saturating_add(u32::try_from(queued.append.events.len()).unwrap_or(u32::MAX));
        }
        seconds.record(queued.since.elapsed());
        queued.settle.settle(outcome);
    }
    if events > 0 {
        metrics::histogram!("gatehouse_batch_events").record(f64::from(events));
        metrics::counter!("gatehouse_commits_total").increment(1);
    }
}
