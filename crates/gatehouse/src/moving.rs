//! Events from one store to another: positions, ids, times and bytes as they are, and a digest of both sides to prove it.

use std::path::{Path, PathBuf};

use event_store::{Clock, EventStore, LogDigest, Position, Recorded};
use event_store_postgres::PostgresLog;
use event_store_sqlite::{Import, SqliteLog};
use postgres_schema::Server;

use crate::failure::Failure;

/// Events taken over in one transaction.
const PAGE: usize = 2_000;

/// Whom progress is told to: events so far, and in all.
pub(crate) type Tell<'a> = &'a (dyn Fn(u64, u64) + Sync);

/// What takes over events. One that was begun before goes on after its last event.
pub(crate) trait Target: Send {
    /// The last event that it has.
    fn position(&self) -> Position;

    /// Takes over the next events, all or none, durably.
    fn take(&mut self, events: Vec<Recorded>) -> impl Future<Output = Result<(), Failure>> + Send;
}

/// A log in a file.
pub(crate) struct FileTarget(Option<Import>);

impl FileTarget {
    /// The log at this path, to take over one of this epoch.
    ///
    /// # Errors
    /// There is another log.
    pub(crate) async fn open(path: &Path, epoch: event_store::Epoch) -> Result<Self, Failure> {
        let path: PathBuf = path.to_owned();
        let opened = blocking(move || Import::open(&path, epoch)).await?;
        Ok(Self(Some(opened.map_err(|error| Failure::from_error(&error))?)))
    }
}

impl FileTarget {
    /// All is there, in one file.
    ///
    /// # Errors
    /// It cannot be closed.
    pub(crate) async fn close(mut self) -> Result<(), Failure> {
        let import = self.0.take();
        blocking(move || drop(import)).await
    }
}

impl Target for FileTarget {
    fn position(&self) -> Position {
        self.0.as_ref().map_or(Position::START, Import::position)
    }

    async fn take(&mut self, events: Vec<Recorded>) -> Result<(), Failure> {
        let Some(mut import) = self.0.take() else { return Err(Failure::failed("the copy was given up before")) };
        let (import, taken) = blocking(move || {
            let taken = import.take(&events);
            (import, taken)
        })
        .await?;
        self.0 = Some(import);
        taken.map_err(|error| Failure::from_error(&error))
    }
}

/// A log in PostgreSQL. Nobody uses it before [`PostgresTarget::finish`].
pub(crate) struct PostgresTarget(event_store_postgres::Import);

impl PostgresTarget {
    /// The log in this database, to take over one of this epoch.
    ///
    /// # Errors
    /// There is another log, or somebody uses it.
    pub(crate) async fn open(server: &Server, epoch: event_store::Epoch) -> Result<Self, Failure> {
        event_store_postgres::Import::open(server, epoch).await.map(Self).map_err(|error| Failure::from_error(&error))
    }

    /// All is there: it may be used, under this epoch.
    ///
    /// # Errors
    /// The database refuses.
    pub(crate) async fn finish(self, epoch: event_store::Epoch) -> Result<(), Failure> {
        self.0.finish(epoch).await.map_err(|error| Failure::from_error(&error))
    }
}

impl Target for PostgresTarget {
    fn position(&self) -> Position {
        self.0.position()
    }

    async fn take(&mut self, events: Vec<Recorded>) -> Result<(), Failure> {
        self.0.take(&events).await.map_err(|error| Failure::from_error(&error))
    }
}

/// The log in this database as it is, without taking part: to read it.
///
/// # Errors
/// It cannot be opened.
pub(crate) async fn open_postgres(server: &Server, clock: &Clock) -> Result<PostgresLog, Failure> {
    let options = event_store_postgres::Options::new(Clock::clone(clock));
    PostgresLog::open(server, options).await.map_err(|error| Failure::from_error(&error))
}

/// The log in this file, whose lock is taken.
///
/// # Errors
/// It cannot be opened, or somebody uses it.
pub(crate) async fn open_file(path: &Path, clock: &Clock) -> Result<SqliteLog, Failure> {
    let (path, options) = (path.to_owned(), event_store_sqlite::Options::new(Clock::clone(clock)));
    let opened = blocking(move || SqliteLog::open(path, options)).await?;
    opened.map_err(|error| Failure::from_error(&error))
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Failure> {
    tokio::task::spawn_blocking(work).await.map_err(|_| Failure::Unavailable("the service is stopping".to_owned()))
}

/// Copies the events of a log up to this position, and gives back their digest. Begun before, it goes on; what is there already is read
/// again on both sides, so that the digest is of everything.
///
/// # Errors
/// A store refuses, or has other events than the log.
pub(crate) async fn copy_log(
    from: &dyn EventStore,
    up_to: Position,
    target: &mut impl Target,
    tell: Tell<'_>,
) -> Result<LogDigest, Failure> {
    let begun = target.position();
    if begun > up_to {
        return Err(Failure::Refused(format!("there are {begun} events already where {up_to} are to be copied to")));
    }
    let mut digest = LogDigest::default();
    while digest.last() < up_to {
        let page = from.read_all(digest.last(), PAGE).await.map_err(|error| Failure::from_error(&error))?;
        if page.is_empty() {
            break;
        }
        let mut new = Vec::with_capacity(page.len());
        for event in page.into_iter().take_while(|event| event.position <= up_to) {
            digest.add(&event).map_err(|error| Failure::from_error(&error))?;
            if event.position > begun {
                new.push(event);
            }
        }
        if !new.is_empty() {
            target.take(new).await?;
        }
        tell(digest.events(), up_to.0);
    }
    Ok(digest)
}

/// Proves that a log has the events of this digest, and no others before its last.
///
/// # Errors
/// It has not.
pub(crate) async fn verify(copy: &dyn EventStore, digest: &LogDigest) -> Result<(), Failure> {
    let of_copy = LogDigest::of(copy, digest.last()).await.map_err(|error| Failure::from_error(&error))?;
    if of_copy.text() == digest.text() && of_copy.events() == digest.events() {
        return Ok(());
    }
    Err(Failure::failed(format!(
        "the copy is not the log: {} events with digest {}, where {} events with digest {} were read",
        of_copy.events(),
        of_copy.text(),
        digest.events(),
        digest.text()
    )))
}
