//! The checkpoint thread: moves the write-ahead log into the database, so that no append has to.

use std::time::Duration;

use parking_lot::{Condvar, Mutex, MutexGuard};
use rusqlite::Connection;

use crate::error::is_broken;
use crate::writer::Failure;

/// After about this many bytes written, the write-ahead log is moved.
const EVERY_BYTES: usize = 4 << 20;

/// From this many frames (pages of 8 KiB) on, the write-ahead log is made to start over at its beginning. Starting over
/// keeps its size bounded, and overwriting a file is cheaper to sync than growing it.
const START_OVER_FRAMES: i64 = 4096;

/// What little was written is moved after this time.
const IDLE: Duration = Duration::from_secs(1);

#[derive(Debug, Default)]
pub(crate) struct Checkpointer {
    pending: Mutex<Pending>,
    changed: Condvar,
    /// Held by whoever writes: the writer for a transaction, the checkpointer while it has the log start over.
    turn: Mutex<()>,
}

#[derive(Debug, Default)]
struct Pending {
    bytes: usize,
    stop: bool,
}

impl Checkpointer {
    /// The turn to write.
    pub(crate) fn turn(&self) -> MutexGuard<'_, ()> {
        self.turn.lock()
    }

    /// Says how much was committed.
    pub(crate) fn written(&self, events: u32, bytes: usize) {
        let mut pending = self.pending.lock();
        let before = pending.bytes;
        // A guess is enough: an event's share of the pages that its transaction touched.
        pending.bytes =
            before.saturating_add(bytes).saturating_add(usize::try_from(events).unwrap_or(0).saturating_mul(512)).saturating_add(4096);
        if before < EVERY_BYTES && pending.bytes >= EVERY_BYTES {
            self.changed.notify_one();
        }
    }

    /// Ends [`Checkpointer::run`] after a last checkpoint.
    pub(crate) fn stop(&self) {
        self.pending.lock().stop = true;
        self.changed.notify_one();
    }

    /// Runs until stopped. A broken disk stops the log.
    pub(crate) fn run(&self, connection: &Connection, failure: &Failure) {
        loop {
            let mut pending = self.pending.lock();
            if !pending.stop && pending.bytes < EVERY_BYTES {
                self.changed.wait_for(&mut pending, IDLE);
            }
            let stop = pending.stop;
            let bytes = std::mem::take(&mut pending.bytes);
            drop(pending);
            let moved = if bytes > 0 || stop { self.checkpoint(connection, stop) } else { Ok(()) };
            if let Err(error) = moved {
                if is_broken(&error) {
                    failure.stop(&error.to_string());
                }
                // The events are safe in the write-ahead log, which grows until a later attempt succeeds.
                tracing::warn!(%error, "the write-ahead log could not be moved into the database");
            }
            if stop {
                return;
            }
        }
    }

    /// Moves what it can without making anybody wait; the small rest, now and then, between two transactions.
    fn checkpoint(&self, connection: &Connection, last: bool) -> rusqlite::Result<()> {
        let frames = checkpoint(connection, "PRAGMA wal_checkpoint(PASSIVE)")?;
        if last || frames >= START_OVER_FRAMES {
            // Once more, to leave little for when the writer waits.
            checkpoint(connection, "PRAGMA wal_checkpoint(PASSIVE)")?;
            let _turn = self.turn.lock();
            checkpoint(connection, "PRAGMA wal_checkpoint(RESTART)")?;
        }
        Ok(())
    }
}

/// Frames in the write-ahead log.
fn checkpoint(connection: &Connection, pragma: &str) -> rusqlite::Result<i64> {
    connection.prepare_cached(pragma)?.query_row([], |row| row.get(1))
}
