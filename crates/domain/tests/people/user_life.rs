//! What becomes of an account (domain, part 5; J7).

use domain::RejectionKind::{Conflict, Gone};
use domain::testing::{nominee, reason};
use domain::user::{UserCommand, UserEvent, UserRole};

use crate::cases::{active, application, closed, credential, pending, redeemed, suspended, terms, user_id, with_profile};

const ADMINISTRATOR: UserRole = UserRole::OrganizationAdministrator;

fn suspend() -> UserCommand {
    UserCommand::SuspendUser { reason: reason("On leave") }
}

fn reinstate() -> UserCommand {
    UserCommand::ReinstateUser { reason: reason("Back") }
}

fn close() -> UserCommand {
    UserCommand::CloseUser { reason: reason("Left the company") }
}

fn reinstated() -> UserEvent {
    UserEvent::Reinstated { reason: reason("Back") }
}

fn grant(role: UserRole) -> UserCommand {
    UserCommand::GrantRole { role }
}

fn revoke(role: UserRole) -> UserCommand {
    UserCommand::RevokeRole { role, reason: reason("Other duties") }
}

#[test]
fn a_suspended_user_goes_back_to_where_they_were() {
    for before in [pending(), redeemed(), with_profile(), active()] {
        let was = before.state();
        let after = before.when(suspend()).then_events([UserEvent::Suspended { reason: reason("On leave") }]);
        after.clone().when(suspend()).then_nothing();
        let again = after.when(reinstate()).then_events([reinstated()]);
        assert_eq!(again.state(), was);
        again.when(reinstate()).then_nothing();
    }
}

#[test]
fn an_account_is_closed_for_good_from_any_state() {
    for before in [pending(), active(), suspended(active())] {
        let after = before.when(close()).then_events([UserEvent::Closed { reason: reason("Left the company") }]);
        after.when(close()).then_nothing();
    }
}

#[test]
fn nothing_comes_after_closing() {
    let commands = [
        suspend(),
        reinstate(),
        grant(ADMINISTRATOR),
        revoke(ADMINISTRATOR),
        UserCommand::IssueOneTimePassword { one_time_password: credential(3) },
        UserCommand::RedeemOneTimePassword { one_time_password: credential(1) },
        UserCommand::SetPassword { password: credential(4) },
        UserCommand::ConfirmProfile { contact: nominee(1, "Adele") },
        UserCommand::AcceptTerms { version: terms("2026-01") },
    ];
    for command in commands {
        closed().when(command).then_refused(Gone, "user-closed");
    }
    closed().when(UserCommand::LockOneTimePassword { one_time_password: credential(1) }).then_nothing();
}

#[test]
fn a_user_id_never_changes() {
    assert_eq!(closed().state().account().unwrap().user_id, user_id("GH-7K3M-Q2XD"));
}

#[test]
fn a_role_is_given_and_taken_once() {
    let role = UserRole::ApplicationAdministrator(application(1));
    let after = active().when(grant(role)).then_events([UserEvent::RoleGranted { role }]);
    assert!(after.state().can_administer_application(application(1)));
    assert!(!after.state().can_administer_application(application(2)));
    assert!(!after.state().can_administer());
    after.clone().when(grant(role)).then_nothing();
    let after = after.when(revoke(role)).then_events([UserEvent::RoleRevoked { role, reason: reason("Other duties") }]);
    assert!(!after.state().can_administer_application(application(1)));
    after.when(revoke(role)).then_nothing();
}

#[test]
fn a_suspended_user_can_lose_a_role_and_get_none() {
    let administrator = active().and([UserEvent::RoleGranted { role: ADMINISTRATOR }]);
    suspended(administrator)
        .when(revoke(ADMINISTRATOR))
        .then_events([UserEvent::RoleRevoked { role: ADMINISTRATOR, reason: reason("Other duties") }]);
    suspended(active()).when(grant(ADMINISTRATOR)).then_refused(Conflict, "user-suspended");
}

#[test]
fn an_administrator_acts_only_with_an_established_account() {
    let role = UserEvent::RoleGranted { role: ADMINISTRATOR };
    assert!(!pending().and([role.clone()]).state().can_administer());
    assert!(!with_profile().and([role.clone()]).state().can_administer());
    assert!(active().and([role.clone()]).state().can_administer());
    assert!(!suspended(active().and([role.clone()])).state().can_administer());
    assert!(!closed().and([role]).state().can_administer());
}
