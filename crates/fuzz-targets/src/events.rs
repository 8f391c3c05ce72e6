//! What is stored, and what is published.

use std::sync::{Arc, LazyLock};

use bytes::Bytes;
use domain::{DomainEvent, EventId, PersonId};
use event_codec::{Codec, KeysError, Metadata, PersonalKeys};
use event_store::record::Record;
use event_store::{Position, Recorded, StreamId};
use jiff::Timestamp;
use uuid::Uuid;

/// Keys that seal nothing, so that a fuzzer gets at what is in a box.
struct Open;

impl PersonalKeys for Open {
    fn seal(&self, _: PersonId, _: &[u8], plain: &[u8]) -> Result<Vec<u8>, KeysError> {
        Ok(plain.to_vec())
    }

    fn open(&self, _: PersonId, _: &[u8], sealed: &[u8]) -> Result<Option<Vec<u8>>, KeysError> {
        Ok(Some(sealed.to_vec()))
    }
}

static CODEC: LazyLock<Codec> = LazyLock::new(|| Codec::new(Arc::new(Open)));

/// The canonical record of an event.
pub(crate) fn record(bytes: &[u8]) {
    let Ok(record) = Record::decode(Bytes::copy_from_slice(bytes)) else { return };
    assert_eq!(record.encode().expect("what was read can be written"), bytes, "there is one way to write a record");
}

/// The metadata of an event.
pub(crate) fn metadata(bytes: &[u8]) {
    let Some(metadata) = Metadata::decode(bytes) else { return };
    assert_eq!(metadata.encode().expect("what was read can be written"), bytes, "there is one way to write metadata");
}

/// A stored event: a line with its category and type, then its data.
pub(crate) fn event(bytes: &[u8]) {
    let Some((line, data)) = bytes.split_at_checked(bytes.iter().position(|byte| *byte == b'\n').map_or(0, |end| end + 1)) else { return };
    let Ok(line) = std::str::from_utf8(line) else { return };
    let Some((category, event_type)) = line.trim_end().split_once(' ') else { return };
    let recorded = |event_type: &str, data: Bytes| Recorded {
        position: Position(1),
        id: Uuid::from_u128(1),
        stream: StreamId::new(category.to_owned(), Uuid::from_u128(2)),
        version: 0,
        event_type: event_type.into(),
        recorded_at: Timestamp::UNIX_EPOCH,
        metadata: metadata_of_nobody(),
        data,
    };
    let first = recorded(event_type, Bytes::copy_from_slice(data));
    let about = CODEC.sealed_about(&first);
    let Ok(read) = CODEC.decode(&first) else { return };
    about.expect("whom it is about can be told of what can be read");
    let written = write(&first.stream, &read.event);
    let second = recorded(&written.event_type, written.data.clone());
    let again = CODEC.decode(&second).expect("what was written can be read");
    assert_eq!(again.event, read.event, "written again, it is another event");
    assert_eq!(write(&first.stream, &again.event).data, written.data, "written twice, it differs");
}

fn metadata_of_nobody() -> Bytes {
    let metadata = Metadata {
        command: domain::CommandId(Uuid::from_u128(3)),
        fingerprint: event_codec::Fingerprint(4),
        actor: domain::Actor::Operator,
        from: "cli".to_owned(),
        cause: None,
    };
    metadata.encode().expect("it is short")
}

fn write(stream: &StreamId, event: &DomainEvent) -> event_store::NewEvent {
    let id = EventId(Uuid::from_u128(1));
    macro_rules! written {
        ($(($name:ident, $id:ident, $event:ident, $category:literal))*) => {
            match event {
                $(DomainEvent::$name(_, event) => CODEC.encode(stream, id, event, Bytes::new()),)*
            }
        };
    }
    domain::for_each_aggregate!(written).expect("what was read can be written")
}

/// An event as a consumer gets it.
pub(crate) fn public_event(bytes: &[u8]) {
    let Ok(event) = gatehouse_client::Event::parse(bytes) else { return };
    let written = event.envelope.to_json().expect("what was read can be written");
    let again = gatehouse_client::Event::parse(&written).expect("what was written can be read");
    assert_eq!(again.what, event.what, "written again, it is another event");
    assert_eq!(again.envelope.to_json().expect("it was written before"), written, "written twice, it differs");
    // Whatever a publisher is told, it is one token a level.
    if let Some(subject) = event.envelope.subject_on_nats() {
        assert!(!subject.contains(['*', '>', ' ', '\r', '\n']), "a subject that says more than it should: {subject}");
    }
}
