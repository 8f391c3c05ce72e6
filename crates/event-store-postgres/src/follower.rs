//! Follows what other instances append: they tell, and if they cannot be heard, a look at the head row every now and then does.

use std::sync::Arc;
use std::time::Duration;

use event_store::Position;
use sqlx::postgres::{PgConnectOptions, PgListener, PgPoolOptions};
use sqlx::{PgPool, Row};
use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};
use uuid::Uuid;

use crate::error::Trouble;
use crate::reader::Readers;
use crate::session::{Place, Seen, natural, place, same_history, still_holds, within};
use crate::state::State;

/// What the connections of followers are called: so they know of each other.
const APPLICATION: &str = "gatehouse log follower";

const CHANNEL: &str = "gatehouse_log";

/// Other instances are told at most this often.
const TELL_EVERY: Duration = Duration::from_millis(5);

/// How often it is looked whether there are others to be told.
const OTHERS_EVERY: Duration = Duration::from_secs(5);

const LIMIT: Duration = Duration::from_secs(5);

const HEAD: &str = "SELECT h.position, h.turn, h.epoch, e.id FROM head h LEFT JOIN events e ON e.position = h.position";

const OTHERS: &str = "
SELECT EXISTS (
    SELECT FROM pg_stat_activity
     WHERE datname = current_database() AND application_name = $1 AND pid <> pg_backend_pid()
)";

const TELL: &str = "SELECT pg_notify($1, $2)";

/// Asks where the log ends, and which event is there.
pub(crate) async fn look(connection: impl sqlx::PgExecutor<'_>) -> Result<(Place, Option<Seen>), Trouble> {
    let rows = within(LIMIT, sqlx::query(HEAD).fetch_all(connection)).await?;
    let place = place(&rows)?;
    let id: Option<Uuid> = rows.first().map(|row| row.try_get(3)).transpose()?.flatten();
    match (place.position, id) {
        (0, _) => Ok((place, None)),
        (position, Some(id)) => Ok((place, Some(Seen { position: Position(natural(position)), id }))),
        (position, None) => Err(Trouble::OtherLog(format!("the log ends at position {position}, but there is no event"))),
    }
}

#[derive(Debug)]
pub(crate) struct Follower {
    pool: PgPool,
    state: Arc<State>,
    look_every: Duration,
    others: watch::Sender<bool>,
}

impl Follower {
    pub(crate) fn new(options: PgConnectOptions, state: Arc<State>, look_every: Duration) -> Self {
        let options = options.application_name(APPLICATION);
        let pool = PgPoolOptions::new().max_connections(1).acquire_timeout(LIMIT).connect_lazy_with(options);
        Self { pool, state, look_every, others: watch::Sender::new(false) }
    }

    /// Whether there are other instances to be told.
    pub(crate) fn others(&self) -> watch::Receiver<bool> {
        self.others.subscribe()
    }

    /// Runs until it is aborted, or the log is not the one it was.
    pub(crate) async fn run(self) {
        loop {
            match self.follow().await {
                Ok(()) => {}
                Err(Trouble::OtherLog(reason)) => {
                    self.state.stop(&reason);
                    return;
                }
                Err(Trouble::Lost(error) | Trouble::Refused(error) | Trouble::Occupied(error)) => {
                    tracing::debug!(%error, "the follower of the event log connects again");
                }
            }
            tokio::time::sleep(self.look_every).await;
        }
    }

    /// Follows on one connection until that ends.
    async fn follow(&self) -> Result<(), Trouble> {
        let mut listener = within(LIMIT, PgListener::connect_with(&self.pool)).await?;
        within(LIMIT, listener.listen(CHANNEL)).await?;
        still_holds(&mut listener, self.state.seen()).await?;
        let mut look_for_others_at = Instant::now();
        loop {
            self.look(&mut listener).await?;
            if look_for_others_at <= Instant::now() {
                let others = sqlx::query_scalar(OTHERS).bind(APPLICATION).fetch_one(&mut listener);
                self.others.send_replace(within(LIMIT, others).await?);
                look_for_others_at = Instant::now() + OTHERS_EVERY;
            }
            if !self.hear(&mut listener, Instant::now() + self.look_every).await? {
                return Ok(());
            }
        }
    }

    async fn look(&self, listener: &mut PgListener) -> Result<(), Trouble> {
        let seen = self.state.seen();
        let (place, newest) = look(listener).await?;
        same_history(place, self.state.epoch, seen)?;
        if let Some(newest) = newest {
            self.state.saw(newest);
        }
        Ok(())
    }

    /// Waits until another instance tells of something new, or it is time to look. False if the connection is lost.
    async fn hear(&self, listener: &mut PgListener, until: Instant) -> Result<bool, Trouble> {
        loop {
            match timeout_at(until, listener.try_recv()).await {
                Err(_) => return Ok(true),
                Ok(heard) => match heard? {
                    None => return Ok(false),
                    // One's own news is heard, too. What is told is only a reason to look.
                    Some(news) if news.payload().parse().is_ok_and(|position| Position(position) <= *self.state.head.borrow()) => {}
                    Some(_) => return Ok(true),
                },
            }
        }
    }
}

/// Tells other instances, if there are any, what this one has written: after the commit and beside the writer, since to notify within a
/// transaction makes all that do wait for each other's commits. Many commits are told in one go.
pub(crate) async fn tell(readers: Arc<Readers>, state: Arc<State>, mut others: watch::Receiver<bool>) {
    let mut written = state.written.subscribe();
    loop {
        if others.wait_for(|others| *others).await.is_err() || written.changed().await.is_err() {
            return;
        }
        let position = *written.borrow_and_update();
        let told = readers.connections.rows(|| sqlx::query(TELL).bind(CHANNEL).bind(position.to_string()));
        if let Err(error) = within(LIMIT, told).await {
            tracing::debug!(%error, "other instances were not told of new events: they will look");
        }
        tokio::time::sleep(TELL_EVERY).await;
    }
}
