//! Who may use the log at the same time: a lock of the database that lives as long as a connection of this process.

use std::sync::Arc;
use std::time::Duration;

use postgres_schema::Server;
use sqlx::postgres::PgConnectOptions;
use sqlx::{Connection, PgConnection, Row};
use tokio::task::AbortHandle;
use tokio::time::Instant;

use crate::session::within;
use crate::state::State;

/// How often it is looked whether the lock is still held.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// How long to wait before asking again.
const ASK_EVERY: Duration = Duration::from_millis(200);

/// How long a lock that was lost is asked for while others hold it: the server may take a moment to notice that the old connection is gone.
const PATIENCE: Duration = Duration::from_secs(10);

const LIMIT: Duration = Duration::from_secs(5);

/// Of all advisory locks in the database, this one: "Gate", 1.
const TAKE_ALONE: &str = "SELECT pg_try_advisory_lock(1197569125, 1)";
const TAKE_WITH_OTHERS: &str = "SELECT pg_try_advisory_lock_shared(1197569125, 1)";

const WHO_AM_I: &str = "SELECT pid, backend_start::text FROM pg_stat_activity WHERE pid = pg_backend_pid()";

/// The start is compared, too: a number may have been given again.
const END_ANOTHER: &str = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid = $1 AND backend_start::text = $2";

/// How an instance uses a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sharing {
    /// As the only one: for an instance that keeps anything on its own disk that others would have to know.
    Alone,
    /// Beside others that do the same.
    WithOthers,
}

/// Why a log cannot be used so.
#[derive(Debug, thiserror::Error)]
pub enum ClaimError {
    /// Other instances use it, and they or this one must be alone.
    #[error(
        "the event log in {0} is in use by another instance: several may run only if all of them keep log, vault, keys and read models in PostgreSQL"
    )]
    InUse(String),
    /// The database did not answer.
    #[error("cannot ask whether the event log is in use")]
    Postgres(#[from] sqlx::Error),
}

/// A connection that holds the lock.
#[derive(Debug)]
pub(crate) struct Holder {
    connection: PgConnection,
    pid: i32,
    since: String,
}

impl Holder {
    /// Takes the lock; none if others have it.
    pub(crate) async fn take(options: &PgConnectOptions, sharing: Sharing) -> Result<Option<Self>, sqlx::Error> {
        let mut connection = within(LIMIT, PgConnection::connect_with(options)).await?;
        let take = match sharing {
            Sharing::Alone => TAKE_ALONE,
            Sharing::WithOthers => TAKE_WITH_OTHERS,
        };
        if !within(LIMIT, sqlx::query_scalar::<_, bool>(take).fetch_one(&mut connection)).await? {
            return Ok(None);
        }
        let own = within(LIMIT, sqlx::query(WHO_AM_I).fetch_one(&mut connection)).await?;
        Ok(Some(Self { connection, pid: own.try_get(0)?, since: own.try_get(1)? }))
    }

    /// Ends the connection of an earlier holder of this process, if the server still has it.
    async fn end_earlier(options: &PgConnectOptions, earlier: &Self) -> Result<(), sqlx::Error> {
        let mut connection = within(LIMIT, PgConnection::connect_with(options)).await?;
        let end = sqlx::query(END_ANOTHER).bind(earlier.pid).bind(&earlier.since);
        within(LIMIT, end.execute(&mut connection)).await?;
        connection.close().await
    }
}

/// Keeps the lock until it is dropped.
#[derive(Debug)]
pub(crate) struct Claim(AbortHandle);

impl Drop for Claim {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Claim {
    pub(crate) async fn take(options: PgConnectOptions, sharing: Sharing, server: &Server, state: Arc<State>) -> Result<Self, ClaimError> {
        let holder = Holder::take(&options, sharing).await?.ok_or_else(|| ClaimError::InUse(server.to_string()))?;
        Ok(Self(tokio::spawn(keep(holder, options, sharing, state)).abort_handle()))
    }
}

/// Looks whether the lock is still held, and takes it again if not. If others took it meanwhile, the log stops.
async fn keep(mut holder: Holder, options: PgConnectOptions, sharing: Sharing, state: Arc<State>) {
    loop {
        tokio::time::sleep(LOOK_EVERY).await;
        if within(LIMIT, holder.connection.ping()).await.is_ok() {
            continue;
        }
        tracing::warn!("the connection that keeps others from the event log was lost: it is taken again");
        holder = match retake(&holder, &options, sharing).await {
            Some(holder) => holder,
            None => {
                state.stop("another instance uses it now");
                return;
            }
        };
    }
}

/// Asks for as long as the database does not answer; if it does, and others have the lock, for a while.
async fn retake(earlier: &Holder, options: &PgConnectOptions, sharing: Sharing) -> Option<Holder> {
    let mut refused_since = None;
    loop {
        let taken = match Holder::end_earlier(options, earlier).await {
            Ok(()) => Holder::take(options, sharing).await,
            Err(error) => Err(error),
        };
        match taken {
            Ok(Some(holder)) => return Some(holder),
            Ok(None) if refused_since.get_or_insert_with(Instant::now).elapsed() >= PATIENCE => return None,
            Ok(None) => {}
            Err(error) => tracing::debug!(%error, "the database does not answer"),
        }
        tokio::time::sleep(ASK_EVERY).await;
    }
}
