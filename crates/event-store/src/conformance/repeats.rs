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
