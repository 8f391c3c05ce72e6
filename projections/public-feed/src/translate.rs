//! Which stored event becomes which public one: at most one, under the same id and position, about the same aggregate.
//!
//! What is not public is told by nothing: steps of a dossier, claims, approvals that can still be undone, mails, credentials, staff,
//! reservations. What is public is told without names, reasons and whatever else is text of somebody.

use domain::access::AccessEvent;
use domain::application::{self, ApplicationDetails, ApplicationEvent};
use domain::invitation::InvitationEvent;
use domain::organization::OrganizationEvent;
use domain::person::PersonEvent;
use domain::registration::{Origin, RegistrationEvent};
use domain::relationship::RelationshipEvent;
use domain::subscription::SubscriptionEvent;
use domain::user::{self, UserEvent};
use domain::{DomainEvent, Owner};
use public_events::{self as public, PublicEvent, *};

use crate::rows;

/// What earlier events said.
pub(crate) trait Known {
    fn application(&mut self, id: domain::ApplicationId) -> Result<&rows::Application, Missing>;
    fn invitation(&mut self, id: domain::InvitationId) -> Result<&rows::Invitation, Missing>;
    fn registration(&mut self, id: domain::RegistrationId) -> Result<&rows::Registration, Missing>;
    fn user(&mut self, id: domain::PersonId) -> Result<&rows::User, Missing>;
}

/// An event came before the one that its stream begins with.
#[derive(Debug)]
pub(crate) struct Missing(pub(crate) &'static str);

type Translation = Result<Option<PublicEvent>, Missing>;

/// What other services are told of an event.
pub(crate) fn translate(event: &DomainEvent, known: &mut impl Known) -> Translation {
    match event {
        DomainEvent::Application(id, event) => of_application(*id, event, known).map(Some),
        DomainEvent::Invitation(id, event) => of_invitation(*id, event, known),
        DomainEvent::Registration(id, event) => of_registration(*id, event, known),
        DomainEvent::Organization(id, event) => Ok(of_organization(*id, event)),
        DomainEvent::User(id, event) => of_user(*id, event, known),
        DomainEvent::Subscription(_, event) => Ok(Some(of_subscription(event))),
        DomainEvent::Access(_, event) => Ok(Some(of_access(event))),
        DomainEvent::Relationship(_, event) => Ok(Some(of_relationship(event))),
        DomainEvent::Person(id, event) => Ok(of_person(*id, event, known)),
        DomainEvent::Credential(..)
        | DomainEvent::Reservation(..)
        | DomainEvent::Staff(..)
        | DomainEvent::Mail(..)
        | DomainEvent::Service(..)
        | DomainEvent::Calendar(..) => Ok(None),
    }
}

fn of_application(id: domain::ApplicationId, event: &ApplicationEvent, known: &mut impl Known) -> Result<PublicEvent, Missing> {
    match event {
        ApplicationEvent::Published { code, owner, details } => {
            let code = ApplicationCode::try_from(code.to_string()).map_err(|_| Missing("application code"))?;
            Ok(PublicEvent::ApplicationPublished(entry(id, code, partner(*owner), details)))
        }
        ApplicationEvent::Amended { details } => {
            let before = catalogued(id, known)?;
            Ok(PublicEvent::ApplicationAmended(entry(id, before.code, before.partner, details)))
        }
        ApplicationEvent::Retired { reason: _ } => Ok(PublicEvent::ApplicationRetired(catalogued(id, known)?)),
    }
}

fn of_invitation(id: domain::InvitationId, event: &InvitationEvent, known: &mut impl Known) -> Translation {
    let invitation = InvitationId(id.0);
    Ok(Some(match event {
        InvitationEvent::Sent {
            inviter,
            applications,
            organization,
            expires_at,
            inviter_name: _,
            company: _,
            addressee: _,
            invited_by: _,
        } => PublicEvent::InvitationSent(InvitationSent {
            invitation,
            partner: partner(*inviter),
            applications: applications.iter().map(|application| ApplicationId(application.0)).collect(),
            organization: organization.map(organization_id),
            expires_at: *expires_at,
        }),
        InvitationEvent::Resent { expires_at, generation: _, invited_by: _ } => {
            let (partner, applications, organization) = invited(id, known)?;
            PublicEvent::InvitationResent(InvitationSent { invitation, partner, applications, organization, expires_at: *expires_at })
        }
        InvitationEvent::Accepted { registration } => {
            let (partner, applications, _) = invited(id, known)?;
            let registration = RegistrationId(registration.0);
            PublicEvent::InvitationAccepted(InvitationAccepted { invitation, partner, applications, registration })
        }
        InvitationEvent::LinkedToOrganization { organization, expires_at } => {
            let ((partner, applications, _), organization) = (invited(id, known)?, organization_id(*organization));
            PublicEvent::InvitationOffered(InvitationOffered { invitation, partner, applications, organization, expires_at: *expires_at })
        }
        InvitationEvent::OfferAccepted { organization } => PublicEvent::InvitationOfferAccepted(offer(id, *organization, known)?),
        InvitationEvent::OfferDeclined { organization, reason: _ } => {
            PublicEvent::InvitationOfferDeclined(offer(id, *organization, known)?)
        }
        InvitationEvent::Revoked { reason: _ } => PublicEvent::InvitationRevoked(ended(id, known)?),
        InvitationEvent::Expired {} => PublicEvent::InvitationExpired(ended(id, known)?),
        InvitationEvent::Reminded {} | InvitationEvent::Opened {} => return Ok(None),
    }))
}

fn of_registration(id: domain::RegistrationId, event: &RegistrationEvent, known: &mut impl Known) -> Translation {
    Ok(Some(match event {
        RegistrationEvent::Started {
            origin,
            applications,
            organization,
            case_number: _,
            registrant: _,
            company: _,
            expires_at: _,
            invited_by: _,
        } => {
            let (invitation, partner) = match origin {
                Origin::Invitation { invitation, inviter } => (Some(InvitationId(invitation.0)), partner(*inviter)),
                Origin::Public => (None, None),
            };
            PublicEvent::RegistrationStarted(RegistrationStarted {
                registration: RegistrationId(id.0),
                organization: organization_id(*organization),
                applications: applications.iter().map(|requested| ApplicationId(requested.application.0)).collect(),
                invitation,
                partner,
            })
        }
        RegistrationEvent::Submitted { due, dossier_version: _ } => PublicEvent::RegistrationSubmitted(submitted(id, due, known)?),
        RegistrationEvent::InformationRequested { questions: _, business_seconds_left: _ } => {
            PublicEvent::RegistrationInformationRequested(moved(id, known)?)
        }
        RegistrationEvent::Resubmitted { due, dossier_version: _, answer: _ } => {
            PublicEvent::RegistrationResubmitted(submitted(id, due, known)?)
        }
        // Not `Approved`, which can still be undone: until its window is over nothing is told.
        RegistrationEvent::ApprovalTookEffect { organization: _ } => PublicEvent::RegistrationApproved(moved(id, known)?),
        RegistrationEvent::Rejected { reviewer: _, dossier_version: _, reason: _ } => PublicEvent::RegistrationRejected(moved(id, known)?),
        RegistrationEvent::Reopened { due, reviewer: _, reason: _ } => PublicEvent::RegistrationReopened(submitted(id, due, known)?),
        RegistrationEvent::LinkedToOrganization { organization, invitation, reviewer: _, reason: _ } => {
            let RegistrationMoved { registration, organization: _, applications } = moved(id, known)?;
            PublicEvent::RegistrationLinkedToOrganization(RegistrationLinked {
                registration,
                organization: organization_id(*organization),
                applications,
                invitation: invitation.map(|invitation| InvitationId(invitation.0)),
            })
        }
        RegistrationEvent::Withdrawn { reason: _ } => PublicEvent::RegistrationWithdrawn(moved(id, known)?),
        RegistrationEvent::Expired {} => PublicEvent::RegistrationExpired(moved(id, known)?),
        RegistrationEvent::HumanCheckPassed { .. }
        | RegistrationEvent::ProfileSaved { .. }
        | RegistrationEvent::AdministratorNominated { .. }
        | RegistrationEvent::AdministratorCorrected { .. }
        | RegistrationEvent::HandoverAcknowledged { .. }
        | RegistrationEvent::AdministratorSelected { .. }
        | RegistrationEvent::AdministratorDeselected { .. }
        | RegistrationEvent::ReviewConfirmed {}
        | RegistrationEvent::Claimed { .. }
        | RegistrationEvent::Released { .. }
        | RegistrationEvent::RiskRaised { .. }
        | RegistrationEvent::ApprovalProposed { .. }
        | RegistrationEvent::Approved { .. }
        | RegistrationEvent::ApprovalUndone { .. }
        | RegistrationEvent::ReviewDueSoon { .. }
        | RegistrationEvent::ReviewOverdue { .. }
        | RegistrationEvent::DueMoved { .. } => return Ok(None),
    }))
}

fn of_organization(id: domain::OrganizationId, event: &OrganizationEvent) -> Option<PublicEvent> {
    let organization = organization_id(id);
    let changed = OrganizationChanged { organization };
    Some(match event {
        OrganizationEvent::Approved { registration, profile: _, administrators: _ } => {
            PublicEvent::OrganizationApproved(OrganizationApproved { organization, registration: RegistrationId(registration.0) })
        }
        OrganizationEvent::ProfileAmended { profile: _ } | OrganizationEvent::AmendmentApproved { profile: _, reviewer: _, reason: _ } => {
            PublicEvent::OrganizationProfileAmended(changed)
        }
        OrganizationEvent::Suspended { reason: _ } => PublicEvent::OrganizationSuspended(changed),
        OrganizationEvent::Reinstated { reason: _ } => PublicEvent::OrganizationReinstated(changed),
        OrganizationEvent::Closed { reason: _ } => PublicEvent::OrganizationClosed(changed),
        // Who administers it is told by the roles of its users.
        OrganizationEvent::AmendmentRequested { .. }
        | OrganizationEvent::AmendmentRefused { .. }
        | OrganizationEvent::AdministratorAdded { .. }
        | OrganizationEvent::AdministratorEstablished { .. }
        | OrganizationEvent::AdministratorRemoved { .. } => return None,
    })
}

fn of_user(id: domain::PersonId, event: &UserEvent, known: &mut impl Known) -> Translation {
    Ok(Some(match event {
        UserEvent::Created { organization, roles, organization_name: _, user_id: _, contact: _, one_time_password: _, origin: _ } => {
            PublicEvent::UserCreated(UserCreated {
                user: PersonId(id.0),
                organization: organization_id(*organization),
                roles: roles.iter().copied().map(assigned).collect(),
            })
        }
        UserEvent::Activated {} => PublicEvent::UserActivated(changed(id, known)?),
        UserEvent::ProfileConfirmed { contact: _ } => PublicEvent::UserProfileConfirmed(changed(id, known)?),
        UserEvent::RoleGranted { role } => PublicEvent::UserRoleGranted(role_of(id, *role, known)?),
        UserEvent::RoleRevoked { role, reason: _ } => PublicEvent::UserRoleRevoked(role_of(id, *role, known)?),
        UserEvent::Suspended { reason: _ } => PublicEvent::UserSuspended(changed(id, known)?),
        UserEvent::Reinstated { reason: _ } => PublicEvent::UserReinstated(changed(id, known)?),
        UserEvent::Closed { reason: _ } => PublicEvent::UserClosed(changed(id, known)?),
        // Who was only invited is no user, and is told of to nobody.
        UserEvent::Invited { .. }
        | UserEvent::SelfRegistered { .. }
        | UserEvent::Refused { .. }
        | UserEvent::InvitationExpired {}
        | UserEvent::OneTimePasswordIssued { .. }
        | UserEvent::OneTimePasswordRedeemed { .. }
        | UserEvent::OneTimePasswordLocked { .. }
        | UserEvent::PasswordSet { .. }
        | UserEvent::TermsAcceptedV1 { .. }
        | UserEvent::TermsAccepted { .. }
        | UserEvent::SecondFactorAsked { .. }
        | UserEvent::SecondFactorNoLongerAsked { .. }
        | UserEvent::SecondFactorAdded { .. }
        | UserEvent::SecondFactorRemoved { .. } => return Ok(None),
    }))
}

fn of_subscription(event: &SubscriptionEvent) -> PublicEvent {
    let of = |organization: &domain::OrganizationId, application: &domain::ApplicationId| public::Subscription {
        organization: organization_id(*organization),
        application: ApplicationId(application.0),
    };
    match event {
        SubscriptionEvent::Requested { organization, application, origin: _ } => {
            PublicEvent::SubscriptionRequested(of(organization, application))
        }
        SubscriptionEvent::Activated { organization, application, origin: _ } => {
            PublicEvent::SubscriptionActivated(of(organization, application))
        }
        SubscriptionEvent::Denied { organization, application, reason: _ } => {
            PublicEvent::SubscriptionDenied(of(organization, application))
        }
        SubscriptionEvent::Ended { organization, application, reason: _ } => PublicEvent::SubscriptionEnded(of(organization, application)),
    }
}

fn of_access(event: &AccessEvent) -> PublicEvent {
    let of = |user: &domain::PersonId, organization: &domain::OrganizationId, application: &domain::ApplicationId| public::Access {
        user: PersonId(user.0),
        organization: organization_id(*organization),
        application: ApplicationId(application.0),
    };
    match event {
        AccessEvent::Requested { user, organization, application, proposed_by: _, reason: _ } => {
            PublicEvent::AccessRequested(of(user, organization, application))
        }
        AccessEvent::Granted { user, organization, application, granted_by: _, reason: _ } => {
            PublicEvent::AccessGranted(of(user, organization, application))
        }
        AccessEvent::Denied { user, organization, application, denied_by: _, reason: _ } => {
            PublicEvent::AccessDenied(of(user, organization, application))
        }
        AccessEvent::Revoked { user, organization, application, revoked_by: _, reason: _ } => {
            PublicEvent::AccessRevoked(of(user, organization, application))
        }
    }
}

fn of_relationship(event: &RelationshipEvent) -> PublicEvent {
    let of = |organization: &domain::OrganizationId, partner: &domain::OrganizationId| public::Relationship {
        organization: organization_id(*organization),
        partner: organization_id(*partner),
    };
    match event {
        RelationshipEvent::Established { organization, partner } => PublicEvent::RelationshipEstablished(of(organization, partner)),
        RelationshipEvent::Ended { organization, partner, reason: _ } => PublicEvent::RelationshipEnded(of(organization, partner)),
    }
}

/// Only who was told of, as a user, can be forgotten by others.
fn of_person(id: domain::PersonId, event: &PersonEvent, known: &mut impl Known) -> Option<PublicEvent> {
    match event {
        PersonEvent::Forgotten {} => {
            let UserChanged { user, organization } = changed(id, known).ok()?;
            Some(PublicEvent::PersonErased(PersonErased { person: user, organization }))
        }
        PersonEvent::ForgettingStarted { reason: _ } | PersonEvent::ErasureAcknowledged { service: _ } => None,
    }
}

fn organization_id(id: domain::OrganizationId) -> OrganizationId {
    OrganizationId(id.0)
}

fn partner(owner: Owner) -> Option<OrganizationId> {
    match owner {
        Owner::Partner(partner) => Some(organization_id(partner)),
        Owner::Operator => None,
    }
}

fn entry(
    id: domain::ApplicationId,
    code: ApplicationCode,
    partner: Option<OrganizationId>,
    details: &ApplicationDetails,
) -> CatalogueEntry {
    CatalogueEntry {
        application: ApplicationId(id.0),
        code,
        partner,
        registration: match details.registration {
            application::RegistrationPolicy::InvitationOnly => RegistrationPolicy::InvitationOnly,
            application::RegistrationPolicy::Public => RegistrationPolicy::Public,
        },
        access: match details.access {
            application::AccessPolicy::Automatic => AccessPolicy::Automatic,
            application::AccessPolicy::ApplicationAdministrator => AccessPolicy::ApplicationAdministrator,
        },
    }
}

fn catalogued(id: domain::ApplicationId, known: &mut impl Known) -> Result<CatalogueEntry, Missing> {
    let row = known.application(id)?;
    Ok(CatalogueEntry {
        application: ApplicationId(id.0),
        code: ApplicationCode::try_from(row.code.clone()).map_err(|_| Missing("application code"))?,
        partner: row.partner.map(organization_id),
        registration: row.registration.0,
        access: row.access.0,
    })
}

type Invited = (Option<OrganizationId>, Vec<ApplicationId>, Option<OrganizationId>);

/// Who invites, to which applications, and whom if that is an organization.
fn invited(id: domain::InvitationId, known: &mut impl Known) -> Result<Invited, Missing> {
    let row = known.invitation(id)?;
    Ok((row.partner.map(organization_id), row.applications.0.clone(), row.organization.map(organization_id)))
}

fn offer(id: domain::InvitationId, organization: domain::OrganizationId, known: &mut impl Known) -> Result<InvitationOffer, Missing> {
    let (partner, applications, _) = invited(id, known)?;
    Ok(InvitationOffer { invitation: InvitationId(id.0), partner, applications, organization: organization_id(organization) })
}

fn ended(id: domain::InvitationId, known: &mut impl Known) -> Result<InvitationEnded, Missing> {
    let (partner, applications, organization) = invited(id, known)?;
    Ok(InvitationEnded { invitation: InvitationId(id.0), partner, applications, organization })
}

fn moved(id: domain::RegistrationId, known: &mut impl Known) -> Result<RegistrationMoved, Missing> {
    let row = known.registration(id)?;
    Ok(RegistrationMoved {
        registration: RegistrationId(id.0),
        organization: organization_id(row.organization),
        applications: row.applications.0.clone(),
    })
}

fn submitted(id: domain::RegistrationId, due: &domain::Due, known: &mut impl Known) -> Result<RegistrationSubmitted, Missing> {
    let RegistrationMoved { registration, organization, applications } = moved(id, known)?;
    Ok(RegistrationSubmitted { registration, organization, applications, due_at: due.at })
}

fn changed(id: domain::PersonId, known: &mut impl Known) -> Result<UserChanged, Missing> {
    let row = known.user(id)?;
    Ok(UserChanged { user: PersonId(id.0), organization: organization_id(row.organization) })
}

fn assigned(role: user::UserRole) -> AssignedRole {
    match role {
        user::UserRole::OrganizationAdministrator => AssignedRole { role: Role::OrganizationAdministrator, application: None },
        user::UserRole::ApplicationAdministrator(application) => {
            AssignedRole { role: Role::ApplicationAdministrator, application: Some(ApplicationId(application.0)) }
        }
    }
}

fn role_of(id: domain::PersonId, role: user::UserRole, known: &mut impl Known) -> Result<UserRole, Missing> {
    let (UserChanged { user, organization }, AssignedRole { role, application }) = (changed(id, known)?, assigned(role));
    Ok(UserRole { user, organization, role, application })
}
