//! Reads of a read model.

use std::sync::Arc;
use std::time::Duration;

use event_store::Position;
use rusqlite::InterruptHandle;
use tokio::sync::watch;
use tokio::time::Instant;

use crate::board::{Board, Reached};
use crate::readers::{Reader, Readers};
use crate::sql::Database;

/// How long until rows are looked at again that are not what was said of them.
const AGAIN: Duration = Duration::from_millis(10);

/// Why a read model cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ViewError {
    /// It has not come as far as was asked for, in the time given. Asking again may succeed, unless it has stopped.
    #[error("the read model {name} has come to {at}, not yet to what was asked for")]
    NotYet {
        /// Which read model.
        name: &'static str,
        /// How far it has come.
        at: Position,
        /// Whether it goes no further until somebody looks at it.
        stopped: bool,
    },
    /// Its database cannot be read.
    #[error("the read model {name} cannot be read right now")]
    Unavailable {
        /// Which read model.
        name: &'static str,
        /// Why.
        #[source]
        source: sqlx::Error,
    },
}

/// A read model to be read. Cheap to clone; stays good when the read model is rebuilt.
#[derive(Clone)]
pub struct Views {
    board: Arc<Board>,
}

impl Views {
    pub(crate) fn new(board: Arc<Board>) -> Self {
        Self { board }
    }

    /// The read model's name.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.board.name
    }

    /// How far it has come.
    #[must_use]
    pub fn position(&self) -> Position {
        self.board.reached().borrow().position
    }

    /// Changes whenever it has come further: wakes whoever works from its rows.
    #[must_use]
    pub fn changes(&self) -> Changes {
        Changes(self.board.reached())
    }

    /// A consistent view of the rows, which reflects the log at least up to `min_position`; waits for it up to `timeout`.
    ///
    /// # Errors
    /// [`ViewError::NotYet`] when it does not come that far in time, at once if it has stopped before; while it is built for the
    /// first time. [`ViewError::Unavailable`] when the database cannot be read.
    pub async fn read(&self, min_position: Option<Position>, timeout: Duration) -> Result<ReadView, ViewError> {
        let (min, deadline) = (min_position.unwrap_or(Position::START), Instant::now() + timeout);
        let mut swapped = false;
        loop {
            self.wait(min, deadline.saturating_duration_since(Instant::now())).await?;
            match self.begin().await {
                Ok(view) if view.position() >= min => return Ok(view),
                // A server that crashed has lost its newest transactions: they are applied again.
                Ok(view) if Instant::now() >= deadline => {
                    return Err(ViewError::NotYet { name: self.board.name, at: view.position(), stopped: false });
                }
                Ok(view) => {
                    drop(view);
                    tokio::time::sleep(AGAIN).await;
                }
                // It was rebuilt just now, and the connections to the old rows are closed.
                Err(sqlx::Error::PoolClosed) if !swapped => swapped = true,
                Err(source) => return Err(ViewError::Unavailable { name: self.board.name, source }),
            }
        }
    }

    async fn begin(&self) -> Result<ReadView, sqlx::Error> {
        let shown = self.board.shown().ok_or(sqlx::Error::PoolClosed)?;
        ReadView::of(&shown.readers).await
    }

    pub(crate) async fn wait(&self, min: Position, timeout: Duration) -> Result<(), ViewError> {
        let is_there = |reached: &Reached| reached.readable && reached.position >= min;
        let mut reached = self.board.reached();
        if !is_there(&reached.borrow()) {
            self.board.want(min);
        }
        let waited = reached.wait_for(|reached| is_there(reached) || reached.stopped);
        // The copy lets go of the lock that the answer holds.
        let reached = match tokio::time::timeout(timeout, waited).await {
            Ok(Ok(reached)) => *reached,
            Ok(Err(_)) | Err(_) => *self.board.reached().borrow(),
        };
        if is_there(&reached) {
            return Ok(());
        }
        Err(ViewError::NotYet { name: self.board.name, at: reached.position, stopped: reached.stopped })
    }
}

/// Tells when a read model has come further.
pub struct Changes(watch::Receiver<Reached>);

impl Changes {
    /// Waits until it has come further than when this was asked last, or has been rebuilt, or has stopped. False: it never will
    /// again, the runtime is gone.
    pub async fn changed(&mut self) -> bool {
        self.0.changed().await.is_ok()
    }
}

/// A consistent view of the rows of a read model: all queries of it see the same. Let it go soon, since it keeps the database from
/// reclaiming space.
pub struct ReadView {
    reader: Reader,
    position: Position,
}

impl ReadView {
    pub(crate) async fn of(readers: &Readers) -> Result<Self, sqlx::Error> {
        let (reader, position) = readers.begin().await?;
        Ok(Self { reader, position })
    }

    /// Ends what it reads, from elsewhere, where dropping what waits for it does not.
    pub(crate) fn interrupt_handle(&self) -> Option<InterruptHandle> {
        self.reader.interrupt_handle()
    }

    /// For work that takes as long as it takes.
    pub(crate) async fn take_time(&mut self) -> Result<(), sqlx::Error> {
        self.reader.take_time().await
    }

    /// The last event that the rows reflect.
    #[must_use]
    pub fn position(&self) -> Position {
        self.position
    }

    /// The rows, to be asked with the queries of the read model.
    pub fn rows(&mut self) -> &mut impl Database {
        &mut self.reader
    }
}
