//! The log: opens the file, starts the threads, implements the port.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use async_trait::async_trait;
use event_store::{Append, Direction, Epoch, EventStore, Position, ReadError, Recorded, StreamId, Ticket, judge};
use parking_lot::Mutex;
use rusqlite::OpenFlags;
use tokio::sync::watch;

use crate::backup::{self, BackupError};
use crate::batch::Memory;
use crate::check::{self, Report};
use crate::checkpoint::Checkpointer;
use crate::lock::Lock;
use crate::queue::{Bounds, Queue};
use crate::reader::Readers;
use crate::schema::{self, Role};
use crate::writer::{Failure, Writer};
use crate::{OpenError, Options};

/// An event log in one file (and its `-wal`, `-shm` and `.lock` beside it).
///
/// Dropping it closes it: see [`SqliteLog::close`].
#[derive(Debug)]
pub struct SqliteLog {
    path: PathBuf,
    epoch: Epoch,
    queue: Arc<Queue>,
    checkpointer: Arc<Checkpointer>,
    readers: Arc<Readers>,
    head: watch::Receiver<Position>,
    failure: watch::Receiver<Option<Arc<str>>>,
    running: Mutex<Option<Running>>,
}

/// What ends when the log is closed, in this order; the lock last.
#[derive(Debug)]
struct Running {
    writer: JoinHandle<()>,
    checkpointer: JoinHandle<()>,
    _lock: Lock,
}

impl SqliteLog {
    /// Opens the log at this path, makes it if there is none, and starts its threads. The folder must be there.
    ///
    /// # Errors
    /// [`OpenError`]: another process has it open, a newer version wrote it, it is something else, or it cannot be read.
    pub fn open(path: impl Into<PathBuf>, options: Options) -> Result<Self, OpenError> {
        let path = path.into();
        let lock = Lock::take(&path)?;
        let connection = schema::open_writer(&path, options.durability)?;
        if let Some(pages) = options.max_pages {
            connection.query_row(&format!("PRAGMA max_page_count={pages}"), [], |_| Ok(()))?;
        }
        let memory = Memory::load(&connection, options.remembered_streams)?;
        let epoch = schema::epoch(&connection)?;
        let checkpoints = schema::connect(&path, Role::Checkpointer(options.durability), OpenFlags::empty())?;
        let (head_sender, head) = watch::channel(memory.position);
        let (failure_sender, failure) = watch::channel(None);
        let queue = Arc::new(Queue::new(Bounds {
            queue_appends: options.queue_appends,
            queue_bytes: options.queue_bytes,
            batch_appends: options.batch_appends.max(1),
            batch_bytes: options.batch_bytes,
        }));
        let checkpointer = Arc::new(Checkpointer::default());
        let writer = Writer {
            connection,
            memory: Some(memory),
            remembered_streams: options.remembered_streams,
            clock: options.clock,
            queue: Arc::clone(&queue),
            checkpointer: Arc::clone(&checkpointer),
            head: head_sender,
            failure: Failure { reason: Arc::new(failure_sender), queue: Arc::clone(&queue) },
        };
        let running = start(writer, Arc::clone(&checkpointer), checkpoints, lock)?;
        let readers = Arc::new(Readers::new(path.clone(), options.readers));
        Ok(Self { path, epoch, queue, checkpointer, readers, head, failure, running: Mutex::new(Some(running)) })
    }

    /// Why the log takes no more appends until the process is started again; none while all is well.
    ///
    /// Wait for it to change, and stop the process: what is on disk is the truth, what is in memory no longer is.
    #[must_use]
    pub fn failure(&self) -> watch::Receiver<Option<Arc<str>>> {
        self.failure.clone()
    }

    /// Where the log is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes a copy of the log, as it is at one instant, while it goes on: a log of its own, durable when this returns.
    /// Gives back the position of the last event in the copy. The target must not be there yet.
    ///
    /// # Errors
    /// [`BackupError`]; nothing is left at the target then.
    pub async fn backup_to(&self, target: impl Into<PathBuf>) -> Result<Position, BackupError> {
        let (source, target) = (self.path.clone(), target.into());
        tokio::task::spawn_blocking(move || backup::copy(&source, &target)).await.map_err(BackupError::Task)?
    }

    /// Gives a log that is not open, such as a restored one, a new epoch: cursors of its earlier life are refused then.
    ///
    /// # Errors
    /// [`OpenError`], as for [`SqliteLog::open`].
    pub fn start_new_epoch(path: &Path) -> Result<Epoch, OpenError> {
        if !path.exists() {
            return Err(OpenError::Io { path: path.to_owned(), source: std::io::ErrorKind::NotFound.into() });
        }
        let _lock = Lock::take(path)?;
        let connection = schema::open_writer(path, crate::Durability::Full)?;
        Ok(schema::renew_epoch(&connection)?)
    }

    /// Looks whether the log is whole, while it goes on: see [`Report`]. Reads all of it, in one long read.
    ///
    /// # Errors
    /// [`ReadError::Unavailable`] if it cannot be read. Damage is in the report.
    pub async fn check(&self) -> Result<Report, ReadError> {
        self.readers.run(|reader| check::check(&reader.connection).map_err(crate::reader::unavailable)).await
    }

    /// Takes no more appends, writes what is queued, and gives the file free. Blocks until then; a second call does nothing.
    pub fn close(&self) {
        self.queue.close("the event log is being closed");
        let Some(running) = self.running.lock().take() else { return };
        if running.writer.join().is_err() {
            tracing::error!("the writer of the event log had panicked");
        }
        self.readers.close();
        self.checkpointer.stop();
        if running.checkpointer.join().is_err() {
            tracing::error!("the checkpointer of the event log had panicked");
        }
    }
}

fn start(writer: Writer, checkpointer: Arc<Checkpointer>, checkpoints: rusqlite::Connection, lock: Lock) -> Result<Running, OpenError> {
    let thread = |name: &str| thread::Builder::new().name(name.to_owned());
    let checkpoint_thread = thread("log-checkpoint")
        .spawn({
            let (checkpointer, failure) = (Arc::clone(&checkpointer), writer.failure.clone());
            move || checkpointer.run(&checkpoints, &failure)
        })
        .map_err(OpenError::Thread)?;
    match thread("log-writer").spawn(move || writer.run()) {
        Ok(writer) => Ok(Running { writer, checkpointer: checkpoint_thread, _lock: lock }),
        Err(error) => {
            checkpointer.stop();
            Err(OpenError::Thread(error))
        }
    }
}

impl Drop for SqliteLog {
    fn drop(&mut self) {
        self.close();
    }
}

#[async_trait]
impl EventStore for SqliteLog {
    fn append(&self, append: Append) -> Ticket {
        let (settle, ticket) = Ticket::new();
        match judge::validate(&append) {
            Ok(()) => self.queue.push(append, settle),
            Err(error) => settle.settle(Err(error)),
        }
        ticket
    }

    async fn read_stream(&self, stream: &StreamId, from: u64, direction: Direction, limit: usize) -> Result<Vec<Recorded>, ReadError> {
        let stream = stream.clone();
        self.readers.run(move |reader| reader.stream(&stream, from, direction, limit)).await
    }

    async fn read_all(&self, after: Position, limit: usize) -> Result<Vec<Recorded>, ReadError> {
        self.readers.run(move |reader| reader.all(after, limit)).await
    }

    async fn read_all_backwards(&self, before: Position, limit: usize) -> Result<Vec<Recorded>, ReadError> {
        self.readers.run(move |reader| reader.all_backwards(before, limit)).await
    }

    fn head(&self) -> watch::Receiver<Position> {
        self.head.clone()
    }

    fn epoch(&self) -> Epoch {
        self.epoch
    }
}
