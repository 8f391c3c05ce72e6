//! Who does what only one process may do: keep a read model, handle events, send mails, publish.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};
use tokio::sync::watch;

/// Which holding of a lease this is. Each one, by whomever, has a greater number than all before: where the holder writes, the number
/// goes along, and a smaller one than was seen is refused. So a holder that slept through its end does no harm when it wakes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fence(pub i64);

/// A moment of this machine, as time since it was started. It goes on while the process is stopped (SIGSTOP) and while the machine is
/// suspended, and no setting of the wall clock moves it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Moment(Duration);

impl Moment {
    /// Now.
    pub(crate) fn now() -> Self {
        // Unlike the monotonic clock, which stands still while the machine is suspended.
        #[cfg(target_os = "linux")]
        const CLOCK: ClockId = ClockId::Boottime;
        #[cfg(not(target_os = "linux"))]
        const CLOCK: ClockId = ClockId::Monotonic;
        Self(Duration::try_from(clock_gettime(CLOCK)).unwrap_or(Duration::MAX))
    }

    /// So much later.
    pub(crate) fn after(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(duration))
    }

    /// How long it is until then; zero if it has come.
    fn left(self) -> Duration {
        self.0.saturating_sub(Self::now().0)
    }
}

/// A lease that is held for certain until a moment, unless it is renewed before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Holding {
    pub(crate) fence: Fence,
    pub(crate) until: Moment,
}

/// One's view of a lease: held now, by which [`Fence`], or not. Cheap to clone.
///
/// Where one process does everything, it is held for ever: [`Lease::alone`].
#[derive(Debug, Clone)]
pub struct Lease(Source);

#[derive(Debug, Clone)]
enum Source {
    /// Held, or not, as somebody says.
    Told(watch::Receiver<Option<Fence>>),
    /// Held for a time, as the database said.
    Timed(watch::Receiver<Option<Holding>>),
}

impl Lease {
    /// Held for ever: there is no other process.
    #[must_use]
    pub fn alone() -> Self {
        Self::of(watch::Sender::new(Some(Fence(0))).subscribe())
    }

    /// Never held: it is for others.
    #[must_use]
    pub fn never() -> Self {
        Self::of(watch::Sender::new(None).subscribe())
    }

    /// As whoever keeps it says.
    #[must_use]
    pub fn of(held: watch::Receiver<Option<Fence>>) -> Self {
        Self(Source::Told(held))
    }

    pub(crate) fn timed(held: watch::Receiver<Option<Holding>>) -> Self {
        Self(Source::Timed(held))
    }

    /// By which fence it is held now; none if it is not. The clock is looked at each time: whoever was stopped for a while learns at
    /// once that it is over, before anything else of this process has run.
    #[must_use]
    pub fn held(&self) -> Option<Fence> {
        match &self.0 {
            Source::Told(held) => *held.borrow(),
            Source::Timed(held) => held.borrow().filter(|holding| Moment::now() < holding.until).map(|holding| holding.fence),
        }
    }

    /// Waits until it is held. Never returns if whoever keeps it has ended without it being held.
    pub async fn acquired(&mut self) -> Fence {
        loop {
            if let Some(fence) = self.held() {
                return fence;
            }
            if self.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }

    /// Waits until it is not held by this fence any more. Never returns if whoever said that it is held has ended.
    ///
    /// It looks at the clock whenever it is polled: polled before the work that it guards (`biased`), it ends that before anything more
    /// is done, however long the process was stopped.
    pub async fn lost(&mut self, fence: Fence) {
        let view = self.clone();
        let mut over = pin!(self.over(fence));
        poll_fn(|context| if view.held() == Some(fence) { over.as_mut().poll(context) } else { Poll::Ready(()) }).await;
    }

    async fn over(&mut self, fence: Fence) {
        while self.held() == Some(fence) {
            let over = match &self.0 {
                Source::Told(_) => None,
                Source::Timed(held) => held.borrow().map(|holding| holding.until.left()),
            };
            let over = async {
                match over {
                    Some(left) => tokio::time::sleep(left).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                Ok(()) = self.changed() => {}
                () = over => {}
            }
        }
    }

    async fn changed(&mut self) -> Result<(), watch::error::RecvError> {
        match &mut self.0 {
            Source::Told(held) => held.changed().await,
            Source::Timed(held) => held.changed().await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_held_alone_is_never_lost() {
        let mut lease = Lease::alone();
        let fence = lease.acquired().await;
        assert_eq!(tokio::time::timeout(Duration::from_millis(1), lease.lost(fence)).await.ok(), None);
    }

    #[tokio::test]
    async fn a_new_holding_ends_the_one_before() {
        let keeper = watch::Sender::new(Some(Fence(1)));
        let mut lease = Lease::of(keeper.subscribe());
        keeper.send_replace(Some(Fence(2)));
        lease.lost(Fence(1)).await;
        assert_eq!(lease.acquired().await, Fence(2));
    }

    #[tokio::test]
    async fn what_nobody_renews_ends_by_itself_and_with_its_keeper_gone_too() {
        let keeper = watch::Sender::new(Some(Holding { fence: Fence(1), until: Moment::now().after(Duration::from_millis(20)) }));
        let mut lease = Lease::timed(keeper.subscribe());
        assert_eq!(lease.acquired().await, Fence(1));
        drop(keeper);
        lease.lost(Fence(1)).await;
        assert_eq!(lease.held(), None);
    }

    #[tokio::test]
    async fn what_is_renewed_goes_on_under_its_fence() {
        let renewed = |millis| Some(Holding { fence: Fence(1), until: Moment::now().after(Duration::from_millis(millis)) });
        let keeper = watch::Sender::new(renewed(5));
        let mut lease = Lease::timed(keeper.subscribe());
        keeper.send_replace(renewed(60_000));
        assert_eq!(tokio::time::timeout(Duration::from_millis(30), lease.lost(Fence(1))).await.ok(), None);
    }
}
