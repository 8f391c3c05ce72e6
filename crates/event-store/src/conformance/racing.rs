//! Rules on writers and readers that race, through one handle or through several of the same log.

use std::sync::Arc;

use tokio::task::JoinHandle;

use super::{START_MICROS, Subject, append, ask, assert_whole, at, ids, make, stream, ticking_clock, versions, whole_log, whole_stream};
use crate::{AppendError, Appended, Direction, EventStore, Expected, Position, Recorded};

/// Of many who begin the same stream at once, one succeeds; the others hear of it.
pub async fn of_many_who_begin_one_stream_one_succeeds(subject: &mut dyn Subject) {
    let store = subject.open(ticking_clock()).await;
    for round in 0..10_u128 {
        let case = stream("case", round);
        let racers: Vec<_> = (0..8)
            .map(|racer| {
                let (store, append) = (Arc::clone(&store), append(&case, Expected::NoStream, &[round * 10 + racer]));
                tokio::spawn(async move { ask(&store, append).await })
            })
            .collect();
        let mut made = 0;
        for racer in racers {
            match racer.await.expect("the racer finishes") {
                Ok(appended) => made += u32::from(!appended.repeated),
                Err(refused) => assert!(matches!(refused, AppendError::WrongExpectedVersion { actual: Some(0) }), "{refused:?}"),
            }
        }
        assert_eq!((made, whole_stream(&store, &case).await.len()), (1, 1));
    }
    assert_whole(subject, &whole_log(&store).await, 10);
}

/// Whoever knows the head can read up to it; and it never goes back.
pub async fn the_head_is_never_ahead_of_what_can_be_read(subject: &mut dyn Subject) {
    let store = subject.open(ticking_clock()).await;
    let watcher = tokio::spawn({
        let (store, mut head) = (Arc::clone(&store), store.head());
        async move {
            let mut earlier = Position::START;
            while earlier.0 == 0
                || store.read_stream(&stream("end", 1), 0, Direction::Forwards, 1).await.expect("it can be read").is_empty()
            {
                head.changed().await.expect("the store is open");
                let known = *head.borrow_and_update();
                let newest = store.read_all_backwards(Position(u64::MAX), 1).await.expect("the log can be read");
                assert!(known >= earlier && newest[0].position >= known, "{earlier}, then {known}, but the newest is {newest:?}");
                earlier = known;
            }
        }
    });
    let writers: Vec<_> = (0..4).map(|writer| tokio::spawn(many(Arc::clone(&store), writer, 40))).collect();
    for writer in writers {
        writer.await.expect("the writer finishes");
    }
    make(&store, &stream("end", 1), Expected::NoStream, &[999_999]).await;
    watcher.await.expect("the head was never ahead");
}

/// Appends so many events of its own, each in a stream of its own, with conflicts in between.
async fn many(store: Arc<dyn EventStore>, writer: u128, count: u128) {
    for number in 0..count {
        let id = writer * 10_000 + number;
        let case = stream("case", id);
        let wrong = store.append(append(&case, Expected::Exact(3), &[id + 5_000]));
        let right = store.append(append(&case, Expected::NoStream, &[id]));
        assert!(wrong.outcome().await.is_err());
        right.outcome().await.expect("the append is made");
    }
}

/// Reads pages of this size until it has seen so many events, forgetting now and then all but its place, as one that starts again.
fn follower(store: &Arc<dyn EventStore>, size: usize, count: usize) -> JoinHandle<Vec<Recorded>> {
    let store = Arc::clone(store);
    tokio::spawn(async move {
        let mut seen: Vec<Recorded> = Vec::new();
        while seen.len() < count {
            let mut head = store.head();
            head.mark_unchanged();
            for _ in 0..10 {
                let after = seen.last().map_or(Position::START, |event| event.position);
                let page = store.read_all(after, size).await.expect("the log can be read");
                if page.is_empty() && seen.len() < count {
                    head.changed().await.expect("the store is open");
                }
                seen.extend(page);
            }
        }
        seen
    })
}

/// Readers with pages of any size all see the same log, each event once and in order, while writers race and fail.
pub async fn readers_miss_and_repeat_nothing_while_writers_race_and_fail(subject: &mut dyn Subject) {
    let store = subject.open(ticking_clock()).await;
    let followers: Vec<_> = [1, 2, 7, 100, 5_000].map(|size| follower(&store, size, 240)).into();
    let writers: Vec<_> = (0..6).map(|writer| tokio::spawn(many(Arc::clone(&store), writer, 40))).collect();
    for writer in writers {
        writer.await.expect("the writer finishes");
    }
    let all = whole_log(&store).await;
    assert_whole(subject, &all, 240);
    for follower in followers {
        assert_eq!(follower.await.expect("the follower finishes"), all);
    }
}

/// A stream that is being written to is, for a reader, always a whole beginning of what it will be.
pub async fn a_stream_that_grows_is_always_whole_to_its_reader(subject: &mut dyn Subject) {
    let store = subject.open(ticking_clock()).await;
    let case = stream("case", 1);
    let reader = tokio::spawn({
        let (store, case) = (Arc::clone(&store), case.clone());
        async move {
            let mut length = 0;
            while length < 150 {
                let events = whole_stream(&store, &case).await;
                assert!(events.len() >= length && events.len() % 3 == 0, "appends are there as a whole: {}", events.len());
                assert!(versions(&events).into_iter().zip(0..).all(|(found, wanted)| found == wanted), "{:?}", versions(&events));
                length = events.len();
                tokio::task::yield_now().await;
            }
        }
    });
    for number in 0..50_u64 {
        let expected = (number * 3).checked_sub(1).map_or(Expected::NoStream, Expected::Exact);
        let id = u128::from(number) * 3;
        make(&store, &case, expected, &[id, id + 1, id + 2]).await;
    }
    reader.await.expect("the reader finishes");
}

/// The version and position of the newest event of a stream, as soon as its append is answered.
pub async fn the_newest_event_of_a_stream_is_told(subject: &mut dyn Subject) {
    let store = subject.open(ticking_clock()).await;
    assert_eq!(store.newest(&stream("case", 1)).await.expect("it can be asked"), None);
    make(&store, &stream("case", 2), Expected::NoStream, &[20]).await;
    assert_eq!(store.newest(&stream("case", 1)).await.expect("it can be asked"), None);
    for version in 0..5_u64 {
        let expected = version.checked_sub(1).map_or(Expected::NoStream, Expected::Exact);
        let made = make(&store, &stream("case", 1), expected, &[version.into()]).await;
        make(&store, &stream("organization", 1), expected, &[100 + u128::from(version)]).await;
        let questions: Vec<_> = (0..8)
            .map(|_| {
                let store = Arc::clone(&store);
                tokio::spawn(async move { store.newest(&stream("case", 1)).await.expect("it can be asked") })
            })
            .collect();
        for question in questions {
            assert_eq!(question.await.expect("it is answered"), Some((version, made.position)));
            assert!(*store.head().borrow() >= made.position);
        }
    }
}

/// Two handles of one log, for a store that several processes may write to; else none.
async fn two_handles(subject: &mut dyn Subject) -> Option<[Arc<dyn EventStore>; 2]> {
    let one = subject.open(ticking_clock()).await;
    let other = subject.open_beside(ticking_clock()).await?;
    assert!(one.is_shared() && other.is_shared());
    assert_eq!(one.epoch(), other.epoch());
    Some([one, other])
}

/// What one writes, the other expects, repeats and reads.
pub async fn what_one_handle_writes_the_other_knows(subject: &mut dyn Subject) {
    let Some([one, other]) = two_handles(subject).await else { return };
    let case = stream("case", 1);
    let first = make(&one, &case, Expected::NoStream, &[10]).await;
    assert_eq!(other.newest(&case).await.expect("it can be asked"), Some((0, first.position)));
    assert_eq!(make(&other, &case, Expected::NoStream, &[10]).await, Appended { repeated: true, ..first });
    make(&other, &case, Expected::Exact(0), &[11]).await;
    let refused = ask(&one, append(&case, Expected::Exact(0), &[12])).await;
    assert!(matches!(refused, Err(AppendError::WrongExpectedVersion { actual: Some(1) })), "{refused:?}");
    make(&one, &case, Expected::Exact(1), &[13]).await;
    assert!(matches!(ask(&other, append(&case, Expected::Exact(1), &[13, 14])).await, Err(AppendError::PartlyRepeated)));
    assert_eq!(ids(&whole_stream(&one, &case).await), vec![10, 11, 13]);
    assert_eq!(whole_log(&one).await, whole_log(&other).await);
}

/// Writers of one stream through two handles never overwrite each other, and nobody's event is lost.
pub async fn writers_of_one_stream_through_two_handles_never_overwrite_each_other(subject: &mut dyn Subject) {
    let Some(handles) = two_handles(subject).await else { return };
    let case = stream("case", 1);
    make(&handles[0], &case, Expected::NoStream, &[0]).await;
    let writers: Vec<_> = (1..=4_usize)
        .map(|writer| {
            let (store, case) = (Arc::clone(&handles[writer % 2]), case.clone());
            tokio::spawn(async move {
                let (mut newest, mut accepted) = (0, Vec::new());
                while accepted.len() < 25 {
                    let id = u128::try_from(writer * 1000 + accepted.len()).expect("a small number");
                    match ask(&store, append(&case, Expected::Exact(newest), &[id])).await {
                        Ok(made) => {
                            newest = made.version;
                            accepted.push((made.version, id));
                        }
                        Err(AppendError::WrongExpectedVersion { actual: Some(actual) }) => newest = actual,
                        Err(other) => panic!("neither made nor a conflict: {other}"),
                    }
                }
                accepted
            })
        })
        .collect();
    let mut accepted = vec![(0, 0)];
    for writer in writers {
        accepted.extend(writer.await.expect("the writer finishes"));
    }
    accepted.sort_unstable();
    let wanted: Vec<u128> = accepted.iter().map(|(_, id)| *id).collect();
    assert!(accepted.iter().map(|(version, _)| *version).eq(0..=100));
    assert_eq!(ids(&whole_stream(&handles[0], &case).await), wanted);
    assert_whole(subject, &whole_log(&handles[1]).await, 101);
}

/// Readers through either handle see the same log while both write.
pub async fn readers_of_two_handles_see_one_log_while_both_write(subject: &mut dyn Subject) {
    let Some(handles) = two_handles(subject).await else { return };
    let followers: Vec<_> = handles.iter().flat_map(|store| [1, 16].map(|size| follower(store, size, 240))).collect();
    let writers: Vec<_> = (0..6_usize)
        .map(|writer| tokio::spawn(many(Arc::clone(&handles[writer % 2]), u128::try_from(writer).expect("a small number"), 40)))
        .collect();
    for writer in writers {
        writer.await.expect("the writer finishes");
    }
    let all = whole_log(&handles[0]).await;
    assert_whole(subject, &all, 240);
    for follower in followers {
        assert_eq!(follower.await.expect("the follower finishes"), all);
    }
}

/// Clocks of two machines differ; the times in the log do not go back. (Where the server gives out the positions, a writer knows the
/// times of others from their events: then it is asked for the newest first.)
pub async fn recorded_time_never_decreases_between_two_handles(subject: &mut dyn Subject) {
    let ahead = subject.open(Arc::new(|| at(START_MICROS + 60_000_000))).await;
    let Some(behind) = subject.open_beside(Arc::new(|| at(START_MICROS))).await else { return };
    for number in 0..10 {
        let store = if number % 2 == 0 { &ahead } else { &behind };
        if !subject.gapless() && number > 0 {
            store.newest(&stream("case", number - 1)).await.expect("it can be asked");
        }
        make(store, &stream("case", number), Expected::NoStream, &[number]).await;
    }
    let times: Vec<_> = whole_log(&behind).await.iter().map(|event| event.recorded_at).collect();
    assert!(times.is_sorted(), "{times:?}");
}
