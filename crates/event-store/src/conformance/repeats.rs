//! Rules on appends that are asked for again.

use super::{Subject, append, ask, ids, make, stream, ticking_clock, whole_log};
use crate::{AppendError, Appended, Expected};

/// The same ids at the same place: the answer of the first time, marked, also when the stream has moved on since.
pub async fn a_repeated_append_gets_the_original_answer(subject: &mut dyn Subject) {
    let store = subject.open(ticking_clock()).await;
    let case = stream("case", 1);
    let first = make(&store, &case, Expected::NoStream, &[10, 11]).await;
    let second = make(&store, &case, Expected::Exact(1), &[12]).await;
    make(&store, &stream("case", 2), Expected::NoStream, &[20]).await;
    for _ in 0..2 {
        let again = make(&store, &case, Expected::NoStream, &[10, 11]).await;
        assert_eq!(again, Appended { repeated: true, ..first });
        let again = make(&store, &case, Expected::Exact(1), &[12]).await;
        assert_eq!(again, Appended { repeated: true, ..second });
        make(&store, &stream("case", 3), Expected::NoStream, &[30]).await;
    }
    assert_eq!(ids(&whole_log(&store).await), vec![10, 11, 12, 20, 30]);
}

/// The same over a restart, when nothing is remembered but what is stored.
pub async fn a_repeated_append_gets_the_original_answer_after_a_restart(subject: &mut dyn Subject) {
    let store = subject.open(ticking_clock()).await;
    let case = stream("case", 1);
    let first = make(&store, &case, Expected::NoStream, &[10, 11]).await;
    let second = make(&store, &case, Expected::Exact(1), &[12, 13]).await;
    drop(store);
    let store = subject.open(ticking_clock()).await;
    assert_eq!(make(&store, &case, Expected::NoStream, &[10, 11]).await, Appended { repeated: true, ..first });
    assert_eq!(make(&store, &case, Expected::Exact(1), &[12, 13]).await, Appended { repeated: true, ..second });
    assert_eq!(ids(&whole_log(&store).await), vec![10, 11, 12, 13]);
}

/// The repeat may be queued before the original is durable.
pub async fn a_repeat_in_the_same_breath_gets_the_original_answer(subject: &mut dyn Subject) {
    let store = subject.open(ticking_clock()).await;
    let case = stream("case", 1);
    let original = store.append(append(&case, Expected::NoStream, &[10, 11]));
    let repeat = store.append(append(&case, Expected::NoStream, &[10, 11]));
    let original = original.outcome().await.expect("the append is made");
    let repeat = repeat.outcome().await.expect("the repeat is answered");
    assert_eq!(repeat, Appended { repeated: true, ..original });
    assert_eq!(ids(&whole_log(&store).await), vec![10, 11]);
}

/// Some ids there and some not, or all of them in another order: neither a repeat nor a plain conflict.
pub async fn an_append_that_is_partly_there_is_refused(subject: &mut dyn Subject) {
    let store = subject.open(ticking_clock()).await;
    let case = stream("case", 1);
    make(&store, &case, Expected::NoStream, &[10, 11]).await;
    make(&store, &case, Expected::Exact(1), &[12]).await;
    for (expected, events) in [
        (Expected::NoStream, vec![10, 99]),
        (Expected::NoStream, vec![99, 11]),
        (Expected::NoStream, vec![11, 10]),
        (Expected::NoStream, vec![10, 11, 12, 13]),
        (Expected::Exact(1), vec![12, 13]),
        (Expected::Exact(0), vec![12, 11]),
    ] {
        let refused = ask(&store, append(&case, expected, &events)).await;
        assert!(matches!(refused, Err(AppendError::PartlyRepeated)), "{expected:?} {events:?}: {refused:?}");
    }
}

/// A partly repeated append records none of its events.
pub async fn a_partly_repeated_append_leaves_nothing_behind(subject: &mut dyn Subject) {
    let store = subject.open(ticking_clock()).await;
    let case = stream("case", 1);
    make(&store, &case, Expected::NoStream, &[10]).await;
    assert!(ask(&store, append(&case, Expected::NoStream, &[10, 11])).await.is_err());
    assert_eq!(ids(&whole_log(&store).await), vec![10]);
    make(&store, &case, Expected::Exact(0), &[11]).await;
}

/// Whichever is asked for again first, each gets its own answer.
pub async fn repeats_in_any_order_get_the_original_answers(subject: &mut dyn Subject) {
    let store = subject.open(ticking_clock()).await;
    let case = stream("case", 1);
    let appends = [(Expected::NoStream, vec![10, 11]), (Expected::Exact(1), vec![12]), (Expected::Exact(2), vec![13, 14, 15])];
    let mut answers = Vec::new();
    for (expected, events) in &appends {
        answers.push(make(&store, &case, *expected, events).await);
    }
    for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
        let tickets = order.map(|number| (number, store.append(append(&case, appends[number].0, &appends[number].1))));
        for (number, ticket) in tickets {
            let again = ticket.outcome().await.expect("the repeat is answered");
            assert_eq!(again, Appended { repeated: true, ..answers[number] }, "in the order {order:?}");
        }
    }
    assert_eq!(ids(&whole_log(&store).await), (10..16).collect::<Vec<_>>());
}

/// The beginning, the middle or the end of an append, asked for by itself at its place, is there already.
pub async fn a_part_of_an_append_at_its_place_is_a_repeat(subject: &mut dyn Subject) {
    let store = subject.open(ticking_clock()).await;
    let case = stream("case", 1);
    make(&store, &case, Expected::NoStream, &[10, 11, 12, 13]).await;
    let all = whole_log(&store).await;
    for (expected, events, version) in [
        (Expected::NoStream, vec![10], 0),
        (Expected::NoStream, vec![10, 11], 1),
        (Expected::Exact(0), vec![11, 12], 2),
        (Expected::Exact(1), vec![12, 13], 3),
        (Expected::Exact(2), vec![13], 3),
    ] {
        let again = make(&store, &case, expected, &events).await;
        let position = all[usize::try_from(version).expect("a small number")].position;
        assert_eq!(again, Appended { position, version, repeated: true }, "{events:?}");
    }
    assert_eq!(whole_log(&store).await, all);
}

/// An id is known again only at the place it was meant for: in another stream it is another event.
pub async fn the_same_id_in_another_stream_is_another_event(subject: &mut dyn Subject) {
    let store = subject.open(ticking_clock()).await;
    let (one, other, kind) = (stream("case", 1), stream("case", 2), stream("organization", 1));
    for stream in [&one, &other, &kind] {
        assert!(!make(&store, stream, Expected::NoStream, &[10, 11]).await.repeated);
    }
    let refused = ask(&store, append(&other, Expected::Exact(0), &[10])).await;
    assert!(matches!(refused, Err(AppendError::WrongExpectedVersion { actual: Some(1) })), "{refused:?}");
    assert_eq!(ids(&whole_log(&store).await), vec![10, 11, 10, 11, 10, 11]);
    for stream in [&kind, &other, &one] {
        assert!(make(&store, stream, Expected::NoStream, &[10, 11]).await.repeated);
    }
}

/// A retry with new events at its end was not made before, and is not made now.
pub async fn a_repeat_with_an_extra_event_is_refused_and_leaves_nothing_behind(subject: &mut dyn Subject) {
    let store = subject.open(ticking_clock()).await;
    let case = stream("case", 1);
    make(&store, &case, Expected::NoStream, &[10, 11]).await;
    let before = whole_log(&store).await;
    for events in [vec![10, 11, 12], vec![10, 12], vec![12, 10, 11], vec![10, 12, 11]] {
        let refused = ask(&store, append(&case, Expected::NoStream, &events)).await;
        assert!(matches!(refused, Err(AppendError::PartlyRepeated)), "{events:?}: {refused:?}");
    }
    assert_eq!(whole_log(&store).await, before);
    assert!(make(&store, &case, Expected::NoStream, &[10, 11]).await.repeated);
    assert_eq!(make(&store, &case, Expected::Exact(1), &[12]).await.version, 2);
}
