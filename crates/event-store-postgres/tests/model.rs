//! Random appends through two instances that remember little: the log answers as the one in memory does.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "helpers of tests fail loudly")]

mod common;

use std::sync::Arc;

use common::{append, case, ids, is_whole, open_with, options};
use event_store::conformance::ticking_clock;
use event_store::memory::MemoryStore;
use event_store::{Append, AppendError, Appended, Direction, EventStore, Expected, Ticket};
use event_store_postgres::{Options, PostgresLog};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use test_support::servers::TestDatabase;

/// Appends queued in one breath through one of the instances; each may depend on an earlier one of them.
#[derive(Debug, Clone)]
struct Step {
    instance: usize,
    appends: Vec<Wanted>,
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

/// Streams of one round have keys of their own.
async fn append_all(store: &dyn EventStore, round: u128, wanted: &[Wanted]) -> Vec<Answer> {
    let mut tickets: Vec<Ticket> = Vec::new();
    for wanted in wanted {
        let after = wanted.after.and_then(|earlier| tickets.get(earlier)).map(Ticket::gate);
        tickets.push(store.append(Append { after, ..append(round * 100 + wanted.stream, wanted.expected, &wanted.ids) }));
    }
    let mut answers = Vec::new();
    for ticket in tickets {
        answers.push(answer(ticket.outcome().await));
    }
    answers
}

async fn same_streams(store: &dyn EventStore, model: &dyn EventStore, round: u128) {
    for stream in 0..4 {
        let stream = case(round * 100 + stream);
        let stored = store.read_stream(&stream, 0, Direction::Forwards, usize::MAX).await.unwrap();
        let wanted = model.read_stream(&stream, 0, Direction::Forwards, usize::MAX).await.unwrap();
        assert_eq!(ids(&stored), ids(&wanted));
        let newest = store.newest(&stream).await.unwrap().map(|(version, _)| version);
        assert_eq!(newest, wanted.last().map(|event| event.version));
    }
}

prop_compose! {
    fn any_wanted()(
        stream in 0_u128..4, expected in prop_oneof![Just(Expected::NoStream), (0_u64..8).prop_map(Expected::Exact)],
        ids in prop::collection::vec(0_u128..24, 0..4), after in prop::option::weighted(0.3, 0_usize..4),
    ) -> Wanted {
        Wanted { stream, expected, ids, after }
    }
}

fn any_steps() -> impl Strategy<Value = Vec<Step>> {
    let step = (0_usize..2, prop::collection::vec(any_wanted(), 1..8)).prop_map(|(instance, appends)| Step { instance, appends });
    prop::collection::vec(step, 1..16)
}

async fn instances(database: &TestDatabase, batch_appends: usize) -> [Arc<PostgresLog>; 2] {
    let options = || Options { batch_appends, remembered_streams: 3, readers: 1, ..options() };
    [open_with(&database.url(), options()).await, open_with(&database.url(), options()).await]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_log_answers_as_the_model_does() {
    let database = TestDatabase::create();
    let mut runner = TestRunner::deterministic();
    for round in 0..60 {
        let batch_appends = if round % 2 == 0 { 1024 } else { 2 };
        // Opened anew now and then: nothing is remembered.
        let logs = instances(&database, batch_appends).await;
        let model = MemoryStore::new(ticking_clock());
        let steps = any_steps().new_tree(&mut runner).unwrap().current();
        for step in &steps {
            let wanted = append_all(&model, round, &step.appends).await;
            let answers = append_all(&*logs[step.instance], round, &step.appends).await;
            assert_eq!(answers, wanted, "{step:?} of {steps:?}");
        }
        same_streams(&*logs[0], &model, round).await;
        same_streams(&*logs[1], &model, round).await;
        for log in logs {
            log.close().await;
        }
    }
    let log = open_with(&database.url(), options()).await;
    is_whole(&log).await;
}
