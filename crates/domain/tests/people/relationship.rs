use domain::RejectionKind::{Invalid, NotFound};
use domain::relationship::{Relationship, RelationshipCommand, RelationshipEvent};
use domain::testing::{given, reason};

use crate::cases::organization;

fn establish(number: u128) -> RelationshipCommand {
    RelationshipCommand::EstablishRelationship { organization: organization(number), partner: organization(1) }
}

fn end() -> RelationshipCommand {
    RelationshipCommand::EndRelationship { reason: reason("Contract ended") }
}

fn established() -> RelationshipEvent {
    RelationshipEvent::Established { organization: organization(2), partner: organization(1) }
}

fn ended() -> RelationshipEvent {
    RelationshipEvent::Ended { organization: organization(2), partner: organization(1), reason: reason("Contract ended") }
}

#[test]
fn a_relationship_is_established_once_and_anew_after_it_ended() {
    let there = given::<Relationship>([]).when(establish(2)).then_events([established()]);
    there.clone().when(establish(2)).then_nothing();
    let over = there.when(end()).then_events([ended()]);
    over.clone().when(end()).then_nothing();
    over.when(establish(2)).then_events([established()]);
}

#[test]
fn what_was_not_established_does_not_end() {
    given::<Relationship>([]).when(end()).then_refused(NotFound, "relationship-not-found");
}

#[test]
fn an_organization_is_not_its_own_partner() {
    given::<Relationship>([]).when(establish(1)).then_refused(Invalid, "relationship-with-itself");
}
