//! Rules on recording: together, in order, without gaps, byte for byte.

use std::sync::Arc;

use bytes::Bytes;

use super::{
    START_MICROS, Subject, append, ask, assert_whole, at, event, id, ids, make, number, place, stream, ticking_clock, versions, whole_log,
    whole_stream,
};
use crate::record::{MAX_RECORD_BYTES, Record, encoded_len};
use crate::{Append, AppendError, Clock, Direction, Expected, NewEvent, Position};

/// The events of one append stand next to each other, in their order, and the answer names the last.
pub async fn events_of_one_append_are_recorded_together(subject: &mut dyn Subject) {
    let store = subject.open(ticking_clock()).await;
    let case = stream("case", 1);
    let wanted: Vec<u128> = (100..200).collect();
    let made = make(&store, &case, Expected::NoStream, &wanted).await;
    let events = whole_log(&store).await;
    assert_eq!((made.version, made.position), (99, place(&events, 100)));
    assert_eq!(ids(&events), wanted);
    assert_eq!(versions(&events), (0..100).collect::<Vec<_>>());
    assert_whole(subject, &events, 100);
}

/// Appends queued without waiting are tried in the order of the calls: each may build on the one before.
pub async fn appends_to_one_stream_queued_in_one_breath_are_chained(subject: &mut dyn Subject) {
    let store = subject.open(ticking_clock()).await;
    let case = stream("case", 1);
    let mut tickets = vec![store.append(append(&case, Expected::NoStream, &[0]))];
    tickets.extend((1..200_u64).map(|number| store.append(append(&case, Expected::Exact(number - 1), &[number.into()]))));
    for (version, ticket) in (0..).zip(tickets) {
        assert_eq!(ticket.outcome().await.expect("the append is made").version, version);
    }
    assert_eq!(ids(&whole_stream(&store, &case).await), (0..200).collect::<Vec<_>>());
}

/// Whatever is queued around it, a conflict fails only its own append, and takes no position.
pub async fn one_conflicting_append_fails_alone(subject: &mut dyn Subject) {
    let store = subject.open(ticking_clock()).await;
    let tickets: Vec<_> = (0..50_u128)
        .flat_map(|number| {
            let case = stream("case", number);
            [
                store.append(append(&case, Expected::NoStream, &[number * 10])),
                store.append(append(&case, Expected::Exact(7), &[number * 10 + 1, number * 10 + 2])),
                store.append(append(&case, Expected::Exact(0), &[number * 10 + 3])),
            ]
        })
        .collect();
    for (count, ticket) in tickets.into_iter().enumerate() {
        let outcome = ticket.outcome().await;
        if count % 3 == 1 {
            assert!(matches!(outcome, Err(AppendError::WrongExpectedVersion { actual: Some(0) })), "{outcome:?}");
        } else {
            assert!(outcome.is_ok(), "{outcome:?}");
        }
    }
    assert_whole(subject, &whole_log(&store).await, 100);
}

/// A gate passes once the append it belongs to has been made, in the same breath or long before.
pub async fn an_append_waits_for_the_one_it_depends_on(subject: &mut dyn Subject) {
    let store = subject.open(ticking_clock()).await;
    let (reservation, case) = (stream("reservation", 1), stream("case", 1));
    let first = store.append(append(&reservation, Expected::NoStream, &[1]));
    let gate = first.gate();
    let second = store.append(Append { after: Some(gate.clone()), ..append(&case, Expected::NoStream, &[2]) });
    let (first, second) = (first.outcome().await.expect("it is made"), second.outcome().await.expect("it is made"));
    assert!(first.position < second.position);
    let later = ask(&store, Append { after: Some(gate), ..append(&case, Expected::Exact(0), &[3]) }).await;
    assert!(later.is_ok(), "{later:?}");
    let repeat = store.append(append(&reservation, Expected::NoStream, &[1]));
    let gate = repeat.gate();
    let after_repeat = ask(&store, Append { after: Some(gate), ..append(&case, Expected::Exact(1), &[4]) }).await;
    assert!(after_repeat.is_ok(), "a repeat counts as made: {after_repeat:?}");
}

/// What depends on a refused append is refused too, and what depends on that likewise.
pub async fn an_append_fails_with_the_one_it_depends_on(subject: &mut dyn Subject) {
    let store = subject.open(ticking_clock()).await;
    make(&store, &stream("reservation", 1), Expected::NoStream, &[1]).await;
    let refused = store.append(append(&stream("reservation", 1), Expected::NoStream, &[2]));
    let second = store.append(Append { after: Some(refused.gate()), ..append(&stream("case", 1), Expected::NoStream, &[3]) });
    let third = store.append(Append { after: Some(second.gate()), ..append(&stream("case", 2), Expected::NoStream, &[4]) });
    let unrelated = store.append(append(&stream("case", 3), Expected::NoStream, &[5]));
    assert!(matches!(refused.outcome().await, Err(AppendError::WrongExpectedVersion { .. })));
    assert!(matches!(second.outcome().await, Err(AppendError::PrerequisiteFailed)));
    assert!(matches!(third.outcome().await, Err(AppendError::PrerequisiteFailed)));
    assert!(unrelated.outcome().await.is_ok());
    assert_eq!(ids(&whole_log(&store).await), vec![1, 5]);
    let malformed = store.append(append(&stream("case", 4), Expected::NoStream, &[]));
    let after_malformed = Append { after: Some(malformed.gate()), ..append(&stream("case", 5), Expected::NoStream, &[6]) };
    assert!(matches!(ask(&store, after_malformed).await, Err(AppendError::PrerequisiteFailed)));
}

/// A gate that nobody has attempted yet does not stop the log: what depends on it is refused.
pub async fn an_append_that_depends_on_a_later_one_fails(subject: &mut dyn Subject) {
    let store = subject.open(ticking_clock()).await;
    let (never, ticket) = crate::Ticket::new();
    let outcome = ask(&store, Append { after: Some(ticket.gate()), ..append(&stream("case", 1), Expected::NoStream, &[1]) }).await;
    assert!(matches!(outcome, Err(AppendError::PrerequisiteFailed)), "{outcome:?}");
    drop(never);
    assert_eq!(*store.head().borrow(), Position::START);
}

/// Empty appends, unfit names and doubled ids are refused, whatever the stream looks like.
pub async fn malformed_appends_are_refused(subject: &mut dyn Subject) {
    let store = subject.open(ticking_clock()).await;
    let case = stream("case", 1);
    let typed = |event_type: &str| Append {
        events: vec![NewEvent { event_type: event_type.into(), ..event(1) }],
        ..append(&case, Expected::NoStream, &[])
    };
    let malformed = [
        append(&case, Expected::NoStream, &[]),
        append(&case, Expected::NoStream, &[1, 2, 1]),
        append(&stream("", 1), Expected::NoStream, &[1]),
        append(&stream("Case", 1), Expected::NoStream, &[1]),
        append(&stream(&"c".repeat(32), 1), Expected::NoStream, &[1]),
        typed(""),
        typed("case.noted v1"),
        typed("fälle.v1"),
        typed(&"t".repeat(128)),
    ];
    for append in malformed {
        let refused = ask(&store, append).await;
        assert!(matches!(refused, Err(AppendError::Malformed(_))), "{refused:?}");
    }
    assert!(whole_log(&store).await.is_empty());
}

/// Many tasks append at once: positions have no gaps, and each answer names the place where its event is.
pub async fn positions_have_no_gaps_under_racing_writers(subject: &mut dyn Subject) {
    let store = subject.open(ticking_clock()).await;
    let writers: Vec<_> = (0..8_u128)
        .map(|writer| {
            let store = Arc::clone(&store);
            tokio::spawn(async move {
                let mut answers = Vec::new();
                for number in 0..50_u128 {
                    let id = writer * 1000 + number;
                    let made = make(&store, &stream("case", id), Expected::NoStream, &[id, id + 500_000]).await;
                    answers.push((made.position, id + 500_000));
                }
                answers
            })
        })
        .collect();
    let mut answers = Vec::new();
    for writer in writers {
        answers.extend(writer.await.expect("the writer finishes"));
    }
    let events = whole_log(&store).await;
    assert_whole(subject, &events, 800);
    for (position, wanted) in answers {
        let place = events.binary_search_by_key(&position, |event| event.position).expect("the event is there");
        assert_eq!(events[place].id, id(wanted));
        assert_eq!(events[place - 1].id, id(wanted - 500_000), "events of one append stand next to each other");
    }
}

/// Many tasks append to one stream, each at the version it last saw: every accepted event is there, at its version.
pub async fn racing_writers_of_one_stream_never_overwrite_each_other(subject: &mut dyn Subject) {
    let store = subject.open(ticking_clock()).await;
    let case = stream("case", 1);
    make(&store, &case, Expected::NoStream, &[1]).await;
    let writers: Vec<_> = (1..=4_u128)
        .map(|writer| {
            let (store, case) = (Arc::clone(&store), case.clone());
            tokio::spawn(async move {
                let mut newest = 0;
                let mut accepted = Vec::new();
                for number in 0..25_u128 {
                    let id = writer * 1000 + number;
                    loop {
                        match ask(&store, append(&case, Expected::Exact(newest), &[id])).await {
                            Ok(made) => {
                                newest = made.version;
                                accepted.push((made.version, id));
                                break;
                            }
                            Err(AppendError::WrongExpectedVersion { actual: Some(actual) }) => newest = actual,
                            Err(other) => panic!("neither made nor a conflict: {other}"),
                        }
                    }
                }
                accepted
            })
        })
        .collect();
    let mut accepted = vec![(0, 1)];
    for writer in writers {
        accepted.extend(writer.await.expect("the writer finishes"));
    }
    accepted.sort_unstable();
    let stored: Vec<(u64, u128)> = whole_stream(&store, &case).await.iter().map(|event| (event.version, number(event.id))).collect();
    assert_eq!(stored, accepted);
    assert_eq!(stored.len(), 101);
}

/// After a restart the next event gets the next position, and the next version of its stream.
pub async fn positions_go_on_after_a_restart(subject: &mut dyn Subject) {
    let store = subject.open(ticking_clock()).await;
    let case = stream("case", 1);
    make(&store, &case, Expected::NoStream, &[1, 2]).await;
    let before = whole_log(&store).await;
    drop(store);
    let store = subject.open(ticking_clock()).await;
    assert_eq!(*store.head().borrow(), place(&before, 2));
    assert_eq!(whole_log(&store).await, before);
    let made = make(&store, &case, Expected::Exact(1), &[3]).await;
    let after = whole_log(&store).await;
    assert_eq!((made.position, made.version), (place(&after, 3), 2));
    assert_whole(subject, &after, 3);
    let refused = ask(&store, append(&case, Expected::NoStream, &[4])).await;
    assert!(matches!(refused, Err(AppendError::WrongExpectedVersion { actual: Some(2) })), "{refused:?}");
}

/// Nobody needs to wait for an append to be made.
pub async fn dropping_a_ticket_does_not_withdraw_the_append(subject: &mut dyn Subject) {
    let store = subject.open(ticking_clock()).await;
    let case = stream("case", 1);
    drop(store.append(append(&case, Expected::NoStream, &[1])));
    make(&store, &case, Expected::Exact(0), &[2]).await;
    assert_eq!(ids(&whole_stream(&store, &case).await), vec![1, 2]);
}

/// Empty, text of any script, and all byte values come back as they were, and have a canonical record.
pub async fn data_and_metadata_come_back_byte_for_byte(subject: &mut dyn Subject) {
    let store = subject.open(ticking_clock()).await;
    let every_byte: Vec<u8> = (0..=u8::MAX).collect();
    let contents = [
        Bytes::new(),
        Bytes::from_static(b"\0"),
        Bytes::from(every_byte),
        Bytes::from("{\"b\":1, \"a\":1,\"a\":2}\r\n"),
        Bytes::from("Łódź 株式会社 e\u{301} \u{feff}\u{202e}🏭"),
    ];
    let case = stream("a_kind_of_thirty_one_letters_xx", u128::MAX);
    let mut events = Vec::new();
    for (number, (metadata, data)) in (1..).zip(contents.iter().flat_map(|metadata| contents.iter().map(move |data| (metadata, data)))) {
        events.push(NewEvent { metadata: metadata.clone(), data: data.clone(), event_type: "t".repeat(127).into(), ..event(number) });
    }
    let made = ask(&store, Append { stream: case.clone(), expected: Expected::NoStream, events: events.clone(), after: None }).await;
    assert!(made.is_ok(), "{made:?}");
    let stored = whole_stream(&store, &case).await;
    assert_eq!(stored, whole_log(&store).await);
    assert_eq!(stored.len(), events.len());
    for (stored, event) in stored.iter().zip(&events) {
        assert_eq!(
            (stored.id, &*stored.event_type, &stored.metadata, &stored.data),
            (event.id, &*event.event_type, &event.metadata, &event.data)
        );
        let record = Record::from(stored);
        assert_eq!(Record::decode(record.encode().expect("it can be encoded")), Ok(record));
    }
}

/// An event may fill its record to the last byte, and not beyond.
pub async fn the_largest_event_is_recorded_and_a_larger_one_refused(subject: &mut dyn Subject) {
    let store = subject.open(ticking_clock()).await;
    let case = stream("case", 1);
    let room = MAX_RECORD_BYTES - encoded_len(&case, "case.noted.v1", &[], &[]);
    let of_size = |id: u128, bytes: usize, expected| Append {
        events: vec![NewEvent { metadata: Bytes::new(), data: Bytes::from(vec![0xA5; bytes]), ..event(id) }],
        ..append(&case, expected, &[])
    };
    let refused = ask(&store, of_size(1, room + 1, Expected::NoStream)).await;
    assert!(matches!(refused, Err(AppendError::Malformed(_))), "{refused:?}");
    let made = ask(&store, of_size(2, room, Expected::NoStream)).await;
    assert!(made.is_ok(), "{made:?}");
    let stored = store.read_stream(&case, u64::MAX, Direction::Backwards, 1).await.expect("it can be read");
    assert_eq!((stored[0].id, stored[0].data.len()), (id(2), room));
    assert_eq!(Record::from(&stored[0]).encode().expect("it can be encoded").len(), MAX_RECORD_BYTES);
}

/// A clock that steps back does not: later events never have an earlier time.
pub async fn recorded_time_never_decreases(subject: &mut dyn Subject) {
    let steps = [0, 5, 5, -1_000_000, 7, i64::from(i32::MIN), 6, 8];
    let asked = std::sync::atomic::AtomicUsize::new(0);
    let clock: Clock = Arc::new(move || {
        let step = asked.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        at(START_MICROS + steps[step % steps.len()])
    });
    let store = subject.open(clock).await;
    for number in 0..20 {
        make(&store, &stream("case", number), Expected::NoStream, &[number]).await;
    }
    let times: Vec<_> = whole_log(&store).await.iter().map(|event| event.recorded_at).collect();
    assert!(times.is_sorted(), "{times:?}");
    assert!(times.contains(&at(START_MICROS + 8)));
    assert!(times.iter().all(|time| time.as_nanosecond() % 1000 == 0), "whole microseconds: {times:?}");
}

/// A machine whose clock stands in the past after a restart does not record the past.
pub async fn recorded_time_never_decreases_over_a_restart(subject: &mut dyn Subject) {
    let store = subject.open(Arc::new(|| at(START_MICROS))).await;
    make(&store, &stream("case", 1), Expected::NoStream, &[1]).await;
    drop(store);
    let store = subject.open(Arc::new(|| at(START_MICROS - 60_000_000))).await;
    make(&store, &stream("case", 1), Expected::Exact(0), &[2]).await;
    let times: Vec<_> = whole_log(&store).await.iter().map(|event| event.recorded_at).collect();
    assert_eq!(times, vec![at(START_MICROS), at(START_MICROS)]);
}
