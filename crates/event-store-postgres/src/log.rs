//! The log: opens the schema, starts the tasks, implements the port.

use std::sync::Arc;

use async_trait::async_trait;
use event_store::{Append, Direction, Epoch, EventStore, Position, ReadError, Recorded, StreamId, Ticket, judge};
use jiff::Timestamp;
use parking_lot::Mutex;
use postgres_schema::{Schema, Server};
use sqlx::{Connection, PgConnection};
use tokio::sync::watch;
use tokio::task::{AbortHandle, JoinHandle};

use crate::check::{self, Report};
use crate::claim::{Claim, ClaimError, Holder, Sharing};
use crate::connections::Connections;
use crate::error::Trouble;
use crate::follower::{self, Follower};
use crate::names::Names;
use crate::newest::{self, Asking};
use crate::queue::{Bounds, Queue};
use crate::reader::{self, Readers};
use crate::state::State;
use crate::writer::Writer;
use crate::{OpenError, Options, schema};

const NEW_EPOCH: &str = "UPDATE head SET epoch = gen_random_uuid(), turn = turn + 1 RETURNING epoch";

/// An event log in a schema of a PostgreSQL database.
///
/// Dropping it takes no more appends; what is queued is still written, in the background. [`PostgresLog::close`] waits for that.
#[derive(Debug)]
pub struct PostgresLog {
    schema: Schema,
    state: Arc<State>,
    readers: Arc<Readers>,
    asking: Asking,
    writer: Mutex<Option<JoinHandle<()>>>,
    others: Vec<AbortHandle>,
    claim: Mutex<Option<Claim>>,
}

impl PostgresLog {
    /// Opens the log in this database, makes it if there is none, and starts its tasks, on the runtime that this is called on.
    ///
    /// # Errors
    /// [`OpenError`]: the database cannot be reached, would not keep what it acknowledges, or has something else in that schema.
    pub async fn open(server: &Server, options: Options) -> Result<Self, OpenError> {
        let schema = schema::open(server).await?;
        if importing(&schema).await? {
            return Err(OpenError::Unfinished(server.to_string()));
        }
        let (place, newest) = follower::look(schema.pool()).await.map_err(|trouble| opening(trouble, server))?;
        let queue = Queue::new(Bounds {
            queue_appends: options.queue_appends,
            queue_bytes: options.queue_bytes,
            batch_appends: options.batch_appends.max(1),
            batch_bytes: options.batch_bytes,
        });
        let state = Arc::new(State::new(Epoch(place.epoch), queue, newest));
        let names = Arc::new(Names::default());
        // One more than the readers: for telling others, and for what asks for the newest events.
        let connections = Connections::new(schema::reading(&schema), options.readers.max(1) + 1);
        let readers = Arc::new(Readers { connections, names: Arc::clone(&names) });
        let (asking, answering) = newest::channel(Arc::clone(&readers), Arc::clone(&state));
        let follower = Follower::new(schema::reading(&schema), Arc::clone(&state), options.look_every);
        let telling = follower::tell(Arc::clone(&readers), Arc::clone(&state), follower.others());
        let writer = Writer {
            options: schema::writing(&schema),
            connected: None,
            remembered_streams: options.remembered_streams,
            clock: options.clock,
            names,
            state: Arc::clone(&state),
            patience: options.patience,
            away_since: None,
            recorded_at: Timestamp::MIN,
        };
        let others = vec![
            tokio::spawn(answering.run()).abort_handle(),
            tokio::spawn(follower.run()).abort_handle(),
            tokio::spawn(telling).abort_handle(),
        ];
        let writer = tokio::spawn(watched(writer));
        Ok(Self { schema, state, readers, asking, writer: Mutex::new(Some(writer)), others, claim: Mutex::default() })
    }

    /// Why the log takes no more appends until the process is started again; none while all is well.
    ///
    /// It stops when the database is not the one it was: a server that took over without the last events, a restored backup. Appending there
    /// would give the same positions to other events, and others that follow the log would never know. Wait for it to change, and stop the
    /// process: an operator must decide which history goes on ([`PostgresLog::start_new_epoch`]).
    #[must_use]
    pub fn failure(&self) -> watch::Receiver<Option<Arc<str>>> {
        self.state.failure.subscribe()
    }

    /// Says how this instance uses the log, and keeps others from using it otherwise until the log is closed. If others take it while the
    /// database is away, the log stops: see [`PostgresLog::failure`].
    ///
    /// # Errors
    /// [`ClaimError::InUse`] if others use it and one must be alone.
    pub async fn claim(&self, sharing: Sharing) -> Result<(), ClaimError> {
        let claim = Claim::take(self.schema.options().clone(), sharing, self.server(), Arc::clone(&self.state)).await?;
        *self.claim.lock() = Some(claim);
        Ok(())
    }

    /// Gives a log that no instance uses, such as a restored one, a new epoch: cursors of its earlier life are refused then. An instance
    /// that has it open all the same stops.
    ///
    /// # Errors
    /// [`OpenError`], as for [`PostgresLog::open`].
    pub async fn start_new_epoch(server: &Server) -> Result<Epoch, OpenError> {
        let schema = schema::open(server).await?;
        let holder = Holder::take(schema.options(), Sharing::Alone).await?;
        let _holder = holder.ok_or_else(|| OpenError::InUse(server.to_string()))?;
        let epoch = sqlx::query_scalar(NEW_EPOCH).fetch_optional(schema.pool()).await?;
        epoch.map(Epoch).ok_or_else(|| OpenError::NoHead(server.to_string()))
    }

    /// Looks whether the log is whole, while it goes on: see [`Report`]. Reads all of it, in one long transaction.
    ///
    /// # Errors
    /// [`ReadError::Unavailable`] if it cannot be read. Damage is in the report.
    pub async fn check(&self) -> Result<Report, ReadError> {
        let connection = PgConnection::connect_with(self.schema.options()).await.map_err(reader::unavailable)?;
        check::check(connection).await.map_err(reader::unavailable)
    }

    /// The database that it is in.
    #[must_use]
    pub fn server(&self) -> &Server {
        self.schema.server()
    }

    /// Takes no more appends, writes what is queued, and closes its connections. A second call does nothing.
    pub async fn close(&self) {
        self.state.queue.close("the event log is being closed");
        let writer = self.writer.lock().take();
        if let Some(writer) = writer {
            // An error here means that it had panicked, which was told.
            drop(writer.await);
        }
        self.end();
        drop(self.claim.lock().take());
        self.readers.connections.close().await;
        self.schema.pool().close().await;
    }

    fn end(&self) {
        self.others.iter().for_each(AbortHandle::abort);
    }
}

impl Drop for PostgresLog {
    fn drop(&mut self) {
        self.state.queue.close("the event log is being closed");
        self.end();
    }
}

/// Runs the writer. If it panics (a bug there, or in the clock), nobody must wait for ever: what is queued is dropped, which its tickets tell
/// as an unknown outcome.
async fn watched(writer: Writer) {
    let state = Arc::clone(&writer.state);
    if tokio::spawn(writer.run()).await.is_err() {
        state.stop("its writer panicked");
        while state.queue.take().await.is_some() {}
    }
}

async fn importing(schema: &Schema) -> Result<bool, OpenError> {
    let found: Vec<bool> = sqlx::query_scalar("SELECT importing FROM head").fetch_all(schema.pool()).await?;
    match found.as_slice() {
        [importing] => Ok(*importing),
        _ => Err(OpenError::NoHead(schema.server().to_string())),
    }
}

fn opening(trouble: Trouble, server: &Server) -> OpenError {
    match trouble {
        Trouble::Refused(error) | Trouble::Occupied(error) | Trouble::Lost(error) => OpenError::Postgres(error),
        Trouble::OtherLog(_) => OpenError::NoHead(server.to_string()),
    }
}

#[async_trait]
impl EventStore for PostgresLog {
    fn append(&self, append: Append) -> Ticket {
        let (settle, ticket) = Ticket::new();
        match judge::validate(&append) {
            Ok(()) => self.state.queue.push(append, settle),
            Err(error) => settle.settle(Err(error)),
        }
        ticket
    }

    async fn read_stream(&self, stream: &StreamId, from: u64, direction: Direction, limit: usize) -> Result<Vec<Recorded>, ReadError> {
        self.readers.stream(stream, from, direction, limit).await
    }

    async fn read_all(&self, after: Position, limit: usize) -> Result<Vec<Recorded>, ReadError> {
        self.readers.all(after, limit).await
    }

    async fn read_all_backwards(&self, before: Position, limit: usize) -> Result<Vec<Recorded>, ReadError> {
        self.readers.all_backwards(before, limit).await
    }

    fn is_shared(&self) -> bool {
        true
    }

    async fn newest(&self, stream: &StreamId) -> Result<Option<(u64, Position)>, ReadError> {
        self.asking.newest(stream).await
    }

    fn head(&self) -> watch::Receiver<Position> {
        self.state.head.subscribe()
    }

    fn epoch(&self) -> Epoch {
        self.state.epoch
    }
}
