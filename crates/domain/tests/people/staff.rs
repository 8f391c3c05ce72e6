use domain::RejectionKind::{Conflict, Gone, Invalid, NotFound};
use domain::registration::Affiliation;
use domain::staff::{Staff, StaffCommand, StaffEvent};
use domain::testing::{Scenario, company, email, given, nominee, reason};
use domain::{Personal, StaffRole};

use crate::cases::{organization, person, staff};

fn appoint(given_name: &str, roles: &[StaffRole]) -> StaffCommand {
    StaffCommand::AppointStaff { contact: nominee(1, given_name), roles: roles.to_vec() }
}

fn reviewer() -> Scenario<Staff> {
    given::<Staff>([StaffEvent::Appointed { contact: nominee(1, "Ada"), roles: vec![StaffRole::Reviewer] }])
}

fn dismissed() -> StaffEvent {
    StaffEvent::Dismissed { reason: reason("Left") }
}

fn grant(role: StaffRole) -> StaffCommand {
    StaffCommand::GrantStaffRole { role }
}

fn revoke(role: StaffRole) -> StaffCommand {
    StaffCommand::RevokeStaffRole { role, reason: reason("Other duties") }
}

fn dismiss() -> StaffCommand {
    StaffCommand::DismissStaff { reason: reason("Left") }
}

#[test]
fn somebody_is_appointed_once_with_at_least_one_role() {
    given::<Staff>([]).when(appoint("Ada", &[])).then_refused(Invalid, "staff-role-required");
    let there = given::<Staff>([])
        .when(appoint("Ada", &[StaffRole::Reviewer, StaffRole::Reviewer]))
        .then_events([StaffEvent::Appointed { contact: nominee(1, "Ada"), roles: vec![StaffRole::Reviewer] }]);
    there.clone().when(appoint("Ada", &[StaffRole::Reviewer])).then_nothing();
    there.when(appoint("Eve", &[StaffRole::Reviewer])).then_refused(Conflict, "staff-already-appointed");
}

#[test]
fn nobody_who_was_forgotten_is_appointed() {
    let command = StaffCommand::AppointStaff { contact: Personal::erased(person(1)), roles: vec![StaffRole::Auditor] };
    given::<Staff>([]).when(command).then_refused(Gone, "person-forgotten");
}

#[test]
fn a_role_implies_no_other() {
    let all = [StaffRole::Reviewer, StaffRole::ReviewLead, StaffRole::Auditor, StaffRole::Administrator];
    for role in all {
        let state = given::<Staff>([StaffEvent::Appointed { contact: nominee(1, "Ada"), roles: vec![role] }]).state();
        for other in all {
            assert_eq!(state.has_role(other), other == role, "{role:?} and {other:?}");
        }
    }
}

#[test]
fn a_role_is_given_and_taken_once() {
    let both = reviewer().when(grant(StaffRole::Auditor)).then_events([StaffEvent::RoleGranted { role: StaffRole::Auditor }]);
    both.clone().when(grant(StaffRole::Auditor)).then_nothing();
    let revoked = StaffEvent::RoleRevoked { role: StaffRole::Reviewer, reason: reason("Other duties") };
    let auditor = both.when(revoke(StaffRole::Reviewer)).then_events([revoked]);
    assert!(!auditor.state().has_role(StaffRole::Reviewer));
    auditor.when(revoke(StaffRole::Reviewer)).then_nothing();
}

#[test]
fn a_reviewer_is_known_with_the_organizations_they_belong_to() {
    let affiliations = vec![Affiliation::Organization(organization(2)), Affiliation::Company(company("Rotor Works"))];
    let twice = [affiliations.clone(), affiliations.clone()].concat();
    let declared = reviewer()
        .when(StaffCommand::DeclareAffiliations { affiliations: twice.clone() })
        .then_events([StaffEvent::AffiliationsDeclared { affiliations: affiliations.clone() }]);
    let known = declared.state().reviewer(staff(1)).unwrap();
    assert_eq!((known.staff, known.email, known.affiliations), (staff(1), Some(email("ada@example.com")), affiliations));
    declared.when(StaffCommand::DeclareAffiliations { affiliations: twice }).then_nothing();
}

#[test]
fn who_left_the_staff_has_no_role_and_stays_away() {
    let gone = reviewer().when(dismiss()).then_events([dismissed()]);
    assert!(!gone.state().has_role(StaffRole::Reviewer));
    assert!(gone.state().reviewer(staff(1)).is_none());
    gone.clone().when(dismiss()).then_nothing();
    let declare = StaffCommand::DeclareAffiliations { affiliations: vec![] };
    for command in [grant(StaffRole::Auditor), revoke(StaffRole::Reviewer), declare, appoint("Ada", &[StaffRole::Reviewer])] {
        gone.clone().when(command).then_refused(Gone, "staff-dismissed");
    }
}

#[test]
fn nothing_can_be_asked_about_who_was_not_appointed() {
    let declare = StaffCommand::DeclareAffiliations { affiliations: vec![] };
    for command in [grant(StaffRole::Auditor), revoke(StaffRole::Reviewer), declare, dismiss()] {
        given::<Staff>([]).when(command).then_refused(NotFound, "staff-not-found");
    }
}
