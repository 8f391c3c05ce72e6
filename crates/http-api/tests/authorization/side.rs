//! One of three parts of the world that have nothing to do with each other: an owner of an application, an organization that is
//! subscribed to it, and all that happens between them.

use credential_vault::{ImportedToken, InventoryToken, OtpAlgorithm, OtpDigits, OtpHash, SessionHolder};
use domain::access::{Access, AccessCommand};
use domain::person::{Person, PersonCommand};
use domain::relationship::{Relationship, RelationshipCommand};
use domain::subscription::{Subscription, SubscriptionCommand, SubscriptionOrigin};
use domain::testing::{company, contact, email, reason};
use domain::user::{User, UserCommand, UserOrigin, UserRole};
use domain::{
    AccessId, Aggregate, ApplicationId, CredentialId, OrganizationId, Owner, PersonId, Personal, RegistrationId, RelationshipId, StaffRole,
    SubscriptionId, UserId,
};
use serde_json::json;
use uuid::Uuid;
use zeroize::Zeroizing;

use super::accounts::Own;
use super::common::Api;
use super::walk::{Walk, invitation, nominee, of_organization};

/// A part of the world.
pub(crate) struct Side {
    /// The partner, if the owner is not the operator.
    pub(crate) partner: Option<OrganizationId>,
    /// Of an administrator of the service, where the owner is the operator.
    pub(crate) owner_token: String,
    pub(crate) application: ApplicationId,
    pub(crate) organization: OrganizationId,
    /// Who administers the organization.
    pub(crate) administrator: PersonId,
    /// Who administers the application for the organization.
    pub(crate) keeper: PersonId,
    /// Who has access to the application.
    pub(crate) user: PersonId,
    /// Who is in first-time login.
    pub(crate) new_user: PersonId,
    /// Who was invited to become a user.
    pub(crate) invitee: PersonId,
    /// Who was a user once, and is forgotten.
    pub(crate) erased: PersonId,
    /// An invitation that was not followed yet.
    pub(crate) invitation: Uuid,
    /// An invitation of the organization itself.
    pub(crate) offer: Uuid,
    /// The registration that began by an invitation, the person named in it, and the link.
    pub(crate) invited: Begun,
    /// The registration that began without one.
    pub(crate) public: Begun,
    /// What its people sign in with, and where they are signed in.
    pub(crate) own: Owned,
    /// Whether it is the callers' own.
    pub(crate) is_ours: bool,
}

/// Of the people of a side.
pub(crate) struct Owned {
    pub(crate) administrator: Own,
    pub(crate) keeper: Own,
    pub(crate) user: Own,
    pub(crate) new_user: Own,
}

/// A registration that has begun.
pub(crate) struct Begun {
    pub(crate) id: Uuid,
    pub(crate) nominee: Uuid,
    pub(crate) case_number: String,
    /// The token of the link that leads to it.
    pub(crate) link: String,
}

impl Side {
    /// That of a partner of this name.
    pub(crate) async fn of_partner(api: &Api, name: &str, code: &str, public: ApplicationId) -> Self {
        let (partner, token) = api.partner(name).await;
        Self::new(api, Some(partner), token, code, public).await
    }

    /// That of the operator.
    pub(crate) async fn of_operator(api: &Api, code: &str, public: ApplicationId) -> Self {
        let (_, token) = api.staff("Opal", &[StaffRole::Administrator]).await;
        Self::new(api, None, token, code, public).await
    }

    async fn new(api: &Api, partner: Option<OrganizationId>, owner_token: String, code: &str, public: ApplicationId) -> Self {
        let application = api.application(partner.map_or(Owner::Operator, Owner::Partner), code).await;
        let organization = api.organization(&format!("{code} Works"), &[]).await;
        let (administrator, _) = api.user(organization, "Ada", &[UserRole::OrganizationAdministrator]).await;
        let (keeper, _) = api.user(organization, "Kim", &[UserRole::ApplicationAdministrator(application)]).await;
        let (user, _) = api.user(organization, "Uma", &[]).await;
        let erased = api.services.keys.allot().unwrap();
        for command in [PersonCommand::ForgetPerson { reason: reason("asked for it") }, PersonCommand::CompleteForgetting {}] {
            did::<Person>(api, erased.0, command).await;
        }
        subscribed(api, organization, application, user, partner).await;
        let invite = async |company: String, body: serde_json::Value| -> Uuid {
            let mut whole = invitation(&company, &[application]);
            whole.as_object_mut().unwrap().extend(body.as_object().unwrap().clone());
            let reply = api.post("/v1/invitations").by(&owner_token).json(&whole).send().await.ok();
            reply["id"].as_str().unwrap().parse().unwrap()
        };
        let invitation = invite(format!("{code} Forge"), json!({})).await;
        let offer = invite(format!("{code} Works"), json!({ "organization": organization })).await;
        let new_user = new_user(api, organization).await;
        let holder = SessionHolder::User { organization };
        let own = Owned {
            administrator: Own::of(api, administrator, holder).await,
            keeper: Own::of(api, keeper, holder).await,
            user: Own::of(api, user, holder).await,
            new_user: Own::of(api, new_user, holder).await,
        };
        let begun = Walk::invited(api, &owner_token, &[application]).await;
        let side = Self {
            partner,
            application,
            organization,
            administrator,
            keeper,
            user,
            new_user,
            invitee: invitee(api, organization).await,
            erased,
            invitation,
            offer,
            invited: Begun::filled(begun).await,
            public: Begun::filled(Walk::public_for(api, public).await).await,
            owner_token,
            own,
            is_ours: false,
        };
        in_inventory(api, side.serial()).await;
        side
    }

    /// The subscription of the organization to the application.
    pub(crate) fn subscription(&self) -> SubscriptionId {
        SubscriptionId::of(self.organization, self.application)
    }

    /// The access of the user to the application.
    pub(crate) fn access(&self) -> AccessId {
        AccessId::of(self.user, self.application)
    }

    /// The serial number of a token in the inventory, which is nobody's.
    pub(crate) fn serial(&self) -> String {
        format!("SN-{}", self.application.0.simple())
    }

    /// The ids of all that is of this side and of no other. Who is erased is told to everybody.
    pub(crate) fn ids(&self) -> Vec<String> {
        let people = [self.administrator, self.keeper, self.user, self.new_user, self.invitee].map(|person| person.to_string());
        let cases = [&self.invited, &self.public].map(|case| [case.id, case.nominee].map(|id| id.to_string()));
        let mut ids = vec![
            self.application.to_string(),
            self.organization.to_string(),
            self.invitation.to_string(),
            self.offer.to_string(),
            self.subscription().to_string(),
            self.access().to_string(),
        ];
        ids.extend(people.into_iter().chain(cases.into_iter().flatten()).chain(self.partner.map(|partner| partner.to_string())));
        ids
    }
}

impl Begun {
    /// Filled in as far as the administrator of the organization.
    async fn filled(walk: Walk<'_>) -> Self {
        let walk = walk.human().await.profiled("150483782").await;
        let named = walk.api.post(walk.at("/administrators")).by(&walk.token).json(&nominee("Grace", &of_organization())).send().await.ok();
        let case_number = walk.look().await["case_number"].as_str().unwrap().to_owned();
        Self { id: walk.id.parse().unwrap(), nominee: named["person"].as_str().unwrap().parse().unwrap(), case_number, link: walk.token }
    }
}

async fn did<A>(api: &Api, key: Uuid, command: A::Command)
where
    A: Aggregate,
    A::Command: Clone,
{
    api.services.handlers.handle::<A>(key, command, &api.sent()).await.unwrap();
}

/// The organization is subscribed, its user has access, and the partner knows them.
async fn subscribed(api: &Api, organization: OrganizationId, application: ApplicationId, user: PersonId, partner: Option<OrganizationId>) {
    let subscribe =
        SubscriptionCommand::SubscribeApp { organization, application, origin: SubscriptionOrigin::Account, needs_review: false };
    did::<Subscription>(api, SubscriptionId::of(organization, application).0, subscribe).await;
    let grant = AccessCommand::GrantAccess { user, organization, application, administrator: user, reason: None };
    did::<Access>(api, AccessId::of(user, application).0, grant).await;
    if let Some(partner) = partner {
        let establish = RelationshipCommand::EstablishRelationship { organization, partner };
        did::<Relationship>(api, RelationshipId::of(organization, partner).0, establish).await;
    }
}

/// A token that was bought is in the inventory.
async fn in_inventory(api: &Api, serial: String) {
    let (algorithm, digits, hash, seed) = (OtpAlgorithm::Hotp, OtpDigits::Six, OtpHash::Sha1, Zeroizing::new(vec![7; 20]));
    let token = InventoryToken { serial, algorithm, digits, hash, counter: 0, seed };
    let now = (api.services.handlers.clock())();
    assert_eq!(api.services.vault.import_tokens(vec![token], now).await.unwrap(), [ImportedToken::New]);
}

/// A user who has not begun with first-time login.
async fn new_user(api: &Api, organization: OrganizationId) -> PersonId {
    let person = api.services.keys.allot().unwrap();
    let create = UserCommand::CreateUser {
        organization,
        organization_name: company("Test Works"),
        user_id: UserId::derive(person.0),
        contact: Personal::new(person, contact("Nina")),
        roles: Vec::new(),
        one_time_password: CredentialId(api.id()),
        origin: UserOrigin::Approval(RegistrationId(api.id())),
    };
    did::<User>(api, person.0, create).await;
    person
}

/// Somebody who was invited to become a user.
async fn invitee(api: &Api, organization: OrganizationId) -> PersonId {
    let person = api.services.keys.allot().unwrap();
    let email = Personal::new(person, email("ines@example.com"));
    did::<User>(api, person.0, UserCommand::InviteUser { organization, organization_name: company("Test Works"), email }).await;
    person
}
