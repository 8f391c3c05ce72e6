//! Rules on reading and following.

use std::sync::Arc;

use super::{Subject, append, assert_whole, ids, make, place, positions, stream, ticking_clock, versions, whole_log};
use crate::{Direction, EventStore, Expected, Position, Recorded};

async fn page(store: &Arc<dyn EventStore>, key: u128, from: u64, direction: Direction, limit: usize) -> Vec<u64> {
    versions(&store.read_stream(&stream("case", key), from, direction, limit).await.expect("the stream can be read"))
}

/// From any version, in both directions, with any limit, and beyond the ends.
pub async fn a_stream_is_read_in_both_directions_from_any_version(subject: &mut dyn Subject) {
    let store = subject.open(ticking_clock()).await;
    make(&store, &stream("case", 1), Expected::NoStream, &[1, 2, 3, 4, 5]).await;
    make(&store, &stream("case", 2), Expected::NoStream, &[6, 7]).await;
    let none: Vec<u64> = Vec::new();
    assert_eq!(page(&store, 1, 0, Direction::Forwards, 2).await, vec![0, 1]);
    assert_eq!(page(&store, 1, 2, Direction::Forwards, 2).await, vec![2, 3]);
    assert_eq!(page(&store, 1, 4, Direction::Forwards, 2).await, vec![4]);
    assert_eq!(page(&store, 1, 5, Direction::Forwards, 2).await, none);
    assert_eq!(page(&store, 1, u64::MAX, Direction::Forwards, 2).await, none);
    assert_eq!(page(&store, 1, 0, Direction::Forwards, 0).await, none);
    assert_eq!(page(&store, 1, u64::MAX, Direction::Backwards, 2).await, vec![4, 3]);
    assert_eq!(page(&store, 1, 2, Direction::Backwards, 2).await, vec![2, 1]);
    assert_eq!(page(&store, 1, 0, Direction::Backwards, 9).await, vec![0]);
    assert_eq!(page(&store, 1, 9, Direction::Backwards, 9).await, vec![4, 3, 2, 1, 0]);
    assert_eq!(page(&store, 2, 0, Direction::Forwards, usize::MAX).await, vec![0, 1]);
}

/// A stream that nobody wrote to has no events, which is not an error.
pub async fn an_unknown_stream_is_an_empty_page(subject: &mut dyn Subject) {
    let store = subject.open(ticking_clock()).await;
    assert!(page(&store, 1, 0, Direction::Forwards, 10).await.is_empty());
    make(&store, &stream("case", 2), Expected::NoStream, &[1]).await;
    assert!(page(&store, 1, u64::MAX, Direction::Backwards, 10).await.is_empty());
}

async fn fill(store: &Arc<dyn EventStore>, appends: u128, each: u128) {
    let tickets: Vec<_> = (0..appends)
        .map(|number| {
            let events: Vec<u128> = (0..each).map(|event| number * each + event).collect();
            store.append(append(&stream("case", number), Expected::NoStream, &events))
        })
        .collect();
    for ticket in tickets {
        ticket.outcome().await.expect("the append is made");
    }
}

/// Pages of any size, put together, are the log.
pub async fn the_log_is_paged_without_gaps_or_repeats(subject: &mut dyn Subject) {
    let store = subject.open(ticking_clock()).await;
    assert!(whole_log(&store).await.is_empty());
    fill(&store, 20, 3).await;
    let all = whole_log(&store).await;
    assert_whole(subject, &all, 60);
    let mut recorded = ids(&all);
    recorded.sort_unstable();
    assert_eq!(recorded, (0..60).collect::<Vec<_>>());
    for size in [1, 7, 60, 61] {
        let mut paged: Vec<Recorded> = Vec::new();
        loop {
            let after = paged.last().map_or(Position::START, |event| event.position);
            let page = store.read_all(after, size).await.expect("the log can be read");
            assert!(page.len() <= size);
            if page.is_empty() {
                break;
            }
            paged.extend(page);
        }
        assert_eq!(paged, all, "in pages of {size}");
    }
    assert!(store.read_all(place(&all, 60), 10).await.expect("it can be read").is_empty());
    assert!(store.read_all(Position(u64::MAX), 10).await.expect("it can be read").is_empty());
}

/// Newest first, before any position.
pub async fn the_log_is_read_backwards_from_any_position(subject: &mut dyn Subject) {
    let store = subject.open(ticking_clock()).await;
    fill(&store, 10, 1).await;
    let all = whole_log(&store).await;
    for (before, limit, wanted) in [
        (Position(u64::MAX), 3, vec![10, 9, 8]),
        (Position(place(&all, 10).0 + 1), 1, vec![10]),
        (place(&all, 5), 2, vec![4, 3]),
        (Position(place(&all, 5).0 - 1), 1, vec![if subject.gapless() { 3 } else { 4 }]),
        (place(&all, 3), 9, vec![2, 1]),
        (place(&all, 1), 9, vec![]),
        (Position::START, 9, vec![]),
        (place(&all, 5), 0, vec![]),
    ] {
        let page = store.read_all_backwards(before, limit).await.expect("the log can be read");
        let wanted: Vec<Recorded> = wanted.iter().map(|number| all[number - 1].clone()).collect();
        assert_eq!(page, wanted, "before {before}");
    }
}

/// A position between two events, or beyond the last, is as good as any: time travel halves its way through the log.
pub async fn the_log_is_read_from_any_position(subject: &mut dyn Subject) {
    let store = subject.open(ticking_clock()).await;
    fill(&store, 5, 2).await;
    let all = whole_log(&store).await;
    let (first, last) = (place(&all, 1).0, place(&all, 10).0);
    let between = (1..10).flat_map(|number| [place(&all, number).0, place(&all, number).0 + 1, place(&all, number + 1).0 - 1]);
    for after in between.chain([0, 1, first - 1, last - 1, last, last + 1, last + 1_000, u64::MAX / 2, u64::MAX]) {
        let wanted: Vec<Recorded> = all.iter().filter(|event| event.position.0 > after).take(3).cloned().collect();
        assert_eq!(store.read_all(Position(after), 3).await.expect("the log can be read"), wanted, "after {after}");
    }
}

/// A reader gets as many events as it asked for, in one piece, however the store reads them.
pub async fn a_page_longer_than_the_store_reads_at_once_is_complete(subject: &mut dyn Subject) {
    let store = subject.open(ticking_clock()).await;
    let events: Vec<u128> = (0..4000).collect();
    make(&store, &stream("case", 1), Expected::NoStream, &events).await;
    make(&store, &stream("case", 1), Expected::Exact(3999), &[4000]).await;
    let forwards = store.read_stream(&stream("case", 1), 0, Direction::Forwards, usize::MAX).await.expect("it can be read");
    assert_eq!(versions(&forwards), (0..=4000).collect::<Vec<_>>());
    let backwards = store.read_stream(&stream("case", 1), u64::MAX, Direction::Backwards, 3500).await.expect("it can be read");
    assert_eq!(versions(&backwards), (501..=4000).rev().collect::<Vec<_>>());
    assert_eq!(whole_log(&store).await, forwards);
    let newest = store.read_all_backwards(Position(u64::MAX), 3500).await.expect("it can be read");
    assert_eq!(newest, backwards);
}

/// Reading pages until they are empty and then waiting for the head misses nothing, while others write.
pub async fn a_follower_sees_every_event_once_and_in_order(subject: &mut dyn Subject) {
    let store = subject.open(ticking_clock()).await;
    make(&store, &stream("case", 1000), Expected::NoStream, &[1000]).await;
    let follower = tokio::spawn({
        let store = Arc::clone(&store);
        async move {
            let mut head = store.head();
            let mut seen: Vec<Recorded> = Vec::new();
            while seen.len() < 301 {
                let after = seen.last().map_or(Position::START, |event| event.position);
                head.mark_unchanged();
                let page = store.read_all(after, 16).await.expect("the log can be read");
                if page.is_empty() {
                    head.changed().await.expect("the store is open");
                }
                seen.extend(page);
            }
            seen
        }
    });
    let writers: Vec<_> = (0..3_u128)
        .map(|writer| {
            let store = Arc::clone(&store);
            tokio::spawn(async move {
                for number in 0..100 {
                    let id = writer * 100 + number;
                    make(&store, &stream("case", id), Expected::NoStream, &[id]).await;
                }
            })
        })
        .collect();
    for writer in writers {
        writer.await.expect("the writer finishes");
    }
    let seen = follower.await.expect("the follower finishes");
    assert_whole(subject, &seen, 301);
    assert_eq!(seen, whole_log(&store).await);
}

/// Whoever has an answer finds its event: the head is not behind, and the event can be read.
pub async fn the_head_is_known_before_an_append_is_answered(subject: &mut dyn Subject) {
    let store = subject.open(ticking_clock()).await;
    let head = store.head();
    assert_eq!(*head.borrow(), Position::START);
    for number in 0..50 {
        let made = make(&store, &stream("case", number), Expected::NoStream, &[number]).await;
        assert!(*head.borrow() >= made.position);
        let newest = store.read_all_backwards(Position(u64::MAX), 1).await.expect("the log can be read");
        assert_eq!(positions(&newest), vec![made.position.0]);
    }
}

/// A restart goes on with the same history.
pub async fn the_epoch_stays_over_a_restart(subject: &mut dyn Subject) {
    let store = subject.open(ticking_clock()).await;
    let epoch = store.epoch();
    drop(store);
    assert_eq!(subject.open(ticking_clock()).await.epoch(), epoch);
}
