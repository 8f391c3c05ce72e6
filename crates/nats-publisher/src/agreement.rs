//! Whether the cursor and the stream say the same of how far publishing has come.

use public_events::Position;
use uuid::Uuid;

use crate::cursor::Cursor;
use crate::message::Label;
use crate::stream::{Look, Tip};

/// How cursor and stream disagree. Each says what is wrong and what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Disagreement {
    /// The stream is not there.
    #[error(
        "the stream {stream} is gone: it was published to up to position {position}. If it is not to come back, \
        `gatehouse publish --reconcile` makes it anew and fills it from the beginning"
    )]
    Gone {
        /// Its name.
        stream: String,
        /// How far it had been filled.
        position: Position,
    },
    /// The stream holds messages, and nothing is known of having published to it.
    #[error(
        "the stream {stream} holds {messages} messages, and this instance does not remember having published any. \
        `gatehouse publish --reconcile` compares them with the log and goes on from there"
    )]
    NoCursor {
        /// Its name.
        stream: String,
        /// How many are in it.
        messages: u64,
    },
    /// It is another stream of the same name.
    #[error(
        "the stream {stream} was deleted and made anew by somebody else. \
        `gatehouse publish --reconcile` compares it with the log and publishes what it lacks"
    )]
    AnotherStream {
        /// Its name.
        stream: String,
    },
    /// The log was restored from a backup.
    #[error(
        "the log was restored since the stream {stream} was last published to, which may hold events that the log lost. \
        `gatehouse publish --reconcile` finds them, tells which, and goes on"
    )]
    AnotherEpoch {
        /// Its name.
        stream: String,
    },
    /// The stream has lost messages at its end.
    #[error(
        "the stream {stream} ends at message {last}, but message {known} was acknowledged: it was cut or put back to an older state. \
        `gatehouse publish --reconcile` publishes again what it lacks"
    )]
    Shorter {
        /// Its name.
        stream: String,
        /// The sequence of its last message.
        last: u64,
        /// The sequence of the last message that is known to have been in it.
        known: u64,
    },
    /// The stream is further than it can be.
    #[error(
        "the stream {stream} is at message {last}, but at most {known} can have been published: somebody else publishes to it, \
        or the cursor is an old one. `gatehouse publish --reconcile` compares them with the log"
    )]
    Ahead {
        /// Its name.
        stream: String,
        /// The sequence of its last message.
        last: u64,
        /// The last sequence that could be there.
        known: u64,
    },
    /// The stream's last message is not the event that should be there.
    #[error(
        "message {last} of the stream {stream} is not the event that belongs there: somebody else published to it. \
        `gatehouse publish --reconcile` compares it with the log"
    )]
    Foreign {
        /// Its name.
        stream: String,
        /// The sequence of its last message.
        last: u64,
    },
    /// Messages were removed though the stream has no limits.
    #[error(
        "{missing} messages of the stream {stream}, which has no limits, were removed. `gatehouse publish --reconcile` tells which; \
        `--from POSITION --into STREAM` fills a new stream that lacks none"
    )]
    Removed {
        /// Its name.
        stream: String,
        /// How many are missing that nobody knows of.
        missing: u64,
    },
}

/// What follows from looking at both.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// There is neither: the stream is to be made.
    Make,
    /// There is an empty stream that was not published to.
    Begin,
    /// Both say the same.
    Agree,
    /// The stream is ahead by what the cursor may be behind: this is its last event, which is to be looked up in the log.
    Adopt(Label),
    /// Something is wrong.
    Disagree(Disagreement),
}

/// Compares both. The stream may be ahead by `allowed` messages.
pub(crate) fn compare(stream: &str, cursor: Option<&Cursor>, look: Option<&Look>, epoch: Uuid, allowed: u64) -> Verdict {
    let name = || stream.to_owned();
    match (cursor, look) {
        (None, None) => Verdict::Make,
        (None, Some(look)) if look.last == 0 => Verdict::Begin,
        (None, Some(look)) => Verdict::Disagree(Disagreement::NoCursor { stream: name(), messages: look.messages }),
        (Some(cursor), None) => Verdict::Disagree(Disagreement::Gone { stream: name(), position: cursor.position }),
        (Some(cursor), Some(look)) => compare_both(stream, cursor, look, epoch, allowed),
    }
}

fn compare_both(stream: &str, cursor: &Cursor, look: &Look, epoch: Uuid, allowed: u64) -> Verdict {
    let name = || stream.to_owned();
    let last = look.last;
    let missing = last.saturating_sub(look.messages);
    if look.created != cursor.created {
        return Verdict::Disagree(Disagreement::AnotherStream { stream: name() });
    }
    if cursor.epoch != epoch {
        return Verdict::Disagree(Disagreement::AnotherEpoch { stream: name() });
    }
    if last < cursor.sequence {
        return Verdict::Disagree(Disagreement::Shorter { stream: name(), last, known: cursor.sequence });
    }
    if !look.limited && missing > cursor.missing {
        return Verdict::Disagree(Disagreement::Removed { stream: name(), missing: missing - cursor.missing });
    }
    let foreign = Verdict::Disagree(Disagreement::Foreign { stream: name(), last });
    if last == cursor.sequence {
        return match (look.tip, cursor.message) {
            (Tip::Event(label), Some(known)) if label.id != known => foreign,
            (Tip::Unknown, Some(_)) => foreign,
            // Not there: it was removed by the stream's limits, or is known to be missing.
            (Tip::None | Tip::Unknown | Tip::Event(_), None) | (Tip::None | Tip::Event(_), Some(_)) => Verdict::Agree,
        };
    }
    let known = cursor.sequence.saturating_add(allowed);
    if last > known {
        return Verdict::Disagree(Disagreement::Ahead { stream: name(), last, known });
    }
    match look.tip {
        Tip::Event(label) if label.epoch == epoch && label.position > cursor.position => Verdict::Adopt(label),
        Tip::None | Tip::Unknown | Tip::Event(_) => foreign,
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;

    const EPOCH: Uuid = Uuid::from_u128(1);

    fn label(sequence: u64) -> Label {
        Label { id: Uuid::from_u128(u128::from(sequence)), position: Position(sequence * 10), epoch: EPOCH }
    }

    fn cursor(sequence: u64) -> Cursor {
        let message = Some(label(sequence).id);
        let position = Position(sequence * 10);
        Cursor { stream: "S".to_owned(), created: Timestamp::UNIX_EPOCH, sequence, message, position, epoch: EPOCH, missing: 0 }
    }

    fn stream(last: u64) -> Look {
        let tip = if last == 0 { Tip::None } else { Tip::Event(label(last)) };
        Look { created: Timestamp::UNIX_EPOCH, last, messages: last, limited: false, inbound: "gatehouse.v1".to_owned(), tip }
    }

    fn compared(cursor: Option<&Cursor>, look: Option<&Look>) -> Verdict {
        compare("S", cursor, look, EPOCH, 100)
    }

    fn disagreement(cursor: Option<&Cursor>, look: Option<&Look>) -> Disagreement {
        let verdict = compared(cursor, look);
        let Verdict::Disagree(disagreement) = verdict else { panic!("{verdict:?}") };
        disagreement
    }

    #[test]
    fn a_stream_is_made_or_begun_only_where_nothing_was_published_before() {
        assert_eq!(compared(None, None), Verdict::Make);
        assert_eq!(compared(None, Some(&stream(0))), Verdict::Begin);
        assert_eq!(disagreement(None, Some(&stream(1))), Disagreement::NoCursor { stream: "S".to_owned(), messages: 1 });
        assert_eq!(disagreement(Some(&cursor(7)), None), Disagreement::Gone { stream: "S".to_owned(), position: Position(70) });
    }

    #[test]
    fn a_stream_may_be_ahead_by_one_batch_and_is_adopted() {
        assert_eq!(compared(Some(&cursor(7)), Some(&stream(7))), Verdict::Agree);
        assert_eq!(compared(Some(&cursor(7)), Some(&stream(107))), Verdict::Adopt(label(107)));
        assert_eq!(
            disagreement(Some(&cursor(7)), Some(&stream(108))),
            Disagreement::Ahead { stream: "S".to_owned(), last: 108, known: 107 }
        );
    }

    #[test]
    fn a_stream_that_lost_what_was_acknowledged_is_a_disagreement() {
        assert!(matches!(disagreement(Some(&cursor(7)), Some(&stream(6))), Disagreement::Shorter { last: 6, known: 7, .. }));
        let emptied = Look { messages: 0, tip: Tip::None, ..stream(7) };
        assert!(matches!(disagreement(Some(&cursor(7)), Some(&emptied)), Disagreement::Removed { missing: 7, .. }));
        let accepted = Cursor { missing: 7, ..cursor(7) };
        assert_eq!(compared(Some(&accepted), Some(&emptied)), Verdict::Agree);
    }

    #[test]
    fn what_a_stream_removes_by_its_own_limits_is_none() {
        let aged = Look { messages: 0, tip: Tip::None, limited: true, ..stream(7) };
        assert_eq!(compared(Some(&cursor(7)), Some(&aged)), Verdict::Agree);
    }

    #[test]
    fn another_stream_another_epoch_and_another_event_are_disagreements() {
        let other = Look { created: Timestamp::MAX, ..stream(7) };
        assert!(matches!(disagreement(Some(&cursor(7)), Some(&other)), Disagreement::AnotherStream { .. }));
        let restored = Cursor { epoch: Uuid::from_u128(2), ..cursor(7) };
        assert!(matches!(disagreement(Some(&restored), Some(&stream(7))), Disagreement::AnotherEpoch { .. }));
        for tip in [Tip::Unknown, Tip::Event(label(6)), Tip::Event(Label { epoch: Uuid::from_u128(2), ..label(9) })] {
            let foreign = Look { tip, ..stream(9) };
            assert!(matches!(disagreement(Some(&cursor(7)), Some(&foreign)), Disagreement::Foreign { last: 9, .. }), "{tip:?}");
        }
        let replaced = Look { tip: Tip::Event(label(6)), ..stream(7) };
        assert!(matches!(disagreement(Some(&cursor(7)), Some(&replaced)), Disagreement::Foreign { last: 7, .. }));
    }
}
