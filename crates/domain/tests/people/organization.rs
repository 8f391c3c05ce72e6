use domain::RejectionKind::{Conflict, Forbidden, Gone, Invalid, NotFound};
use domain::organization::{Organization, OrganizationCommand, OrganizationEvent, OrganizationRejection};
use domain::registration::{Affiliation, Reviewer, Tie};
use domain::testing::{Scenario, company, given, identifier, profile, reason, text};
use domain::{Actor, Country, OrganizationProfile, Phone};

use crate::cases::{organization, person, registration, reviewer, staff};

fn approve(case: u128, administrators: &[u128]) -> OrganizationCommand {
    OrganizationCommand::ApproveOrg {
        registration: registration(case),
        profile: profile("Rotor Works"),
        administrators: administrators.iter().copied().map(person).collect(),
    }
}

fn approved(administrators: &[u128]) -> OrganizationEvent {
    OrganizationEvent::Approved {
        registration: registration(1),
        profile: profile("Rotor Works"),
        administrators: administrators.iter().copied().map(person).collect(),
    }
}

/// Registered with Ada (1) and Grace (2) as administrators, and what happened since.
fn registered(events: impl IntoIterator<Item = OrganizationEvent>) -> Scenario<Organization> {
    given::<Organization>([approved(&[1, 2])]).and(events)
}

fn established(number: u128) -> OrganizationEvent {
    OrganizationEvent::AdministratorEstablished { administrator: person(number) }
}

fn added(number: u128) -> OrganizationEvent {
    OrganizationEvent::AdministratorAdded { administrator: person(number) }
}

fn removed(number: u128) -> OrganizationEvent {
    OrganizationEvent::AdministratorRemoved { administrator: person(number), reason: reason("Moved on") }
}

fn suspended() -> OrganizationEvent {
    OrganizationEvent::Suspended { reason: reason("Sanctions check") }
}

fn closed() -> OrganizationEvent {
    OrganizationEvent::Closed { reason: reason("Out of business") }
}

fn remove(number: u128) -> OrganizationCommand {
    OrganizationCommand::RemoveAdministrator { administrator: person(number), reason: reason("Moved on") }
}

fn add(number: u128, established: bool) -> OrganizationCommand {
    OrganizationCommand::AddAdministrator { administrator: person(number), established }
}

fn establish(number: u128) -> OrganizationCommand {
    OrganizationCommand::EstablishAdministrator { administrator: person(number) }
}

fn amend(profile: OrganizationProfile) -> OrganizationCommand {
    OrganizationCommand::AmendProfile { profile }
}

fn requested(profile: OrganizationProfile) -> OrganizationEvent {
    OrganizationEvent::AmendmentRequested { profile, requested_by: None }
}

fn with_phone(profile: OrganizationProfile) -> OrganizationProfile {
    OrganizationProfile { phone: Some(text(Phone::parse, "+49 40 555 0100")), ..profile }
}

fn approve_amendment() -> OrganizationCommand {
    OrganizationCommand::ApproveAmendment { id: organization(2), reviewer: reviewer(1), reason: reason("Seen in the register") }
}

fn refuse_amendment() -> OrganizationCommand {
    OrganizationCommand::RefuseAmendment { id: organization(2), reviewer: reviewer(1), reason: reason("Not in the register") }
}

#[test]
fn an_organization_is_approved_once() {
    let registered = given::<Organization>([]).when(approve(1, &[1, 2, 1])).then_events([approved(&[1, 2])]);
    registered.clone().when(approve(1, &[1, 2])).then_nothing();
    registered.when(approve(2, &[1, 2])).then_refused(Conflict, "organization-already-registered");
}

#[test]
fn an_organization_starts_with_an_administrator() {
    given::<Organization>([]).when(approve(1, &[])).then_refused(Invalid, "organization-administrator-required");
}

#[test]
fn nothing_can_be_asked_of_an_organization_that_was_not_approved() {
    let why = || reason("Why not");
    let commands = [
        amend(profile("Rotor Works")),
        approve_amendment(),
        refuse_amendment(),
        OrganizationCommand::SuspendOrg { reason: why() },
        OrganizationCommand::ReinstateOrg { reason: why() },
        OrganizationCommand::CloseOrg { reason: why() },
        add(1, true),
        establish(1),
        remove(1),
    ];
    for command in commands {
        given::<Organization>([]).when(command).then_refused(NotFound, "organization-not-found");
    }
}

#[test]
fn a_profile_that_stays_the_same_is_no_amendment() {
    registered([]).when(amend(profile("Rotor Works"))).then_nothing();
}

#[test]
fn what_needs_no_review_changes_at_once() {
    let profile = with_phone(profile("Rotor Works"));
    let amended = registered([]).when(amend(profile.clone())).then_events([OrganizationEvent::ProfileAmended { profile: profile.clone() }]);
    assert_eq!(amended.state().registered().unwrap().profile, profile);
}

#[test]
fn legal_name_country_and_identifiers_change_only_through_a_review() {
    let mut moved = profile("Rotor Works");
    moved.address.country = text(Country::parse, "FR");
    let identified = OrganizationProfile { identifiers: vec![identifier("CAGE", "D1234")], ..profile("Rotor Works") };
    for change in [profile("Rotor Works SE"), moved, identified] {
        let waiting = registered([]).when(amend(change.clone())).then_events([requested(change.clone())]);
        assert_eq!(waiting.state().registered().unwrap().profile, profile("Rotor Works"));
        waiting.clone().when(amend(change.clone())).then_nothing();
        let approved = waiting.having(approve_amendment()).state();
        assert_eq!(approved.registered().unwrap().profile, change);
        assert_eq!(approved.registered().unwrap().amendment, None);
    }
}

#[test]
fn identifiers_in_another_order_need_no_review() {
    let two = |a, b| OrganizationProfile { identifiers: vec![a, b], ..profile("Rotor Works") };
    let (duns, cage) = (identifier("DUNS", "150483782"), identifier("CAGE", "D1234"));
    let before = OrganizationEvent::ProfileAmended { profile: two(duns.clone(), cage.clone()) };
    let reordered = two(cage, duns);
    registered([before]).when(amend(reordered.clone())).then_events([OrganizationEvent::ProfileAmended { profile: reordered }]);
}

#[test]
fn an_identifier_is_given_once() {
    let twice = OrganizationProfile {
        identifiers: vec![identifier("DUNS", "150483782"), identifier("CAGE", "D1234"), identifier("DUNS", "150483782")],
        ..profile("Rotor Works")
    };
    registered([]).when(amend(twice)).then_refused(Invalid, "identifier-repeated");
}

#[test]
fn one_amendment_waits_at_a_time() {
    let waiting = registered([requested(profile("Rotor Works SE"))]);
    waiting.when(amend(profile("Rotor Works AG"))).then_refused(Conflict, "amendment-waits");
}

#[test]
fn what_changes_at_once_while_an_amendment_waits_is_not_undone_by_its_approval() {
    let waiting = registered([requested(profile("Rotor Works SE"))]);
    let now = with_phone(profile("Rotor Works"));
    let amended = waiting.when(amend(now.clone())).then_events([OrganizationEvent::ProfileAmended { profile: now }]);
    let approved = amended.having(approve_amendment()).state();
    assert_eq!(approved.registered().unwrap().profile, with_phone(profile("Rotor Works SE")));
}

#[test]
fn the_rest_of_the_profile_does_not_wait_with_an_amendment_that_is_asked_for_again() {
    let waiting = registered([requested(profile("Rotor Works SE"))]);
    let amended = waiting
        .when(amend(with_phone(profile("Rotor Works SE"))))
        .then_events([OrganizationEvent::ProfileAmended { profile: with_phone(profile("Rotor Works")) }]);
    amended.when(amend(with_phone(profile("Rotor Works SE")))).then_nothing();
}

#[test]
fn an_amendment_is_refused_with_a_reason_and_leaves_the_profile() {
    let waiting = registered([requested(profile("Rotor Works SE"))]);
    let refused = OrganizationEvent::AmendmentRefused { reviewer: staff(1), reason: reason("Not in the register") };
    let after = waiting.when(refuse_amendment()).then_events([refused]);
    assert_eq!(after.state().registered().unwrap().profile.legal_name, company("Rotor Works"));
    after.clone().when(refuse_amendment()).then_refused(Conflict, "no-amendment-waits");
    after.when(approve_amendment()).then_refused(Conflict, "no-amendment-waits");
}

#[test]
fn a_suspended_organization_is_reinstated_or_closed() {
    let suspend = || OrganizationCommand::SuspendOrg { reason: reason("Sanctions check") };
    let reinstate = || OrganizationCommand::ReinstateOrg { reason: reason("Cleared") };
    let after = registered([established(1)]).when(suspend()).then_events([suspended()]);
    assert!(!after.state().is_in_good_standing());
    assert!(!after.state().has_active_administrator(person(1)));
    after.clone().when(suspend()).then_nothing();
    let again = after.clone().when(reinstate()).then_events([OrganizationEvent::Reinstated { reason: reason("Cleared") }]);
    assert!(again.state().has_active_administrator(person(1)));
    again.when(reinstate()).then_nothing();
    after.when(OrganizationCommand::CloseOrg { reason: reason("Out of business") }).then_events([closed()]);
}

#[test]
fn a_suspended_organization_does_not_amend_its_profile() {
    registered([suspended()]).when(amend(profile("Rotor Works SE"))).then_refused(Conflict, "organization-suspended");
}

#[test]
fn a_closed_organization_is_closed_for_good() {
    let why = || reason("Why not");
    registered([closed()]).when(OrganizationCommand::CloseOrg { reason: why() }).then_nothing();
    let commands = [
        amend(profile("Rotor Works SE")),
        approve_amendment(),
        refuse_amendment(),
        OrganizationCommand::SuspendOrg { reason: why() },
        OrganizationCommand::ReinstateOrg { reason: why() },
        add(3, true),
    ];
    for command in commands {
        registered([closed()]).when(command).then_refused(Gone, "organization-closed");
    }
}

#[test]
fn the_administrators_of_a_closed_organization_can_all_go() {
    registered([established(1), removed(2), closed()]).when(remove(1)).then_nothing();
    registered([closed()]).when(establish(1)).then_nothing();
}

#[test]
fn an_administrator_is_active_once_their_account_is_established() {
    let state = registered([]).state();
    assert!(!state.has_active_administrator(person(1)));
    let after = registered([]).when(establish(1)).then_events([established(1)]);
    assert!(after.state().has_active_administrator(person(1)));
    assert_eq!(after.state().active_administrators().collect::<Vec<_>>(), [person(1)]);
    after.when(establish(1)).then_nothing();
}

#[test]
fn who_is_no_administrator_any_more_does_not_come_back_by_establishing_the_account() {
    registered([removed(2)]).when(establish(2)).then_nothing();
}

#[test]
fn an_administrator_is_added_once() {
    let after = registered([]).when(add(3, false)).then_events([added(3)]);
    after.clone().when(add(3, false)).then_nothing();
    let after = after.when(add(3, true)).then_events([established(3)]);
    after.clone().when(add(3, true)).then_nothing();
    after.when(add(3, false)).then_nothing();
    registered([]).when(add(3, true)).then_events([added(3), established(3)]);
}

#[test]
fn the_last_active_administrator_cannot_be_removed() {
    registered([established(1)]).when(remove(1)).then_refused(Conflict, "last-active-administrator");
    registered([established(1), established(2)]).when(remove(1)).then_events([removed(1)]);
    registered([established(1), established(2), removed(1)]).when(remove(2)).then_refused(Conflict, "last-active-administrator");
}

#[test]
fn an_administrator_who_is_not_active_can_be_removed_while_another_is_there() {
    registered([established(1)]).when(remove(2)).then_events([removed(2)]);
    let after = registered([]).when(remove(2)).then_events([removed(2)]);
    after.when(remove(1)).then_refused(Conflict, "last-active-administrator");
}

#[test]
fn the_last_active_administrator_cannot_be_removed_from_a_suspended_organization() {
    registered([established(1), suspended()]).when(remove(1)).then_refused(Conflict, "last-active-administrator");
}

#[test]
fn an_administrator_as_whom_nobody_can_act_any_more_is_lost_even_as_the_last_one() {
    let lose = |number| OrganizationCommand::LoseAdministrator { administrator: person(number), reason: reason("Moved on") };
    let after = registered([established(1)]).when(lose(1)).then_events([removed(1)]);
    after.clone().when(lose(1)).then_nothing();
    // Who is added next is needed again.
    after.when(add(3, true)).then_events([added(3), established(3)]).when(remove(3)).then_refused(Conflict, "last-active-administrator");
    registered([established(1), suspended()]).when(lose(1)).then_events([removed(1)]);
}

#[test]
fn removing_who_is_no_administrator_changes_nothing() {
    registered([]).when(remove(7)).then_nothing();
}

/// Neither approves nor refuses the change that waits.
#[track_caller]
fn is_tied(waiting: &Scenario<Organization>, reviewer: &Reviewer, tie: Tie) {
    let (id, reviewer) = (organization(2), || reviewer.clone());
    let approve = OrganizationCommand::ApproveAmendment { id, reviewer: reviewer(), reason: reason("Seen") };
    let refuse = OrganizationCommand::RefuseAmendment { id, reviewer: reviewer(), reason: reason("Not seen") };
    for command in [approve, refuse] {
        waiting.clone().when(command.clone()).then_refused(Forbidden, "reviewer-involved");
        waiting.clone().when(command).then_rejected(OrganizationRejection::ReviewerInvolved { tie });
    }
}

#[test]
fn nobody_decides_on_a_change_of_an_organization_that_they_belong_to() {
    let identified = OrganizationProfile { identifiers: vec![identifier("DUNS", "150483782")], ..profile("Rotor Works") };
    let asked = OrganizationProfile { identifiers: vec![identifier("CAGE", "D1234")], ..profile("Blades SE") };
    let waiting = registered([OrganizationEvent::ProfileAmended { profile: identified }, requested(asked)]);
    let belonging = |affiliation| Reviewer { affiliations: vec![affiliation], ..reviewer(1) };
    is_tied(&waiting, &belonging(Affiliation::Organization(organization(2))), Tie::Organization);
    // By what it is called and has, and by what it would be called and have.
    is_tied(&waiting, &belonging(Affiliation::Company(company("ROTOR-WORKS"))), Tie::CompanyName);
    is_tied(&waiting, &belonging(Affiliation::Company(company("Blades"))), Tie::CompanyName);
    is_tied(&waiting, &belonging(Affiliation::Identifier(identifier("DUNS", "15-048-3782"))), Tie::Identifier);
    is_tied(&waiting, &belonging(Affiliation::Identifier(identifier("CAGE", "D-1234"))), Tie::Identifier);
    // As an administrator of it.
    is_tied(&waiting, &Reviewer { accounts: vec![person(1)], ..reviewer(1) }, Tie::Organization);
    let free = Reviewer { accounts: vec![person(9)], ..belonging(Affiliation::Organization(organization(3))) };
    let approve = OrganizationCommand::ApproveAmendment { id: organization(2), reviewer: free, reason: reason("Seen") };
    assert_eq!(waiting.when(approve).events().len(), 1);
}

#[test]
fn nobody_decides_on_a_change_that_they_asked_for_even_when_they_administer_nothing_any_more() {
    let grace = Actor::User { person: person(2), organization: organization(2) };
    let waiting = registered([established(1)]).by(grace).having(amend(profile("Rotor Works SE"))).having(remove(2));
    is_tied(&waiting, &Reviewer { accounts: vec![person(2)], ..reviewer(1) }, Tie::Requester);
}
