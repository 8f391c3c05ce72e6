use domain::PersonId;
use domain::RejectionKind::{Conflict, NotFound};
use domain::access::{Access, AccessCommand, AccessEvent};
use domain::testing::{Scenario, given, reason};

use crate::cases::{application, organization, person};

fn request(proposed_by: Option<PersonId>, automatic: bool) -> AccessCommand {
    AccessCommand::RequestAccess {
        user: person(1),
        organization: organization(2),
        application: application(1),
        proposed_by,
        reason: None,
        automatic,
    }
}

fn requested(proposed_by: Option<PersonId>) -> AccessEvent {
    AccessEvent::Requested { user: person(1), organization: organization(2), application: application(1), proposed_by, reason: None }
}

fn grant() -> AccessCommand {
    AccessCommand::GrantAccess {
        user: person(1),
        organization: organization(2),
        application: application(1),
        administrator: person(9),
        reason: None,
    }
}

fn granted(granted_by: Option<PersonId>) -> AccessEvent {
    AccessEvent::Granted { user: person(1), organization: organization(2), application: application(1), granted_by, reason: None }
}

fn deny() -> AccessCommand {
    AccessCommand::DenyAccess { administrator: person(9), reason: reason("Not on this project") }
}

fn denied() -> AccessEvent {
    AccessEvent::Denied {
        user: person(1),
        organization: organization(2),
        application: application(1),
        denied_by: person(9),
        reason: reason("Not on this project"),
    }
}

fn revoke(administrator: Option<PersonId>) -> AccessCommand {
    AccessCommand::RevokeAccess { administrator, reason: reason("Project over") }
}

fn revoked(revoked_by: Option<PersonId>) -> AccessEvent {
    AccessEvent::Revoked {
        user: person(1),
        organization: organization(2),
        application: application(1),
        revoked_by,
        reason: reason("Project over"),
    }
}

fn after(events: impl IntoIterator<Item = AccessEvent>) -> Scenario<Access> {
    given::<Access>(events)
}

#[test]
fn who_asks_where_access_is_automatic_has_it() {
    let has = after([]).when(request(None, true)).then_events([granted(None)]);
    assert!(has.state().is_granted());
    has.when(request(None, true)).then_nothing();
    after([requested(None)]).when(request(None, true)).then_events([granted(None)]);
}

#[test]
fn elsewhere_access_is_asked_for_once_by_the_user_or_for_them() {
    let waits = after([]).when(request(None, false)).then_events([requested(None)]);
    assert!(!waits.state().is_granted());
    waits.when(request(None, false)).then_nothing();
    after([]).when(request(Some(person(9)), false)).then_events([requested(Some(person(9)))]);
    after([]).when(request(Some(person(1)), false)).then_events([requested(None)]);
}

#[test]
fn an_administrator_grants_what_was_asked_for_or_not() {
    for before in [after([]), after([requested(None)]), after([denied()]), after([revoked(None)])] {
        let has = before.when(grant()).then_events([granted(Some(person(9)))]);
        has.when(grant()).then_nothing();
    }
}

#[test]
fn an_administrator_denies_what_was_asked_for_with_a_reason() {
    let refused = after([requested(None)]).when(deny()).then_events([denied()]);
    refused.clone().when(deny()).then_nothing();
    refused.when(request(None, false)).then_events([requested(None)]);
}

#[test]
fn nothing_is_denied_that_nobody_asked_for_or_that_was_decided() {
    after([]).when(deny()).then_refused(NotFound, "access-not-found");
    after([granted(None)]).when(deny()).then_refused(Conflict, "access-not-requested");
    after([granted(None), revoked(None)]).when(deny()).then_refused(Conflict, "access-not-requested");
}

#[test]
fn access_is_taken_away_once_with_a_reason_and_can_be_asked_for_again() {
    let gone = after([granted(None)]).when(revoke(Some(person(9)))).then_events([revoked(Some(person(9)))]);
    assert!(!gone.state().is_granted());
    gone.clone().when(revoke(Some(person(9)))).then_nothing();
    gone.when(request(None, false)).then_events([requested(None)]);
}

#[test]
fn what_waits_ends_with_the_subscription_but_an_administrator_denies_it() {
    after([requested(None)]).when(revoke(None)).then_events([revoked(None)]);
    after([requested(None)]).when(revoke(Some(person(9)))).then_refused(Conflict, "access-not-granted");
    after([denied()]).when(revoke(None)).then_refused(Conflict, "access-not-granted");
    after([]).when(revoke(None)).then_refused(NotFound, "access-not-found");
}
