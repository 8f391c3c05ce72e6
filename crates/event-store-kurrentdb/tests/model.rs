//! Random appends, repeats, restarts and faults: the log answers as the one in memory does, to which nothing ever happens.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail loudly")]

mod common;

use common::{append, case, ids, open};
use event_store::conformance::ticking_clock;
use event_store::memory::MemoryStore;
use event_store::{Append, AppendError, Appended, Direction, EventStore, Expected, Ticket};
use eventstore_double::{Fault, Node, Store};
use proptest::prelude::*;

#[derive(Debug, Clone)]
enum Step {
    /// Appends queued in one breath, each of which may depend on an earlier one; and what goes wrong with the requests.
    Append(Vec<Wanted>, Vec<Fault>),
    /// Opened again, as by a restarted process.
    Reopen,
    /// The server is restarted.
    Restart,
}

#[derive(Debug, Clone)]
struct Wanted {
    stream: u128,
    expected: Expected,
    ids: Vec<u128>,
    after: Option<usize>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Answer {
    Made { version: u64, repeated: bool },
    Wrong(Option<u64>),
    Partly,
    Prerequisite,
    Malformed,
}

fn answer(outcome: Result<Appended, AppendError>) -> Answer {
    match outcome {
        Ok(made) => Answer::Made { version: made.version, repeated: made.repeated },
        Err(AppendError::WrongExpectedVersion { actual }) => Answer::Wrong(actual),
        Err(AppendError::PartlyRepeated) => Answer::Partly,
        Err(AppendError::PrerequisiteFailed) => Answer::Prerequisite,
        Err(AppendError::Malformed(_)) => Answer::Malformed,
        Err(error @ (AppendError::Unavailable(_) | AppendError::OutcomeUnknown(_))) => panic!("{error}"),
    }
}

async fn append_all(store: &dyn EventStore, wanted: &[Wanted]) -> Vec<Answer> {
    let mut tickets: Vec<Ticket> = Vec::new();
    for wanted in wanted {
        let after = wanted.after.and_then(|earlier| tickets.get(earlier)).map(Ticket::gate);
        tickets.push(store.append(Append { after, ..append(wanted.stream, wanted.expected, &wanted.ids) }));
    }
    let mut answers = Vec::new();
    for ticket in tickets {
        answers.push(answer(ticket.outcome().await));
    }
    answers
}

async fn same_streams(log: &dyn EventStore, memory: &dyn EventStore) {
    for stream in 0..4 {
        let forwards = log.read_stream(&case(stream), 0, Direction::Forwards, usize::MAX).await.unwrap();
        let wanted = memory.read_stream(&case(stream), 0, Direction::Forwards, usize::MAX).await.unwrap();
        assert_eq!(ids(&forwards), ids(&wanted));
        let mut backwards = log.read_stream(&case(stream), u64::MAX, Direction::Backwards, usize::MAX).await.unwrap();
        backwards.reverse();
        assert_eq!(backwards, forwards);
    }
}

prop_compose! {
    fn any_wanted()(
        stream in 0_u128..4, expected in prop_oneof![Just(Expected::NoStream), (0_u64..8).prop_map(Expected::Exact)],
        ids in prop::collection::vec(1_u128..24, 0..4), after in prop::option::weighted(0.3, 0_usize..4),
    ) -> Wanted {
        Wanted { stream, expected, ids, after }
    }
}

fn any_fault() -> impl Strategy<Value = Fault> {
    prop_oneof![
        6 => Just(Fault::None), 1 => Just(Fault::CutBefore), 1 => Just(Fault::CutAfter), 1 => Just(Fault::Busy), 1 => Just(Fault::TimedOut)
    ]
}

fn any_step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => (prop::collection::vec(any_wanted(), 1..6), prop::collection::vec(any_fault(), 0..6)).prop_map(|(wanted, faults)| Step::Append(wanted, faults)),
        1 => Just(Step::Reopen),
        1 => Just(Step::Restart),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, ..ProptestConfig::default() })]

    #[test]
    fn the_log_answers_as_the_one_in_memory_does(steps in prop::collection::vec(any_step(), 1..16), repeats in prop::collection::vec(any::<prop::sample::Index>(), 4)) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        runtime.block_on(async {
            let (store, memory) = (Store::new(), MemoryStore::new(ticking_clock()));
            let mut node = Node::start(&store, 0).await.unwrap();
            let mut log = open(&node).await;
            let mut asked: Vec<Wanted> = Vec::new();
            for step in &steps {
                match step {
                    Step::Append(wanted, faults) => {
                        store.next_appends(faults.clone());
                        assert_eq!(append_all(&log, wanted).await, append_all(&memory, wanted).await);
                        asked.extend(wanted.iter().map(|wanted| Wanted { after: None, ..wanted.clone() }));
                    }
                    Step::Reopen => log = open(&node).await,
                    Step::Restart => node.restart().await.unwrap(),
                }
            }
            // Whatever was asked is asked again.
            for again in repeats.iter().filter(|_| !asked.is_empty()) {
                let wanted = std::slice::from_ref(again.get(&asked));
                assert_eq!(append_all(&log, wanted).await, append_all(&memory, wanted).await);
            }
            same_streams(&log, &memory).await;
            assert!(log.failure().borrow().is_none());
        });
    }
}
