//! First-time login and what of it comes again later (domain, J2, J3).

use domain::RejectionKind::{Conflict, Gone, Invalid};
use domain::sign_in::{LoginStep, SignInRule};
use domain::testing::{Scenario, at, nominee};
use domain::user::{User, UserCommand, UserEvent};
use domain::{Personal, Policy};

use crate::cases::{accepted, active, credential, pending, person, redeemed, suspended, terms, with_password, with_profile};

fn redeem(number: u128) -> UserCommand {
    UserCommand::RedeemOneTimePassword { one_time_password: credential(number) }
}

fn issue(number: u128) -> UserCommand {
    UserCommand::IssueOneTimePassword { one_time_password: credential(number) }
}

fn lock(number: u128) -> UserCommand {
    UserCommand::LockOneTimePassword { one_time_password: credential(number) }
}

fn set_password(number: u128) -> UserCommand {
    UserCommand::SetPassword { password: credential(number) }
}

fn confirm_profile() -> UserCommand {
    UserCommand::ConfirmProfile { contact: nominee(1, "Ada") }
}

fn accept_terms() -> UserCommand {
    UserCommand::AcceptTerms { version: terms("2026-01") }
}

fn locked(number: u128) -> UserEvent {
    UserEvent::OneTimePasswordLocked { one_time_password: credential(number) }
}

fn issued(number: u128) -> UserEvent {
    UserEvent::OneTimePasswordIssued { one_time_password: credential(number) }
}

fn next_step(scenario: &Scenario<User>) -> Option<LoginStep> {
    scenario.state().account().unwrap().next_step(&Policy::default(), scenario.now())
}

#[test]
fn first_time_login_goes_from_the_one_time_password_to_the_established_account() {
    let start = pending();
    assert_eq!(next_step(&start), Some(LoginStep::RedeemOneTimePassword));
    let start = start.when(redeem(1)).then_events([UserEvent::OneTimePasswordRedeemed { one_time_password: credential(1) }]);
    assert_eq!(next_step(&start), Some(LoginStep::SetPassword));
    let start = start.when(set_password(2)).then_events([UserEvent::PasswordSet { password: credential(2), replaces: None }]);
    assert_eq!(next_step(&start), Some(LoginStep::ConfirmProfile));
    let start = start.when(confirm_profile()).then_events([UserEvent::ProfileConfirmed { contact: nominee(1, "Ada") }]);
    assert_eq!(next_step(&start), Some(LoginStep::AcceptTerms));
    assert!(!start.state().is_active());
    let done = start.when(accept_terms()).then_events([accepted("2026-01"), UserEvent::Activated {}]);
    assert_eq!(next_step(&done), None);
    assert!(done.state().is_active());
}

#[test]
fn no_step_of_first_time_login_comes_before_its_turn() {
    let steps =
        [(LoginStep::RedeemOneTimePassword, pending()), (LoginStep::SetPassword, redeemed()), (LoginStep::ConfirmProfile, with_password())];
    let commands = [
        (LoginStep::SetPassword, set_password(2)),
        (LoginStep::ConfirmProfile, confirm_profile()),
        (LoginStep::AcceptTerms, accept_terms()),
    ];
    for (next, scenario) in steps {
        for (_, command) in commands.iter().filter(|(step, _)| *step > next) {
            scenario.clone().when(command.clone()).then_rejected(SignInRule::StepOutOfOrder { next }.into());
        }
    }
}

#[test]
fn a_one_time_password_is_used_once() {
    redeemed().when(redeem(1)).then_refused(Gone, "one-time-password-used");
    with_password().when(redeem(1)).then_refused(Gone, "one-time-password-used");
    active().when(redeem(1)).then_refused(Gone, "one-time-password-used");
}

#[test]
fn a_new_one_time_password_replaces_the_one_before() {
    let after = pending().when(issue(3)).then_events([issued(3)]);
    after.clone().when(issue(3)).then_nothing();
    after.clone().when(redeem(1)).then_refused(Gone, "one-time-password-replaced");
    after.when(redeem(3)).then_events([UserEvent::OneTimePasswordRedeemed { one_time_password: credential(3) }]);
}

#[test]
fn wrong_guesses_end_a_one_time_password_until_a_new_one_is_issued() {
    let after = pending().when(lock(1)).then_events([locked(1)]);
    after.clone().when(lock(1)).then_nothing();
    after.clone().when(redeem(1)).then_refused(Gone, "one-time-password-locked");
    after.clone().when(set_password(2)).then_refused(Gone, "one-time-password-locked");
    after.having(issue(3)).when(redeem(3)).then_events([UserEvent::OneTimePasswordRedeemed { one_time_password: credential(3) }]);
}

#[test]
fn a_one_time_password_that_serves_no_more_is_not_locked() {
    pending().and([issued(3)]).when(lock(1)).then_nothing();
    redeemed().when(lock(1)).then_nothing();
    active().when(lock(1)).then_nothing();
}

#[test]
fn who_lost_their_way_after_the_one_time_password_goes_on_with_a_new_one() {
    let again = redeemed().having(issue(3));
    assert_eq!(next_step(&again), Some(LoginStep::RedeemOneTimePassword));
    let again = again.having(redeem(3)).having(set_password(2));
    assert_eq!(next_step(&again), Some(LoginStep::ConfirmProfile));
}

#[test]
fn a_user_who_has_forgotten_the_password_gets_a_new_one_by_a_one_time_password() {
    let reset = active().having(issue(3));
    assert_eq!(next_step(&reset), Some(LoginStep::RedeemOneTimePassword));
    let reset = reset.having(redeem(3));
    let replaced = UserEvent::PasswordSet { password: credential(4), replaces: Some(credential(2)) };
    let done = reset.when(set_password(4)).then_events([replaced]);
    assert_eq!(next_step(&done), None);
    assert!(done.state().is_active());
}

#[test]
fn a_password_is_changed_later() {
    let changed = UserEvent::PasswordSet { password: credential(4), replaces: Some(credential(2)) };
    let after = active().when(set_password(4)).then_events([changed]);
    after.when(set_password(4)).then_nothing();
}

#[test]
fn no_password_is_set_before_a_newly_issued_one_time_password_is_used() {
    let issued = active().having(issue(3));
    issued.clone().when(set_password(4)).then_refused(Conflict, "login-step-out-of-order");
    issued.having(redeem(3)).having(set_password(4)).when(redeem(3)).then_refused(Gone, "one-time-password-used");
}

#[test]
fn no_password_is_set_after_wrong_guesses_have_ended_the_one_time_password() {
    active().having(issue(3)).having(lock(3)).when(set_password(4)).then_refused(Gone, "one-time-password-locked");
}

#[test]
fn the_profile_is_confirmed_or_corrected() {
    with_profile().when(confirm_profile()).then_nothing();
    let corrected = UserCommand::ConfirmProfile { contact: nominee(1, "Adele") };
    active().when(corrected.clone()).then_events([UserEvent::ProfileConfirmed { contact: nominee(1, "Adele") }]);
    with_password().when(corrected).then_events([UserEvent::ProfileConfirmed { contact: nominee(1, "Adele") }]);
}

#[test]
fn a_profile_is_about_the_user() {
    let another = UserCommand::ConfirmProfile { contact: nominee(7, "Eve") };
    with_password().when(another).then_refused(Invalid, "another-person");
    let erased = UserCommand::ConfirmProfile { contact: Personal::erased(person(1)) };
    with_password().when(erased).then_refused(Gone, "person-forgotten");
}

#[test]
fn only_the_terms_in_force_are_accepted() {
    let old = UserCommand::AcceptTerms { version: terms("2021-01") };
    with_profile().when(old).then_refused(Invalid, "terms-not-in-force");
    active().when(accept_terms()).then_nothing();
}

#[test]
fn new_terms_are_accepted_by_an_established_user() {
    let policy = domain::Policy { terms_version: "2031-01".to_owned(), ..domain::Policy::default() };
    let accept = UserCommand::AcceptTerms { version: terms("2031-01") };
    let asked = active().under(policy.clone());
    assert_eq!(asked.state().account().unwrap().next_step(&policy, asked.now()), Some(LoginStep::AcceptTerms));
    let done = asked.when(accept).then_events([accepted("2031-01")]);
    assert_eq!(done.state().account().unwrap().next_step(&policy, done.now()), None);
}

#[test]
fn terms_are_accepted_again_after_five_years() {
    assert_eq!(next_step(&active().at("2031-03-02T09:59:59Z")), None);
    let due = active().at("2031-03-02T10:00:00Z");
    assert_eq!(next_step(&due), Some(LoginStep::AcceptTerms));
    let renewed = UserEvent::TermsAccepted { version: terms("2026-01"), renew_from: at("2036-03-02T10:00:00Z") };
    assert_eq!(next_step(&due.when(accept_terms()).then_events([renewed])), None);
}

#[test]
fn terms_that_were_accepted_before_they_were_to_be_renewed_are_accepted_again_now() {
    let before = with_profile().and([UserEvent::TermsAcceptedV1 { version: terms("2026-01") }, UserEvent::Activated {}]);
    assert_eq!(next_step(&before), Some(LoginStep::AcceptTerms));
    before.when(accept_terms()).then_events([accepted("2026-01")]);
}

#[test]
fn a_suspended_user_does_not_sign_in() {
    for command in [redeem(1), issue(3), set_password(2), confirm_profile(), accept_terms()] {
        suspended(pending()).when(command).then_refused(Conflict, "user-suspended");
    }
    suspended(pending()).when(lock(1)).then_events([locked(1)]);
    assert!(suspended(active()).state().can_sign_in().is_none());
}
