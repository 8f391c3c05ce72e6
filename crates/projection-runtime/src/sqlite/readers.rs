//! Connections that read the database of a read model and cannot write it.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use rusqlite::{Connection, InterruptHandle};
use tokio::sync::{Mutex as Lock, OwnedMutexGuard, OwnedSemaphorePermit, Semaphore};

use super::database;
use crate::sql::Database;
use crate::tables::{Tables, alone};

/// Connections that read one read model at once; more wait.
const READERS: u32 = 8;

/// How long a reader waits for a connection.
const ACQUIRE: Duration = Duration::from_secs(5);

/// Connections to one database, opened when needed and kept.
#[derive(Clone)]
pub(crate) struct Readers(Arc<Inner>);

struct Inner {
    path: PathBuf,
    permits: Arc<Semaphore>,
    kept: Mutex<Vec<Arc<Lock<Connection>>>>,
    closed: AtomicBool,
}

impl Readers {
    pub(crate) fn of(path: &Path) -> Self {
        let permits = Arc::new(Semaphore::new(usize::try_from(READERS).unwrap_or(1)));
        Self(Arc::new(Inner { path: path.to_owned(), permits, kept: Mutex::default(), closed: AtomicBool::new(false) }))
    }

    /// A connection in a transaction that sees the rows as they are when it first reads.
    ///
    /// # Errors
    /// [`sqlx::Error::PoolTimedOut`] when all are in use for too long, [`sqlx::Error::PoolClosed`] after [`Readers::close`], or the database
    /// cannot be opened.
    pub(crate) async fn begin(&self) -> Result<Reader, sqlx::Error> {
        let permit = tokio::time::timeout(ACQUIRE, Arc::clone(&self.0.permits).acquire_owned()).await;
        let permit = permit.map_err(|_elapsed| sqlx::Error::PoolTimedOut)?.map_err(|_closed| sqlx::Error::PoolClosed)?;
        if self.0.closed.load(Ordering::SeqCst) {
            return Err(sqlx::Error::PoolClosed);
        }
        let db = self.0.free()?;
        match db.execute_batch("BEGIN") {
            Ok(()) => Ok(Reader { db, _permit: permit }),
            Err(error) => {
                // The next one opens the database again.
                let broken = Arc::clone(OwnedMutexGuard::mutex(&db));
                self.0.kept.lock().retain(|kept| !Arc::ptr_eq(kept, &broken));
                Err(alone(error))
            }
        }
    }

    /// Closes all connections once nobody reads any more; from now on nobody begins to.
    pub(crate) async fn close(&self) {
        self.0.closed.store(true, Ordering::SeqCst);
        // Nobody closes the semaphore.
        let all = self.0.permits.acquire_many(READERS).await;
        self.0.kept.lock().clear();
        drop(all);
    }
}

impl Inner {
    /// A connection that nobody uses. Whoever has a permit gets one.
    fn free(&self) -> Result<OwnedMutexGuard<Connection>, sqlx::Error> {
        let free = self.kept.lock().iter().find_map(|kept| Arc::clone(kept).try_lock_owned().ok());
        if let Some(free) = free {
            return Ok(free);
        }
        let new = Arc::new(Lock::new(database::open_to_read(&self.path)?));
        let db = Arc::clone(&new).try_lock_owned().map_err(|_locked| sqlx::Error::WorkerCrashed)?;
        self.kept.lock().push(new);
        Ok(db)
    }
}

/// A connection in a transaction that reads. The transaction ends when this is dropped.
pub(crate) struct Reader {
    db: OwnedMutexGuard<Connection>,
    // Given back after the connection.
    _permit: OwnedSemaphorePermit,
}

impl Reader {
    /// Ends what it reads, from elsewhere.
    pub(crate) fn interrupt_handle(&self) -> InterruptHandle {
        self.db.get_interrupt_handle()
    }
}

impl Database for Reader {
    fn tables(&mut self) -> Tables<'_> {
        Tables::reading(&mut self.db)
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        if let Err(error) = self.db.execute_batch("ROLLBACK") {
            tracing::debug!(%error, "a transaction that only read had ended before");
        }
    }
}
