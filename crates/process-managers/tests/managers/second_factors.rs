//! Who is asked for a second factor; and how one ends that was taken away.

use command_handlers::workflows::{AccountHolder, NewUser};
use credential_vault::SessionHolder;
use domain::access::{Access, AccessCommand};
use domain::application::{Application, ApplicationCommand, ApplicationDetails, CredentialStrength};
use domain::credential::CredentialEvent;
use domain::organization::{Organization, OrganizationCommand};
use domain::sign_in::{OneTimePassword, SignInMeans};
use domain::subscription::{Subscription, SubscriptionCommand, SubscriptionOrigin};
use domain::testing::{company, contact, profile, reason, uuid};
use domain::user::{User, UserCommand, UserOrigin, UserRole};
use domain::{
    AccessId, ApplicationId, CredentialId, DomainEvent, InvitationId, OrganizationId, PersonId, Personal, RegistrationId, SubscriptionId,
};
use jiff::SignedDuration;
use process_managers::SecondFactors;
use projection_runtime::{Consumer, ConsumerError};

use super::world::World;

/// An organization that is subscribed to an application, with two users.
struct Company {
    id: OrganizationId,
    application: ApplicationId,
    ada: PersonId,
    bo: PersonId,
}

async fn create(world: &World, organization: OrganizationId, name: &str, roles: Vec<UserRole>) -> PersonId {
    let person = world.person();
    let new = NewUser {
        organization,
        organization_name: company("Rotor Works"),
        contact: Personal::new(person, contact(name)),
        roles,
        one_time_password: CredentialId(world.fresh()),
        origin: UserOrigin::Administrator(person),
    };
    world.desk.workflows.create_user(new, &world.sent()).await.unwrap();
    person
}

async fn amend(world: &World, application: ApplicationId, credential_strength: CredentialStrength) {
    let details = ApplicationDetails { credential_strength, ..World::details("SFT") };
    world.ask::<Application>(application.0, ApplicationCommand::AmendApplication { details }).await;
}

async fn founded(world: &World, strength: CredentialStrength) -> Company {
    let id = OrganizationId(world.fresh());
    let application = world.publish("SFT").await;
    amend(world, application, strength).await;
    let (registration, administrators) = (RegistrationId(world.fresh()), vec![PersonId(world.fresh())]);
    let approve = OrganizationCommand::ApproveOrg { registration, profile: profile("Rotor Works"), administrators };
    world.ask::<Organization>(id.0, approve).await;
    let origin = SubscriptionOrigin::Invitation(InvitationId(uuid(5)));
    let subscribe = SubscriptionCommand::SubscribeApp { organization: id, application, origin, needs_review: false };
    world.ask::<Subscription>(SubscriptionId::of(id, application).0, subscribe).await;
    let ada = create(world, id, "Ada", vec![]).await;
    let bo = create(world, id, "Bo", vec![]).await;
    Company { id, application, ada, bo }
}

impl Company {
    async fn grant(&self, world: &World, user: PersonId) {
        let (organization, application) = (self.id, self.application);
        let grant = AccessCommand::GrantAccess { user, organization, application, administrator: user, reason: None };
        world.ask::<Access>(AccessId::of(user, application).0, grant).await;
    }

    async fn revoke(&self, world: &World, user: PersonId) {
        let revoke = AccessCommand::RevokeAccess { administrator: None, reason: reason("Another task") };
        world.ask::<Access>(AccessId::of(user, self.application).0, revoke).await;
    }

    /// Whether Ada and Bo are asked for a second factor.
    async fn asked(&self, world: &World) -> (bool, bool) {
        let asked = async |person: PersonId| {
            world.state::<User>(person.0).await.account().unwrap().second_factor_asked_by.contains(&self.application)
        };
        (asked(self.ada).await, asked(self.bo).await)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_open_an_application_that_needs_a_second_factor_is_asked_for_one_as_long_as_they_may() {
    let world = World::new();
    let models = world.models().await;
    let managers = models.managers(&world);
    let company = founded(&world, CredentialStrength::OneTimePassword).await;
    company.grant(&world, company.ada).await;
    world.feed(&managers).await;
    assert_eq!(company.asked(&world).await, (true, false));
    company.revoke(&world, company.ada).await;
    world.feed(&managers).await;
    world.feed(&managers).await;
    assert_eq!(company.asked(&world).await, (false, false));
    assert_eq!(world.count("user.second_factor_asked.v1").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_administers_such_an_application_is_asked_without_access_of_their_own() {
    let world = World::new();
    let models = world.models().await;
    let managers = models.managers(&world);
    let company = founded(&world, CredentialStrength::OneTimePassword).await;
    let role = UserRole::ApplicationAdministrator(company.application);
    let eve = create(&world, company.id, "Eve", vec![role]).await;
    world.ask::<User>(company.bo.0, UserCommand::GrantRole { role }).await;
    world.feed(&managers).await;
    assert_eq!(company.asked(&world).await, (false, true));
    assert!(!world.state::<User>(eve.0).await.account().unwrap().second_factor_asked_by.is_empty());
    company.grant(&world, company.bo).await;
    world.ask::<User>(company.bo.0, UserCommand::RevokeRole { role, reason: reason("Another task") }).await;
    world.feed(&managers).await;
    assert_eq!(company.asked(&world).await, (false, true), "access is reason enough");
}

#[tokio::test(flavor = "multi_thread")]
async fn where_the_catalogue_changes_everybody_concerned_is_asked_or_not_any_more() {
    let world = World::new();
    let models = world.models().await;
    let managers = models.managers(&world);
    let company = founded(&world, CredentialStrength::Password).await;
    company.grant(&world, company.ada).await;
    world.feed(&managers).await;
    assert_eq!(company.asked(&world).await, (false, false));
    amend(&world, company.application, CredentialStrength::OneTimePassword).await;
    models.wait(&world).await;
    world.feed(&managers).await;
    assert_eq!(company.asked(&world).await, (true, false));
    amend(&world, company.application, CredentialStrength::Password).await;
    models.wait(&world).await;
    world.feed(&managers).await;
    assert_eq!(company.asked(&world).await, (false, false));
}

/// Somebody whose token is a second factor of theirs.
async fn with_token(world: &World, company: &Company, serial: &str) -> CredentialId {
    let OneTimePassword::Issued(one_time_password) = means(world, company.ada).await.one_time_password else { panic!("used") };
    world.ask::<User>(company.ada.0, UserCommand::RedeemOneTimePassword { one_time_password }).await;
    world.ask::<User>(company.ada.0, UserCommand::SetPassword { password: CredentialId(world.fresh()) }).await;
    world.stock(serial).await;
    let credential = world.register_token(company.ada, serial).await;
    world.ask::<User>(company.ada.0, UserCommand::AddSecondFactor { credential }).await;
    credential
}

async fn means(world: &World, person: PersonId) -> SignInMeans {
    world.state::<User>(person.0).await.account().unwrap().means.clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_factor_whose_removal_was_killed_ends_all_the_same_and_its_token_is_free() {
    let mut world = World::new();
    let models = world.models().await;
    let company = founded(&world, CredentialStrength::Password).await;
    let credential = with_token(&world, &company, "SN-1").await;
    // The user's stream is told, and the process dies before the credential's is.
    let holder = AccountHolder { person: company.ada, holder: SessionHolder::User { organization: company.id } };
    world.disk.fail_after(1);
    let killed = world.desk.workflows.revoke_credential(holder, credential, reason("Lost it."), &world.sent()).await;
    assert!(killed.is_err());
    world.restart();
    assert_eq!(world.count("user.second_factor_removed.v1").await, 1);
    assert_eq!(world.has_ended(company.ada, credential).await, (true, false));

    let event = world.last("user.second_factor_removed.v1").await;
    let manager = SecondFactors::new(world.desk.clone(), models.lists.clone());
    assert!(matches!(manager.handle(&event).await, Err(ConsumerError::Later(_))), "whoever did it may be about to");
    world.pass(SignedDuration::from_secs(10));
    world.disk.fail_after(0);
    assert!(matches!(manager.handle(&event).await, Err(ConsumerError::Later(_))));
    world.restart();
    let managers = models.managers(&world);
    world.feed(&managers).await;
    world.feed(&managers).await;
    assert_eq!(world.has_ended(company.ada, credential).await, (true, true));
    assert_eq!(world.count("credential.revoked.v1").await, 1);
    assert!(world.vault.release_token("SN-1").await.unwrap());
    world.register_token(company.bo, "SN-1").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_removal_that_was_killed_before_the_vault_heard_of_it_is_made_good_unless_the_factor_was_shown_to_work_again() {
    for shown_again in [false, true] {
        let world = World::new();
        let models = world.models().await;
        let company = founded(&world, CredentialStrength::Password).await;
        let credential = with_token(&world, &company, "SN-1").await;
        world.ask::<User>(company.ada.0, UserCommand::RemoveSecondFactor { credential }).await;
        if shown_again {
            world.ask::<User>(company.ada.0, UserCommand::AddSecondFactor { credential }).await;
        }
        world.pass(SignedDuration::from_secs(10));
        world.feed(&models.managers(&world)).await;
        assert_eq!(world.has_ended(company.ada, credential).await, (!shown_again, !shown_again));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_takes_a_second_factor_away_says_why_themselves() {
    let world = World::new();
    let models = world.models().await;
    let company = founded(&world, CredentialStrength::Password).await;
    let credential = with_token(&world, &company, "SN-1").await;
    let holder = AccountHolder { person: company.ada, holder: SessionHolder::User { organization: company.id } };
    world.desk.workflows.revoke_credential(holder, credential, reason("Lost it."), &world.sent()).await.unwrap();
    world.feed(&models.managers(&world)).await;
    assert_eq!(world.count("credential.revoked.v1").await, 1);
    let DomainEvent::Credential(_, CredentialEvent::Revoked { reason, .. }) = world.last("credential.revoked.v1").await.event else {
        panic!("another event")
    };
    assert_eq!(reason.as_str(), "Lost it.");
}
