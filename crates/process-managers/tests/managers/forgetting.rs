//! A person is forgotten.

use credential_vault::{Holder, TokenRequest};
use domain::organization::{Organization, OrganizationCommand};
use domain::person::{Person, PersonCommand};
use domain::staff::{Staff, StaffCommand, StaffState};
use domain::testing::{contact, reason};
use domain::user::{User, UserState};
use domain::{ApplicationId, DomainEvent, OrganizationId, PersonId, Personal, StaffId, StaffRole};
use process_managers::Forgetting;
use projection_runtime::{Consumer, ConsumerError};

use super::world::{Case, ONE_TIME_PASSWORD, World};

async fn onboarded(world: &World) -> Case {
    let applications = [ApplicationId(uuid::Uuid::from_u128(1)), ApplicationId(uuid::Uuid::from_u128(2))];
    let case = world.submitted(OrganizationId(uuid::Uuid::from_u128(3)), applications, "150483782").await;
    world.approve(&case).await;
    world.settle().await;
    case
}

async fn is_readable(world: &World, person: PersonId) -> bool {
    let history = world.history().await;
    history.iter().any(|event| {
        matches!(&event.event, DomainEvent::User(of, domain::user::UserEvent::Created { contact, .. }) if *of == person && contact.get().is_some())
    })
}

#[tokio::test]
async fn a_forgotten_person_is_erased_from_history_caches_and_vault_once() {
    let world = World::new();
    let case = onboarded(&world).await;
    let UserState::PendingFirstLogin(bo) = world.state::<User>(case.bo.0).await else { panic!("Bo has no account") };
    assert!(is_readable(&world, case.bo).await);
    world.ask::<Person>(case.bo.0, PersonCommand::ForgetPerson { reason: reason("They asked for it.") }).await;
    world.settle().await;
    world.settle().await;

    assert_eq!(world.count("person.forgotten.v1").await, 1);
    assert!(!is_readable(&world, case.bo).await);
    assert!(is_readable(&world, case.ada).await, "nobody else is forgotten");
    let UserState::Closed(account) = world.state::<User>(case.bo.0).await else { panic!("the account is not closed") };
    assert_eq!(account.contact.get(), None, "folded states hold nothing any more");
    assert!(world.desk.workflows.sign_in(Some(&bo.user_id), ONE_TIME_PASSWORD, "", &world.sent()).await.is_err());
    assert!(world.keys.is_destroyed(case.bo).unwrap());
}

#[tokio::test]
async fn forgetting_that_is_killed_after_any_command_ends_as_one_that_is_not() {
    // Keys and vault are one for all forks, and a key is destroyed for good: each kill has a world of its own.
    for kills in [0, 1] {
        let mut world = World::new();
        let case = onboarded(&world).await;
        world.ask::<Person>(case.bo.0, PersonCommand::ForgetPerson { reason: reason("They asked for it.") }).await;
        let event = world.last("person.forgetting_started.v1").await;
        world.disk.fail_after(kills);
        let first = Forgetting(world.desk.clone()).handle(&event).await;
        assert!(matches!(first, Err(ConsumerError::Later(_))), "{kills}: {first:?}");
        world.restart();
        Forgetting(world.desk.clone()).handle(&event).await.unwrap();
        Forgetting(world.desk.clone()).handle(&event).await.unwrap();
        assert_eq!((world.count("user.closed.v1").await, world.count("person.forgotten.v1").await), (1, 1));
    }
}

#[tokio::test]
async fn the_last_active_administrator_is_forgotten_and_keeps_an_account_that_nobody_can_use() {
    let world = World::new();
    let case = onboarded(&world).await;
    let UserState::PendingFirstLogin(ada) = world.state::<User>(case.ada.0).await else { panic!("Ada has no account") };
    world.ask::<Organization>(case.organization.0, OrganizationCommand::EstablishAdministrator { administrator: case.ada }).await;
    world.ask::<Person>(case.ada.0, PersonCommand::ForgetPerson { reason: reason("They asked for it.") }).await;
    world.settle().await;
    assert_eq!(world.count("person.forgotten.v1").await, 1);
    assert_eq!(world.count("user.closed.v1").await, 0);
    assert!(world.keys.is_destroyed(case.ada).unwrap());
    assert!(world.desk.workflows.sign_in(Some(&ada.user_id), ONE_TIME_PASSWORD, "", &world.sent()).await.is_err());
}

#[tokio::test]
async fn who_is_on_the_staff_and_is_forgotten_leaves_it_and_their_tokens_end() {
    let world = World::new();
    let models = world.models().await;
    let appoint = async |number: u128| {
        let (staff, person) = (StaffId(uuid::Uuid::from_u128(number)), world.person());
        let roles = vec![StaffRole::Reviewer];
        let contact = Personal::new(person, contact("Rita"));
        world.ask::<Staff>(staff.0, StaffCommand::AppointStaff { contact, roles: roles.clone() }).await;
        let holder = Holder::Staff { staff, roles };
        let request = TokenRequest { name: "Rita's".to_owned(), holder, scopes: vec![], expires_at: None };
        (staff, person, world.vault.issue_token(request, world.now()).await.unwrap().secret)
    };
    let ((rita, person, hers), (eve, _, others)) = (appoint(1).await, appoint(2).await);
    world.ask::<Person>(person.0, PersonCommand::ForgetPerson { reason: reason("They asked for it.") }).await;
    world.feed(&models.managers(&world)).await;
    assert!(matches!(world.state::<Staff>(rita.0).await, StaffState::Dismissed(_)));
    assert!(matches!(world.state::<Staff>(eve.0).await, StaffState::Member(_)));
    let works = async |secret: &str| world.vault.authenticate_token(secret, world.now()).await.unwrap().is_some();
    assert!(!works(&hers).await && works(&others).await);
}
