//! Learns which builds there are and how far they have come, for all read models of this process, and says that it uses some.
//!
//! One query for all of them, every so often, and more often while somebody waits. Whoever reads a build shares a lock that its session
//! holds; a build is dropped only by whoever gets that lock alone. So it needs no clock, and what a process that died was using is free
//! at once.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use event_store::Position;
use sqlx::{Connection, PgConnection};
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::catalogue::{Catalogue, Entry, key, pick};
use crate::decode::chain;
use crate::lease::Lease;
use crate::wanted::rest;

/// How often it looks.
const PACE: Duration = Duration::from_millis(50);

/// How often where the lease of the read models is held.
const KEEPING: Duration = Duration::from_millis(500);

/// How often while somebody waits for what is not there yet.
const HURRY: Duration = Duration::from_millis(5);

/// How long it hurries for one who waits.
const HURRIES: Duration = Duration::from_secs(2);

/// How long the database may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long until it tries a database again that failed.
const AGAIN: Duration = Duration::from_millis(500);

/// What answers reads, of each read model in the order of the setup; or why that is not known.
pub(crate) type News = Result<Arc<[Option<Entry>]>, Arc<str>>;

/// Looks at the catalogue.
pub(crate) struct Watch {
    catalogue: Catalogue,
    /// Names and versions.
    models: Vec<(&'static str, u32)>,
    wanted: watch::Receiver<Position>,
    lease: Lease,
    news: watch::Sender<Option<News>>,
    stop: CancellationToken,
    db: Option<PgConnection>,
    /// The builds whose locks this session shares.
    locked: BTreeSet<i64>,
}

impl Watch {
    pub(crate) fn new(
        catalogue: Catalogue,
        models: Vec<(&'static str, u32)>,
        wanted: watch::Receiver<Position>,
        lease: Lease,
        stop: CancellationToken,
    ) -> (Self, watch::Receiver<Option<News>>) {
        let news = watch::Sender::new(None);
        let receiver = news.subscribe();
        (Self { catalogue, models, wanted, lease, news, stop, db: None, locked: BTreeSet::new() }, receiver)
    }

    /// Looks until the runtime stops.
    pub(crate) async fn run(mut self) {
        let stop = self.stop.clone();
        let (mut hurries_for, mut since) = (Position::START, Instant::now());
        loop {
            let looked = tokio::select! {
                () = stop.cancelled() => break,
                looked = tokio::time::timeout(PATIENCE, self.look()) => looked.unwrap_or(Err(sqlx::Error::PoolTimedOut)),
            };
            let held = self.lease.held();
            let pause = match looked {
                // Whoever keeps them knows better how they are: only that they are in use is to be said.
                Ok(_) if held.is_some() => KEEPING,
                Ok(at) => {
                    let wanted = *self.wanted.borrow_and_update();
                    if wanted > hurries_for {
                        (hurries_for, since) = (wanted, Instant::now());
                    }
                    if wanted > at && since.elapsed() < HURRIES { HURRY } else { PACE }
                }
                Err(error) => {
                    self.tell(Err(chain(&error).into()));
                    // With its locks: the server gives them up when the session ends.
                    (self.db, self.locked) = (None, BTreeSet::new());
                    AGAIN
                }
            };
            let until = Instant::now() + pause;
            match held {
                Some(fence) => tokio::select! {
                    () = stop.cancelled() => break,
                    () = self.lease.lost(fence) => {}
                    () = tokio::time::sleep_until(until) => {}
                },
                None => tokio::select! {
                    () = stop.cancelled() => break,
                    () = rest(until, &mut self.wanted, hurries_for) => {}
                },
            }
        }
        if let Some(db) = self.db.take() {
            drop(tokio::time::timeout(HURRIES, db.close()).await);
        }
    }

    /// Looks once. How far the slowest read model has come.
    async fn look(&mut self) -> Result<Position, sqlx::Error> {
        let db = match &mut self.db {
            Some(db) => db,
            None => {
                self.locked.clear();
                self.db.insert(PgConnection::connect_with(self.catalogue.options()).await?)
            }
        };
        loop {
            let entries = Catalogue::entries(db).await?;
            let picked = |(name, version): &(&'static str, u32)| pick(&entries, name, *version, &self.catalogue.epoch).cloned();
            let picks: Vec<Option<Entry>> = self.models.iter().map(picked).collect();
            let wanted: BTreeSet<i64> = picks.iter().flatten().map(|entry| entry.id).chain(self.catalogue.in_use().ids()).collect();
            let is_new = share(db, &mut self.locked, &wanted).await?;
            // What was not locked yet may have been dropped meanwhile: only what is there after is shown.
            if !is_new {
                let slowest = picks.iter().map(|pick| pick.as_ref().map_or(Position::START, |entry| entry.position)).min();
                self.tell(Ok(picks.into()));
                return Ok(slowest.unwrap_or(Position(u64::MAX)));
            }
        }
    }

    fn tell(&self, news: News) {
        self.news.send_if_modified(|known| {
            let is_new = known.as_ref() != Some(&news);
            if is_new {
                *known = Some(news);
            }
            is_new
        });
    }
}

/// Shares the locks of these builds, and of no others. Whether one came in addition.
async fn share(db: &mut PgConnection, locked: &mut BTreeSet<i64>, wanted: &BTreeSet<i64>) -> Result<bool, sqlx::Error> {
    for id in locked.difference(wanted).copied().collect::<Vec<_>>() {
        sqlx::query("SELECT pg_advisory_unlock_shared($1)").bind(key(id)).execute(&mut *db).await?;
        locked.remove(&id);
    }
    let missing: Vec<i64> = wanted.difference(locked).copied().collect();
    for id in &missing {
        // Waits for whoever is dropping it, which does not take long.
        sqlx::query("SELECT pg_advisory_lock_shared($1)").bind(key(*id)).execute(&mut *db).await?;
        locked.insert(*id);
    }
    Ok(!missing.is_empty())
}
