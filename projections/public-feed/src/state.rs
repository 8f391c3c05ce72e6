//! What a public event changes: what is so now, of which a snapshot tells, and what later events are told with.

use std::collections::BTreeSet;

use projection_runtime::Tables;
use projection_runtime::table::{Fold, Json};
use public_events::snapshot::{AccessState, ApplicationState, OrganizationState, RelationshipState, SubscriptionState, UserState};
use public_events::{self as public, PublicEvent};

use crate::rows::{Access, Application, Invitation, Organization, Registration, Relationship, Subscription, User};
use crate::translate::{Known, Missing};

/// The rows that a batch touches.
pub(crate) struct State {
    applications: Fold<Application>,
    invitations: Fold<Invitation>,
    registrations: Fold<Registration>,
    users: Fold<User>,
    // These are written without being read: an event says all that there is in their rows.
    organizations: Fold<Organization>,
    subscriptions: Fold<Subscription>,
    accesses: Fold<Access>,
    relationships: Fold<Relationship>,
}

/// The rows that are read for a batch.
#[derive(Debug, Default)]
pub(crate) struct Keys {
    pub(crate) applications: BTreeSet<(domain::ApplicationId,)>,
    pub(crate) invitations: BTreeSet<(domain::InvitationId,)>,
    pub(crate) registrations: BTreeSet<(domain::RegistrationId,)>,
    pub(crate) users: BTreeSet<(domain::PersonId,)>,
}

impl State {
    pub(crate) async fn load(conn: &mut Tables<'_>, keys: Keys) -> Result<Self, sqlx::Error> {
        Ok(Self {
            applications: Fold::load(conn, keys.applications).await?,
            invitations: Fold::load(conn, keys.invitations).await?,
            registrations: Fold::load(conn, keys.registrations).await?,
            users: Fold::load(conn, keys.users).await?,
            organizations: Fold::of(Vec::new()),
            subscriptions: Fold::of(Vec::new()),
            accesses: Fold::of(Vec::new()),
            relationships: Fold::of(Vec::new()),
        })
    }

    pub(crate) async fn save(self, conn: &mut Tables<'_>) -> Result<(), sqlx::Error> {
        self.applications.save(conn).await?;
        self.invitations.save(conn).await?;
        self.registrations.save(conn).await?;
        self.organizations.save(conn).await?;
        self.users.save(conn).await?;
        self.subscriptions.save(conn).await?;
        self.accesses.save(conn).await?;
        self.relationships.save(conn).await
    }

    /// What a public event changes. False: it is of a kind that is not known here.
    pub(crate) fn fold(&mut self, event: &PublicEvent) -> bool {
        match event {
            PublicEvent::ApplicationPublished(data) | PublicEvent::ApplicationAmended(data) => {
                self.application(data, ApplicationState::Published);
            }
            PublicEvent::ApplicationRetired(data) => self.application(data, ApplicationState::Retired),
            PublicEvent::InvitationSent(data) => self.invitations.put(Invitation {
                invitation: domain::InvitationId(data.invitation.0),
                partner: data.partner.map(organization),
                organization: data.organization.map(organization),
                applications: Json(data.applications.clone()),
            }),
            PublicEvent::InvitationOffered(data) => self.invitations.put(Invitation {
                invitation: domain::InvitationId(data.invitation.0),
                partner: data.partner.map(organization),
                organization: Some(organization(data.organization)),
                applications: Json(data.applications.clone()),
            }),
            PublicEvent::RegistrationStarted(data) => self.registrations.put(Registration {
                registration: domain::RegistrationId(data.registration.0),
                organization: organization(data.organization),
                applications: Json(data.applications.clone()),
            }),
            PublicEvent::OrganizationApproved(data) => self.organization(data.organization, OrganizationState::Registered),
            PublicEvent::OrganizationSuspended(data) => self.organization(data.organization, OrganizationState::Suspended),
            PublicEvent::OrganizationReinstated(data) => self.organization(data.organization, OrganizationState::Registered),
            PublicEvent::OrganizationClosed(data) => self.organization(data.organization, OrganizationState::Closed),
            PublicEvent::UserCreated(data) => self.created(data),
            PublicEvent::UserActivated(data) => self.user(data.user, |user| {
                user.activated = true;
                user.state.0 = UserState::Active;
            }),
            PublicEvent::UserRoleGranted(data) => self.user(data.user, |user| {
                let role = public::AssignedRole { role: data.role, application: data.application };
                user.roles.0 = in_order(user.roles.0.iter().copied().chain([role]));
            }),
            PublicEvent::UserRoleRevoked(data) => self.user(data.user, |user| {
                user.roles.0.retain(|has| (has.role, has.application) != (data.role, data.application));
            }),
            PublicEvent::UserSuspended(data) => self.user(data.user, |user| user.state.0 = UserState::Suspended),
            PublicEvent::UserReinstated(data) => self.user(data.user, |user| {
                user.state.0 = if user.activated { UserState::Active } else { UserState::PendingFirstLogin };
            }),
            PublicEvent::UserClosed(data) => self.user(data.user, |user| user.state.0 = UserState::Closed),
            PublicEvent::PersonErased(data) => self.user(data.person, |user| user.state.0 = UserState::Erased),
            PublicEvent::SubscriptionRequested(data) => self.subscription(data, SubscriptionState::Requested),
            PublicEvent::SubscriptionActivated(data) => self.subscription(data, SubscriptionState::Active),
            PublicEvent::SubscriptionDenied(data) => self.subscription(data, SubscriptionState::Denied),
            PublicEvent::SubscriptionEnded(data) => self.subscription(data, SubscriptionState::Ended),
            PublicEvent::AccessRequested(data) => self.access(data, AccessState::Requested),
            PublicEvent::AccessGranted(data) => self.access(data, AccessState::Granted),
            PublicEvent::AccessDenied(data) => self.access(data, AccessState::Denied),
            PublicEvent::AccessRevoked(data) => self.access(data, AccessState::Revoked),
            PublicEvent::RelationshipEstablished(data) => self.relationship(data, RelationshipState::Established),
            PublicEvent::RelationshipEnded(data) => self.relationship(data, RelationshipState::Ended),
            PublicEvent::InvitationResent(_)
            | PublicEvent::InvitationAccepted(_)
            | PublicEvent::InvitationOfferAccepted(_)
            | PublicEvent::InvitationOfferDeclined(_)
            | PublicEvent::InvitationRevoked(_)
            | PublicEvent::InvitationExpired(_)
            | PublicEvent::RegistrationSubmitted(_)
            | PublicEvent::RegistrationInformationRequested(_)
            | PublicEvent::RegistrationResubmitted(_)
            | PublicEvent::RegistrationApproved(_)
            | PublicEvent::RegistrationRejected(_)
            | PublicEvent::RegistrationReopened(_)
            | PublicEvent::RegistrationLinkedToOrganization(_)
            | PublicEvent::RegistrationWithdrawn(_)
            | PublicEvent::RegistrationExpired(_)
            | PublicEvent::OrganizationProfileAmended(_)
            | PublicEvent::UserProfileConfirmed(_) => {}
            _ => return false,
        }
        true
    }

    fn application(&mut self, data: &public::CatalogueEntry, state: ApplicationState) {
        self.applications.put(Application {
            application: domain::ApplicationId(data.application.0),
            code: data.code.to_string(),
            partner: data.partner.map(organization),
            registration: Json(data.registration),
            access: Json(data.access),
            state: Json(state),
        });
    }

    fn organization(&mut self, id: public::OrganizationId, state: OrganizationState) {
        self.organizations.put(Organization { organization: organization(id), state: Json(state) });
    }

    fn created(&mut self, data: &public::UserCreated) {
        self.users.put(User {
            person: domain::PersonId(data.user.0),
            organization: organization(data.organization),
            state: Json(UserState::PendingFirstLogin),
            activated: false,
            roles: Json(in_order(data.roles.iter().copied())),
        });
    }

    /// Nothing follows on the erasure of a person, whatever is said of their account after it.
    fn user(&mut self, id: public::PersonId, change: impl FnOnce(&mut User)) {
        let key = (domain::PersonId(id.0),);
        if self.users.get(&key).is_some_and(|user| user.state.0 != UserState::Erased)
            && let Some(user) = self.users.change(&key)
        {
            change(user);
        }
    }

    fn subscription(&mut self, data: &public::Subscription, state: SubscriptionState) {
        let (application, organization) = (domain::ApplicationId(data.application.0), organization(data.organization));
        self.subscriptions.put(Subscription { application, organization, state: Json(state) });
    }

    fn access(&mut self, data: &public::Access, state: AccessState) {
        self.accesses.put(Access {
            application: domain::ApplicationId(data.application.0),
            person: domain::PersonId(data.user.0),
            organization: organization(data.organization),
            state: Json(state),
        });
    }

    fn relationship(&mut self, data: &public::Relationship, state: RelationshipState) {
        let (organization, partner) = (organization(data.organization), organization(data.partner));
        self.relationships.put(Relationship { organization, partner, state: Json(state) });
    }
}

fn organization(id: public::OrganizationId) -> domain::OrganizationId {
    domain::OrganizationId(id.0)
}

/// Each once, in their order: the same roles are the same row.
fn in_order(roles: impl Iterator<Item = public::AssignedRole>) -> Vec<public::AssignedRole> {
    roles.collect::<BTreeSet<_>>().into_iter().collect()
}

impl Known for State {
    fn application(&mut self, id: domain::ApplicationId) -> Result<&Application, Missing> {
        self.applications.get(&(id,)).ok_or(Missing("application"))
    }

    fn invitation(&mut self, id: domain::InvitationId) -> Result<&Invitation, Missing> {
        self.invitations.get(&(id,)).ok_or(Missing("invitation"))
    }

    fn registration(&mut self, id: domain::RegistrationId) -> Result<&Registration, Missing> {
        self.registrations.get(&(id,)).ok_or(Missing("registration"))
    }

    fn user(&mut self, id: domain::PersonId) -> Result<&User, Missing> {
        self.users.get(&(id,)).ok_or(Missing("user"))
    }
}
