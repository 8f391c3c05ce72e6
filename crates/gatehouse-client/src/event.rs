//! An event as an application sees it.

use std::collections::HashSet;

use public_events::{Envelope, EnvelopeError, PublicEvent};
use uuid::Uuid;

/// What an event says.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum What {
    /// Something that this version of the language knows.
    Known(PublicEvent),
    /// A type, or a version of one, that is newer than this crate. Ignoring it is right for most: it is logged and counted, and
    /// progress goes on. Its data are in [`Event::envelope`].
    Unknown,
}

/// An event of Gatehouse.
#[derive(Debug, Clone)]
pub struct Event {
    /// When, where in the log, about whom.
    pub envelope: Envelope,
    /// What happened.
    pub what: What,
}

/// A message that is no event, or whose data are not what its type promises. It is not acknowledged, and nothing after it is handled:
/// passing over it could leave out what nobody sends again.
#[derive(Debug, thiserror::Error)]
#[error("the event {} cannot be understood", id.map_or_else(|| "without a readable id".to_owned(), |id| id.to_string()))]
pub struct Malformed {
    /// The event's id, as far as it can be read.
    pub id: Option<Uuid>,
    /// What is wrong with it.
    #[source]
    pub source: EnvelopeError,
}

impl Event {
    /// From the bytes of a message.
    ///
    /// # Errors
    /// [`Malformed`].
    pub fn parse(bytes: &[u8]) -> Result<Self, Malformed> {
        let envelope = Envelope::parse(bytes).map_err(|source| Malformed { id: id_in(bytes), source })?;
        match envelope.event() {
            Ok(known) => Ok(Self { what: known.map_or(What::Unknown, What::Known), envelope }),
            Err(source) => Err(Malformed { id: Some(envelope.id), source }),
        }
    }
}

/// The id of what is otherwise no envelope, so that the message can be found.
fn id_in(bytes: &[u8]) -> Option<Uuid> {
    #[derive(serde::Deserialize)]
    struct Id {
        id: Uuid,
    }
    serde_json::from_slice::<Id>(bytes).ok().map(|found| found.id)
}

/// Counts what is not known, and says so once per type.
#[derive(Debug, Default)]
pub(crate) struct Unknowns {
    told: HashSet<String>,
    pub(crate) count: u64,
}

impl Unknowns {
    pub(crate) fn note(&mut self, event: &Event) {
        if event.what != What::Unknown {
            return;
        }
        self.count = self.count.saturating_add(1);
        if self.told.insert(event.envelope.kind.clone()) {
            tracing::warn!(kind = event.envelope.kind, id = %event.envelope.id, "events of this type are newer than this version of gatehouse-client");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(kind: &str, data: &str) -> String {
        format!(
            r#"{{"specversion":"1.0","id":"0192d0c5-0000-7000-8000-000000000001","source":"https://gateway.example","type":"{kind}",
            "subject":"access/0192d0c5-0000-7000-8000-000000000002","time":"2026-11-21T15:00:00.000001Z","datacontenttype":"application/json",
            "dataschema":"https://gateway.example/v1/schemas/{kind}","position":"7","previous":"4",
            "epoch":"0192d0c5-0000-7000-8000-00000000000e","added_later":true,"data":{data}}}"#
        )
    }

    const ACCESS: &str = r#"{"user":"0192d0c5-0000-7000-8000-00000000000a","organization":"0192d0c5-0000-7000-8000-00000000000b","application":"0192d0c5-0000-7000-8000-00000000000c","added_later":1}"#;

    #[test]
    fn an_event_is_typed_whatever_was_added_to_it_since() {
        let event = Event::parse(message("access.granted.v1", ACCESS).as_bytes()).unwrap();
        let What::Known(PublicEvent::AccessGranted(access)) = event.what else { panic!("{:?}", event.what) };
        assert_eq!(access.user.to_string(), "0192d0c5-0000-7000-8000-00000000000a");
        assert_eq!((event.envelope.position.0, event.envelope.previous.0), (7, 4));
    }

    #[test]
    fn a_type_or_version_that_is_not_known_is_handed_over_as_such_and_counted() {
        let mut unknowns = Unknowns::default();
        for kind in ["access.granted.v2", "access.lent.v1", "access.lent.v1"] {
            let event = Event::parse(message(kind, r#"{"anything":[1]}"#).as_bytes()).unwrap();
            assert_eq!(event.what, What::Unknown);
            assert_eq!(event.envelope.data.get(), r#"{"anything":[1]}"#);
            unknowns.note(&event);
        }
        assert_eq!((unknowns.count, unknowns.told.len()), (3, 2));
    }

    #[test]
    fn a_malformed_message_is_an_error_with_the_id_of_the_event() {
        let id = Some("0192d0c5-0000-7000-8000-000000000001".parse().unwrap());
        let error = Event::parse(message("access.granted.v1", r#"{"user":1}"#).as_bytes()).unwrap_err();
        assert_eq!(error.id, id);
        let error = Event::parse(br#"{"id":"0192d0c5-0000-7000-8000-000000000001","type":"access.granted.v1"}"#).unwrap_err();
        assert_eq!(error.id, id);
        assert_eq!(error.to_string(), "the event 0192d0c5-0000-7000-8000-000000000001 cannot be understood");
        assert_eq!(Event::parse(b"no JSON").unwrap_err().to_string(), "the event without a readable id cannot be understood");
    }
}
