//! Who does what only one process may do: keep a read model, handle events, send mails, publish.

use tokio::sync::watch;

/// Which holding of a lease this is. Each one, by whomever, has a greater number than all before: where the holder writes, the number
/// goes along, and a smaller one than was seen is refused. So a holder that slept through its end does no harm when it wakes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fence(pub i64);

/// One's view of a lease: held now, by which [`Fence`], or not. Cheap to clone.
///
/// Where one process does everything, it is held for ever: [`Lease::alone`].
#[derive(Debug, Clone)]
pub struct Lease(watch::Receiver<Option<Fence>>);

impl Lease {
    /// Held for ever: there is no other process.
    #[must_use]
    pub fn alone() -> Self {
        Self::of(watch::Sender::new(Some(Fence(0))).subscribe())
    }

    /// As whoever keeps it says.
    #[must_use]
    pub fn of(held: watch::Receiver<Option<Fence>>) -> Self {
        Self(held)
    }

    /// By which fence it is held now; none if it is not.
    #[must_use]
    pub fn held(&self) -> Option<Fence> {
        *self.0.borrow()
    }

    /// Waits until it is held. Never returns if whoever keeps it has ended without it being held.
    pub async fn acquired(&mut self) -> Fence {
        loop {
            if let Some(fence) = self.held() {
                return fence;
            }
            if self.0.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }

    /// Waits until it is not held by this fence any more. Never returns if whoever keeps it has ended while it was held.
    pub async fn lost(&mut self, fence: Fence) {
        while self.held() == Some(fence) {
            if self.0.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
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
        assert_eq!(tokio::time::timeout(std::time::Duration::from_millis(1), lease.lost(fence)).await.ok(), None);
    }

    #[tokio::test]
    async fn a_new_holding_ends_the_one_before() {
        let keeper = watch::Sender::new(Some(Fence(1)));
        let mut lease = Lease::of(keeper.subscribe());
        keeper.send_replace(Some(Fence(2)));
        lease.lost(Fence(1)).await;
        assert_eq!(lease.acquired().await, Fence(2));
    }
}
