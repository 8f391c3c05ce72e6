//! A few connections for reading. Reads can be asked again, so a connection that was cut while nobody used it costs nobody an answer, and
//! none is asked whether it lives before it is used.

use std::time::Duration;

use parking_lot::Mutex;
use sqlx::postgres::{PgArguments, PgConnectOptions, PgRow};
use sqlx::query::Query;
use sqlx::{ConnectOptions, Connection, PgConnection, Postgres};
use tokio::sync::Semaphore;

use crate::error::is_lost;
use crate::session::within;

/// How long to wait for a connection that is free, and for a new one.
const WAIT: Duration = Duration::from_secs(5);

#[derive(Debug)]
pub(crate) struct Connections {
    options: PgConnectOptions,
    permits: Semaphore,
    idle: Mutex<Vec<PgConnection>>,
}

impl Connections {
    /// Up to so many, opened when needed.
    pub(crate) fn new(options: PgConnectOptions, count: usize) -> Self {
        Self { options, permits: Semaphore::new(count.max(1)), idle: Mutex::default() }
    }

    /// The rows of a query that changes nothing.
    pub(crate) async fn rows<'q>(&self, query: impl Fn() -> Query<'q, Postgres, PgArguments>) -> Result<Vec<PgRow>, sqlx::Error> {
        let permit = within(WAIT, async { self.permits.acquire().await.map_err(|_| sqlx::Error::PoolClosed) });
        let _permit = permit.await?;
        loop {
            let idle = self.idle.lock().pop();
            let was_idle = idle.is_some();
            // Dropped, and so closed, unless it is put back: also when nobody waits for the answer any more.
            let mut connection = match idle {
                Some(connection) => connection,
                None => within(WAIT, self.options.connect()).await?,
            };
            match query().fetch_all(&mut connection).await {
                // Others may have been cut as well: the last try is on a new one.
                Err(error) if was_idle && is_lost(&error) => {}
                Err(error) if is_lost(&error) => return Err(error),
                answer => {
                    self.idle.lock().push(connection);
                    return answer;
                }
            }
        }
    }

    /// Closes those that nobody uses, and opens no more.
    pub(crate) async fn close(&self) {
        self.permits.close();
        let idle = std::mem::take(&mut *self.idle.lock());
        for connection in idle {
            // It is over either way.
            drop(within(WAIT, connection.close()).await);
        }
    }
}
