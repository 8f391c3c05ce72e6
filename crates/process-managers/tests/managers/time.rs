//! What time brings about, by moving the clock.

use domain::invitation::InvitationState;
use domain::organization::{Organization, OrganizationCommand};
use domain::registration::{Registration, RegistrationCommand, Stage};
use domain::testing::{company, email, profile, reason, uuid};
use domain::user::{User, UserCommand, UserState};
use domain::{ApplicationId, OrganizationId, PersonId, Personal, Policy, RegistrationId};
use event_store::EventStore;
use jiff::SignedDuration;
use process_managers::Clockwork;
use projection_runtime::{Fence, Lease};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::world::{Case, SOON, World};

fn days(days: i64) -> SignedDuration {
    SignedDuration::from_hours(24 * days)
}

async fn submitted(world: &World) -> Case {
    let applications = [ApplicationId(uuid(1)), ApplicationId(uuid(2))];
    world.submitted(OrganizationId(uuid(3)), applications, "150483782").await
}

async fn stage(world: &World, case: &Case) -> Stage {
    world.state::<Registration>(case.id.0).await.case().unwrap().stage.clone()
}

async fn until_recorded(world: &World, event_type: &str) {
    let mut head = world.disk.head();
    let recorded = async {
        while world.count(event_type).await == 0 {
            head.changed().await.unwrap();
        }
    };
    tokio::time::timeout(SOON, recorded).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unanswered_invitation_is_reminded_of_once_and_expires() {
    let world = World::new();
    let mut models = world.models().await;
    let application = world.publish("SFT").await;
    let invitation = world.invited("Fastener Works", application).await;
    assert_eq!(world.tick(&mut models).await, 0, "nothing is due");
    world.pass(days(23));
    assert_eq!(world.tick(&mut models).await, 1);
    assert_eq!(world.tick(&mut models).await, 0);
    assert_eq!(world.count("invitation.reminded.v1").await, 1);
    world.pass(days(7));
    assert_eq!(world.tick(&mut models).await, 1);
    assert_eq!(world.tick(&mut models).await, 0);
    assert!(matches!(world.invitation(invitation).await, InvitationState::Expired(_)));
    assert_eq!((world.count("invitation.reminded.v1").await, world.count("invitation.expired.v1").await), (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_asked_while_another_instance_holds_the_lease() {
    let world = World::new();
    let mut models = world.models().await;
    let keeper = watch::Sender::new(None);
    let application = world.publish("SFT").await;
    world.invited("Fastener Works", application).await;
    world.pass(days(23));
    models.wait(&world).await;
    let clockwork = || Clockwork::new(world.desk.clone(), models.lists.deadlines.clone(), Lease::of(keeper.subscribe()));
    assert_eq!(clockwork().tick().await.unwrap(), 0);
    let stop = CancellationToken::new();
    let running = tokio::spawn(clockwork().run(stop.clone()));
    keeper.send_replace(Some(Fence(1)));
    until_recorded(&world, "invitation.reminded.v1").await;
    keeper.send_replace(None);
    world.pass(days(7));
    models.wait(&world).await;
    assert_eq!(clockwork().tick().await.unwrap(), 0);
    keeper.send_replace(Some(Fence(2)));
    until_recorded(&world, "invitation.expired.v1").await;
    stop.cancel();
    running.await.unwrap();
    // Whoever looks next may ask again; nothing follows from that.
    world.tick(&mut models).await;
    assert_eq!((world.count("invitation.reminded.v1").await, world.count("invitation.expired.v1").await), (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reminder_that_policy_does_not_want_is_asked_for_once_and_hides_no_expiry() {
    let world = World::under(Policy { invitation_reminder_days: 0, ..Policy::default() });
    let mut models = world.models().await;
    let application = world.publish("SFT").await;
    world.invited("Fastener Works", application).await;
    world.pass(days(24));
    assert_eq!(world.tick(&mut models).await, 1);
    assert_eq!(world.tick(&mut models).await, 0, "a row that has nothing to do does not spin");
    world.pass(days(7));
    assert_eq!(world.tick(&mut models).await, 1);
    assert_eq!((world.count("invitation.reminded.v1").await, world.count("invitation.expired.v1").await), (0, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_registration_that_is_not_submitted_expires() {
    let world = World::new();
    let mut models = world.models().await;
    let application = world.publish("SFT").await;
    let invitation = world.invited("Fastener Works", application).await;
    world.desk.workflows.accept_invitation(invitation, 0, &world.sent()).await.unwrap();
    world.pass(days(61));
    world.tick(&mut models).await;
    assert_eq!(world.count("registration.expired.v1").await, 1);
    assert_eq!(world.count("invitation.expired.v1").await, 0, "it was accepted");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_review_is_due_soon_and_then_overdue_once_each() {
    let world = World::new();
    let mut models = world.models().await;
    let case = submitted(&world).await;
    let due = world.state::<Registration>(case.id.0).await.case().unwrap().due().unwrap().clone();
    world.be(due.soon_at);
    world.tick(&mut models).await;
    world.tick(&mut models).await;
    assert_eq!(world.count("registration.review_due_soon.v1").await, 1);
    assert_eq!(world.count("registration.review_overdue.v1").await, 0);
    world.be(due.at);
    world.tick(&mut models).await;
    world.tick(&mut models).await;
    assert_eq!(world.count("registration.review_overdue.v1").await, 1);
    world.pass(days(30));
    assert_eq!(world.tick(&mut models).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_claim_that_runs_out_gives_the_case_back() {
    let world = World::new();
    let mut models = world.models().await;
    let case = submitted(&world).await;
    world.claim(&case).await;
    world.pass(SignedDuration::from_mins(59));
    assert_eq!(world.tick(&mut models).await, 0);
    world.pass(SignedDuration::from_mins(1));
    assert_eq!(world.tick(&mut models).await, 1);
    assert!(matches!(stage(&world, &case).await, Stage::Submitted(_)));
    assert_eq!(world.count("registration.released.v1").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_approval_takes_effect_after_its_undo_window() {
    let world = World::under(Policy { undo_window_minutes: 30, ..Policy::default() });
    let mut models = world.models().await;
    let case = submitted(&world).await;
    world.approve(&case).await;
    world.pass(SignedDuration::from_mins(29));
    assert_eq!(world.tick(&mut models).await, 0);
    assert_eq!(world.count("registration.approval_took_effect.v1").await, 0);
    world.pass(SignedDuration::from_mins(1));
    assert_eq!(world.tick(&mut models).await, 1);
    assert_eq!(world.tick(&mut models).await, 0);
    assert_eq!(world.count("registration.approval_took_effect.v1").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_review_that_goes_on_after_an_undone_approval_is_still_told_overdue() {
    let world = World::under(Policy { undo_window_minutes: 30, ..Policy::default() });
    let mut models = world.models().await;
    let case = submitted(&world).await;
    let due = world.state::<Registration>(case.id.0).await.case().unwrap().due().unwrap().clone();
    world.be(due.soon_at);
    world.tick(&mut models).await;
    world.approve(&case).await;
    world.tick(&mut models).await;
    let undo = RegistrationCommand::UndoApproval { reviewer: World::reviewer(), reason: reason("Too soon.") };
    world.ask::<Registration>(case.id.0, undo).await;
    world.tick(&mut models).await;
    world.be(due.at);
    world.tick(&mut models).await;
    assert_eq!(world.count("registration.review_due_soon.v1").await, 1);
    assert_eq!(world.count("registration.review_overdue.v1").await, 1);
}

async fn invite_user(world: &World) -> PersonId {
    let person = world.person();
    let invite = UserCommand::InviteUser {
        organization: OrganizationId(uuid(9)),
        organization_name: company("Rotor Works"),
        email: Personal::new(person, email("cy@rotor.example")),
    };
    world.ask::<User>(person.0, invite).await;
    person
}

#[tokio::test(flavor = "multi_thread")]
async fn more_self_registration_invitations_than_fit_a_page_expire_in_one_go() {
    let world = World::new();
    let mut models = world.models().await;
    let mut invited = Vec::new();
    for _ in 0..450 {
        invited.push(invite_user(&world).await);
    }
    world.pass(days(15));
    assert_eq!(world.tick(&mut models).await, 450);
    assert_eq!(world.count("user.invitation_expired.v1").await, 450);
    assert!(matches!(world.state::<User>(invited[449].0).await, UserState::InvitationExpired(_)));
    assert_eq!(world.tick(&mut models).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_could_not_be_asked_is_asked_again() {
    let mut world = World::new();
    let mut models = world.models().await;
    invite_user(&world).await;
    let approve = OrganizationCommand::ApproveOrg {
        registration: RegistrationId(uuid(8)),
        profile: profile("Rotor Works"),
        administrators: vec![world.person()],
    };
    world.ask::<Organization>(uuid(9), approve).await;
    world.pass(days(15));
    world.disk.fail_after(0);
    assert_eq!(world.tick(&mut models).await, 1);
    assert_eq!(world.count("user.invitation_expired.v1").await, 0);
    world.restart();
    assert_eq!(world.tick(&mut models).await, 1);
    assert_eq!(world.count("user.invitation_expired.v1").await, 1);
}
