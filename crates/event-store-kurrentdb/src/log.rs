//! The log: connects, starts the follower, implements the port.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use async_trait::async_trait;
use event_store::{Append, Direction, Epoch, EventStore, Position, ReadError, Recorded, StreamId, Ticket, judge};
use tokio::runtime::Handle;
use tokio::sync::{Semaphore, watch};

use crate::connection::Connection;
use crate::epoch;
use crate::failure::Failure;
use crate::follower::{self, Follower, Head};
use crate::names::Names;
use crate::pages::Pages;
use crate::queue::{Bounds, Queue};
use crate::reader::Reader;
use crate::times::Times;
use crate::writer::Writer;
use crate::{OpenError, Options};

/// An event log in an EventStoreDB or KurrentDB cluster, shared with whoever else appends to it.
///
/// Dropping it ends the following; what was queued is still attempted as long as the runtime lives. See [`KurrentLog::close`].
pub struct KurrentLog {
    epoch: Epoch,
    writer: Arc<Writer>,
    reader: Arc<Reader>,
    head: Arc<Head>,
    queue: Arc<Queue>,
    failure: Failure,
    read_deadline: Duration,
    runtime: Handle,
    stop: watch::Sender<bool>,
}

impl std::fmt::Debug for KurrentLog {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KurrentLog").field("head", &*self.head.position.borrow()).field("epoch", &self.epoch).finish_non_exhaustive()
    }
}

impl KurrentLog {
    /// Connects to the cluster at this address (`esdb://…` or `kurrentdb://…`, as the server's documentation describes), gives a log that
    /// has none its epoch, and starts to follow. Belongs to the runtime that it is called in.
    ///
    /// The user named in the address must be allowed to read `$all` and the streams, and to append to them. Whatever is read is read
    /// from the leader.
    ///
    /// # Errors
    /// [`OpenError`]: the address is not one, the server does not answer in time or is too old, or the log is damaged.
    pub async fn open(address: &str, options: Options) -> Result<Self, OpenError> {
        let pages = pages(address, &options)?;
        let epoch = epoch::load(&pages).await?;
        let end = follower::find_end(&pages).await?;
        let process = u64::from_be_bytes(epoch::random_bytes()?);
        let reader = Arc::new(Reader::new(Arc::new(pages)));
        let times = Times::new(options.clock, end.recorded_at);
        let head = Head::new(&end);
        let queue = Arc::new(Queue::new(Bounds { appends: options.queue_appends, bytes: options.queue_bytes }));
        let failure = Failure::new(Arc::clone(&queue));
        let (stop, stopped) = watch::channel(false);
        let follower = Follower::new(Arc::clone(&reader), Arc::clone(&head), Arc::clone(&times), epoch, end, options.poll);
        tokio::spawn({
            let failure = failure.clone();
            async move {
                if let Some(damage) = follower.run(stopped).await {
                    failure.stop(&damage.to_string());
                }
            }
        });
        let writer = Arc::new(Writer {
            reader: Arc::clone(&reader),
            head: Arc::clone(&head),
            times,
            queue: Arc::clone(&queue),
            failure: failure.clone(),
            slots: Semaphore::new(options.in_flight.clamp(1, Semaphore::MAX_PERMITS)),
            deadline: options.append_deadline,
            process,
            marks: AtomicU64::new(0),
        });
        Ok(Self { epoch, writer, reader, head, queue, failure, read_deadline: options.read_deadline, runtime: Handle::current(), stop })
    }

    /// Why the log takes no more appends until the process is started again; none while all is well.
    ///
    /// It stops when the server has lost events that were there (a failover without them, a restored backup), when events of a stream
    /// were deleted or hidden, and when a new epoch was started. Wait for it to change, and stop the process.
    #[must_use]
    pub fn failure(&self) -> watch::Receiver<Option<Arc<str>>> {
        self.failure.told.subscribe()
    }

    /// Gives a log a new epoch, after a restore or after events of its end were lost: cursors of its earlier life are refused then.
    /// Processes that have it open stop.
    ///
    /// # Errors
    /// [`OpenError`], as for [`KurrentLog::open`].
    pub async fn start_new_epoch(address: &str, options: Options) -> Result<Epoch, OpenError> {
        epoch::renew(&pages(address, &options)?).await
    }

    /// Takes no more appends, waits until what is queued has its outcome, and ends the following. A second call does nothing.
    pub async fn close(&self) {
        self.queue.close("the event log is being closed");
        self.queue.drained().await;
        self.stop.send_replace(true);
    }
}

fn pages(address: &str, options: &Options) -> Result<Pages, OpenError> {
    let connection = Connection::new(address, options.attempt)?;
    let names = Names::new(&options.namespace)?;
    Ok(Pages { connection, names, deadline: options.read_deadline, page: options.page.clamp(1, 4096) })
}

impl Drop for KurrentLog {
    fn drop(&mut self) {
        self.queue.close("the event log was closed");
        // Those who wait for their events to be read back still get their answers.
        let (queue, stop) = (Arc::clone(&self.queue), self.stop.clone());
        self.runtime.spawn(async move {
            queue.drained().await;
            stop.send_replace(true);
        });
    }
}

#[async_trait]
impl EventStore for KurrentLog {
    fn append(&self, append: Append) -> Ticket {
        let (settle, ticket) = Ticket::new();
        match judge::validate(&append) {
            Ok(()) => {
                if let Some(stream) = self.queue.push(append, settle) {
                    self.runtime.spawn(Arc::clone(&self.writer).run(stream));
                }
            }
            Err(error) => settle.settle(Err(error)),
        }
        ticket
    }

    async fn read_stream(&self, stream: &StreamId, from: u64, direction: Direction, limit: usize) -> Result<Vec<Recorded>, ReadError> {
        self.reader.stream(stream, from, direction, limit).await
    }

    async fn read_all(&self, after: Position, limit: usize) -> Result<Vec<Recorded>, ReadError> {
        self.reader.all(after, Direction::Forwards, limit).await
    }

    async fn read_all_backwards(&self, before: Position, limit: usize) -> Result<Vec<Recorded>, ReadError> {
        self.reader.all(before, Direction::Backwards, limit).await
    }

    fn is_shared(&self) -> bool {
        true
    }

    async fn newest(&self, stream: &StreamId) -> Result<Option<(u64, Position)>, ReadError> {
        let newest = self.reader.stream(stream, u64::MAX, Direction::Backwards, 1).await?;
        let Some(event) = newest.first() else { return Ok(None) };
        self.head.reach(event.position, self.read_deadline).await.map_err(|trouble| trouble.unavailable())?;
        Ok(Some((event.version, event.position)))
    }

    fn head(&self) -> watch::Receiver<Position> {
        self.head.position.subscribe()
    }

    fn epoch(&self) -> Epoch {
        self.epoch
    }
}
