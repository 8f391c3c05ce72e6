//! The writer thread: takes what is queued, writes and commits it, answers.

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
    pub(crate) failure: watch::Sender<Option<Arc<str>>>,
}

/// Why a whole batch has no outcome of its own.
enum Failure {
    /// Nothing was recorded, and a later batch may do better.
    NotNow(rusqlite::Error),
    /// Nothing was recorded, but the disk or the file is broken.
    Broken(rusqlite::Error),
    /// The commit failed in a way that leaves open whether it is on disk.
    Unknown(rusqlite::Error),
}

impl Writer {
    /// Runs until the queue is closed and empty.
    pub(crate) fn run(mut self) {
        while let Some(batch) = self.queue.take() {
            self.write(batch);
        }
    }

    fn write(&mut self, batch: Vec<Queued>) {
        if let Some(reason) = &*self.failure.borrow() {
            return refuse(batch, &AppendError::Unavailable(Arc::clone(reason)));
        }
        match self.commit(&batch) {
            Ok(outcomes) => self.answer(batch, outcomes),
            Err(failure) => {
                self.memory = None;
                self.fail(batch, failure);
            }
        }
    }

    fn commit(&mut self, batch: &[Queued]) -> Result<Outcomes, Failure> {
        // The checkpointer starts the write-ahead log over between two transactions, never during one.
        let turn = Arc::clone(&self.checkpointer);
        let _turn = turn.turn();
        let outcomes = self.attempt(batch).map_err(|error| {
            // What failed may have rolled back already; if not and this fails too, BEGIN will fail and say so.
            if !self.connection.is_autocommit() {
                drop(self.connection.execute_batch("ROLLBACK"));
            }
            if is_broken(&error) { Failure::Broken(error) } else { Failure::NotNow(error) }
        })?;
        let committed = self.connection.prepare_cached("COMMIT").and_then(|mut commit| commit.execute([]));
        committed.map_err(|error| {
            if !self.connection.is_autocommit() {
                drop(self.connection.execute_batch("ROLLBACK"));
            }
            if commit_left_nothing(&error) { Failure::NotNow(error) } else { Failure::Unknown(error) }
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

    fn fail(&mut self, batch: Vec<Queued>, failure: Failure) {
        metrics::counter!("gatehouse_commit_failures_total").increment(1);
        match failure {
            Failure::NotNow(error) => {
                tracing::warn!(%error, appends = batch.len(), "a batch of appends could not be written");
                refuse(batch, &AppendError::Unavailable(error.to_string().into()));
            }
            Failure::Broken(error) => {
                let reason = self.stop(&error);
                refuse(batch, &AppendError::Unavailable(reason));
            }
            Failure::Unknown(error) => {
                let reason = self.stop(&error);
                refuse(batch, &AppendError::OutcomeUnknown(reason));
            }
        }
    }

    /// Takes no more appends until a restart.
    fn stop(&self, error: &rusqlite::Error) -> Arc<str> {
        tracing::error!(%error, "the event log cannot be trusted to write any more: restart from what is on disk");
        let reason: Arc<str> = format!("the event log stopped after a failure of the disk: {error}").into();
        self.failure.send_replace(Some(Arc::clone(&reason)));
        self.queue.close(&reason);
        reason
    }
}

fn refuse(batch: Vec<Queued>, error: &AppendError) {
    for queued in batch {
        queued.settle.settle(Err(error.clone()));
    }
}
