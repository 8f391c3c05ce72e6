//! Brings what a consumer delivers into the order of the stream, whatever was lost on the way.
//!
//! A message that was sent to a connection that broke, or to a process that was killed, comes again only after the consumer's wait for
//! an acknowledgement, and later messages come before it. An application that keeps one position must not be given these first: it
//! would take the earlier one for seen. The server counts every delivery to the consumer, so a count that is skipped says that
//! something was sent that did not arrive. Then everything is held back until the server has no more deliveries outstanding than are
//! held here.

use std::collections::{BTreeMap, BTreeSet};

/// How many places are remembered as done: more than a consumer can have outstanding.
const REMEMBERED: usize = 20_000;

/// What the server says of a consumer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Standing {
    /// How many deliveries it has made.
    pub(super) delivered: u64,
    /// How many messages it has delivered that are not acknowledged.
    pub(super) outstanding: u64,
}

/// Messages that were received and not handed over.
#[derive(Debug)]
pub(super) struct Order<M> {
    /// By their place in the stream.
    held: BTreeMap<u64, M>,
    /// The places of the last messages that the application is done with.
    done: BTreeSet<u64>,
    /// The count of the last delivery that arrived, if one did since it was last known that none is missing.
    arrived: Option<u64>,
    /// Whether deliveries may be missing.
    gathering: bool,
}

impl<M> Order<M> {
    /// Nothing is known yet of what the consumer delivered to whoever was there before.
    pub(super) fn new() -> Self {
        Self { held: BTreeMap::new(), done: BTreeSet::new(), arrived: None, gathering: true }
    }

    /// A message arrived: its place in the stream, and the count of its delivery. One that is held already is replaced: only its last
    /// delivery can be acknowledged to some effect. One that the application is done with is given back, to be acknowledged again.
    pub(super) fn arrived(&mut self, place: u64, delivery: u64, message: M) -> Option<M> {
        let follows = self.arrived.is_none_or(|last| last.checked_add(1) == Some(delivery));
        if !follows && !self.gathering {
            tracing::warn!(last = self.arrived, delivery, "messages were sent that did not arrive: waiting until they are sent again");
            self.gathering = true;
        }
        self.arrived = Some(delivery);
        if self.done.contains(&place) {
            return Some(message);
        }
        self.held.insert(place, message);
        None
    }

    /// The application is done with the message at this place; if it was sent again meanwhile, with that too.
    pub(super) fn done(&mut self, place: u64) {
        self.held.remove(&place);
        self.done.insert(place);
        if self.done.len() > REMEMBERED {
            self.done.pop_first();
        }
    }

    /// Whether the server has to be asked where it stands before anything can be handed over.
    pub(super) fn is_gathering(&self) -> bool {
        self.gathering
    }

    /// What the server said when it was asked. With nothing on its way and nothing outstanding that is not held, the order is whole.
    pub(super) fn standing(&mut self, standing: Standing) {
        let nothing_on_its_way = match self.arrived {
            Some(last) => standing.delivered == last,
            None => standing.outstanding == 0,
        };
        if self.gathering && nothing_on_its_way && standing.outstanding <= self.held() {
            self.gathering = false;
            self.arrived = Some(standing.delivered);
        }
    }

    /// The count of the last delivery that arrived, if one did, or was told of.
    pub(super) fn last(&self) -> Option<u64> {
        self.arrived
    }

    /// How many are held.
    pub(super) fn held(&self) -> u64 {
        u64::try_from(self.held.len()).unwrap_or(u64::MAX)
    }

    /// The next message to hand over, if its turn is certain.
    pub(super) fn next(&mut self) -> Option<M> {
        if self.gathering { None } else { self.held.pop_first().map(|(_, message)| message) }
    }

    /// Everything that is held, to be given back.
    pub(super) fn into_held(self) -> impl Iterator<Item = M> {
        self.held.into_values()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, VecDeque};

    use proptest::prelude::*;

    use super::*;

    /// A consumer as the server keeps it, over a stream of as many messages.
    #[derive(Default)]
    struct Server {
        stream: u64,
        delivered_up_to: u64,
        deliveries: u64,
        pending: BTreeMap<u64, u64>,
        again: VecDeque<u64>,
    }

    impl Server {
        fn deliver(&mut self) -> Option<(u64, u64)> {
            let place = match self.again.pop_front() {
                Some(place) => place,
                None if self.delivered_up_to < self.stream => {
                    self.delivered_up_to += 1;
                    self.delivered_up_to
                }
                None => return None,
            };
            self.deliveries += 1;
            self.pending.insert(place, self.deliveries);
            Some((place, self.deliveries))
        }

        fn acknowledge(&mut self, place: u64) {
            self.pending.remove(&place);
            self.again.retain(|other| *other != place);
        }

        /// The wait for acknowledgements of what is at these places is over.
        fn expire(&mut self, which: impl Fn(u64) -> bool) {
            let due: Vec<u64> = self.pending.keys().copied().filter(|place| which(*place) && !self.again.contains(place)).collect();
            self.again.extend(due);
        }

        fn standing(&self) -> Standing {
            Standing { delivered: self.deliveries, outstanding: u64::try_from(self.pending.len()).unwrap() }
        }
    }

    /// What goes wrong.
    #[derive(Debug, Clone)]
    enum Step {
        /// A message is delivered and arrives.
        Deliver,
        /// A message is delivered to a connection that broke.
        Lose,
        /// The application handles the next one and acknowledges it.
        Handle,
        /// It handles it, and the acknowledgement is lost.
        HandleUnheard,
        /// Some waits for acknowledgements are over, not in order.
        Expire(u64),
        /// The application is killed and started again.
        Restart,
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let step = prop_oneof![
            6 => Just(Step::Deliver),
            1 => Just(Step::Lose),
            6 => Just(Step::Handle),
            1 => Just(Step::HandleUnheard),
            2 => (1_u64..5).prop_map(Step::Expire),
            1 => Just(Step::Restart),
        ];
        proptest::collection::vec(step, 0..200)
    }

    struct Run {
        server: Server,
        order: Order<u64>,
        handled: Vec<u64>,
        /// What the application is at.
        at: Option<u64>,
    }

    impl Run {
        /// The application is done with what it is at, and goes on to the next message.
        fn handle(&mut self, heard: bool) {
            if let Some(place) = self.at.take() {
                self.order.done(place);
                if heard {
                    self.server.acknowledge(place);
                }
            }
            if self.order.is_gathering() {
                self.order.standing(self.server.standing());
            }
            let Some(place) = self.order.next() else { return };
            // An application that keeps one position takes what is not after it for seen.
            if self.handled.last().is_none_or(|last| place > *last) {
                self.handled.push(place);
            }
            self.at = Some(place);
        }

        fn deliver(&mut self) -> bool {
            let Some((place, delivery)) = self.server.deliver() else { return false };
            if self.order.arrived(place, delivery, place).is_some() {
                self.server.acknowledge(place);
            }
            true
        }

        fn step(&mut self, step: &Step) {
            match step {
                Step::Deliver => {
                    self.deliver();
                }
                Step::Lose => drop(self.server.deliver()),
                Step::Handle => self.handle(true),
                Step::HandleUnheard => self.handle(false),
                Step::Expire(every) => self.server.expire(|place| place % every == 0),
                Step::Restart => {
                    self.order = Order::new();
                    self.at = None;
                }
            }
        }
    }

    proptest! {
        /// Whatever is lost, sent again, or sent in another order: every message is handled, once, in the stream's order.
        #[test]
        fn every_message_is_handled_once_and_in_order(steps in steps(), stream in 0_u64..40) {
            let mut run = Run { server: Server { stream, ..Server::default() }, order: Order::new(), handled: Vec::new(), at: None };
            for step in &steps {
                run.step(step);
            }
            // In the end nothing is lost any more, and all waits are over.
            for _ in 0..4 * stream + 10 {
                run.server.expire(|_| true);
                while run.deliver() {}
                run.handle(true);
            }
            prop_assert_eq!(run.handled, (1..=stream).collect::<Vec<_>>());
        }
    }

    #[test]
    fn what_a_killed_process_had_fetched_comes_before_what_is_new() {
        let mut order = Order::new();
        // Its predecessor was sent 1 and 2 and acknowledged neither; 3 comes first.
        order.standing(Standing { delivered: 2, outstanding: 2 });
        assert!(order.is_gathering());
        order.arrived(3, 3, 3);
        order.standing(Standing { delivered: 3, outstanding: 3 });
        assert_eq!(order.next(), None);
        order.arrived(1, 4, 1);
        order.arrived(2, 5, 2);
        order.standing(Standing { delivered: 5, outstanding: 3 });
        assert_eq!([order.next(), order.next(), order.next()], [Some(1), Some(2), Some(3)]);
    }

    #[test]
    fn a_delivery_that_did_not_arrive_is_noticed_by_the_next_one() {
        let mut order = Order::new();
        order.standing(Standing { delivered: 0, outstanding: 0 });
        order.arrived(1, 1, 1);
        assert_eq!(order.next(), Some(1));
        order.arrived(3, 3, 3);
        assert!(order.is_gathering());
        assert_eq!(order.next(), None);
        order.arrived(2, 4, 2);
        order.standing(Standing { delivered: 4, outstanding: 2 });
        assert_eq!([order.next(), order.next(), order.next()], [Some(2), Some(3), None]);
    }
}
