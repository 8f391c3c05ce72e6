//! Leases: which of several instances does what only one may do at a time.
//!
//! A row per lease in the schema that all instances share says who holds it, by which [`Fence`], and until when by the database's clock.
//! [`Leases`] keeps trying to get and to renew all that its instance takes part in, with one statement for all of them per beat.
//!
//! The holder's own view ([`Lease`]) never outlasts the row: it is counted from the moment before the renewal was sent, by a clock of the
//! machine that goes on while the process or the machine sleeps and that nobody sets, and ends a tenth of the time before the row does.
//! So a holder that cannot reach the database stops by itself before another one begins. What no clock of a process can tell (it is
//! stopped between a look at the lease and the write that follows, a virtual machine is stopped with all its clocks, the database's clock
//! is set forward) the fence makes harmless: each new holding has a greater one, the new holder's first act is to put it beside what it
//! writes, and a write with a smaller one is refused.

mod keeper;
mod table;

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use postgres_schema::Schema;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;
use uuid::Uuid;

use crate::lease::{Holding, Lease};
use keeper::Keeper;

pub use table::{Holder, STEP};

/// The lease of whoever keeps the read models.
pub const PROJECTIONS: &str = "projections";
/// The lease of the process managers, and of what only time brings about.
pub const PROCESSES: &str = "processes";
/// The lease of the mail dispatcher.
pub const DISPATCH: &str = "dispatch";
/// The lease of the publisher.
pub const PUBLISH: &str = "publish";

/// How long [`Leases::holders`] may take.
const PATIENCE: Duration = Duration::from_secs(2);

/// How leases are kept. The same for all instances.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LeaseSettings {
    /// How long a lease lasts unless it is renewed.
    pub ttl: Duration,
    /// How often it is renewed, and asked for by whoever does not hold it. Much shorter than `ttl`.
    pub beat: Duration,
}

impl Default for LeaseSettings {
    /// Three seconds, renewed each second: another instance takes over at most four seconds after a holder was killed, and a bit.
    fn default() -> Self {
        Self { ttl: Duration::from_secs(3), beat: Duration::from_secs(1) }
    }
}

impl LeaseSettings {
    /// How long after a renewal was sent it is certain that nobody else holds the lease. Less than `ttl`, since two clocks need not run
    /// at the same speed, and whoever learns that it is over needs a moment to stop.
    fn certain(self) -> Duration {
        self.ttl.saturating_sub(self.ttl / 10)
    }

    /// How long a renewal may take before another connection is tried.
    fn patience(self) -> Duration {
        self.ttl.saturating_sub(self.beat).max(self.beat)
    }
}

/// The leases that an instance takes part in. Cheap to clone. When the last clone is dropped, those that it holds run out.
#[derive(Clone)]
pub struct Leases {
    inner: Arc<Inner>,
}

struct Inner {
    schema: Schema,
    holder: Uuid,
    held: Held,
    /// The names of those that were given back.
    given_back: watch::Sender<Vec<&'static str>>,
    stop: CancellationToken,
    keeper: Mutex<Option<AbortOnDropHandle<()>>>,
}

/// What is held, by name.
type Held = Arc<[(&'static str, watch::Sender<Option<Holding>>)]>;

impl Leases {
    /// Begins to try for the leases of these names, and to renew them once they are held. `instance` is for people: which instance
    /// this is. The step [`STEP`] has made the table.
    ///
    /// Nobody is robbed: a lease is taken when it is free, or its holder has not renewed it in time. It is kept by a task of the runtime in
    /// which this is called: one whose threads are not busy for long.
    #[must_use]
    pub fn start(schema: Schema, instance: &str, names: &[&'static str], settings: LeaseSettings) -> Self {
        #[expect(clippy::disallowed_methods, reason = "names this start of the process, and nothing that is kept")]
        let holder = Uuid::new_v4();
        let mut names = names.to_vec();
        names.sort_unstable();
        names.dedup();
        let held: Held = names.into_iter().map(|name| (name, watch::Sender::new(None))).collect();
        let (stop, given_back) = (CancellationToken::new(), watch::Sender::default());
        let keeper = Keeper {
            options: schema.options().clone(),
            holder,
            instance: instance.to_owned(),
            held: held.clone(),
            given_back: given_back.subscribe(),
            settings,
            stop: stop.clone(),
        };
        let keeper = Mutex::new(Some(AbortOnDropHandle::new(tokio::spawn(keeper.run()))));
        Self { inner: Arc::new(Inner { schema, holder, held, given_back, stop, keeper }) }
    }

    /// This instance's view of a lease. One whose name it was not started with is never held.
    #[must_use]
    pub fn lease(&self, name: &str) -> Lease {
        let found = self.inner.held.iter().find(|(own, _)| *own == name);
        found.map_or_else(Lease::never, |(_, held)| Lease::timed(held.subscribe()))
    }

    /// Gives back one of them, and takes it no more: whoever works under it here has ended. Another instance takes over at once. The others
    /// stay as they are.
    pub fn give_back(&self, name: &'static str) {
        self.inner.given_back.send_modify(|names| names.push(name));
    }

    /// Gives back what is held, and takes nothing any more. Another instance takes over at once. Whoever works under the leases is to be
    /// stopped before: what they keep then is still theirs to keep.
    pub async fn release(&self) {
        self.inner.stop.cancel();
        let keeper = self.inner.keeper.lock().take();
        if let Some(keeper) = keeper
            && let Err(error) = keeper.await
        {
            tracing::warn!(%error, "the keeper of the leases ended early; what it held runs out by itself");
        }
    }

    /// Which leases are held now, by this instance and by others, in the order of their names.
    ///
    /// # Errors
    /// When the database cannot be asked, or does not answer within two seconds.
    pub async fn holders(&self) -> Result<Vec<Holder>, sqlx::Error> {
        let holders = table::holders(self.inner.schema.pool(), self.inner.holder);
        tokio::time::timeout(PATIENCE, holders).await.unwrap_or(Err(sqlx::Error::PoolTimedOut))
    }
}
