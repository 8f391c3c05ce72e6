//! How many of a kind of request go on at a time.

use std::collections::HashMap;
use std::sync::Arc;

use axum::http::StatusCode;
use domain::ServiceId;
use parking_lot::Mutex;

use crate::problem::Problem;

/// Places for requests that last, of each service and of all.
#[derive(Debug)]
pub(crate) struct Slots {
    of_one: usize,
    of_all: usize,
    taken: Mutex<HashMap<ServiceId, usize>>,
}

/// A place. Given back when it is dropped.
#[derive(Debug)]
pub(crate) struct Slot {
    slots: Arc<Slots>,
    service: ServiceId,
}

impl Slots {
    /// So many for one service, so many in all.
    pub(crate) fn new(of_one: usize, of_all: usize) -> Arc<Self> {
        Arc::new(Self { of_one, of_all, taken: Mutex::default() })
    }

    /// A place for this service.
    ///
    /// # Errors
    /// 429 when it has all that one service gets, 503 when all are taken.
    pub(crate) fn take(self: &Arc<Self>, service: ServiceId) -> Result<Slot, Problem> {
        let mut taken = self.taken.lock();
        let all: usize = taken.values().sum();
        let of_it = taken.entry(service).or_default();
        if *of_it >= self.of_one {
            let detail = format!("this service has {of_it} requests of this kind under way, which is the most: end one first");
            return Err(Problem::new(StatusCode::TOO_MANY_REQUESTS, "too-many-at-once", detail).retry_after(1));
        }
        if all >= self.of_all {
            return Err(Problem::unavailable("too-many-in-all", "too many requests of this kind are under way; try again in a moment"));
        }
        *of_it += 1;
        Ok(Slot { slots: Arc::clone(self), service })
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut taken = self.slots.taken.lock();
        if let Some(of_it) = taken.get_mut(&self.service) {
            *of_it = of_it.saturating_sub(1);
            if *of_it == 0 {
                taken.remove(&self.service);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn service(number: u128) -> ServiceId {
        ServiceId(uuid::Uuid::from_u128(number))
    }

    #[test]
    fn nobody_takes_more_than_their_part_and_all_together_no_more_than_there_is() {
        let slots = Slots::new(2, 3);
        let first = slots.take(service(1)).unwrap();
        let second = slots.take(service(1)).unwrap();
        assert_eq!(slots.take(service(1)).unwrap_err().status, 429);
        let third = slots.take(service(2)).unwrap();
        assert_eq!(slots.take(service(2)).unwrap_err().status, 503);
        drop(first);
        let again = slots.take(service(2)).unwrap();
        drop((second, third, again));
        assert!(slots.taken.lock().is_empty(), "who has gone is forgotten");
    }
}
