//! Invitations of companies that are registered already (domain, part 2; J4).

use domain::RejectionKind::{Conflict, Forbidden, Gone};
use domain::invitation::{InvitationCommand, InvitationEvent};
use domain::testing::{at, reason};

use crate::cases::{BEFORE_END, END, invited, offered, organization, registration};

fn link(number: u128) -> InvitationCommand {
    InvitationCommand::LinkInvitationToOrganization { organization: organization(number) }
}

fn accept_offer(number: u128) -> InvitationCommand {
    InvitationCommand::AcceptOffer { organization: organization(number) }
}

fn decline_offer(number: u128) -> InvitationCommand {
    InvitationCommand::DeclineOffer { organization: organization(number), reason: Some(reason("We do not supply this")) }
}

fn offer_accepted() -> InvitationEvent {
    InvitationEvent::OfferAccepted { organization: organization(2) }
}

fn offer_declined() -> InvitationEvent {
    InvitationEvent::OfferDeclined { organization: organization(2), reason: Some(reason("We do not supply this")) }
}

fn linked(end: &str) -> InvitationEvent {
    InvitationEvent::LinkedToOrganization { organization: organization(2), expires_at: at(end) }
}

fn accepted() -> InvitationEvent {
    InvitationEvent::Accepted { registration: registration(1) }
}

#[test]
fn an_invitation_becomes_an_offer_open_or_opened() {
    invited([]).when(link(2)).then_events([linked(END)]);
    let offer = invited([InvitationEvent::Opened {}]).when(link(2)).then_events([linked(END)]);
    offer.clone().when(link(2)).then_nothing();
    offer.when(link(3)).then_refused(Forbidden, "offered-to-another-organization");
}

#[test]
fn an_accepted_invitation_becomes_an_offer_when_its_case_was_linked_and_gets_time_anew() {
    let offer = invited([accepted()]).at("2026-04-20T10:00:00Z").when(link(2)).then_events([linked("2026-05-20T10:00:00Z")]);
    offer.when(accept_offer(2)).then_events([offer_accepted()]);
}

#[test]
fn an_invitation_that_is_over_does_not_become_an_offer() {
    invited([]).at(END).when(link(2)).then_refused(Gone, "invitation-expired");
    invited([InvitationEvent::Revoked { reason: None }]).when(link(2)).then_refused(Gone, "invitation-revoked");
    invited([InvitationEvent::Expired {}]).when(link(2)).then_refused(Gone, "invitation-expired");
}

#[test]
fn an_offer_is_accepted_by_the_organization_that_it_is_made_to_once() {
    let accepted = offered([]).when(accept_offer(2)).then_events([offer_accepted()]);
    accepted.clone().when(accept_offer(2)).then_nothing();
    accepted.clone().when(decline_offer(2)).then_refused(Gone, "offer-already-accepted");
    accepted.clone().when(link(2)).then_nothing();
    accepted.when(link(3)).then_refused(Gone, "offer-already-accepted");
}

#[test]
fn an_offer_is_answered_by_no_other_organization() {
    offered([]).when(accept_offer(3)).then_refused(Forbidden, "offered-to-another-organization");
    offered([]).when(decline_offer(3)).then_refused(Forbidden, "offered-to-another-organization");
}

#[test]
fn an_offer_is_declined_once_and_for_good() {
    let declined = offered([]).when(decline_offer(2)).then_events([offer_declined()]);
    declined.clone().when(decline_offer(2)).then_nothing();
    declined.clone().when(accept_offer(2)).then_refused(Gone, "offer-declined");
    declined.clone().when(link(2)).then_refused(Gone, "offer-declined");
    declined.clone().when(InvitationCommand::ResendInvitation { expires_in_days: None }).then_refused(Gone, "offer-declined");
    declined.clone().when(InvitationCommand::RevokeInvitation { reason: None }).then_refused(Gone, "offer-declined");
    declined.when(InvitationCommand::OpenInvitation { generation: 0 }).then_refused(Gone, "offer-declined");
}

#[test]
fn an_offer_ends_with_its_time() {
    offered([]).at(BEFORE_END).when(accept_offer(2)).then_events([offer_accepted()]);
    offered([]).at(END).when(accept_offer(2)).then_refused(Gone, "invitation-expired");
    offered([]).at(END).when(decline_offer(2)).then_refused(Gone, "invitation-expired");
    offered([InvitationEvent::Expired {}]).when(accept_offer(2)).then_refused(Gone, "invitation-expired");
}

#[test]
fn an_offer_that_was_taken_back_cannot_be_answered() {
    for answer in [accept_offer(2), decline_offer(2)] {
        offered([InvitationEvent::Revoked { reason: None }]).when(answer).then_refused(Gone, "invitation-revoked");
    }
}

#[test]
fn a_registered_company_does_not_register_again() {
    let accept = InvitationCommand::AcceptInvitation { generation: 0, registration: registration(1) };
    offered([]).when(accept.clone()).then_refused(Conflict, "invitation-is-an-offer");
    offered([offer_accepted()]).when(accept).then_refused(Gone, "offer-already-accepted");
}

#[test]
fn an_invitation_to_register_is_no_offer() {
    invited([]).when(accept_offer(2)).then_refused(Conflict, "invitation-not-an-offer");
    invited([]).when(decline_offer(2)).then_refused(Conflict, "invitation-not-an-offer");
    invited([accepted()]).when(accept_offer(2)).then_refused(Conflict, "invitation-not-an-offer");
}

#[test]
fn an_accepted_offer_is_neither_sent_again_nor_taken_back() {
    let resend = InvitationCommand::ResendInvitation { expires_in_days: None };
    offered([offer_accepted()]).when(resend).then_refused(Gone, "offer-already-accepted");
    let revoke = InvitationCommand::RevokeInvitation { reason: None };
    offered([offer_accepted()]).when(revoke).then_refused(Gone, "offer-already-accepted");
}

#[test]
fn an_offer_that_was_sent_again_stays_an_offer() {
    let again = offered([]).having(InvitationCommand::ResendInvitation { expires_in_days: None });
    again.when(accept_offer(2)).then_events([offer_accepted()]);
}

#[test]
fn an_organization_is_reminded_of_an_offer_whatever_the_addressee_was_reminded_of() {
    let remind = InvitationCommand::RemindInvitation {};
    let offer = invited([InvitationEvent::Reminded {}, accepted(), linked(END)]);
    offer.at(BEFORE_END).when(remind).then_events([InvitationEvent::Reminded {}]);
}
