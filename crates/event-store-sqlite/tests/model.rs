//! Random appends, restarts and reads: the log answers as a simple model does.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "helpers of tests fail loudly")]

mod common;

use std::path::Path;

use common::{append, case, ids, open, options, whole_log};
use event_store::memory::MemoryStore;
use event_store::{Append, AppendError, Appended, Direction, EventStore, Expected, Position, Ticket};
use event_store_sqlite::{Options, SqliteLog};
use proptest::prelude::*;

/// What is done to the log.
#[derive(Debug, Clone)]
enum Step {
    /// Appends queued in one breath; each may depend on an earlier one of them.
    Append(Vec<Wanted>),
    /// Close and open.
    Restart,
}

#[derive(Debug, Clone)]
struct Wanted {
    stream: u128,
    expected: Expected,
    ids: Vec<u128>,
    after: Option<usize>,
}

/// All events, oldest first: stream and id.
#[derive(Debug, Default)]
struct Model(Vec<(u128, u128)>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Answer {
    Made { position: u64, version: u64, repeated: bool },
    Wrong(Option<u64>),
    Partly,
    Prerequisite,
    Malformed,
}

impl Model {
    fn stream(&self, stream: u128) -> Vec<(u64, u128)> {
        (1..).zip(&self.0).filter(|(_, (of, _))| *of == stream).map(|(position, (_, id))| (position, *id)).collect()
    }

    fn append(&mut self, wanted: &Wanted) -> Answer {
        let mut distinct = wanted.ids.clone();
        distinct.sort_unstable();
        distinct.dedup();
        if wanted.ids.is_empty() || distinct.len() < wanted.ids.len() {
            return Answer::Malformed;
        }
        let stored = self.stream(wanted.stream);
        let newest = u64::try_from(stored.len()).unwrap().checked_sub(1);
        let expected = match wanted.expected {
            Expected::NoStream => None,
            Expected::Exact(version) => Some(version),
        };
        if expected == newest {
            self.0.extend(wanted.ids.iter().map(|id| (wanted.stream, *id)));
            let count = u64::try_from(wanted.ids.len()).unwrap();
            let version = newest.map_or(0, |newest| newest + 1) + count - 1;
            return Answer::Made { position: u64::try_from(self.0.len()).unwrap(), version, repeated: false };
        }
        let first = usize::try_from(expected.map_or(0, |version| version + 1)).unwrap();
        let there: Vec<(u64, u128)> = stored.into_iter().skip(first).take(wanted.ids.len()).collect();
        let there_ids: Vec<u128> = there.iter().map(|(_, id)| *id).collect();
        if there_ids == wanted.ids {
            let version = u64::try_from(first + there.len() - 1).unwrap();
            return Answer::Made { position: there.last().unwrap().0, version, repeated: true };
        }
        if wanted.ids.iter().any(|id| there_ids.contains(id)) { Answer::Partly } else { Answer::Wrong(newest) }
    }

    fn append_all(&mut self, wanted: &[Wanted]) -> Vec<Answer> {
        let mut answers: Vec<Answer> = Vec::new();
        for wanted in wanted {
            let blocked =
                wanted.after.and_then(|earlier| answers.get(earlier)).is_some_and(|answer| !matches!(answer, Answer::Made { .. }));
            let malformed = self.is_malformed(wanted);
            answers.push(if blocked && !malformed { Answer::Prerequisite } else { self.append(wanted) });
        }
        answers
    }

    fn is_malformed(&self, wanted: &Wanted) -> bool {
        Model::default().append(&Wanted { expected: Expected::NoStream, ..wanted.clone() }) == Answer::Malformed
    }
}

fn answer(outcome: Result<Appended, AppendError>) -> Answer {
    match outcome {
        Ok(made) => Answer::Made { position: made.position.0, version: made.version, repeated: made.repeated },
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

async fn same_events(store: &impl EventStore, model: &Model) {
    let events = whole_log(store).await;
    assert_eq!(events.iter().map(|event| (event.stream.key.as_u128(), event.id.as_u128())).collect::<Vec<_>>(), model.0);
    assert!(events.iter().zip(1..).all(|(event, position)| event.position == Position(position)));
    for stream in 0..4 {
        let wanted: Vec<u128> = model.stream(stream).into_iter().map(|(_, id)| id).collect();
        let forwards = store.read_stream(&case(stream), 0, Direction::Forwards, usize::MAX).await.unwrap();
        assert_eq!(ids(&forwards), wanted);
        let mut backwards = store.read_stream(&case(stream), u64::MAX, Direction::Backwards, usize::MAX).await.unwrap();
        backwards.reverse();
        assert_eq!(backwards, forwards);
    }
}

fn open_small(path: &Path) -> SqliteLog {
    SqliteLog::open(path, Options { batch_appends: 3, remembered_streams: 2, ..options() }).unwrap()
}

prop_compose! {
    fn any_wanted()(
        stream in 0_u128..4, expected in prop_oneof![Just(Expected::NoStream), (0_u64..8).prop_map(Expected::Exact)],
        ids in prop::collection::vec(0_u128..24, 0..4), after in prop::option::weighted(0.3, 0_usize..4),
    ) -> Wanted {
        Wanted { stream, expected, ids, after }
    }
}

fn any_step() -> impl Strategy<Value = Step> {
    prop_oneof![8 => prop::collection::vec(any_wanted(), 1..6).prop_map(Step::Append), 1 => Just(Step::Restart)]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn the_log_answers_as_the_model_does(steps in prop::collection::vec(any_step(), 1..24), repeats in prop::collection::vec(any::<prop::sample::Index>(), 4)) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("log.db");
            let memory = MemoryStore::new(event_store::conformance::ticking_clock());
            let (mut log, mut model) = (open_small(&path), Model::default());
            let mut asked: Vec<Wanted> = Vec::new();
            for step in &steps {
                match step {
                    Step::Append(wanted) => {
                        let answers = model.append_all(wanted);
                        assert_eq!(append_all(&log, wanted).await, answers);
                        assert_eq!(append_all(&memory, wanted).await, answers);
                        asked.extend(wanted.iter().map(|wanted| Wanted { after: None, ..wanted.clone() }));
                    }
                    Step::Restart => {
                        drop(log);
                        log = open(&path);
                    }
                }
            }
            // Whatever was asked is asked again.
            for again in repeats.iter().filter(|_| !asked.is_empty()) {
                let wanted = std::slice::from_ref(again.get(&asked));
                let answers = model.append_all(wanted);
                assert_eq!(append_all(&log, wanted).await, answers);
                assert_eq!(append_all(&memory, wanted).await, answers);
            }
            same_events(&log, &model).await;
            same_events(&memory, &model).await;
        });
    }
}
