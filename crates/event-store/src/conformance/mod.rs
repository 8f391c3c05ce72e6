//! What every store must do, written once against the port.
//!
//! A store's tests give a [`Subject`] and get one test per rule:
//!
//! ```ignore
//! event_store::conformance_tests!(MySubject::new());
//! ```

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests, though called by other crates' tests: failing loudly is their job"
)]

mod appending;
mod expectations;
mod racing;
mod reading;
mod repeats;
mod sizes;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use async_trait::async_trait;
use bytes::Bytes;
use jiff::Timestamp;
use uuid::Uuid;

use crate::{Append, AppendError, Appended, Clock, Direction, EventStore, Expected, NewEvent, Position, Recorded, StreamId};

pub use appending::*;
pub use expectations::*;
pub use racing::*;
pub use reading::*;
pub use repeats::*;
pub use sizes::*;

/// One log under test.
#[async_trait]
pub trait Subject: Send {
    /// Opens the log. The first time it has no events; afterwards it is opened again as by a restarted process, after
    /// the caller has dropped what it got before.
    async fn open(&mut self, clock: Clock) -> Arc<dyn EventStore>;

    /// Opens the log that is open already once more, as another process would; none for a store that only one process may write to.
    async fn open_beside(&mut self, _clock: Clock) -> Option<Arc<dyn EventStore>> {
        None
    }

    /// Whether positions count from 1 without gaps. All that callers may rely on is that they increase.
    fn gapless(&self) -> bool {
        true
    }
}

/// Makes one `#[tokio::test]` of each rule. The argument is an expression that gives a new [`Subject`].
#[macro_export]
macro_rules! conformance_tests {
    ($subject:expr) => {
        $crate::conformance_tests! { @each $subject;
            a_new_stream_starts_at_version_0,
            a_stream_that_exists_is_not_a_new_stream,
            an_append_to_the_newest_version_is_recorded,
            an_append_to_any_other_version_is_refused_with_the_newest,
            an_append_to_a_version_of_an_unknown_stream_is_refused,
            a_refused_append_leaves_nothing_behind,
            streams_of_equal_keys_and_different_kinds_are_different_streams,
            a_repeated_append_gets_the_original_answer,
            a_repeated_append_gets_the_original_answer_after_a_restart,
            a_repeat_in_the_same_breath_gets_the_original_answer,
            an_append_that_is_partly_there_is_refused,
            a_partly_repeated_append_leaves_nothing_behind,
            events_of_one_append_are_recorded_together,
            appends_to_one_stream_queued_in_one_breath_are_chained,
            one_conflicting_append_fails_alone,
            an_append_waits_for_the_one_it_depends_on,
            an_append_fails_with_the_one_it_depends_on,
            an_append_that_depends_on_a_later_one_fails,
            malformed_appends_are_refused,
            positions_have_no_gaps_under_racing_writers,
            racing_writers_of_one_stream_never_overwrite_each_other,
            positions_go_on_after_a_restart,
            dropping_a_ticket_does_not_withdraw_the_append,
            data_and_metadata_come_back_byte_for_byte,
            the_largest_event_is_recorded_and_a_larger_one_refused,
            recorded_time_never_decreases,
            recorded_time_never_decreases_over_a_restart,
            a_stream_is_read_in_both_directions_from_any_version,
            an_unknown_stream_is_an_empty_page,
            the_log_is_paged_without_gaps_or_repeats,
            the_log_is_read_backwards_from_any_position,
            the_log_is_read_from_any_position,
            a_page_longer_than_the_store_reads_at_once_is_complete,
            a_follower_sees_every_event_once_and_in_order,
            the_head_is_known_before_an_append_is_answered,
            the_epoch_stays_over_a_restart,
            expectations_are_judged_the_same_after_a_restart,
            repeats_in_any_order_get_the_original_answers,
            a_part_of_an_append_at_its_place_is_a_repeat,
            the_same_id_in_another_stream_is_another_event,
            a_repeat_with_an_extra_event_is_refused_and_leaves_nothing_behind,
            the_longest_append_is_recorded_and_a_longer_one_refused,
            many_of_the_largest_events_are_recorded_at_once,
            an_append_with_one_unfit_event_records_none,
            ten_thousand_streams_are_kept_apart,
            streams_and_the_log_are_paged_backwards_without_gaps_or_repeats,
            of_many_who_begin_one_stream_one_succeeds,
            the_head_is_never_ahead_of_what_can_be_read,
            readers_miss_and_repeat_nothing_while_writers_race_and_fail,
            a_stream_that_grows_is_always_whole_to_its_reader,
            the_newest_event_of_a_stream_is_told,
            what_one_handle_writes_the_other_knows,
            writers_of_one_stream_through_two_handles_never_overwrite_each_other,
            readers_of_two_handles_see_one_log_while_both_write,
            recorded_time_never_decreases_between_two_handles,
        }
    };
    (@each $subject:expr; $($rule:ident,)*) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $rule() {
                let mut subject = $subject;
                $crate::conformance::$rule(&mut subject).await;
            }
        )*
    };
}

/// An hour of a day in 2026 that every rule starts at.
const START_MICROS: i64 = 1_790_000_000_000_000;

/// A clock that goes on by one millisecond each time it is asked.
#[must_use]
pub fn ticking_clock() -> Clock {
    let micros = AtomicI64::new(START_MICROS);
    Arc::new(move || at(micros.fetch_add(1000, Ordering::Relaxed)))
}

fn at(micros: i64) -> Timestamp {
    Timestamp::from_microsecond(micros).expect("a time in this century")
}

fn stream(kind: &str, key: u128) -> StreamId {
    StreamId::new(kind, Uuid::from_u128(key))
}

/// The id of the event of this number. Some stores refuse an id of only zeros.
fn id(number: u128) -> Uuid {
    Uuid::from_u128(number + 1)
}

fn number(id: Uuid) -> u128 {
    id.as_u128() - 1
}

fn event(id: u128) -> NewEvent {
    NewEvent {
        id: self::id(id),
        event_type: "case.noted.v1".into(),
        metadata: Bytes::from(format!("metadata {id}")),
        data: Bytes::from(format!("data {id}")),
    }
}

fn append(stream: &StreamId, expected: Expected, ids: &[u128]) -> Append {
    Append { stream: stream.clone(), expected, events: ids.iter().map(|id| event(*id)).collect(), after: None }
}

async fn ask(store: &Arc<dyn EventStore>, append: Append) -> Result<Appended, AppendError> {
    store.append(append).outcome().await
}

async fn make(store: &Arc<dyn EventStore>, stream: &StreamId, expected: Expected, ids: &[u128]) -> Appended {
    ask(store, append(stream, expected, ids)).await.expect("the append is made")
}

async fn whole_stream(store: &Arc<dyn EventStore>, stream: &StreamId) -> Vec<Recorded> {
    store.read_stream(stream, 0, Direction::Forwards, usize::MAX).await.expect("the stream can be read")
}

async fn whole_log(store: &Arc<dyn EventStore>) -> Vec<Recorded> {
    store.read_all(Position::START, usize::MAX).await.expect("the log can be read")
}

fn ids(events: &[Recorded]) -> Vec<u128> {
    events.iter().map(|event| number(event.id)).collect()
}

fn versions(events: &[Recorded]) -> Vec<u64> {
    events.iter().map(|event| event.version).collect()
}

fn positions(events: &[Recorded]) -> Vec<u64> {
    events.iter().map(|event| event.position.0).collect()
}

/// The position of the event of this number, counted from 1, of a whole log.
fn place(events: &[Recorded], number: usize) -> Position {
    events[number - 1].position
}

/// There are this many events in the whole log; positions increase, and count from 1 where the store leaves no gaps.
fn assert_whole(subject: &dyn Subject, events: &[Recorded], count: u64) {
    let positions = positions(events);
    assert_eq!(u64::try_from(positions.len()).expect("not that many"), count);
    assert!(positions.first().is_none_or(|first| *first > 0), "no event is at the start");
    assert!(positions.windows(2).all(|pair| pair[0] < pair[1]), "positions increase: {positions:?}");
    if subject.gapless() {
        assert_eq!(positions, (1..=count).collect::<Vec<_>>());
    }
}
