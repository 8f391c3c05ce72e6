//! Gets leases and renews them.

use std::collections::HashMap;
use std::time::Duration;

use sqlx::PgPool;
use sqlx::postgres::{PgConnectOptions, PgListener, PgPoolOptions};
use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until, timeout};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{Held, LeaseSettings, table};
use crate::decode::chain;
use crate::lease::{Fence, Holding, Moment};

/// How long to wait after the database could not be reached.
const PAUSE: Duration = Duration::from_millis(100);

/// Tries for the leases and renews them until it is told to stop.
pub(super) struct Keeper {
    pub(super) options: PgConnectOptions,
    pub(super) holder: Uuid,
    pub(super) instance: String,
    pub(super) held: Held,
    /// The names of those that are not taken any more.
    pub(super) given_back: watch::Receiver<Vec<&'static str>>,
    pub(super) settings: LeaseSettings,
    pub(super) stop: CancellationToken,
}

/// A connection of its own: nothing else waits for it, nor it for anything else. It renews, and hears what others give back.
struct Link {
    listener: PgListener,
    _pool: PgPool,
}

/// Why it beats again.
enum Wake {
    /// It is time, or something was given back.
    Beat,
    /// The connection is gone.
    Lost,
    /// It is told to stop.
    Stop,
}

impl Keeper {
    pub(super) async fn run(self) {
        let mut given_back = self.given_back.clone();
        let mut link = None;
        let mut is_away = false;
        loop {
            let begun = Instant::now();
            let beat = async {
                let link = match &mut link {
                    Some(link) => link,
                    empty @ None => empty.insert(self.connect().await?),
                };
                self.beat(link).await
            };
            let beaten = tokio::select! {
                () = self.stop.cancelled() => break,
                beaten = timeout(self.settings.patience(), beat) => beaten.unwrap_or(Err(sqlx::Error::PoolTimedOut)),
            };
            let wake = match (beaten, &mut link) {
                (Ok(()), Some(link)) => {
                    if std::mem::take(&mut is_away) {
                        tracing::info!("leases can be renewed again");
                    }
                    self.wait(link, &mut given_back, begun + self.settings.beat).await
                }
                (Ok(()), None) => Wake::Lost,
                (Err(error), _) => {
                    if !std::mem::replace(&mut is_away, true) {
                        tracing::warn!(error = %chain(&error), "leases cannot be renewed right now: what this instance holds ends by itself");
                    }
                    link = None;
                    tokio::select! {
                        () = self.stop.cancelled() => Wake::Stop,
                        () = sleep(PAUSE) => Wake::Beat,
                    }
                }
            };
            match wake {
                Wake::Beat => {}
                Wake::Lost => link = None,
                Wake::Stop => break,
            }
        }
        self.release(link).await;
    }

    async fn connect(&self) -> Result<Link, sqlx::Error> {
        let pool = PgPoolOptions::new()
            .max_connections(1)
            .acquire_timeout(self.settings.patience())
            .idle_timeout(None)
            .max_lifetime(None)
            .connect_lazy_with(self.options.clone());
        let mut listener = PgListener::connect_with(&pool).await?;
        listener.eager_reconnect(false);
        listener.listen(table::FREED).await?;
        Ok(Link { listener, _pool: pool })
    }

    /// Takes and renews, and says what is held.
    async fn beat(&self, link: &mut Link) -> Result<(), sqlx::Error> {
        let given_back = self.given_back.borrow().clone();
        let (given_back, names): (Vec<&str>, Vec<&str>) =
            self.held.iter().map(|(name, _)| *name).partition(|name| given_back.contains(name));
        // Here first, then for others.
        self.let_go(&given_back);
        table::release(&mut link.listener, self.holder, &given_back).await?;
        // Before it is sent: the row lasts longer than what is counted from here.
        let until = Moment::now().after(self.settings.certain());
        let rows = table::beat(&mut link.listener, &names, self.holder, &self.instance, self.settings.ttl).await?;
        let rows: HashMap<String, Fence> = rows.into_iter().collect();
        for (name, held) in self.held.iter() {
            if !names.contains(name) {
                continue;
            }
            let now = rows.get(*name).map(|fence| Holding { fence: *fence, until });
            let before = held.send_replace(now);
            self.tell(name, before.map(|holding| holding.fence), now.map(|holding| holding.fence));
        }
        Ok(())
    }

    fn tell(&self, name: &'static str, before: Option<Fence>, now: Option<Fence>) {
        metrics::gauge!("gatehouse_lease_held", "lease" => name).set(if now.is_some() { 1.0 } else { 0.0 });
        match (before, now) {
            (before, Some(fence)) if before != Some(fence) => {
                tracing::info!(lease = name, fence = fence.0, instance = self.instance, "a lease is held");
            }
            (Some(fence), None) => {
                tracing::warn!(lease = name, fence = fence.0, instance = self.instance, "another instance holds a lease now")
            }
            (Some(_), Some(_)) | (None, _) => {}
        }
    }

    async fn wait(&self, link: &mut Link, given_back: &mut watch::Receiver<Vec<&'static str>>, until: Instant) -> Wake {
        tokio::select! {
            () = self.stop.cancelled() => Wake::Stop,
            Ok(()) = given_back.changed() => Wake::Beat,
            () = sleep_until(until) => Wake::Beat,
            heard = link.listener.try_recv() => match heard {
                Ok(Some(_)) => Wake::Beat,
                Ok(None) | Err(_) => Wake::Lost,
            }
        }
    }

    /// Those of these names are not held any more, as far as this instance is concerned.
    fn let_go(&self, names: &[&str]) {
        for (name, held) in self.held.iter().filter(|(name, _)| names.contains(name)) {
            held.send_replace(None);
            metrics::gauge!("gatehouse_lease_held", "lease" => *name).set(0.0);
        }
    }

    /// Gives back what is held: nobody here does it any more, then others may.
    async fn release(&self, link: Option<Link>) {
        let names: Vec<&str> = self.held.iter().map(|(name, _)| *name).collect();
        self.let_go(&names);
        let release = async {
            let mut link = match link {
                Some(link) => link,
                None => self.connect().await?,
            };
            table::release(&mut link.listener, self.holder, &names).await
        };
        if let Err(error) = timeout(self.settings.patience(), release).await.unwrap_or(Err(sqlx::Error::PoolTimedOut)) {
            tracing::warn!(error = %chain(&error), "leases cannot be given back: they run out by themselves");
        }
    }
}
