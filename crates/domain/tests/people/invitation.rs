use std::collections::BTreeSet;

use domain::RejectionKind::{Conflict, Gone, Invalid, NotFound};
use domain::invitation::{Invitation, InvitationCommand, InvitationEvent, InvitationRejection, InvitationState, Link, Reminder};
use domain::testing::{at, given, reason};
use domain::{Actor, Owner, Policy};

use crate::cases::{BEFORE_END, END, application, invite_org, invite_org_as, invited, organization, registration, sent, sent_to, staff};

fn open_(generation: u32) -> InvitationCommand {
    InvitationCommand::OpenInvitation { generation }
}

fn accept(generation: u32) -> InvitationCommand {
    InvitationCommand::AcceptInvitation { generation, registration: registration(1) }
}

fn resend() -> InvitationCommand {
    InvitationCommand::ResendInvitation { expires_in_days: None }
}

fn revoke() -> InvitationCommand {
    InvitationCommand::RevokeInvitation { reason: Some(reason("Sent by mistake")) }
}

fn accepted() -> InvitationEvent {
    InvitationEvent::Accepted { registration: registration(1) }
}

fn revoked() -> InvitationEvent {
    InvitationEvent::Revoked { reason: None }
}

fn resent() -> InvitationEvent {
    InvitationEvent::Resent { generation: 1, expires_at: at(END), invited_by: None }
}

#[test]
fn an_invitation_lives_as_long_as_policy_says() {
    given::<Invitation>([]).when(invite_org()).then_events([sent()]);
}

#[test]
fn an_invitation_lives_as_long_as_the_inviter_says() {
    for (days, end) in [(1, "2026-03-03T10:00:00Z"), (90, "2026-05-31T10:00:00Z")] {
        let state = given::<Invitation>([]).having(invite_org_as(None, Some(days), vec![application(1)])).state();
        assert_eq!(state.invited().unwrap().expires_at, at(end));
    }
}

#[test]
fn an_invitation_lives_1_to_90_days() {
    for days in [0, 91, u32::MAX] {
        let outcome = given::<Invitation>([]).when(invite_org_as(None, Some(days), vec![application(1)]));
        outcome.then_refused(Invalid, "invitation-lifetime-out-of-range");
        let outcome = invited([]).when(InvitationCommand::ResendInvitation { expires_in_days: Some(days) });
        outcome.then_refused(Invalid, "invitation-lifetime-out-of-range");
    }
}

#[test]
fn an_invitation_names_1_to_20_applications_each_once() {
    let to = |numbers: Vec<u128>| {
        given::<Invitation>([]).when(invite_org_as(None, None, numbers.into_iter().map(application).collect::<Vec<_>>()))
    };
    to(vec![]).then_rejected(InvitationRejection::ApplicationRequired);
    to(vec![1, 2, 1]).then_rejected(InvitationRejection::ApplicationRepeated);
    to((1..=21).collect()).then_rejected(InvitationRejection::TooManyApplications(21));
    assert_eq!(to((1..=20).collect()).events().len(), 1);
}

#[test]
fn a_partner_does_not_invite_itself() {
    given::<Invitation>([])
        .when(invite_org_as(Some(organization(1)), None, vec![application(1)]))
        .then_refused(Invalid, "invitation-invites-itself");
}

#[test]
fn a_company_that_the_inviter_picked_is_made_an_offer() {
    given::<Invitation>([])
        .when(invite_org_as(Some(organization(2)), None, vec![application(1)]))
        .then_events([sent_to(Some(organization(2)))]);
}

#[test]
fn an_invitation_is_sent_once() {
    invited([]).when(invite_org()).then_nothing();
    invited([]).when(invite_org_as(None, None, vec![application(2)])).then_refused(Conflict, "invitation-already-sent");
}

#[test]
fn nothing_can_be_asked_of_an_invitation_that_was_not_sent() {
    let link = InvitationCommand::LinkInvitationToOrganization { organization: organization(2) };
    let offer = InvitationCommand::AcceptOffer { organization: organization(2) };
    let decline = InvitationCommand::DeclineOffer { organization: organization(2), reason: None };
    let commands = [
        resend(),
        revoke(),
        open_(0),
        accept(0),
        link,
        offer,
        decline,
        InvitationCommand::RemindInvitation {},
        InvitationCommand::ExpireInvitation {},
    ];
    for command in commands {
        given::<Invitation>([]).when(command).then_refused(NotFound, "invitation-not-found");
    }
}

#[test]
fn following_the_link_is_noted_once() {
    let opened = invited([]).when(open_(0)).then_events([InvitationEvent::Opened {}]);
    assert_eq!(opened.state().invited().unwrap().link, Link::Opened);
    opened.when(open_(0)).then_nothing();
}

#[test]
fn an_invitation_is_accepted_unopened_or_opened() {
    invited([]).when(accept(0)).then_events([accepted()]);
    let state = invited([InvitationEvent::Opened {}]).when(accept(0)).then_events([accepted()]).state();
    assert_eq!(state.registration(), Some(registration(1)));
    assert!(!state.is_open_at(at(BEFORE_END)));
}

#[test]
fn an_invitation_is_accepted_once() {
    invited([accepted()]).when(accept(0)).then_nothing();
    let by_another = InvitationCommand::AcceptInvitation { generation: 0, registration: registration(2) };
    invited([accepted()]).when(by_another).then_refused(Gone, "invitation-already-accepted");
}

#[test]
fn the_link_of_an_accepted_invitation_leads_back_to_the_registration_even_after_its_end() {
    invited([accepted()]).at("2026-12-24T10:00:00Z").when(open_(0)).then_nothing();
    invited([accepted()]).at("2026-12-24T10:00:00Z").when(accept(0)).then_nothing();
}

#[test]
fn sending_an_invitation_again_makes_a_new_link_with_a_new_end() {
    let again = invited([InvitationEvent::Opened {}, InvitationEvent::Reminded {}]).at("2026-03-30T10:00:00Z").when(resend());
    let state =
        again.then_events([InvitationEvent::Resent { generation: 1, expires_at: at("2026-04-29T10:00:00Z"), invited_by: None }]).state();
    let invited = state.invited().unwrap();
    assert_eq!((invited.generation, invited.link, invited.reminder), (1, Link::Unopened, Reminder::NotSent));
}

#[test]
fn the_old_link_of_an_invitation_that_was_sent_again_does_not_work() {
    invited([resent()]).when(open_(0)).then_refused(Gone, "invitation-link-replaced");
    invited([resent()]).when(accept(0)).then_refused(Gone, "invitation-link-replaced");
    invited([resent(), accepted()]).when(open_(0)).then_refused(Gone, "invitation-link-replaced");
    invited([resent(), accepted()]).when(accept(0)).then_refused(Gone, "invitation-link-replaced");
    invited([resent()]).when(accept(1)).then_events([accepted()]);
}

#[test]
fn a_link_that_was_never_sent_is_not_found() {
    invited([]).when(open_(7)).then_refused(NotFound, "invitation-not-found");
    invited([]).when(accept(7)).then_refused(NotFound, "invitation-not-found");
}

#[test]
fn an_expired_invitation_can_be_sent_again_and_accepted_then() {
    let again = invited([InvitationEvent::Expired {}]).at(END).when(resend());
    let again = again.then_events([InvitationEvent::Resent { generation: 1, expires_at: at("2026-05-01T10:00:00Z"), invited_by: None }]);
    again.when(accept(1)).then_events([accepted()]);
}

#[test]
fn an_accepted_or_revoked_invitation_is_not_sent_again() {
    invited([accepted()]).when(resend()).then_refused(Gone, "invitation-already-accepted");
    invited([revoked()]).when(resend()).then_refused(Gone, "invitation-revoked");
}

#[test]
fn an_invitation_is_over_at_its_end_even_before_that_is_recorded() {
    invited([]).at(BEFORE_END).when(accept(0)).then_events([accepted()]);
    invited([]).at(END).when(accept(0)).then_refused(Gone, "invitation-expired");
    invited([]).at(END).when(open_(0)).then_refused(Gone, "invitation-expired");
    invited([]).at(END).when(revoke()).then_refused(Gone, "invitation-expired");
    assert!(invited([]).state().is_open_at(at(BEFORE_END)));
    assert!(!invited([]).state().is_open_at(at(END)));
}

#[test]
fn an_expired_invitation_cannot_be_opened_accepted_or_revoked() {
    for command in [open_(0), accept(0), revoke()] {
        invited([InvitationEvent::Expired {}]).when(command).then_refused(Gone, "invitation-expired");
    }
}

#[test]
fn the_end_is_recorded_once_and_not_before_it_has_come() {
    invited([]).at(BEFORE_END).when(InvitationCommand::ExpireInvitation {}).then_nothing();
    let expired = invited([]).at(END).when(InvitationCommand::ExpireInvitation {}).then_events([InvitationEvent::Expired {}]);
    expired.when(InvitationCommand::ExpireInvitation {}).then_nothing();
    invited([accepted()]).at(END).when(InvitationCommand::ExpireInvitation {}).then_nothing();
    invited([revoked()]).at(END).when(InvitationCommand::ExpireInvitation {}).then_nothing();
}

#[test]
fn a_revoked_invitation_cannot_be_opened_or_accepted() {
    let after = invited([]).when(revoke()).then_events([InvitationEvent::Revoked { reason: Some(reason("Sent by mistake")) }]);
    after.clone().when(open_(0)).then_refused(Gone, "invitation-revoked");
    after.clone().when(accept(0)).then_refused(Gone, "invitation-revoked");
    after.when(revoke()).then_nothing();
}

#[test]
fn an_accepted_invitation_cannot_be_revoked() {
    invited([accepted()]).when(revoke()).then_refused(Gone, "invitation-already-accepted");
}

#[test]
fn the_addressee_is_reminded_once_and_only_within_the_last_days() {
    let remind = || InvitationCommand::RemindInvitation {};
    invited([]).at("2026-03-25T09:59:59Z").when(remind()).then_nothing();
    let reminded = invited([]).at("2026-03-25T10:00:00Z").when(remind()).then_events([InvitationEvent::Reminded {}]);
    reminded.when(remind()).then_nothing();
    invited([]).at(END).when(remind()).then_nothing();
    invited([resent(), InvitationEvent::Reminded {}, InvitationEvent::Resent { generation: 2, expires_at: at(END), invited_by: None }])
        .at("2026-03-25T10:00:00Z")
        .when(remind())
        .then_events([InvitationEvent::Reminded {}]);
}

#[test]
fn nobody_is_reminded_where_policy_says_never_or_of_what_was_answered() {
    let remind = || InvitationCommand::RemindInvitation {};
    let never = Policy { invitation_reminder_days: 0, ..Policy::default() };
    invited([]).under(never).at(BEFORE_END).when(remind()).then_nothing();
    for answered in [accepted(), revoked(), InvitationEvent::Expired {}] {
        invited([answered]).at(BEFORE_END).when(remind()).then_nothing();
    }
}

#[test]
fn the_operator_invites_as_well() {
    let InvitationCommand::InviteOrg { inviter_name, company, addressee, applications, organization, expires_in_days, inviter: _ } =
        invite_org()
    else {
        unreachable!()
    };
    let inviter = Owner::Operator;
    let command = InvitationCommand::InviteOrg { inviter, inviter_name, company, addressee, applications, organization, expires_in_days };
    let state = given::<Invitation>([]).having(command).state();
    assert!(matches!(state, InvitationState::Open(invited) if invited.inviter == Owner::Operator));
}

#[test]
fn an_invitation_of_the_operator_says_who_of_the_staff_sent_it_first_and_again() {
    let by = |number| Actor::Staff(staff(number));
    let sent = given::<Invitation>([]).by(by(1)).having(invite_org());
    let sent = sent.having(InvitationCommand::ResendInvitation { expires_in_days: None });
    let state = sent.by(by(2)).having(InvitationCommand::ResendInvitation { expires_in_days: None }).state();
    assert_eq!(state.invited().unwrap().invited_by, BTreeSet::from([staff(1), staff(2)]));
    let by_partner = given::<Invitation>([]).by(Actor::Partner(organization(1))).having(invite_org()).state();
    assert_eq!(by_partner.invited().unwrap().invited_by, BTreeSet::new());
}
