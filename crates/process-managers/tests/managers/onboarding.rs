//! Approvals, offers, administrators.

use std::collections::BTreeSet;

use domain::invitation::{Invitation, InvitationCommand, InvitationState};
use domain::organization::{Organization, OrganizationCommand, OrganizationState, Standing};
use domain::registration::{Registration, RegistrationCommand, Stage};
use domain::relationship::Relationship;
use domain::sign_in::OneTimePassword;
use domain::subscription::Subscription;
use domain::testing::{profile, reason, uuid};
use domain::user::{User, UserCommand, UserRole, UserState};
use domain::{ApplicationId, OrganizationId, RegistrationId, RelationshipId, SubscriptionId, TermsVersion};
use process_managers::{Offers, Onboarding};
use projection_runtime::{Consumer, ConsumerError};

use super::world::{ONE_TIME_PASSWORD, World};

const APPLICATIONS: [ApplicationId; 2] = [ApplicationId(uuid::Uuid::from_u128(0xa1)), ApplicationId(uuid::Uuid::from_u128(0xa2))];

fn partner() -> OrganizationId {
    OrganizationId(uuid(0x9a))
}

/// What the log says, without what differs from run to run: when, and how it is sealed.
async fn facts(world: &World) -> BTreeSet<(String, String, String)> {
    let history = world.history().await;
    let facts: BTreeSet<_> =
        history.iter().map(|event| (format!("{:?}", event.stream), event.id.to_string(), event.event_type.to_string())).collect();
    assert_eq!(facts.len(), history.len(), "something happened twice");
    facts
}

#[tokio::test]
async fn an_approval_creates_organization_accounts_subscriptions_and_relationship_once() {
    let world = World::new();
    let case = world.submitted(partner(), APPLICATIONS, "150483782").await;
    world.approve(&case).await;
    world.settle().await;
    let once = facts(&world).await;
    world.settle().await;
    assert_eq!(facts(&world).await, once);

    let organization = world.state::<Organization>(case.organization.0).await;
    assert!(organization.is_in_good_standing());
    assert_eq!(organization.registered().unwrap().administrators.get(&case.ada), Some(&Standing::Expected));
    let UserState::PendingFirstLogin(ada) = world.state::<User>(case.ada.0).await else { panic!("Ada has no account") };
    let UserState::PendingFirstLogin(bo) = world.state::<User>(case.bo.0).await else { panic!("Bo has no account") };
    assert_eq!(ada.roles, BTreeSet::from([UserRole::OrganizationAdministrator]));
    assert_eq!(bo.roles, BTreeSet::from([UserRole::ApplicationAdministrator(APPLICATIONS[1])]));
    assert_ne!(ada.user_id, bo.user_id);
    for application in APPLICATIONS {
        assert!(world.state::<Subscription>(SubscriptionId::of(case.organization, application).0).await.is_active());
    }
    assert_ne!(world.state::<Relationship>(RelationshipId::of(case.organization, partner()).0).await, Default::default());
    let signed_in = world.desk.workflows.sign_in(Some(&ada.user_id), ONE_TIME_PASSWORD, "", &world.sent()).await.unwrap();
    assert_eq!(signed_in.session.person, case.ada);
}

#[tokio::test]
async fn an_approval_that_is_killed_after_any_command_ends_as_one_that_is_not() {
    let world = World::new();
    let case = world.submitted(partner(), APPLICATIONS, "150483782").await;
    world.approve(&case).await;
    let event = world.last("registration.approval_took_effect.v1").await;
    let whole = world.fork();
    Onboarding(whole.desk.clone()).handle(&event).await.unwrap();
    let expected = facts(&whole).await;

    let mut kills = 0;
    loop {
        let mut world = world.fork();
        world.disk.fail_after(kills);
        let first = Onboarding(world.desk.clone()).handle(&event).await;
        world.restart();
        Onboarding(world.desk.clone()).handle(&event).await.unwrap();
        Onboarding(world.desk.clone()).handle(&event).await.unwrap();
        assert_eq!(facts(&world).await, expected, "after {kills} appends");
        match first {
            Ok(()) => break,
            Err(ConsumerError::Later(_)) => kills += 1,
            Err(ConsumerError::Stop(reason)) => panic!("stopped after {kills} appends: {reason}"),
        }
    }
    // Organization, its identifier's reservation is the approval's; two User IDs, two users, two subscriptions, a relationship.
    assert!(kills >= 8, "{kills}");
}

#[tokio::test]
async fn an_approval_whose_organization_cannot_come_to_be_creates_no_accounts_and_is_seen() {
    let world = World::new();
    let case = world.submitted(partner(), APPLICATIONS, "150483782").await;
    world.approve(&case).await;
    let approve = OrganizationCommand::ApproveOrg {
        registration: RegistrationId(uuid(0xbad)),
        profile: profile("Somebody Else"),
        administrators: vec![world.person()],
    };
    world.ask::<Organization>(case.organization.0, approve).await;
    let event = world.last("registration.approval_took_effect.v1").await;
    let handled = Onboarding(world.desk.clone()).handle(&event).await;
    assert!(matches!(handled, Err(ConsumerError::Stop(_))), "{handled:?}");
    assert_eq!(world.count("user.created.v1").await, 0);
}

/// An organization that nobody but its administrator is in.
async fn organization(world: &World) -> OrganizationId {
    let organization = OrganizationId(world.fresh());
    let approve = OrganizationCommand::ApproveOrg {
        registration: RegistrationId(world.fresh()),
        profile: profile("Rotor Works GmbH"),
        administrators: vec![world.person()],
    };
    world.ask::<Organization>(organization.0, approve).await;
    organization
}

#[tokio::test]
async fn an_accepted_offer_subscribes_the_organization_once() {
    let mut world = World::new();
    let application = world.publish("SFT").await;
    let organization = organization(&world).await;
    let invite = command_handlers::workflows::Invite { organization: Some(organization), ..world.invite("Rotor Works", application) };
    let (invitation, _) = world.desk.workflows.invite_org(invite, &world.sent()).await.unwrap();
    world.ask::<Invitation>(invitation.0, InvitationCommand::AcceptOffer { organization }).await;
    let event = world.last("invitation.offer_accepted.v1").await;
    world.disk.fail_after(0);
    assert!(matches!(Offers(world.desk.clone()).handle(&event).await, Err(ConsumerError::Later(_))));
    world.restart();
    world.settle().await;
    world.settle().await;
    assert!(world.state::<Subscription>(SubscriptionId::of(organization, application).0).await.is_active());
    assert_eq!(world.count("subscription.activated.v1").await, 1);
}

#[tokio::test]
async fn an_acceptance_that_was_killed_before_its_registration_begins_it() {
    let mut world = World::new();
    let application = world.publish("SFT").await;
    let invitation = world.invited("Fastener Works", application).await;
    world.disk.fail_after(1);
    assert!(world.desk.workflows.accept_invitation(invitation, 0, &world.sent()).await.is_err());
    world.restart();
    assert_eq!(world.count("registration.started.v2").await, 0);
    world.settle().await;
    world.settle().await;
    assert_eq!(world.count("registration.started.v2").await, 1);
}

#[tokio::test]
async fn who_is_invited_to_applications_of_which_one_is_retired_registers_for_the_others() {
    let world = World::new();
    let (stays, goes) = (world.publish("SFT").await, world.publish("BSCP").await);
    let invite = command_handlers::workflows::Invite { applications: vec![stays, goes], ..world.invite("Fastener Works", stays) };
    let (invitation, _) = world.desk.workflows.invite_org(invite, &world.sent()).await.unwrap();
    world.retire(goes).await;
    let (case, _) = world.desk.workflows.accept_invitation(invitation, 0, &world.sent()).await.unwrap();
    let requested = world.state::<Registration>(case.0).await.case().unwrap().dossier.applications.clone();
    assert_eq!(requested.iter().map(|requested| requested.application).collect::<Vec<_>>(), [stays]);
}

#[tokio::test]
async fn an_invitation_to_nothing_but_retired_applications_stays_open_and_says_so() {
    let world = World::new();
    let application = world.publish("SFT").await;
    let invitation = world.invited("Fastener Works", application).await;
    world.retire(application).await;
    let refused = world.desk.workflows.accept_invitation(invitation, 0, &world.sent()).await.unwrap_err();
    assert!(refused.to_string().contains("please ask whoever invited you"), "{refused}");
    assert!(matches!(world.invitation(invitation).await, InvitationState::Open(_)));
}

#[tokio::test]
async fn the_invitation_of_a_linked_case_becomes_an_offer_that_holds_the_company_s_name() {
    let world = World::new();
    let application = world.publish("SFT").await;
    let organization = organization(&world).await;
    let invitation = world.invited("Rotor Works", application).await;
    let (registration, _) = world.desk.workflows.accept_invitation(invitation, 0, &world.sent()).await.unwrap();
    world.settle().await;
    world.desk.workflows.link_invitation(invitation, organization, &world.sent()).await.unwrap();
    world.settle().await;
    let InvitationState::Open(invited) = world.invitation(invitation).await else { panic!("not open") };
    assert_eq!(invited.organization, Some(organization));
    let again = world.desk.workflows.invite_org(world.invite("Rotor Works", application), &world.sent()).await;
    assert!(again.is_err(), "the company has an open offer");
    assert!(matches!(world.state::<Registration>(registration.0).await.case().unwrap().stage, Stage::Filling));
}

#[tokio::test]
async fn a_reviewer_who_links_a_case_turns_its_invitation_into_an_offer() {
    let world = World::new();
    let application = world.publish("SFT").await;
    let organization = organization(&world).await;
    let invitation = world.invited("Rotor Works", application).await;
    let (id, _) = world.desk.workflows.accept_invitation(invitation, 0, &world.sent()).await.unwrap();
    world.fill_in(id, "150483782", None).await;
    world.ask::<Registration>(id.0, RegistrationCommand::ClaimRegistration { reviewer: World::reviewer() }).await;
    let dossier_version = world.state::<Registration>(id.0).await.case().unwrap().dossier.version;
    let link = RegistrationCommand::LinkToOrganization {
        reviewer: World::reviewer(),
        dossier_version,
        organization,
        reason: reason("They are registered."),
    };
    world.ask::<Registration>(id.0, link).await;
    world.settle().await;
    world.settle().await;
    let InvitationState::Open(invited) = world.invitation(invitation).await else { panic!("not open") };
    assert_eq!(invited.organization, Some(organization));
    assert_eq!(world.count("invitation.linked_to_organization.v1").await, 1);
}

async fn established(world: &World, person: domain::PersonId) {
    let UserState::PendingFirstLogin(account) = world.state::<User>(person.0).await else { panic!("no account") };
    let OneTimePassword::Issued(_) = account.means.one_time_password else { panic!("no one-time password") };
    let signed_in = world.desk.workflows.sign_in(Some(&account.user_id), ONE_TIME_PASSWORD, "", &world.sent()).await.unwrap();
    world.desk.workflows.set_password(&signed_in.session, "granite-Lantern-77-meadow-fox", &world.sent()).await.unwrap();
    world.ask::<User>(person.0, UserCommand::ConfirmProfile { contact: account.contact }).await;
    let version = TermsVersion::parse(&world.policy.terms_version).unwrap();
    world.ask::<User>(person.0, UserCommand::AcceptTerms { version }).await;
}

#[tokio::test]
async fn the_organization_knows_when_its_administrator_is_established_suspended_and_back() {
    let world = World::new();
    let case = world.submitted(partner(), APPLICATIONS, "150483782").await;
    world.approve(&case).await;
    world.settle().await;
    established(&world, case.ada).await;
    established(&world, case.bo).await;
    world.ask::<User>(case.bo.0, UserCommand::GrantRole { role: UserRole::OrganizationAdministrator }).await;
    world.settle().await;
    world.settle().await;
    let both: Vec<_> = world.state::<Organization>(case.organization.0).await.active_administrators().collect();
    assert_eq!(both, [case.ada, case.bo]);
    assert_eq!(world.count("organization.administrator_established.v1").await, 2);

    world.ask::<User>(case.bo.0, UserCommand::SuspendUser { reason: reason("On leave.") }).await;
    world.settle().await;
    let one: Vec<_> = world.state::<Organization>(case.organization.0).await.active_administrators().collect();
    assert_eq!(one, [case.ada]);
    world.ask::<User>(case.bo.0, UserCommand::ReinstateUser { reason: reason("Back.") }).await;
    world.settle().await;
    let state = world.state::<Organization>(case.organization.0).await;
    assert!(state.has_active_administrator(case.bo));
    assert!(matches!(state, OrganizationState::Registered(_)));
}
