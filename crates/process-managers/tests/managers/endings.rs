//! What ends with an organization, a subscription or an account; and a calendar that changes.

use std::collections::BTreeSet;

use command_handlers::workflows::NewUser;
use credential_vault::{Assurance, IssuedSession, NamedBy, NewSessionOf, OpenedBy, SessionHolder, SessionLifetime};
use domain::access::{Access, AccessCommand, AccessState};
use domain::calendar::{BusinessCalendar, Calendar, CalendarCommand};
use domain::organization::{Organization, OrganizationCommand};
use domain::registration::Registration;
use domain::staff::{Staff, StaffCommand};
use domain::subscription::{Subscription, SubscriptionCommand, SubscriptionOrigin, SubscriptionState};
use domain::testing::{company, contact, profile, reason, uuid};
use domain::user::{User, UserCommand, UserOrigin, UserRole, UserState};
use domain::{
    AccessId, ApplicationId, CalendarId, CredentialId, InvitationId, OrganizationId, PersonId, Personal, Policy, RegistrationId, StaffId,
    StaffRole, SubscriptionId, UserId,
};
use jiff::{SignedDuration, Timestamp};
use process_managers::Calendars;
use projection_runtime::{Consumer, ConsumerError};

use super::world::{ONE_TIME_PASSWORD, World};

const SFT: ApplicationId = ApplicationId(uuid::Uuid::from_u128(0xa1));
const BSCP: ApplicationId = ApplicationId(uuid::Uuid::from_u128(0xa2));

/// An organization of two users, the first of whom administers it, subscribed to two applications that both may open.
struct Company {
    id: OrganizationId,
    ada: PersonId,
    bo: PersonId,
}

async fn subscribe(world: &World, organization: OrganizationId, application: ApplicationId) {
    let subscribe = SubscriptionCommand::SubscribeApp {
        organization,
        application,
        origin: SubscriptionOrigin::Invitation(InvitationId(uuid(5))),
        needs_review: false,
    };
    world.ask::<Subscription>(SubscriptionId::of(organization, application).0, subscribe).await;
}

async fn grant(world: &World, organization: OrganizationId, user: PersonId, application: ApplicationId) {
    let grant = AccessCommand::GrantAccess { user, organization, application, administrator: user, reason: None };
    world.ask::<Access>(AccessId::of(user, application).0, grant).await;
}

async fn create(world: &World, organization: OrganizationId, person: PersonId, name: &str, roles: Vec<UserRole>) {
    let new = NewUser {
        organization,
        organization_name: company("Rotor Works"),
        contact: Personal::new(person, contact(name)),
        roles,
        one_time_password: CredentialId(world.fresh()),
        origin: UserOrigin::Administrator(person),
    };
    world.desk.workflows.create_user(new, &world.sent()).await.unwrap();
}

async fn founded(world: &World) -> Company {
    let (id, ada, bo) = (OrganizationId(world.fresh()), world.person(), world.person());
    let approve = OrganizationCommand::ApproveOrg {
        registration: RegistrationId(world.fresh()),
        profile: profile("Rotor Works"),
        administrators: vec![ada],
    };
    world.ask::<Organization>(id.0, approve).await;
    create(world, id, ada, "Ada", vec![UserRole::OrganizationAdministrator]).await;
    create(world, id, bo, "Bo", vec![]).await;
    for application in [SFT, BSCP] {
        subscribe(world, id, application).await;
        grant(world, id, ada, application).await;
        grant(world, id, bo, application).await;
    }
    Company { id, ada, bo }
}

async fn access(world: &World, user: PersonId, application: ApplicationId) -> AccessState {
    world.state::<Access>(AccessId::of(user, application).0).await
}

#[tokio::test(flavor = "multi_thread")]
async fn with_an_organization_its_subscriptions_access_and_accounts_end_once() {
    let world = World::new();
    let models = world.models().await;
    let managers = models.managers(&world);
    let closed = founded(&world).await;
    let other = founded(&world).await;
    world.feed(&managers).await;
    world.ask::<Organization>(closed.id.0, OrganizationCommand::CloseOrg { reason: reason("They merged.") }).await;
    world.feed(&managers).await;
    world.feed(&managers).await;

    for application in [SFT, BSCP] {
        let state = world.state::<Subscription>(SubscriptionId::of(closed.id, application).0).await;
        assert!(matches!(state, SubscriptionState::Ended(_)));
        for user in [closed.ada, closed.bo] {
            assert!(matches!(access(&world, user, application).await, AccessState::Revoked(_)));
        }
        assert!(access(&world, other.bo, application).await.is_granted());
    }
    for user in [closed.ada, closed.bo] {
        assert!(matches!(world.state::<User>(user.0).await, UserState::Closed(_)));
    }
    assert_eq!(world.count("subscription.ended.v1").await, 2);
    assert_eq!(world.count("access.revoked.v1").await, 4);
    assert_eq!(world.count("user.closed.v1").await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closing_that_is_killed_after_any_command_ends_as_one_that_is_not() {
    let base = World::new();
    let closed = founded(&base).await;
    base.ask::<Organization>(closed.id.0, OrganizationCommand::CloseOrg { reason: reason("They merged.") }).await;
    let event = base.last("organization.closed.v1").await;
    for kills in [0, 1, 2, 3] {
        let mut world = base.fork();
        let models = world.models().await;
        world.disk.fail_after(kills);
        let managers = models.managers(&world);
        let endings = managers.iter().find(|manager| manager.name() == "endings").unwrap();
        let first = endings.handle(&event).await;
        assert!(matches!(first, Err(ConsumerError::Later(_))), "{kills}: {first:?}");
        world.restart();
        let managers = models.managers(&world);
        world.feed(&managers).await;
        let mut counts = Vec::new();
        for event_type in ["subscription.ended.v1", "access.revoked.v1", "user.closed.v1"] {
            counts.push(world.count(event_type).await);
        }
        assert_eq!(counts, [2, 4, 2], "after {kills} appends");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn with_a_subscription_the_access_to_its_application_ends() {
    let world = World::new();
    let models = world.models().await;
    let managers = models.managers(&world);
    let company = founded(&world).await;
    let end = SubscriptionCommand::EndSubscription { reason: reason("Not needed.") };
    world.ask::<Subscription>(SubscriptionId::of(company.id, SFT).0, end).await;
    world.feed(&managers).await;
    assert!(matches!(access(&world, company.bo, SFT).await, AccessState::Revoked(_)));
    assert!(access(&world, company.bo, BSCP).await.is_granted());
    // Granted by somebody who had looked before it ended.
    grant(&world, company.id, company.bo, SFT).await;
    world.feed(&managers).await;
    assert!(matches!(access(&world, company.bo, SFT).await, AccessState::Revoked(_)));
    // Subscribed again, it can be granted again.
    subscribe(&world, company.id, SFT).await;
    grant(&world, company.id, company.bo, SFT).await;
    world.feed(&managers).await;
    assert!(access(&world, company.bo, SFT).await.is_granted());
    // As after a restore: all events come again, and the read models know how it ended.
    models.wait(&world).await;
    world.feed(&managers).await;
    assert!(access(&world, company.bo, SFT).await.is_granted());
}

async fn signed_in(world: &World, person: PersonId, holder: SessionHolder) -> IssuedSession {
    let (assurance, lifetime) = (Assurance::OneFactor, SessionLifetime::USERS);
    let new = NewSessionOf { person, holder, opened_by: OpenedBy::Provider, assurance, proved_at: None, lifetime, label: String::new() };
    world.vault.create_session(new, world.now()).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn in_an_organization_that_is_suspended_nobody_stays_signed_in() {
    let world = World::new();
    let models = world.models().await;
    let managers = models.managers(&world);
    let (company, other) = (founded(&world).await, founded(&world).await);
    let mut sessions = Vec::new();
    for (of, person) in [(&company, company.ada), (&company, company.bo), (&other, other.bo)] {
        sessions.push(signed_in(&world, person, SessionHolder::User { organization: of.id }).await);
    }
    let here = async || {
        let mut here = Vec::new();
        for session in &sessions {
            here.push(world.vault.find_session(&session.secret, world.now()).await.unwrap().is_some());
        }
        here
    };
    world.feed(&managers).await;
    assert_eq!(here().await, [true, true, true]);
    world.ask::<Organization>(company.id.0, OrganizationCommand::SuspendOrg { reason: reason("Unpaid.") }).await;
    world.feed(&managers).await;
    assert_eq!(here().await, [false, false, true]);
    // Reinstated, they sign in again, and stay when the old events come again.
    world.ask::<Organization>(company.id.0, OrganizationCommand::ReinstateOrg { reason: reason("Paid.") }).await;
    let again = signed_in(&world, company.bo, SessionHolder::User { organization: company.id }).await;
    world.feed(&managers).await;
    assert!(world.vault.find_session(&again.secret, world.now()).await.unwrap().is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn with_an_account_what_it_was_signed_in_with_ends_and_its_token_goes_to_somebody_else() {
    let world = World::new();
    let models = world.models().await;
    let managers = models.managers(&world);
    let company = founded(&world).await;
    world.stock("SN-1").await;
    let token = world.register_token(company.bo, "SN-1").await;
    // Begun, and never heard of by the log.
    let begun = CredentialId(world.fresh());
    world.vault.put_authenticator(begun, company.bo, world.now()).await.unwrap().unwrap();
    world.feed(&managers).await;
    assert_eq!(world.has_ended(company.bo, token).await, (false, false));
    assert!(!world.vault.release_token("SN-1").await.unwrap());
    world.ask::<User>(company.bo.0, UserCommand::CloseUser { reason: reason("Left.") }).await;
    let closed = world.last("user.closed.v1").await;
    let endings = managers.iter().find(|manager| manager.name() == "endings").unwrap();
    // Killed between vault and log, it is done when the event comes again.
    world.disk.fail_after(0);
    assert!(matches!(endings.handle(&closed).await, Err(ConsumerError::Later(_))));
    assert_eq!(world.has_ended(company.bo, token).await, (true, false));
    world.disk.repair();
    world.feed(&managers).await;
    world.feed(&managers).await;
    assert_eq!(world.has_ended(company.bo, token).await, (true, true));
    assert_eq!(world.has_ended(company.bo, begun).await, (true, false));
    assert_eq!(world.count("credential.revoked.v1").await, 1);
    assert!(world.vault.release_token("SN-1").await.unwrap());
    world.register_token(company.ada, "SN-1").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_leaves_the_staff_leaves_what_they_signed_in_with() {
    let world = World::new();
    let models = world.models().await;
    let managers = models.managers(&world);
    let (staff, person) = (StaffId(world.fresh()), world.person());
    let appoint = StaffCommand::AppointStaff { contact: Personal::new(person, contact("Rita")), roles: vec![StaffRole::Reviewer] };
    world.ask::<Staff>(staff.0, appoint).await;
    let one_time_password = CredentialId(world.fresh());
    world
        .vault
        .put_one_time_password(one_time_password, person, NamedBy::Stream(staff.0), ONE_TIME_PASSWORD, None, world.now())
        .await
        .unwrap();
    let user_id = UserId::derive(world.fresh());
    world.ask::<Staff>(staff.0, StaffCommand::IssueStaffOneTimePassword { user_id, one_time_password }).await;
    world.vault.activate(one_time_password).await.unwrap();
    world.stock("SN-1").await;
    let token = world.register_token(person, "SN-1").await;
    let session = signed_in(&world, person, SessionHolder::Staff { staff }).await;
    world.ask::<Staff>(staff.0, StaffCommand::DismissStaff { reason: reason("Retired.") }).await;
    world.feed(&managers).await;
    world.feed(&managers).await;
    assert_eq!(world.has_ended(person, token).await, (true, true));
    assert_eq!(world.count("credential.revoked.v1").await, 1);
    assert!(world.vault.find_session(&session.secret, world.now()).await.unwrap().is_none());
    assert!(!world.vault.activate(one_time_password).await.unwrap(), "it was revoked");
}

#[tokio::test(flavor = "multi_thread")]
async fn with_an_account_access_and_sessions_end() {
    let world = World::new();
    let models = world.models().await;
    let managers = models.managers(&world);
    let company = founded(&world).await;
    let session = signed_in(&world, company.bo, SessionHolder::User { organization: company.id }).await;
    assert!(world.vault.find_session(&session.secret, world.now()).await.unwrap().is_some());
    world.ask::<User>(company.bo.0, UserCommand::CloseUser { reason: reason("Left.") }).await;
    world.feed(&managers).await;
    assert!(world.vault.find_session(&session.secret, world.now()).await.unwrap().is_none());
    for application in [SFT, BSCP] {
        assert!(matches!(access(&world, company.bo, application).await, AccessState::Revoked(_)));
        assert!(access(&world, company.ada, application).await.is_granted());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_opened_in_an_organization_that_is_closing_ends_too() {
    let world = World::new();
    let models = world.models().await;
    let managers = models.managers(&world);
    let company = founded(&world).await;
    world.ask::<Organization>(company.id.0, OrganizationCommand::CloseOrg { reason: reason("They merged.") }).await;
    world.feed(&managers).await;
    let (late, person) = (ApplicationId(uuid(0xa3)), world.person());
    subscribe(&world, company.id, late).await;
    create(&world, company.id, person, "Cy", vec![]).await;
    world.feed(&managers).await;
    assert!(matches!(world.state::<Subscription>(SubscriptionId::of(company.id, late).0).await, SubscriptionState::Ended(_)));
    assert!(matches!(world.state::<User>(person.0).await, UserState::Closed(_)));
}

#[tokio::test(flavor = "multi_thread")]
async fn another_calendar_moves_every_case_under_review_once_it_is_in_force() {
    let world = World::new();
    let models = world.models().await;
    let applications = [SFT, BSCP];
    let case = world.submitted(OrganizationId(uuid(3)), applications, "150483782").await;
    let claimed = world.submitted(OrganizationId(uuid(3)), applications, "150483783").await;
    world.claim(&claimed).await;
    let calendar =
        BusinessCalendar { version: 2, holidays: BTreeSet::from([jiff::civil::date(2026, 3, 3)]), ..BusinessCalendar::default() };
    world.ask::<Calendar>(CalendarId::OPERATOR.0, CalendarCommand::AdoptCalendar { calendar: calendar.clone() }).await;
    let event = world.last("calendar.adopted.v1").await;
    let manager = Calendars::new(world.desk.clone(), models.lists.clone());
    assert!(matches!(manager.handle(&event).await, Err(ConsumerError::Later(_))), "it is not in force yet");

    let due = async |id: RegistrationId| -> Timestamp { world.state::<Registration>(id.0).await.case().unwrap().due().unwrap().at };
    let before = due(case.id).await;
    world.desk.handlers.set_policy(Policy { calendar, ..Policy::default() });
    manager.handle(&event).await.unwrap();
    manager.handle(&event).await.unwrap();
    assert_eq!(world.count("registration.due_moved.v1").await, 2);
    for id in [case.id, claimed.id] {
        assert_eq!(due(id).await, before.checked_add(SignedDuration::from_hours(24)).unwrap(), "a holiday moves it by a day");
    }
}
