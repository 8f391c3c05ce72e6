use domain::RejectionKind::{Conflict, Gone, Invalid, NotFound};
use domain::registration::Affiliation;
use domain::sign_in::LoginStep;
use domain::staff::{Staff, StaffCommand, StaffEvent};
use domain::testing::{Scenario, company, email, given, nominee, reason};
use domain::{Personal, ReservationId, StaffRole};

use crate::cases::{credential, organization, person, staff, user_id};

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

fn issue(number: u128) -> StaffCommand {
    StaffCommand::IssueStaffOneTimePassword { user_id: user_id("GU-7K3M-Q2XD"), one_time_password: credential(number) }
}

fn issued(number: u128) -> StaffEvent {
    StaffEvent::OneTimePasswordIssued { user_id: user_id("GU-7K3M-Q2XD"), one_time_password: credential(number) }
}

fn redeem(number: u128) -> StaffCommand {
    StaffCommand::RedeemStaffOneTimePassword { one_time_password: credential(number) }
}

fn set_password(number: u128) -> StaffCommand {
    StaffCommand::SetStaffPassword { password: credential(number) }
}

fn add(number: u128) -> StaffCommand {
    StaffCommand::AddStaffSecondFactor { credential: credential(number) }
}

fn remove(number: u128) -> StaffCommand {
    StaffCommand::RemoveStaffSecondFactor { credential: credential(number) }
}

fn next_step(scenario: &Scenario<Staff>) -> Option<LoginStep> {
    scenario.state().member().unwrap().account.as_ref().unwrap().next_step()
}

#[test]
fn staff_sign_in_with_a_one_time_password_then_a_password_then_always_a_second_factor() {
    let start = reviewer().when(issue(1)).then_events([issued(1)]);
    assert_eq!(next_step(&start), Some(LoginStep::RedeemOneTimePassword));
    let start = start.when(redeem(1)).then_events([StaffEvent::OneTimePasswordRedeemed { one_time_password: credential(1) }]);
    start.clone().when(redeem(1)).then_refused(Gone, "one-time-password-used");
    let start = start.when(set_password(2)).then_events([StaffEvent::PasswordSet { password: credential(2), replaces: None }]);
    assert_eq!(next_step(&start), Some(LoginStep::RegisterSecondFactor));
    let done = start.when(add(5)).then_events([StaffEvent::SecondFactorAdded { credential: credential(5) }]);
    assert_eq!(next_step(&done), None);
    done.clone().when(add(5)).then_nothing();
    done.clone().when(remove(5)).then_refused(Conflict, "last-second-factor");
    done.having(add(6)).when(remove(5)).then_events([StaffEvent::SecondFactorRemoved { credential: credential(5) }]);
}

#[test]
fn nobody_signs_in_before_an_administrator_has_issued_a_one_time_password() {
    for command in [redeem(1), set_password(2), add(5), remove(5)] {
        reviewer().when(command).then_refused(Conflict, "no-account-yet");
    }
    reviewer().and([dismissed()]).when(issue(1)).then_refused(Gone, "staff-dismissed");
}

#[test]
fn who_lost_password_and_second_factor_begins_anew_under_the_same_user_id() {
    let there = reviewer().having(issue(1)).having(redeem(1)).having(set_password(2)).having(add(5));
    let another = StaffCommand::IssueStaffOneTimePassword { user_id: user_id("GU-2222-2222"), one_time_password: credential(3) };
    there.clone().when(another).then_refused(Conflict, "staff-has-another-user-id");
    let again = there.when(issue(3)).then_events([issued(3)]);
    let again = again.when(StaffCommand::ResetStaffSecondFactors {});
    let again = again.then_events([StaffEvent::SecondFactorRemoved { credential: credential(5) }]);
    let again = again.having(redeem(3)).when(set_password(4));
    let again = again.then_events([StaffEvent::PasswordSet { password: credential(4), replaces: Some(credential(2)) }]);
    assert_eq!(next_step(&again), Some(LoginStep::RegisterSecondFactor));
}

#[test]
fn wrong_guesses_end_a_one_time_password_of_staff() {
    let locked = reviewer().having(issue(1)).when(StaffCommand::LockStaffOneTimePassword { one_time_password: credential(1) });
    let locked = locked.then_events([StaffEvent::OneTimePasswordLocked { one_time_password: credential(1) }]);
    locked.when(redeem(1)).then_refused(Gone, "one-time-password-locked");
}

fn identity(number: u128) -> ReservationId {
    ReservationId(uuid::Uuid::from_u128(number))
}

fn link(number: u128) -> StaffCommand {
    StaffCommand::LinkStaffIdentity { identity: identity(number) }
}

fn unlinked(number: u128) -> StaffEvent {
    StaffEvent::IdentityUnlinked { identity: identity(number) }
}

#[test]
fn a_member_of_the_staff_with_an_account_is_linked_to_one_identity() {
    reviewer().when(link(1)).then_refused(Conflict, "no-account-yet");
    let linked = reviewer().having(issue(1)).when(link(1)).then_events([StaffEvent::IdentityLinked { identity: identity(1) }]);
    linked.clone().when(link(1)).then_nothing();
    linked.clone().when(link(2)).then_refused(Conflict, "staff-has-another-identity");
    let alone = linked.when(StaffCommand::UnlinkStaffIdentity {}).then_events([unlinked(1)]);
    alone.clone().when(StaffCommand::UnlinkStaffIdentity {}).then_nothing();
    alone.when(link(2)).then_events([StaffEvent::IdentityLinked { identity: identity(2) }]);
}

#[test]
fn who_leaves_the_staff_is_unlinked() {
    let gone = reviewer().having(issue(1)).having(link(1)).when(dismiss()).then_events([unlinked(1), dismissed()]);
    gone.clone().when(dismiss()).then_nothing();
    gone.clone().when(link(1)).then_refused(Gone, "staff-dismissed");
    gone.when(StaffCommand::UnlinkStaffIdentity {}).then_refused(Gone, "staff-dismissed");
}
