//! Values that are unique are given back, kept and taken again.

use command_handlers::CommandError;
use domain::invitation::{Invitation, InvitationCommand, InvitationState};
use domain::registration::{Registration, RegistrationCommand};
use domain::reservation::{Reservation, ReservationCommand, ReservationKind};
use domain::testing::{company, reason, uuid};
use domain::{ApplicationId, OrganizationId, Owner, Policy};
use jiff::SignedDuration;

use super::world::World;

#[tokio::test]
async fn a_company_whose_invitation_was_revoked_can_be_invited_anew() {
    let world = World::new();
    let application = world.publish("SFT").await;
    let invitation = world.invited("Fastener Works", application).await;
    let second = world.desk.workflows.invite_org(world.invite("Fastener Works", application), &world.sent()).await;
    assert!(matches!(second, Err(CommandError::Taken(ReservationKind::OpenInvitation))));
    world.ask::<Invitation>(invitation.0, InvitationCommand::RevokeInvitation { reason: None }).await;
    world.settle().await;
    world.settle().await;
    world.invited("Fastener Works", application).await;
    assert_eq!(world.count("reservation.released.v1").await, 1);
}

#[tokio::test]
async fn an_expired_invitation_that_is_resent_takes_the_company_s_name_again() {
    let world = World::new();
    let application = world.publish("SFT").await;
    let invitation = world.invited("Fastener Works", application).await;
    world.pass(SignedDuration::from_hours(31 * 24));
    world.ask::<Invitation>(invitation.0, InvitationCommand::ExpireInvitation {}).await;
    world.settle().await;
    world.desk.workflows.resend_invitation(invitation, None, &world.sent()).await.unwrap();
    assert!(matches!(world.invitation(invitation).await, InvitationState::Open(_)));
    let second = world.desk.workflows.invite_org(world.invite("Fastener Works", application), &world.sent()).await;
    assert!(matches!(second, Err(CommandError::Taken(ReservationKind::OpenInvitation))));
}

#[tokio::test]
async fn an_expired_invitation_is_not_resent_when_the_company_was_invited_anew() {
    let world = World::new();
    let application = world.publish("SFT").await;
    let invitation = world.invited("Fastener Works", application).await;
    world.pass(SignedDuration::from_hours(31 * 24));
    world.ask::<Invitation>(invitation.0, InvitationCommand::ExpireInvitation {}).await;
    world.settle().await;
    world.invited("Fastener Works", application).await;
    let resent = world.desk.workflows.resend_invitation(invitation, None, &world.sent()).await;
    assert!(matches!(resent, Err(CommandError::Taken(ReservationKind::OpenInvitation))), "{resent:?}");
    assert!(matches!(world.invitation(invitation).await, InvitationState::Expired(_)));
}

#[tokio::test]
async fn an_invitation_resent_before_its_expiry_was_handled_keeps_the_company_s_name() {
    let world = World::new();
    let application = world.publish("SFT").await;
    let invitation = world.invited("Fastener Works", application).await;
    world.pass(SignedDuration::from_hours(31 * 24));
    world.ask::<Invitation>(invitation.0, InvitationCommand::ExpireInvitation {}).await;
    world.desk.workflows.resend_invitation(invitation, None, &world.sent()).await.unwrap();
    world.settle().await;
    let reservation = world.desk.workflows.open_invitation(Owner::Operator, &company("Fastener Works"));
    assert_eq!(world.state::<Reservation>(reservation.0).await.owner(), Some(invitation.0));
}

#[tokio::test]
async fn a_name_taken_for_an_invitation_that_never_came_to_be_is_given_back_after_a_minute() {
    let world = World::new();
    let application = world.publish("SFT").await;
    let reservation = world.desk.workflows.open_invitation(Owner::Operator, &company("Fastener Works"));
    let reserve = ReservationCommand::Reserve { kind: ReservationKind::OpenInvitation, owner: uuid(0xdead) };
    world.ask::<Reservation>(reservation.0, reserve).await;
    world.pass(SignedDuration::from_secs(59));
    let early = world.desk.workflows.invite_org(world.invite("Fastener Works", application), &world.sent()).await;
    assert!(matches!(early, Err(CommandError::Taken(ReservationKind::OpenInvitation))));
    world.pass(SignedDuration::from_secs(2));
    let invitation = world.invited("Fastener Works", application).await;
    assert_eq!(world.state::<Reservation>(reservation.0).await.owner(), Some(invitation.0));
}

#[tokio::test]
async fn the_identifiers_of_an_undone_approval_are_given_back_and_those_of_one_approved_again_are_not() {
    let world = World::under(Policy { undo_window_minutes: 30, ..Policy::default() });
    let applications = [ApplicationId(uuid(1)), ApplicationId(uuid(2))];
    let case = world.submitted(OrganizationId(uuid(3)), applications, "150483782").await;
    world.approve(&case).await;
    let identifier = domain::testing::identifier("DUNS", "150483782");
    let reservation = world.desk.workflows.registered_identifier(&identifier);
    assert_eq!(world.state::<Reservation>(reservation.0).await.owner(), Some(case.organization.0));
    let undo = || RegistrationCommand::UndoApproval { reviewer: World::reviewer(), reason: reason("Too soon.") };
    world.ask::<Registration>(case.id.0, undo()).await;
    world.approve(&case).await;
    world.settle().await;
    assert_eq!(world.state::<Reservation>(reservation.0).await.owner(), Some(case.organization.0));
    world.ask::<Registration>(case.id.0, undo()).await;
    world.settle().await;
    assert_eq!(world.state::<Reservation>(reservation.0).await.owner(), None);
}
