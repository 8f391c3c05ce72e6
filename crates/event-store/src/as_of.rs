//! What "as of an instant" means (architecture, rule 2).

use jiff::Timestamp;

use crate::{EventStore, Position, ReadError};

/// The last position that was recorded at this instant or before, if any.
///
/// Recorded times never decrease with positions, so the place is found by halving, with no index on times: some 25 reads of one
/// event in a log of ten million.
///
/// # Errors
/// When the log cannot be read.
pub async fn as_of(log: &dyn EventStore, instant: Timestamp) -> Result<Option<Position>, ReadError> {
    let head = *log.head().borrow();
    let (mut found, mut at_or_before, mut beyond) = (None, 0, head.0.saturating_add(1));
    while at_or_before + 1 < beyond {
        let middle = at_or_before + (beyond - at_or_before) / 2;
        // Stores may leave gaps: the first event from the middle on.
        let next = log.read_all(Position(middle - 1), 1).await?;
        match next.first() {
            Some(event) if event.position.0 < beyond && event.recorded_at <= instant => {
                found = Some(event.position);
                at_or_before = event.position.0;
            }
            Some(_) | None => beyond = middle,
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicI64, Ordering};

    use bytes::Bytes;
    use uuid::Uuid;

    use super::*;
    use crate::memory::MemoryStore;
    use crate::{Append, Expected, NewEvent, StreamId};

    #[tokio::test]
    async fn as_of_an_instant_means_the_last_position_recorded_until_then() {
        let second = Arc::new(AtomicI64::new(100));
        let clock = second.clone();
        let log = MemoryStore::new(Arc::new(move || Timestamp::from_second(clock.load(Ordering::SeqCst)).unwrap()));
        let at = |second: i64| Timestamp::from_second(second).unwrap();
        assert_eq!(as_of(&log, at(1_000)).await.unwrap(), None, "nothing is recorded yet");
        // Two events at 100 s, two at 102 s and so on.
        for number in 0..9_u128 {
            second.store(100 + 2 * i64::try_from(number / 2).unwrap(), Ordering::SeqCst);
            let event =
                NewEvent { id: Uuid::from_u128(number + 1), event_type: "a.b.v1".into(), metadata: Bytes::new(), data: Bytes::new() };
            let stream = StreamId::new("test", Uuid::from_u128(number + 1));
            let append = Append { stream, expected: Expected::NoStream, events: vec![event], after: None };
            log.append(append).outcome().await.unwrap();
        }
        assert_eq!(as_of(&log, at(99)).await.unwrap(), None);
        for (second, position) in [(100, 2), (101, 2), (102, 4), (105, 6), (106, 8), (107, 8), (108, 9), (1_000, 9)] {
            assert_eq!(as_of(&log, at(second)).await.unwrap(), Some(Position(position)), "at {second}");
        }
    }
}
