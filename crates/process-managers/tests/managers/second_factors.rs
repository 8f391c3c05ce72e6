//! Who is asked for a second factor.

use command_handlers::workflows::NewUser;
use domain::access::{Access, AccessCommand};
use domain::application::{Application, ApplicationCommand, ApplicationDetails, CredentialStrength};
use domain::organization::{Organization, OrganizationCommand};
use domain::subscription::{Subscription, SubscriptionCommand, SubscriptionOrigin};
use domain::testing::{company, contact, profile, reason, uuid};
use domain::user::{User, UserCommand, UserOrigin, UserRole};
use domain::{AccessId, ApplicationId, CredentialId, InvitationId, OrganizationId, PersonId, Personal, RegistrationId, SubscriptionId};

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
