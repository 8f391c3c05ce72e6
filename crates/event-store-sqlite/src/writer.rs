//! The writer thread: takes what is queued, writes and commits it, answers.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use event_store::{AppendError, Appended, Clock, Position};
use rusqlite::Connection;
use tokio::sync::watch;

use crate::batch::{Batch, Memory};
use crate::checkpoint::Checkpointer;
use crate::error::{commit_left_nothing, is_broken};
use crate::queue::{Queue, Queued};

/// What became of each append of a batch.
type Outcomes = Vec<Result<Appended, AppendError>>;

pub(crate) struct Writer {
    pub(crate) connection: Connection,
    /// None after a failure: loaded anew before the next batch.
    pub(crate) memory: Option<Memory>,
    pub(crate) remembered_streams: usize,
    pub(crate) clock: Clock,
    pub(crate) queue: Arc<Queue>,
    pub(crate) checkpointer: Arc<Checkpointer>,
    pub(crate) head: watch::Sender<Position>,
    pub(crate) failure: Failure,
}

/// Where it is told that the log takes no more appends until a restart. Clones tell the same.
#[derive(Clone)]
pub(crate) struct Failure {
    pub(crate) reason: Arc<watch::Sender<Option<Arc<str>>>>,
    pub(crate) queue: Arc<Queue>,
}

impl Failure {
    /// Takes no more appends until a restart, and says why to whoever is interested. The first reason stays.
    pub(crate) fn stop(&self, reason: &str) -> Arc<str> {
        tracing::error!(reason, "the event log cannot be trusted to write any more: restart from what is on disk");
        let reason: Arc<str> = format!("the event log stopped: {reason}").into();
        self.queue.close(&reason);
        self.reason.send_if_modified(|known| {
            let first = known.is_none();
            known.get_or_insert_with(|| Arc::clone(&reason));
            first
        });
        reason
    }

    fn known(&self) -> Option<Arc<str>> {
        self.reason.borrow().clone()
    }
}

/// Why a whole batch has no outcome of its own.
enum Lost {
    /// Nothing was recorded, and a later batch may do better.
    NotNow(rusqlite::Error),
    /// Nothing was recorded, but the disk or the file is broken.
    Broken(rusqlite::Error),
    /// The commit failed in a way that leaves open whether it is on disk.
    Unknown(rusqlite::Error),
}

impl Writer {
    /// Runs until the queue is closed and empty.
    ///
    /// If it panics (a bug here, or in the clock), nobody must wait for ever: what is queued is dropped, which its
    /// tickets tell as an unknown outcome.
    pub(crate) fn run(mut self) {
        let (queue, failure) = (Arc::clone(&self.queue), self.failure.clone());
        let finished = catch_unwind(AssertUnwindSafe(|| {
            while let Some(batch) = self.queue.take() {
                self.write(batch);
            }
        }));
        if finished.is_err() {
            failure.stop("its writer panicked");
            while queue.take().is_some() {}
        }
    }

    fn write(&mut self, batch: Vec<Queued>) {
        if let Some(reason) = self.failure.known() {
            return refuse(batch, &AppendError::Unavailable(reason));
        }
        match self.commit(&batch) {
            Ok(outcomes) => self.answer(batch, outcomes),
            Err(lost) => {
                self.memory = None;
                self.fail(batch, lost);
            }
        }
    }

    fn commit(&mut self, batch: &[Queued]) -> Result<Outcomes, Lost> {
        // The checkpointer starts the write-ahead log over between two transactions, never during one.
        let turn = Arc::clone(&self.checkpointer);
        let _turn = turn.turn();
        let outcomes = self.attempt(batch).map_err(|error| {
            // What failed may have rolled back already; if not and this fails too, BEGIN will fail and say so.
            if !self.connection.is_autocommit() {
                drop(self.connection.execute_batch("ROLLBACK"));
            }
            if is_broken(&error) { Lost::Broken(error) } else { Lost::NotNow(error) }
        })?;
        let committed = self.connection.prepare_cached("COMMIT").and_then(|mut commit| commit.execute([]));
        committed.map_err(|error| {
            if !self.connection.is_autocommit() {
                drop(self.connection.execute_batch("ROLLBACK"));
            }
            if commit_left_nothing(&error) { Lost::NotNow(error) } else { Lost::Unknown(error) }
        })?;
        Ok(outcomes)
    }

    fn attempt(&mut self, batch: &[Queued]) -> rusqlite::Result<Outcomes> {
        let memory = match self.memory.take() {
            Some(memory) => self.memory.insert(memory),
            None => self.memory.insert(Memory::load(&self.connection, self.remembered_streams)?),
        };
        let mut transaction = Batch::begin(&self.connection, memory, &self.clock)?;
        let mut outcomes = Vec::with_capacity(batch.len());
        for queued in batch {
            let outcome = transaction.attempt(&queued.append)?;
            queued.settle.stage(outcome.is_ok());
            outcomes.push(outcome);
        }
        Ok(outcomes)
    }

    /// The commit is on disk: followers first, so that whoever has an answer finds its event.
    fn answer(&mut self, batch: Vec<Queued>, outcomes: Outcomes) {
        if let Some(memory) = &self.memory {
            let position = memory.position;
            self.head.send_if_modified(|head| std::mem::replace(head, position) != position);
        }
        let seconds = metrics::histogram!("gatehouse_append_seconds");
        let (mut events, mut bytes) = (0_u32, 0_usize);
        for (queued, outcome) in batch.into_iter().zip(outcomes) {
            if let Ok(Appended { repeated: false, .. }) = outcome {
                events = events.saturating_add(u32::try_from(queued.append.events.len()).unwrap_or(u32::MAX));
                bytes = bytes.saturating_add(queued.bytes);
            }
            seconds.record(queued.since.elapsed());
            queued.settle.settle(outcome);
        }
        if events > 0 {
            metrics::histogram!("gatehouse_batch_events").record(f64::from(events));
            metrics::counter!("gatehouse_commits_total").increment(1);
            self.checkpointer.written(events, bytes);
        }
    }

    fn fail(&mut self, batch: Vec<Queued>, lost: Lost) {
        metrics::counter!("gatehouse_commit_failures_total").increment(1);
        match lost {
            Lost::NotNow(error) => {
                tracing::warn!(%error, appends = batch.len(), "a batch of appends could not be written");
                refuse(batch, &AppendError::Unavailable(error.to_string().into()));
            }
            Lost::Broken(error) => {
                let reason = self.failure.stop(&error.to_string());
                refuse(batch, &AppendError::Unavailable(reason));
            }
            Lost::Unknown(error) => {
                let reason = self.failure.stop(&error.to_string());
                refuse(batch, &AppendError::OutcomeUnknown(reason));
            }
        }
    }
}

fn refuse(batch: Vec<Queued>, error: &AppendError) {
    for queued in batch {
        queued.settle.settle(Err(error.clone()));
    }
}
