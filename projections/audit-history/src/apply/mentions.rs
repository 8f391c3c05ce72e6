//! Whom an event concerns, by what it says itself.

mod registration;

use domain::access::AccessEvent;
use domain::application::ApplicationEvent;
use domain::credential::CredentialEvent;
use domain::invitation::InvitationEvent;
use domain::mail::MailEvent;
use domain::organization::OrganizationEvent;
use domain::person::PersonEvent;
use domain::relationship::RelationshipEvent;
use domain::reservation::{ReservationEvent, ReservationKind};
use domain::service::{Sees, ServiceEvent};
use domain::staff::StaffEvent;
use domain::subscription::{SubscriptionEvent, SubscriptionOrigin};
use domain::user::{UserEvent, UserOrigin, UserRole};
use domain::{Actor, DomainEvent, EventId, InvitationId, OrganizationId, Owner, PersonId, RegistrationId};
use projection_runtime::Envelope;
use uuid::Uuid;

use super::Name;
use crate::Subject;
use crate::rows::Kind;

/// What an event mentions.
#[derive(Default)]
pub(super) struct Mentions {
    /// Whom it concerns.
    pub(super) subjects: Vec<Name>,
    /// Whom it concerns if they are known: an owner whose kind the event does not say.
    pub(super) maybe: Vec<Name>,
    /// The user that it is about: it concerns their organization too.
    pub(super) member: Option<Name>,
    /// The organization that the user belongs to from now on.
    pub(super) member_of: Option<Name>,
    /// Histories that are part of others from now on: of the first, the second.
    pub(super) includes: Vec<(Name, Name)>,
    /// The event that the mail was owed for: it concerns whom that event concerned.
    pub(super) mail_for: Option<EventId>,
    /// Whether a mail can be owed for it.
    pub(super) can_owe_mail: bool,
}

impl Mentions {
    fn add(&mut self, subject: Subject) {
        self.subjects.push(subject.thing());
    }

    fn person(&mut self, person: PersonId) {
        self.add(Subject::Person(person));
    }

    fn organization(&mut self, organization: OrganizationId) {
        self.add(Subject::Organization(organization));
    }

    fn owner(&mut self, owner: Owner) {
        match owner {
            Owner::Partner(partner) => self.organization(partner),
            Owner::Operator => {}
        }
    }

    fn include(&mut self, of: Subject, part: Subject) {
        self.add(of);
        self.add(part);
        self.includes.push((of.thing(), part.thing()));
    }

    fn case_of(&mut self, organization: OrganizationId, case: RegistrationId) {
        self.include(Subject::Organization(organization), Subject::Case(case));
    }

    fn invitation_of(&mut self, case: RegistrationId, invitation: InvitationId) {
        self.include(Subject::Case(case), Subject::Invitation(invitation));
    }

    fn offer_to(&mut self, organization: OrganizationId, invitation: InvitationId) {
        self.include(Subject::Organization(organization), Subject::Invitation(invitation));
    }
}

/// What an event mentions.
pub(super) fn mentions(envelope: &Envelope) -> Mentions {
    let mut to = Mentions::default();
    of_actor(&mut to, &envelope.metadata.actor);
    match &envelope.event {
        DomainEvent::Application(id, event) => {
            to.add(Subject::Application(*id));
            of_application(&mut to, event);
        }
        DomainEvent::Invitation(id, event) => {
            to.add(Subject::Invitation(*id));
            to.can_owe_mail = true;
            of_invitation(&mut to, *id, event);
        }
        DomainEvent::Registration(id, event) => {
            to.add(Subject::Case(*id));
            to.can_owe_mail = true;
            registration::mention(&mut to, *id, event);
        }
        DomainEvent::Organization(id, event) => {
            to.organization(*id);
            to.can_owe_mail = true;
            of_organization(&mut to, *id, event);
        }
        DomainEvent::User(person, event) => {
            to.person(*person);
            to.member = Some(Subject::Person(*person).thing());
            to.can_owe_mail = true;
            of_user(&mut to, event);
        }
        DomainEvent::Subscription(_, event) => {
            to.can_owe_mail = true;
            of_subscription(&mut to, event);
        }
        DomainEvent::Access(_, event) => {
            to.can_owe_mail = true;
            of_access(&mut to, event);
        }
        DomainEvent::Relationship(_, event) => of_relationship(&mut to, event),
        DomainEvent::Credential(_, event) => {
            to.can_owe_mail = true;
            of_credential(&mut to, event);
        }
        DomainEvent::Reservation(_, event) => of_reservation(&mut to, event),
        DomainEvent::Person(person, event) => {
            to.person(*person);
            to.member = Some(Subject::Person(*person).thing());
            of_person(&mut to, event);
        }
        DomainEvent::Service(id, event) => {
            to.add(Subject::Service(*id));
            of_service(&mut to, event);
        }
        DomainEvent::Staff(id, event) => {
            to.add(Subject::Staff(*id));
            of_staff(&mut to, event);
        }
        DomainEvent::Mail(_, event) => to.mail_for = Some(cause_of(event)),
        DomainEvent::Calendar(..) => {}
    }
    to
}

fn of_person(to: &mut Mentions, event: &PersonEvent) {
    match event {
        PersonEvent::ForgettingStarted { reason: _ } | PersonEvent::Forgotten {} => {}
        PersonEvent::ErasureAcknowledged { service } => to.add(Subject::Service(*service)),
    }
}

fn of_service(to: &mut Mentions, event: &ServiceEvent) {
    match event {
        ServiceEvent::Registered { name: _, sees } | ServiceEvent::ScopeChanged { sees } => match sees {
            Sees::Everything => {}
            Sees::Applications(applications) => applications.iter().for_each(|application| to.add(Subject::Application(*application))),
        },
        ServiceEvent::Retired { reason: _ } => {}
    }
}

fn of_actor(to: &mut Mentions, actor: &Actor) {
    match actor {
        Actor::Staff(staff) => to.add(Subject::Staff(*staff)),
        Actor::Partner(partner) => to.organization(*partner),
        Actor::User { person, organization } => {
            to.person(*person);
            to.organization(*organization);
        }
        Actor::Addressee(invitation) => to.add(Subject::Invitation(*invitation)),
        Actor::Registrant(case) => to.add(Subject::Case(*case)),
        Actor::Service(_) | Actor::System(_) | Actor::Operator => {}
    }
}

fn of_application(to: &mut Mentions, event: &ApplicationEvent) {
    match event {
        ApplicationEvent::Published { owner, .. } => to.owner(*owner),
        ApplicationEvent::Amended { .. } | ApplicationEvent::Retired { .. } => {}
    }
}

fn of_invitation(to: &mut Mentions, id: InvitationId, event: &InvitationEvent) {
    match event {
        InvitationEvent::Sent { inviter, addressee, applications, organization, .. } => {
            to.owner(*inviter);
            to.person(addressee.person());
            for application in applications {
                to.add(Subject::Application(*application));
            }
            if let Some(organization) = organization {
                to.offer_to(*organization, id);
            }
        }
        InvitationEvent::Accepted { registration } => to.invitation_of(*registration, id),
        InvitationEvent::LinkedToOrganization { organization, .. }
        | InvitationEvent::OfferAccepted { organization }
        | InvitationEvent::OfferDeclined { organization, .. } => to.offer_to(*organization, id),
        InvitationEvent::Resent { .. } | InvitationEvent::Reminded {} | InvitationEvent::Revoked { .. } | InvitationEvent::Expired {} => {}
        InvitationEvent::Opened {} => to.can_owe_mail = false,
    }
}

fn of_organization(to: &mut Mentions, id: OrganizationId, event: &OrganizationEvent) {
    match event {
        OrganizationEvent::Approved { registration, administrators, .. } => {
            to.case_of(id, *registration);
            for administrator in administrators {
                to.person(*administrator);
            }
        }
        OrganizationEvent::AmendmentApproved { reviewer, .. } | OrganizationEvent::AmendmentRefused { reviewer, .. } => {
            to.add(Subject::Staff(*reviewer));
        }
        OrganizationEvent::AdministratorAdded { administrator }
        | OrganizationEvent::AdministratorEstablished { administrator }
        | OrganizationEvent::AdministratorRemoved { administrator, .. } => to.person(*administrator),
        OrganizationEvent::ProfileAmended { .. }
        | OrganizationEvent::AmendmentRequested { .. }
        | OrganizationEvent::Suspended { .. }
        | OrganizationEvent::Reinstated { .. }
        | OrganizationEvent::Closed { .. } => {}
    }
}

fn of_user(to: &mut Mentions, event: &UserEvent) {
    match event {
        UserEvent::Invited { organization, .. } => to.member_of = Some(Subject::Organization(*organization).thing()),
        UserEvent::Created { organization, roles, origin, .. } => {
            to.member_of = Some(Subject::Organization(*organization).thing());
            for role in roles {
                of_role(to, *role);
            }
            match origin {
                UserOrigin::Approval(case) => to.add(Subject::Case(*case)),
                UserOrigin::Administrator(administrator) | UserOrigin::SelfRegistration(administrator) => to.person(*administrator),
            }
        }
        UserEvent::RoleGranted { role } | UserEvent::RoleRevoked { role, .. } => of_role(to, *role),
        UserEvent::SecondFactorAsked { application } | UserEvent::SecondFactorNoLongerAsked { application } => {
            to.add(Subject::Application(*application));
        }
        UserEvent::SelfRegistered { .. }
        | UserEvent::Refused { .. }
        | UserEvent::InvitationExpired {}
        | UserEvent::OneTimePasswordIssued { .. }
        | UserEvent::OneTimePasswordRedeemed { .. }
        | UserEvent::OneTimePasswordLocked { .. }
        | UserEvent::PasswordSet { .. }
        | UserEvent::ProfileConfirmed { .. }
        | UserEvent::TermsAcceptedV1 { .. }
        | UserEvent::TermsAccepted { .. }
        | UserEvent::SecondFactorAdded { .. }
        | UserEvent::SecondFactorRemoved { .. }
        | UserEvent::Activated {}
        | UserEvent::Suspended { .. }
        | UserEvent::Reinstated { .. }
        | UserEvent::Closed { .. } => {}
    }
}

fn of_role(to: &mut Mentions, role: UserRole) {
    match role {
        UserRole::OrganizationAdministrator => {}
        UserRole::ApplicationAdministrator(application) => to.add(Subject::Application(application)),
    }
}

fn of_subscription(to: &mut Mentions, event: &SubscriptionEvent) {
    let (organization, application, origin) = match event {
        SubscriptionEvent::Requested { organization, application, origin }
        | SubscriptionEvent::Activated { organization, application, origin } => (organization, application, Some(origin)),
        SubscriptionEvent::Denied { organization, application, .. } | SubscriptionEvent::Ended { organization, application, .. } => {
            (organization, application, None)
        }
    };
    to.organization(*organization);
    to.add(Subject::Application(*application));
    match origin {
        Some(SubscriptionOrigin::Registration(case)) => to.add(Subject::Case(*case)),
        Some(SubscriptionOrigin::Invitation(invitation)) => to.add(Subject::Invitation(*invitation)),
        Some(SubscriptionOrigin::Account) | None => {}
    }
}

fn of_access(to: &mut Mentions, event: &AccessEvent) {
    let (user, organization, application, by) = match event {
        AccessEvent::Requested { user, organization, application, proposed_by, .. } => (user, organization, application, *proposed_by),
        AccessEvent::Granted { user, organization, application, granted_by, .. } => (user, organization, application, *granted_by),
        AccessEvent::Denied { user, organization, application, denied_by, .. } => (user, organization, application, Some(*denied_by)),
        AccessEvent::Revoked { user, organization, application, revoked_by, .. } => (user, organization, application, *revoked_by),
    };
    to.person(*user);
    to.organization(*organization);
    to.add(Subject::Application(*application));
    if let Some(by) = by {
        to.person(by);
    }
}

fn of_relationship(to: &mut Mentions, event: &RelationshipEvent) {
    match event {
        RelationshipEvent::Established { organization, partner } | RelationshipEvent::Ended { organization, partner, .. } => {
            to.organization(*organization);
            to.organization(*partner);
        }
    }
}

fn of_credential(to: &mut Mentions, event: &CredentialEvent) {
    match event {
        CredentialEvent::Registered { user, .. } | CredentialEvent::Activated { user } | CredentialEvent::Revoked { user, .. } => {
            to.person(*user);
            to.member = Some(Subject::Person(*user).thing());
        }
        // Says only the label; whose it is, the actor says.
        CredentialEvent::Renamed { .. } => {}
    }
}

fn of_reservation(to: &mut Mentions, event: &ReservationEvent) {
    let kinds: &[Kind] = match event {
        ReservationEvent::Taken { kind: ReservationKind::UserId | ReservationKind::CommandPerson, .. } => &[Kind::Person],
        ReservationEvent::Taken { kind: ReservationKind::OpenInvitation, .. } => &[Kind::Invitation],
        ReservationEvent::Taken { kind: ReservationKind::ApplicationCode, .. } => &[Kind::Application],
        ReservationEvent::Taken { kind: ReservationKind::RegisteredIdentifier, .. } => &[Kind::Organization],
        ReservationEvent::Taken { kind: ReservationKind::StaffIdentity, .. } => &[Kind::Staff],
        ReservationEvent::Released { .. } => {
            &[Kind::Person, Kind::Invitation, Kind::Application, Kind::Organization, Kind::Registration, Kind::Staff]
        }
    };
    let owner: Uuid = match event {
        ReservationEvent::Taken { owner, .. } | ReservationEvent::Released { owner } => *owner,
    };
    match kinds {
        [kind] => to.subjects.push((*kind, owner)),
        kinds => to.maybe.extend(kinds.iter().map(|kind| (*kind, owner))),
    }
}

fn of_staff(to: &mut Mentions, event: &StaffEvent) {
    match event {
        StaffEvent::Appointed { contact, .. } => to.person(contact.person()),
        StaffEvent::RoleGranted { .. }
        | StaffEvent::RoleRevoked { .. }
        | StaffEvent::AffiliationsDeclared { .. }
        | StaffEvent::OneTimePasswordIssued { .. }
        | StaffEvent::OneTimePasswordRedeemed { .. }
        | StaffEvent::OneTimePasswordLocked { .. }
        | StaffEvent::PasswordSet { .. }
        | StaffEvent::SecondFactorAdded { .. }
        | StaffEvent::SecondFactorRemoved { .. }
        | StaffEvent::IdentityLinked { .. }
        | StaffEvent::IdentityUnlinked { .. }
        | StaffEvent::Dismissed { .. } => {}
    }
}

/// The event that the mail was owed for.
fn cause_of(event: &MailEvent) -> EventId {
    match event {
        MailEvent::Sent { cause, .. } | MailEvent::Refused { cause, .. } | MailEvent::GivenUp { cause, .. } => *cause,
    }
}
