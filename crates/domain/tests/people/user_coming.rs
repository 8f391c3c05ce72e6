//! How an account comes to be (domain, part 5; J1, J7).

use domain::RejectionKind::{Conflict, Gone, Invalid, NotFound};
use domain::testing::{Scenario, at, company, email, given, nominee, reason};
use domain::user::{User, UserCommand, UserEvent, UserOrigin, UserRole};
use domain::{Email, Personal};

use crate::cases::{active, application, create_user, created, credential, organization, pending, person, user_id};

const END: &str = "2026-03-16T10:00:00Z";

fn address() -> Personal<Email> {
    Personal::new(person(1), email("ada@example.com"))
}

fn invite(number: u128) -> UserCommand {
    UserCommand::InviteUser { organization: organization(number), organization_name: company("Rotor Works"), email: address() }
}

fn invited_event(end: &str) -> UserEvent {
    UserEvent::Invited { organization: organization(2), organization_name: company("Rotor Works"), email: address(), expires_at: at(end) }
}

fn invited(events: impl IntoIterator<Item = UserEvent>) -> Scenario<User> {
    given::<User>([invited_event(END)]).and(events)
}

fn self_register() -> UserCommand {
    UserCommand::SelfRegister { contact: nominee(1, "Ada"), one_time_password: credential(1) }
}

fn self_registered() -> UserEvent {
    UserEvent::SelfRegistered { contact: nominee(1, "Ada"), one_time_password: credential(1) }
}

fn refused() -> UserEvent {
    UserEvent::Refused { reason: reason("Not one of us") }
}

fn confirm() -> UserCommand {
    UserCommand::ConfirmSelfRegistration { user_id: user_id("GH-7K3M-Q2XD"), administrator: person(9) }
}

fn refuse() -> UserCommand {
    UserCommand::RefuseSelfRegistration { reason: reason("Not one of us") }
}

fn expire() -> UserCommand {
    UserCommand::ExpireUserInvitation {}
}

#[test]
fn a_user_is_created_once_with_each_role_once() {
    let roles = vec![UserRole::OrganizationAdministrator, UserRole::ApplicationAdministrator(application(1))];
    let twice = [roles.clone(), roles.clone()].concat();
    let after = given::<User>([]).when(create_user(twice)).then_events([created(roles)]);
    after.when(create_user(vec![])).then_nothing();
}

#[test]
fn a_person_has_one_account_with_one_user_id_for_good() {
    let UserCommand::CreateUser { organization, organization_name, contact, roles, one_time_password, origin, user_id: _ } =
        create_user(vec![])
    else {
        unreachable!()
    };
    let user_id = user_id("GH-OTHER");
    let another = UserCommand::CreateUser { organization, organization_name, user_id, contact, roles, one_time_password, origin };
    pending().when(another).then_refused(Conflict, "already-a-user");
    active().when(invite(2)).then_refused(Conflict, "already-a-user");
}

#[test]
fn nobody_who_was_forgotten_gets_an_account() {
    let UserCommand::CreateUser { organization, organization_name, user_id, roles, one_time_password, origin, contact: _ } =
        create_user(vec![])
    else {
        unreachable!()
    };
    let contact = Personal::erased(person(1));
    let forgotten = UserCommand::CreateUser { organization, organization_name, user_id, contact, roles, one_time_password, origin };
    given::<User>([]).when(forgotten).then_refused(Gone, "person-forgotten");
    let erased = UserEvent::SelfRegistered { contact: Personal::erased(person(1)), one_time_password: credential(1) };
    invited([erased]).when(confirm()).then_refused(Gone, "person-forgotten");
}

#[test]
fn an_invitation_to_register_lives_as_long_as_policy_says() {
    let after = given::<User>([]).when(invite(2)).then_events([invited_event(END)]);
    after.when(invite(2)).then_nothing();
}

#[test]
fn a_person_is_invited_by_one_organization() {
    invited([]).when(invite(3)).then_refused(Conflict, "user-already-invited");
    invited([UserEvent::InvitationExpired {}]).when(invite(3)).then_refused(Conflict, "user-already-invited");
    invited([]).when(create_user(vec![])).then_refused(Conflict, "user-already-invited");
}

#[test]
fn who_did_not_come_or_was_refused_can_be_invited_again() {
    let later = "2026-04-03T10:00:00Z";
    for before in [invited([]), invited([UserEvent::InvitationExpired {}]), invited([self_registered(), refused()])] {
        before.at("2026-03-20T10:00:00Z").when(invite(2)).then_events([invited_event(later)]);
    }
}

#[test]
fn who_was_invited_fills_in_who_they_are_once() {
    let after = invited([]).when(self_register()).then_events([self_registered()]);
    after.clone().when(self_register()).then_nothing();
    let otherwise = UserCommand::SelfRegister { contact: nominee(1, "Adele"), one_time_password: credential(2) };
    after.clone().when(otherwise).then_refused(Conflict, "already-self-registered");
    after.when(invite(2)).then_refused(Conflict, "already-self-registered");
}

#[test]
fn nobody_registers_without_an_invitation_or_in_somebody_elses_place() {
    given::<User>([]).when(self_register()).then_refused(NotFound, "user-not-found");
    let somebody_else = UserCommand::SelfRegister { contact: nominee(7, "Eve"), one_time_password: credential(1) };
    invited([]).when(somebody_else).then_refused(Invalid, "another-person");
}

#[test]
fn an_invitation_to_register_is_over_at_its_end_even_before_that_is_recorded() {
    invited([]).at("2026-03-16T09:59:59Z").when(self_register()).then_events([self_registered()]);
    invited([]).at(END).when(self_register()).then_refused(Gone, "user-invitation-expired");
    invited([UserEvent::InvitationExpired {}]).when(self_register()).then_refused(Gone, "user-invitation-expired");
}

#[test]
fn the_end_of_an_invitation_to_register_is_recorded_once_and_not_for_who_came() {
    invited([]).when(expire()).then_nothing();
    let expired = invited([]).at(END).when(expire()).then_events([UserEvent::InvitationExpired {}]);
    expired.when(expire()).then_nothing();
    invited([self_registered()]).at(END).when(expire()).then_nothing();
}

#[test]
fn an_administrator_confirms_who_came_and_the_account_is_created() {
    let UserEvent::Created { organization, organization_name, user_id, contact, roles, one_time_password, origin: _ } = created(vec![])
    else {
        unreachable!()
    };
    let origin = UserOrigin::SelfRegistration(person(9));
    let account = UserEvent::Created { organization, organization_name, user_id, contact, roles, one_time_password, origin };
    let after = invited([self_registered()]).when(confirm()).then_events([account]);
    after.clone().when(confirm()).then_nothing();
    after.when(refuse()).then_refused(Conflict, "already-a-user");
}

#[test]
fn an_administrator_refuses_who_came_with_a_reason() {
    let after = invited([self_registered()]).when(refuse()).then_events([refused()]);
    after.clone().when(refuse()).then_nothing();
    after.clone().when(confirm()).then_refused(Gone, "self-registration-refused");
    after.when(self_register()).then_refused(Gone, "self-registration-refused");
}

#[test]
fn nobody_is_confirmed_or_refused_before_they_came() {
    invited([]).when(confirm()).then_refused(Conflict, "not-self-registered");
    invited([]).when(refuse()).then_refused(Conflict, "not-self-registered");
    given::<User>([]).when(confirm()).then_refused(NotFound, "user-not-found");
    invited([UserEvent::InvitationExpired {}]).when(confirm()).then_refused(Gone, "user-invitation-expired");
}

#[test]
fn there_is_nothing_to_use_before_the_account_is_created() {
    let commands = || {
        [
            UserCommand::IssueOneTimePassword { one_time_password: credential(3) },
            UserCommand::RedeemOneTimePassword { one_time_password: credential(1) },
            UserCommand::LockOneTimePassword { one_time_password: credential(1) },
            UserCommand::SetPassword { password: credential(2) },
            UserCommand::ConfirmProfile { contact: nominee(1, "Ada") },
            UserCommand::GrantRole { role: UserRole::OrganizationAdministrator },
            UserCommand::RevokeRole { role: UserRole::OrganizationAdministrator, reason: reason("Why not") },
            UserCommand::SuspendUser { reason: reason("Why not") },
            UserCommand::ReinstateUser { reason: reason("Why not") },
            UserCommand::CloseUser { reason: reason("Why not") },
        ]
    };
    for command in commands() {
        given::<User>([]).when(command).then_refused(NotFound, "user-not-found");
    }
    for command in commands() {
        invited([self_registered()]).when(command).then_refused(Conflict, "no-account-yet");
    }
}
