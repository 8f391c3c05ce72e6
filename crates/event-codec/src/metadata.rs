//! What is recorded beside each event.
//!
//! It is a third of a record if it is written as JSON, and read for every event that is read: so it has a form of its own,
//! in this order, integers big-endian:
//!
//! | field | bytes |
//! |---|---|
//! | format | 1, always [`FORMAT`] |
//! | command | 16 |
//! | fingerprint | 16 |
//! | actor | 1 for who: 0 operator, 1 staff, 2 partner, 3 user, 4 addressee, 5 registrant, 6 service, 7 system; then its id of 16 bytes (a user: person, then organization), or its name as a text; an operator has neither |
//! | from | a text: 2 for the length, then UTF-8 |
//! | cause | 16, or nothing |
//!
//! There is one way to write it, and nothing else is read.

use bytes::{Buf, BufMut, Bytes, BytesMut};
use domain::{Actor, CommandId, EventId, InvitationId, OrganizationId, PersonId, RegistrationId, StaffId};
use uuid::Uuid;

/// The first byte of all metadata that this code writes.
const FORMAT: u8 = 1;

/// Who caused an event, by which command, from where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Metadata {
    /// The command that it follows from; the retry key.
    pub command: CommandId,
    /// What the command asked, so that the same id with something else is noticed.
    pub fingerprint: Fingerprint,
    /// Who sent the command.
    pub actor: Actor,
    /// Through what it came in, and the network it came from, shortened to a prefix (IPv4 /24, IPv6 /48) since an address
    /// is personal data: `http 192.0.2.0/24`, `cli`, `onboarding`.
    pub from: String,
    /// The event that a process manager answered with the command.
    pub cause: Option<EventId>,
}

/// A keyed digest of what a command asked, without its secrets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fingerprint(pub u128);

impl Metadata {
    /// The bytes that are recorded; none if a text is longer than 65,535 bytes, which no record holds anyway.
    #[must_use]
    pub fn encode(&self) -> Option<Bytes> {
        let mut out = BytesMut::with_capacity(128);
        out.put_u8(FORMAT);
        out.put_slice(self.command.0.as_bytes());
        out.put_u128(self.fingerprint.0);
        put_actor(&mut out, &self.actor)?;
        put_text(&mut out, &self.from)?;
        if let Some(cause) = self.cause {
            out.put_slice(cause.0.as_bytes());
        }
        Some(out.freeze())
    }

    /// Reads recorded bytes; none if these are not exactly what [`Metadata::encode`] would give.
    #[must_use]
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let mut rest = bytes;
        if rest.try_get_u8().ok()? != FORMAT {
            return None;
        }
        let command = CommandId(take_id(&mut rest)?);
        let fingerprint = Fingerprint(rest.try_get_u128().ok()?);
        let actor = take_actor(&mut rest)?;
        let from = take_text(&mut rest)?;
        let cause = if rest.is_empty() { None } else { Some(EventId(take_id(&mut rest)?)) };
        rest.is_empty().then_some(Self { command, fingerprint, actor, from, cause })
    }
}

fn put_actor(out: &mut BytesMut, actor: &Actor) -> Option<()> {
    let (who, ids, name): (u8, [Option<Uuid>; 2], Option<&str>) = match actor {
        Actor::Operator => (0, [None, None], None),
        Actor::Staff(id) => (1, [Some(id.0), None], None),
        Actor::Partner(id) => (2, [Some(id.0), None], None),
        Actor::User { person, organization } => (3, [Some(person.0), Some(organization.0)], None),
        Actor::Addressee(id) => (4, [Some(id.0), None], None),
        Actor::Registrant(id) => (5, [Some(id.0), None], None),
        Actor::Service(name) => (6, [None, None], Some(name)),
        Actor::System(name) => (7, [None, None], Some(name)),
    };
    out.put_u8(who);
    ids.into_iter().flatten().for_each(|id| out.put_slice(id.as_bytes()));
    name.map_or(Some(()), |name| put_text(out, name))
}

fn take_actor(rest: &mut &[u8]) -> Option<Actor> {
    Some(match rest.try_get_u8().ok()? {
        0 => Actor::Operator,
        1 => Actor::Staff(StaffId(take_id(rest)?)),
        2 => Actor::Partner(OrganizationId(take_id(rest)?)),
        3 => Actor::User { person: PersonId(take_id(rest)?), organization: OrganizationId(take_id(rest)?) },
        4 => Actor::Addressee(InvitationId(take_id(rest)?)),
        5 => Actor::Registrant(RegistrationId(take_id(rest)?)),
        6 => Actor::Service(take_text(rest)?),
        7 => Actor::System(take_text(rest)?),
        _ => return None,
    })
}

fn put_text(out: &mut BytesMut, text: &str) -> Option<()> {
    out.put_u16(u16::try_from(text.len()).ok()?);
    out.put_slice(text.as_bytes());
    Some(())
}

fn take_text(rest: &mut &[u8]) -> Option<String> {
    let length = rest.try_get_u16().ok()?;
    let (text, after) = rest.split_at_checked(length.into())?;
    *rest = after;
    Some(std::str::from_utf8(text).ok()?.to_owned())
}

fn take_id(rest: &mut &[u8]) -> Option<Uuid> {
    let (id, after) = rest.split_first_chunk::<16>()?;
    *rest = after;
    Some(Uuid::from_bytes(*id))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn by(actor: Actor) -> Metadata {
        let id = Uuid::from_u128;
        Metadata { command: CommandId(id(1)), fingerprint: Fingerprint(2), actor, from: "cli".to_owned(), cause: Some(EventId(id(3))) }
    }

    #[test]
    fn the_form_does_not_change() {
        let [one, two, three, four, five] = [1, 2, 3, 4, 5].map(Uuid::from_u128);
        let [one, two, three] = [&one, &two, &three].map(|id| &id.as_bytes()[..]);
        let user = by(Actor::User { person: PersonId(four), organization: OrganizationId(five) });
        let expected = [&[1], one, two, &[3], four.as_bytes(), five.as_bytes(), b"\0\x03cli", three];
        assert_eq!(user.encode().unwrap(), expected.concat());
        let system = Metadata { cause: None, ..by(Actor::System("mail".to_owned())) };
        assert_eq!(system.encode().unwrap(), [&[1], one, two, &[7], b"\0\x04mail", b"\0\x03cli"].concat());
    }

    #[test]
    fn whoever_acted_is_read_as_written_and_nothing_else_is_read() {
        let id = Uuid::from_u128;
        let actors = [
            Actor::Operator,
            Actor::Staff(StaffId(id(4))),
            Actor::Partner(OrganizationId(id(4))),
            Actor::User { person: PersonId(id(4)), organization: OrganizationId(id(5)) },
            Actor::Addressee(InvitationId(id(4))),
            Actor::Registrant(RegistrationId(id(4))),
            Actor::Service("feed".to_owned()),
            Actor::System("onboarding".to_owned()),
        ];
        for metadata in actors.map(by) {
            let bytes = metadata.encode().unwrap();
            assert_eq!(Metadata::decode(&bytes), Some(metadata.clone()));
            for end in 0..bytes.len() {
                let cut = Metadata::decode(&bytes[..end]);
                // Without its last field it is one that has no cause.
                assert_eq!(cut, (end == bytes.len() - 16).then(|| Metadata { cause: None, ..metadata.clone() }));
            }
            assert_eq!(Metadata::decode(&[&bytes[..], &[0]].concat()), None);
            assert_eq!(Metadata::decode(&[&[2], &bytes[1..]].concat()), None);
        }
    }
}
