//! Taking over the events of another log as they are.

use std::path::Path;
use std::sync::Arc;

use event_store::{Epoch, Position, Recorded};
use rusqlite::Connection;

use crate::batch::{Batch, Memory};
use crate::lock::Lock;
use crate::{Durability, OpenError, schema};

/// Of how many streams the newest version is remembered meanwhile.
const REMEMBERED: usize = 65_536;

/// A log that takes over the events of another one: their positions, ids, times and bytes, and its epoch. Nobody else has it open
/// meanwhile. Blocks: use it on a thread that may.
#[derive(Debug)]
pub struct Import {
    connection: Connection,
    memory: Memory,
    _lock: Lock,
}

/// Why events were not taken over.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The log cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// There is a log of another history already.
    #[error("there is another event log already: it has {events} events, and none of them are of the log that is taken over")]
    Other {
        /// How many events it has.
        events: u64,
    },
    /// The event is not the next one.
    #[error("the event at {0} does not come after the last one that was taken over")]
    NotNext(Position),
    /// SQLite could not write; nothing of the page was taken over.
    #[error("the event log cannot be written")]
    Sqlite(#[from] rusqlite::Error),
}

impl Import {
    /// Opens the log at this path to take over one of this epoch; made if it is not there. One that was begun before is gone on with.
    ///
    /// # Errors
    /// [`ImportError`]: it is in use, or is another log.
    pub fn open(path: &Path, epoch: Epoch) -> Result<Self, ImportError> {
        let lock = Lock::take(path)?;
        let connection = schema::open_writer(path, Durability::Full)?;
        // There is no checkpoint thread here: every 32 MiB.
        connection.query_row("PRAGMA wal_autocheckpoint=4096", [], |_| Ok(()))?;
        let memory = Memory::load(&connection, REMEMBERED).map_err(OpenError::from)?;
        if memory.position == Position::START {
            schema::adopt_epoch(&connection, epoch)?;
        } else if schema::epoch(&connection)? != epoch {
            return Err(ImportError::Other { events: memory.position.0 });
        }
        Ok(Self { connection, memory, _lock: lock })
    }

    /// The last event that it has: go on with the one after.
    #[must_use]
    pub fn position(&self) -> Position {
        self.memory.position
    }

    /// Takes over the next events, all or none: on disk when this returns.
    ///
    /// # Errors
    /// [`ImportError::NotNext`] if one of them does not follow the one before, in the log or in its stream.
    pub fn take(&mut self, events: &[Recorded]) -> Result<(), ImportError> {
        let taken = self.write(events);
        if taken.is_err() {
            // After some failures SQLite has done so by itself, and says so.
            drop(self.connection.execute_batch("ROLLBACK"));
            self.memory = Memory::load(&self.connection, REMEMBERED)?;
        }
        taken
    }

    fn write(&mut self, events: &[Recorded]) -> Result<(), ImportError> {
        // The time comes with each event.
        let clock: event_store::Clock = Arc::new(|| jiff::Timestamp::MIN);
        let mut batch = Batch::begin(&self.connection, &mut self.memory, &clock)?;
        for event in events {
            if !batch.take_over(event)? {
                return Err(ImportError::NotNext(event.position));
            }
        }
        drop(batch);
        self.connection.execute_batch("COMMIT")?;
        Ok(())
    }
}

impl Drop for Import {
    fn drop(&mut self) {
        // Best effort: what stays in the write-ahead log is read from there.
        drop(self.connection.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)"));
    }
}
