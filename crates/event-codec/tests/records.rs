//! Events become records and come back, with personal data sealed, bound and forgettable.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use std::sync::Arc;

use bytes::Bytes;
use domain::invitation::InvitationEvent;
use domain::{
    Actor, Addressee, ApplicationId, CommandId, CompanyName, DomainEvent, Email, EventId, InvitationId, Owner, PersonId, Personal,
};
use event_codec::{Codec, CodecError, Fingerprint, Metadata};
use event_store::{NewEvent, Position, Recorded, StreamId};
use jiff::Timestamp;
use key_ring::{KeyRing, MasterKey};
use uuid::Uuid;

struct Fixture {
    codec: Codec,
    ring: Arc<KeyRing>,
    stream: StreamId,
    _folder: tempfile::TempDir,
}

fn fixture() -> Fixture {
    let folder = tempfile::tempdir().unwrap();
    let ring = Arc::new(KeyRing::open(&folder.path().join("keys.db"), &MasterKey::from_bytes([7; 32])).unwrap());
    Fixture { codec: Codec::new(ring.clone()), ring, stream: StreamId::new("invitation", Uuid::from_u128(1)), _folder: folder }
}

fn sent(person: PersonId) -> InvitationEvent {
    InvitationEvent::Sent {
        inviter: Owner::Operator,
        inviter_name: CompanyName::parse("Northwind Avionics").unwrap(),
        company: CompanyName::parse("Fastener Works \"sealed\":{ GmbH").unwrap(),
        addressee: Personal::new(
            person,
            Addressee { name: None, email: Email::parse("ada.moreau@fastener.example").unwrap(), message: None },
        ),
        applications: vec![ApplicationId(Uuid::from_u128(9))],
        organization: None,
        expires_at: Timestamp::UNIX_EPOCH,
        invited_by: None,
    }
}

fn metadata() -> Metadata {
    Metadata {
        command: CommandId(Uuid::from_u128(5)),
        fingerprint: Fingerprint(0x0123),
        actor: Actor::Operator,
        from: "cli".to_owned(),
        cause: None,
    }
}

impl Fixture {
    fn encode(&self, id: u128, event: &InvitationEvent) -> NewEvent {
        let metadata = self.codec.encode_metadata(&metadata()).unwrap();
        self.codec.encode(&self.stream, EventId(Uuid::from_u128(id)), event, metadata).unwrap()
    }

    fn record(&self, event: NewEvent) -> Recorded {
        Recorded {
            position: Position(1),
            stream: self.stream.clone(),
            version: 0,
            id: event.id,
            event_type: event.event_type,
            recorded_at: Timestamp::UNIX_EPOCH,
            metadata: event.metadata,
            data: event.data,
        }
    }
}

#[test]
fn an_event_comes_back_as_it_was_written() {
    let fixture = fixture();
    let event = sent(fixture.ring.allot().unwrap());
    let envelope = fixture.codec.decode(&fixture.record(fixture.encode(2, &event))).unwrap();
    assert_eq!(envelope.event, DomainEvent::Invitation(InvitationId(Uuid::from_u128(1)), event));
    assert_eq!(envelope.metadata, metadata());
    assert_eq!(&*envelope.event_type, "invitation.sent.v2");
}

#[test]
fn an_event_without_personal_data_comes_back_too() {
    let fixture = fixture();
    let record = fixture.record(fixture.encode(2, &InvitationEvent::Expired {}));
    assert_eq!(record.data, Bytes::from_static(b"{}"));
    assert_eq!(fixture.codec.decode_event::<InvitationEvent>(&record).unwrap(), InvitationEvent::Expired {});
}

#[test]
fn the_record_holds_no_personal_value_in_the_clear() {
    let fixture = fixture();
    let record = fixture.encode(2, &sent(fixture.ring.allot().unwrap()));
    let text = String::from_utf8(record.data.to_vec()).unwrap();
    assert!(!text.contains("moreau"), "{text}");
    assert!(serde_json::from_str::<serde_json::Value>(&text).unwrap()["sealed"].is_object());
}

#[test]
fn a_record_of_an_older_version_is_read_as_the_event_of_today() {
    let fixture = fixture();
    let event = sent(fixture.ring.allot().unwrap());
    let recorded = NewEvent { event_type: "invitation.sent.v1".into(), ..fixture.encode(2, &event) };
    assert_eq!(fixture.codec.decode_event::<InvitationEvent>(&fixture.record(recorded)).unwrap(), event);
}

#[test]
fn a_forgotten_person_reads_as_erased_and_the_rest_stays() {
    let fixture = fixture();
    let person = fixture.ring.allot().unwrap();
    let record = fixture.record(fixture.encode(2, &sent(person)));
    fixture.ring.destroy(person).unwrap();
    let InvitationEvent::Sent { addressee, company, .. } = fixture.codec.decode_event(&record).unwrap() else { panic!("not the event") };
    assert!(addressee.is_erased());
    assert_eq!(addressee.person(), person);
    assert_eq!(company.as_str(), "Fastener Works \"sealed\":{ GmbH");
}

#[test]
fn an_erased_value_cannot_be_recorded_again() {
    let fixture = fixture();
    let InvitationEvent::Sent { inviter, inviter_name, company, applications, organization, expires_at, addressee, invited_by } =
        sent(fixture.ring.allot().unwrap())
    else {
        panic!("not the event")
    };
    let addressee = Personal::erased(addressee.person());
    let event = InvitationEvent::Sent { inviter, inviter_name, company, addressee, applications, organization, expires_at, invited_by };
    let refused = fixture.codec.encode(&fixture.stream, EventId(Uuid::from_u128(2)), &event, Bytes::new());
    assert!(matches!(refused, Err(CodecError::Unwritable(_))), "{refused:?}");
}

#[test]
fn a_box_does_not_open_in_another_event_or_stream() {
    let fixture = fixture();
    let record = fixture.record(fixture.encode(2, &sent(fixture.ring.allot().unwrap())));
    let elsewhere = Recorded { id: Uuid::from_u128(3), ..record.clone() };
    assert!(matches!(fixture.codec.decode(&elsewhere), Err(CodecError::Keys(_))));
    let elsewhere = Recorded { stream: StreamId::new("invitation", Uuid::from_u128(99)), ..record };
    assert!(matches!(fixture.codec.decode(&elsewhere), Err(CodecError::Keys(_))));
}

#[test]
fn a_type_of_a_newer_version_is_an_error_and_not_skipped() {
    let fixture = fixture();
    let record = fixture.record(fixture.encode(2, &InvitationEvent::Expired {}));
    let newer = Recorded { event_type: "invitation.expired.v9".into(), ..record.clone() };
    assert!(matches!(fixture.codec.decode(&newer), Err(CodecError::UnknownType { .. })));
    let newer = Recorded { stream: StreamId::new("contract", Uuid::from_u128(1)), ..record };
    assert!(matches!(fixture.codec.decode(&newer), Err(CodecError::UnknownType { .. })));
}

#[test]
fn personal_data_is_not_serialized_outside_an_event() {
    let fixture = fixture();
    assert!(serde_json::to_string(&sent(fixture.ring.allot().unwrap())).is_err());
}
