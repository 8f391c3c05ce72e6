//! Rules on what is many or large.

use bytes::Bytes;

use super::{Subject, append, ask, assert_whole, event, ids, make, stream, ticking_clock, versions, whole_log, whole_stream};
use crate::judge::MAX_EVENTS;
use crate::record::{MAX_RECORD_BYTES, encoded_len};
use crate::{Append, AppendError, Direction, Expected, NewEvent, Position};

/// An append may have 4,096 events, which are made together, and no more.
pub async fn the_longest_append_is_recorded_and_a_longer_one_refused(subject: &mut dyn Subject) {
    let store = subject.open(ticking_clock()).await;
    let case = stream("case", 1);
    let most: Vec<u128> = (0..u128::try_from(MAX_EVENTS).expect("a small number")).collect();
    let longer: Vec<u128> = (10_000..=10_000 + u128::try_from(MAX_EVENTS).expect("a small number")).collect();
    let refused = ask(&store, append(&case, Expected::NoStream, &longer)).await;
    assert!(matches!(refused, Err(AppendError::Malformed(_))), "{refused:?}");
    assert_eq!(make(&store, &case, Expected::NoStream, &most).await.version, 4095);
    assert!(make(&store, &case, Expected::NoStream, &most).await.repeated);
    let events = whole_log(&store).await;
    assert_whole(subject, &events, 4096);
    assert_eq!((ids(&events), versions(&events)), (most, (0..4096).collect()));
}

/// Many of the largest events, queued at once, are all recorded, and read back in one page.
pub async fn many_of_the_largest_events_are_recorded_at_once(subject: &mut dyn Subject) {
    let store = subject.open(ticking_clock()).await;
    let room = MAX_RECORD_BYTES - encoded_len(&stream("case", 1), "case.noted.v1", &[], &[]);
    let (metadata, data) = (Bytes::from(vec![0xFF; room / 2]), Bytes::from(vec![0; room - room / 2]));
    let tickets: Vec<_> = (0..60)
        .map(|number| {
            let large = NewEvent { metadata: metadata.clone(), data: data.clone(), ..event(number) };
            store.append(Append { events: vec![large], ..append(&stream("case", number), Expected::NoStream, &[]) })
        })
        .collect();
    for ticket in tickets {
        ticket.outcome().await.expect("the append is made");
    }
    let events = whole_log(&store).await;
    assert_whole(subject, &events, 60);
    assert!(events.iter().all(|event| event.metadata == metadata && event.data == data));
}

/// One event that cannot be recorded is enough: none of its append is.
pub async fn an_append_with_one_unfit_event_records_none(subject: &mut dyn Subject) {
    let store = subject.open(ticking_clock()).await;
    let case = stream("case", 1);
    make(&store, &case, Expected::NoStream, &[1]).await;
    let good = append(&case, Expected::Exact(0), &[2, 3, 4]);
    let too_large = NewEvent { data: Bytes::from(vec![0; MAX_RECORD_BYTES]), ..event(5) };
    let untyped = NewEvent { event_type: "".into(), ..event(5) };
    for unfit in [too_large, untyped, event(3)] {
        for place in [0, 1, 3] {
            let mut events = good.events.clone();
            events.insert(place, unfit.clone());
            let refused = ask(&store, Append { events, ..good.clone() }).await;
            assert!(matches!(refused, Err(AppendError::Malformed(_))), "{refused:?}");
        }
    }
    assert_eq!(ids(&whole_log(&store).await), vec![1]);
    assert_eq!(make(&store, &case, Expected::Exact(0), &[2, 3, 4]).await.version, 3);
}

/// Ten thousand streams, more than a store remembers, are each as they were left.
pub async fn ten_thousand_streams_are_kept_apart(subject: &mut dyn Subject) {
    let store = subject.open(ticking_clock()).await;
    let tickets: Vec<_> = (0..10_000).map(|number| store.append(append(&stream("case", number), Expected::NoStream, &[number]))).collect();
    for ticket in tickets {
        ticket.outcome().await.expect("the append is made");
    }
    let again: Vec<_> = (0..10_000)
        .step_by(7)
        .map(|number| (number, store.append(append(&stream("case", number), Expected::Exact(0), &[100_000 + number]))))
        .collect();
    for (_, ticket) in again {
        ticket.outcome().await.expect("the append is made");
    }
    for number in (0..10_000).step_by(499).chain([9_999]) {
        let wanted = if number % 7 == 0 { vec![number, 100_000 + number] } else { vec![number] };
        assert_eq!(ids(&whole_stream(&store, &stream("case", number)).await), wanted);
    }
    let events = whole_log(&store).await;
    assert_whole(subject, &events, 10_000 + 1_429);
    let newest = store.read_all_backwards(Position(u64::MAX), 2).await.expect("the log can be read");
    assert!(newest.iter().eq(events.iter().rev().take(2)));
    if subject.gapless() {
        assert_eq!(ids(&newest), vec![109_996, 109_989], "one writer writes in the order of the calls, of other streams, too");
    }
}

/// A page of a stream or of the log may have any size, in both directions; put together, they are the whole.
pub async fn streams_and_the_log_are_paged_backwards_without_gaps_or_repeats(subject: &mut dyn Subject) {
    let store = subject.open(ticking_clock()).await;
    for number in 0..20_u64 {
        let (expected, other) = match number.checked_sub(1) {
            None => (Expected::NoStream, Expected::NoStream),
            Some(last) => (Expected::Exact(last), Expected::Exact(2 * last + 1)),
        };
        let id = u128::from(number) * 10;
        make(&store, &stream("case", 1), expected, &[id]).await;
        make(&store, &stream("case", 2), other, &[id + 1, id + 2]).await;
    }
    let (mut all, mut case) = (whole_log(&store).await, whole_stream(&store, &stream("case", 2)).await);
    assert_whole(subject, &all, 60);
    assert_eq!(case.len(), 40);
    all.reverse();
    case.reverse();
    for size in [1, 3, 40, 59, 60, 61, usize::MAX] {
        let (mut pages, mut before) = (Vec::new(), Position(u64::MAX));
        loop {
            let page = store.read_all_backwards(before, size).await.expect("the log can be read");
            let Some(last) = page.last() else { break };
            assert!(page.len() <= size);
            before = last.position;
            pages.extend(page);
        }
        assert_eq!(pages, all, "the log in pages of {size}");
        let (mut pages, mut from) = (Vec::new(), Some(u64::MAX));
        while let Some(version) = from {
            let page = store.read_stream(&stream("case", 2), version, Direction::Backwards, size).await.expect("it can be read");
            assert!(!page.is_empty() && page.len() <= size);
            from = page.last().and_then(|last| last.version.checked_sub(1));
            pages.extend(page);
        }
        assert_eq!(pages, case, "the stream in pages of {size}");
    }
}
