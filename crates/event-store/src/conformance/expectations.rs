//! Rules on what a stream must look like for an append.

use super::{Subject, append, ask, assert_whole, ids, make, place, stream, ticking_clock, versions, whole_log, whole_stream};
use crate::{AppendError, Expected};

/// The first append to a stream expects no stream and gets version 0.
pub async fn a_new_stream_starts_at_version_0(subject: &mut dyn Subject) {
    let store = subject.open(ticking_clock()).await;
    let case = stream("case", 1);
    let made = make(&store, &case, Expected::NoStream, &[10]).await;
    let events = whole_stream(&store, &case).await;
    assert_eq!((made.version, made.position, made.repeated), (0, place(&events, 1), false));
    assert_whole(subject, &whole_log(&store).await, 1);
    assert_eq!((ids(&events), versions(&events)), (vec![10], vec![0]));
    assert_eq!(events[0].stream, case);
}

/// Expecting no stream where there is one is a conflict that tells the newest version.
pub async fn a_stream_that_exists_is_not_a_new_stream(subject: &mut dyn Subject) {
    let store = subject.open(ticking_clock()).await;
    let case = stream("case", 1);
    make(&store, &case, Expected::NoStream, &[10, 11]).await;
    let refused = ask(&store, append(&case, Expected::NoStream, &[12])).await;
    assert!(matches!(refused, Err(AppendError::WrongExpectedVersion { actual: Some(1) })), "{refused:?}");
}

/// An append that names the newest version goes after it.
pub async fn an_append_to_the_newest_version_is_recorded(subject: &mut dyn Subject) {
    let store = subject.open(ticking_clock()).await;
    let case = stream("case", 1);
    make(&store, &case, Expected::NoStream, &[10]).await;
    make(&store, &stream("case", 2), Expected::NoStream, &[20]).await;
    let made = make(&store, &case, Expected::Exact(0), &[11, 12]).await;
    assert_eq!((made.version, made.position, made.repeated), (2, place(&whole_log(&store).await, 4), false));
    assert_eq!(ids(&whole_stream(&store, &case).await), vec![10, 11, 12]);
}

/// An append that names an older version, or one that is not there yet, is refused with the newest.
pub async fn an_append_to_any_other_version_is_refused_with_the_newest(subject: &mut dyn Subject) {
    let store = subject.open(ticking_clock()).await;
    let case = stream("case", 1);
    make(&store, &case, Expected::NoStream, &[10, 11, 12]).await;
    for expected in [0, 1, 3, 4, u64::MAX / 2, u64::MAX - 1, u64::MAX] {
        let refused = ask(&store, append(&case, Expected::Exact(expected), &[13])).await;
        assert!(matches!(refused, Err(AppendError::WrongExpectedVersion { actual: Some(2) })), "{expected}: {refused:?}");
    }
}

/// An append that names a version of a stream without events is refused, and says that there is none.
pub async fn an_append_to_a_version_of_an_unknown_stream_is_refused(subject: &mut dyn Subject) {
    let store = subject.open(ticking_clock()).await;
    for expected in [0, 1, u64::MAX] {
        let refused = ask(&store, append(&stream("case", 1), Expected::Exact(expected), &[10])).await;
        assert!(matches!(refused, Err(AppendError::WrongExpectedVersion { actual: None })), "{expected}: {refused:?}");
    }
}

/// What was refused is nowhere: not in the stream, not in the log, and the next position is the next.
pub async fn a_refused_append_leaves_nothing_behind(subject: &mut dyn Subject) {
    let store = subject.open(ticking_clock()).await;
    let case = stream("case", 1);
    make(&store, &case, Expected::NoStream, &[10]).await;
    assert!(ask(&store, append(&case, Expected::Exact(5), &[11, 12])).await.is_err());
    assert!(ask(&store, append(&stream("case", 2), Expected::Exact(0), &[13])).await.is_err());
    assert_eq!(ids(&whole_log(&store).await), vec![10]);
    assert_eq!(*store.head().borrow(), place(&whole_log(&store).await, 1));
    let made = make(&store, &stream("case", 2), Expected::NoStream, &[14]).await;
    let events = whole_log(&store).await;
    assert_eq!((made.position, made.version), (place(&events, 2), 0));
    assert_whole(subject, &events, 2);
}

/// A stream is named by its kind and its key together.
pub async fn streams_of_equal_keys_and_different_kinds_are_different_streams(subject: &mut dyn Subject) {
    let store = subject.open(ticking_clock()).await;
    let (case, organization) = (stream("case", 1), stream("organization", 1));
    make(&store, &case, Expected::NoStream, &[10]).await;
    make(&store, &organization, Expected::NoStream, &[20]).await;
    make(&store, &case, Expected::Exact(0), &[11]).await;
    assert_eq!(ids(&whole_stream(&store, &case).await), vec![10, 11]);
    assert_eq!(ids(&whole_stream(&store, &organization).await), vec![20]);
}

/// What holds for a stream holds for it when nothing is remembered but what is stored.
pub async fn expectations_are_judged_the_same_after_a_restart(subject: &mut dyn Subject) {
    let store = subject.open(ticking_clock()).await;
    let (case, unknown) = (stream("case", 1), stream("case", 2));
    make(&store, &case, Expected::NoStream, &[10, 11, 12]).await;
    drop(store);
    let store = subject.open(ticking_clock()).await;
    for (stream, expected, actual) in [
        (&case, Expected::NoStream, Some(2)),
        (&case, Expected::Exact(0), Some(2)),
        (&case, Expected::Exact(1), Some(2)),
        (&case, Expected::Exact(3), Some(2)),
        (&unknown, Expected::Exact(0), None),
        (&unknown, Expected::Exact(u64::MAX), None),
    ] {
        let refused = ask(&store, append(stream, expected, &[20])).await;
        assert!(
            matches!(refused, Err(AppendError::WrongExpectedVersion { actual: told }) if told == actual),
            "{stream} {expected:?}: {refused:?}"
        );
    }
    assert_eq!(make(&store, &case, Expected::Exact(2), &[13]).await.version, 3);
    assert_eq!(make(&store, &unknown, Expected::NoStream, &[20]).await.version, 0);
    assert_eq!(ids(&whole_log(&store).await), vec![10, 11, 12, 13, 20]);
}
