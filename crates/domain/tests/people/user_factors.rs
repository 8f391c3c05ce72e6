//! Second factors of users (domain, part 8; J2, J3).

use domain::Policy;
use domain::RejectionKind::{Conflict, Gone, NotFound};
use domain::sign_in::LoginStep;
use domain::testing::{Scenario, given, nominee};
use domain::user::{User, UserCommand, UserEvent, UserRole, UserRoleKind};

use crate::cases::{accepted, active, application, closed, credential, pending, suspended, terms, with_password, with_profile};

fn ask(number: u128) -> UserCommand {
    UserCommand::AskSecondFactor { application: application(number) }
}

fn stop_asking(number: u128) -> UserCommand {
    UserCommand::StopAskingSecondFactor { application: application(number) }
}

fn add(number: u128) -> UserCommand {
    UserCommand::AddSecondFactor { credential: credential(number) }
}

fn remove(number: u128) -> UserCommand {
    UserCommand::RemoveSecondFactor { credential: credential(number) }
}

fn asked(number: u128) -> UserEvent {
    UserEvent::SecondFactorAsked { application: application(number) }
}

fn added(number: u128) -> UserEvent {
    UserEvent::SecondFactorAdded { credential: credential(number) }
}

fn removed(number: u128) -> UserEvent {
    UserEvent::SecondFactorRemoved { credential: credential(number) }
}

fn accept() -> UserCommand {
    UserCommand::AcceptTerms { version: terms("2026-01") }
}

fn next_step(scenario: &Scenario<User>, policy: &Policy) -> Option<LoginStep> {
    scenario.state().account().unwrap().next_step(policy, scenario.now())
}

fn administrators_need_one() -> Policy {
    Policy { second_factor_roles: vec![UserRoleKind::OrganizationAdministrator], ..Policy::default() }
}

/// An administrator before the terms, where administrators need a second factor.
fn administrator() -> Scenario<User> {
    with_profile().having(UserCommand::GrantRole { role: UserRole::OrganizationAdministrator }).under(administrators_need_one())
}

#[test]
fn first_time_login_ends_with_a_second_factor_where_an_application_needs_one() {
    let waiting = with_profile().having(ask(1)).when(accept()).then_events([accepted("2026-01")]);
    assert!(!waiting.state().is_active());
    assert_eq!(next_step(&waiting, &Policy::default()), Some(LoginStep::RegisterSecondFactor));
    let done = waiting.when(add(5)).then_events([added(5), UserEvent::Activated {}]);
    assert_eq!(next_step(&done, &Policy::default()), None);
    assert!(done.state().is_active());
}

#[test]
fn a_second_factor_can_be_registered_before_anybody_asks_for_it() {
    let early = with_password().when(add(5)).then_events([added(5)]);
    let early = early.having(UserCommand::ConfirmProfile { contact: nominee(1, "Ada") }).having(ask(1));
    early.when(accept()).then_events([accepted("2026-01"), UserEvent::Activated {}]);
}

#[test]
fn no_second_factor_comes_before_the_password() {
    pending().when(add(5)).then_refused(Conflict, "login-step-out-of-order");
    given::<User>([]).when(add(5)).then_refused(NotFound, "user-not-found");
}

#[test]
fn an_established_user_who_comes_to_need_a_second_factor_has_a_step_left() {
    let asked_for = active().when(ask(1)).then_events([asked(1)]);
    assert_eq!(next_step(&asked_for, &Policy::default()), Some(LoginStep::RegisterSecondFactor));
    asked_for.clone().when(ask(1)).then_nothing();
    assert_eq!(next_step(&asked_for.having(add(5)), &Policy::default()), None);
}

#[test]
fn a_role_may_need_a_second_factor_whatever_applications_ask_for() {
    let waiting = administrator().when(accept()).then_events([accepted("2026-01")]);
    assert_eq!(next_step(&waiting, &administrators_need_one()), Some(LoginStep::RegisterSecondFactor));
    assert_eq!(next_step(&active(), &administrators_need_one()), None);
    waiting.when(add(5)).then_events([added(5), UserEvent::Activated {}]);
}

#[test]
fn who_needs_a_second_factor_keeps_one() {
    let one = active().having(ask(1)).having(add(5));
    one.clone().when(remove(5)).then_refused(Conflict, "last-second-factor");
    let two = one.having(add(6));
    let other = two.when(remove(5)).then_events([removed(5)]);
    other.clone().when(remove(5)).then_nothing();
    other.having(stop_asking(1)).when(remove(6)).then_events([removed(6)]);
}

#[test]
fn who_needs_no_second_factor_may_be_without() {
    active().having(add(5)).when(remove(5)).then_events([removed(5)]);
}

#[test]
fn who_lost_all_second_factors_begins_anew() {
    let reset = active().having(ask(1)).having(add(5)).having(add(6)).when(UserCommand::ResetSecondFactors {});
    let reset = reset.then_events([removed(5), removed(6)]);
    assert_eq!(next_step(&reset, &Policy::default()), Some(LoginStep::RegisterSecondFactor));
    reset.when(UserCommand::ResetSecondFactors {}).then_nothing();
}

#[test]
fn what_is_no_longer_asked_for_does_not_hold_up_first_time_login() {
    let waiting = with_profile().having(ask(1)).having(accept());
    let stopped = UserEvent::SecondFactorNoLongerAsked { application: application(1) };
    waiting.when(stop_asking(1)).then_events([stopped, UserEvent::Activated {}]);
    active().when(stop_asking(1)).then_nothing();
}

#[test]
fn a_rule_that_was_lifted_does_not_hold_up_first_time_login() {
    let waiting = administrator().having(accept());
    waiting.clone().when(UserCommand::CompleteFirstLogin {}).then_nothing();
    waiting.under(Policy::default()).when(UserCommand::CompleteFirstLogin {}).then_events([UserEvent::Activated {}]);
    active().when(UserCommand::CompleteFirstLogin {}).then_nothing();
    with_password().when(UserCommand::CompleteFirstLogin {}).then_nothing();
}

#[test]
fn the_suspended_are_asked_and_the_closed_are_not() {
    suspended(active()).when(ask(1)).then_events([asked(1)]);
    suspended(active()).when(add(5)).then_refused(Conflict, "user-suspended");
    closed().when(ask(1)).then_refused(Gone, "user-closed");
}
