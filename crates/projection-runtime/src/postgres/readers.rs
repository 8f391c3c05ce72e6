//! Transactions that read the rows of a build.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use event_store::Position;
use sqlx::error::DatabaseError;
use sqlx::pool::PoolConnection;
use sqlx::{AssertSqlSafe, PgPool, Postgres, Row};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::in_use::Used;
use super::position;
use crate::sql::Database;
use crate::tables::Tables;

/// Views of one build at once; more wait. The connections are those of all read models together.
const READERS: u32 = 8;

/// How many connections that turn out to be dead are passed over: as many as a pool may have kept while the server was away.
const DEAD: usize = 64;

/// What reads one build.
#[derive(Clone)]
pub(crate) struct Readers(Arc<Inner>);

struct Inner {
    pool: PgPool,
    /// Begins a transaction and reads the position of its rows, which fixes what it sees.
    begin: String,
    /// The build's schema.
    schema: String,
    permits: Arc<Semaphore>,
    closed: AtomicBool,
    _used: Used,
}

impl Readers {
    pub(super) fn of(pool: PgPool, id: i64, schema: &str, used: Used) -> Self {
        let begin = format!(
            "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY;
            SET LOCAL search_path = {schema};
            SELECT position FROM gatehouse_views.read_model WHERE id = {id}"
        );
        let permits = Arc::new(Semaphore::new(usize::try_from(READERS).unwrap_or(1)));
        Self(Arc::new(Inner { pool, begin, schema: schema.to_owned(), permits, closed: AtomicBool::new(false), _used: used }))
    }

    /// A transaction that sees the rows as they are now, and how far they have come.
    ///
    /// # Errors
    /// [`sqlx::Error::PoolClosed`] after [`Readers::close`], or when the rows are there no more; otherwise of the database.
    pub(crate) async fn begin(&self) -> Result<(Reader, Position), sqlx::Error> {
        let inner = Arc::clone(&self.0);
        let permit = tokio::time::timeout(inner.pool.options().get_acquire_timeout(), Arc::clone(&inner.permits).acquire_owned()).await;
        let permit = permit.map_err(|_elapsed| sqlx::Error::PoolTimedOut)?.map_err(|_closed| sqlx::Error::PoolClosed)?;
        if inner.closed.load(Ordering::SeqCst) {
            return Err(sqlx::Error::PoolClosed);
        }
        for _ in 0..DEAD {
            // Whatever becomes of what follows: the pool ends the transaction.
            let mut db = inner.pool.acquire().await?;
            match sqlx::raw_sql(AssertSqlSafe(inner.begin.clone())).fetch_all(&mut *db).await {
                Ok(rows) => {
                    let at: i64 = rows.first().ok_or(sqlx::Error::PoolClosed)?.try_get_unchecked(0)?;
                    return Ok((Reader { db, _permit: permit, of: inner }, position(at)));
                }
                Err(error) if is_of_connection(&error) => db.close_on_drop(),
                Err(error) => return Err(error),
            }
        }
        Err(sqlx::Error::PoolTimedOut)
    }

    /// Waits until nobody reads any more; from now on nobody begins to.
    pub(crate) async fn close(&self) {
        self.0.closed.store(true, Ordering::SeqCst);
        // Nobody closes the semaphore.
        drop(self.0.permits.acquire_many(READERS).await);
    }
}

/// Whether another connection may do: this one was kept from before the server went away.
fn is_of_connection(error: &sqlx::Error) -> bool {
    // The server said goodbye: an administrator's command, a crash, an idle session.
    let said_goodbye = |code: &str| code.starts_with("57P") || code.starts_with("25P");
    matches!(error, sqlx::Error::Io(_)) || error.as_database_error().and_then(DatabaseError::code).is_some_and(|code| said_goodbye(&code))
}

/// A transaction that reads. It ends when this is dropped: the pool sees to that.
pub(crate) struct Reader {
    db: PoolConnection<Postgres>,
    // Given back after the connection.
    _permit: OwnedSemaphorePermit,
    of: Arc<Inner>,
}

impl Reader {
    /// For work that takes as long as it takes.
    pub(crate) async fn take_time(&mut self) -> Result<(), sqlx::Error> {
        self.tables().define("SET LOCAL statement_timeout = 0").await
    }
}

impl Database for Reader {
    fn tables(&mut self) -> Tables<'_> {
        Tables::of_postgres(&mut self.db, &self.of.schema)
    }
}
