//! Events as sentences: when, who, what, why, from where. Pure; exhaustive over all events.
//!
//! Ids are replaced by names as far as a [`Glossary`] knows them. It learns them from the events themselves, in their order, and
//! whoever shows a history may add what it knows. A person who has been forgotten reads as `erased`.

mod access;
mod invitation;
mod organization;
mod others;
mod registration;
mod user;

use std::collections::HashMap;
use std::fmt;

use domain::application::ApplicationEvent;
use domain::invitation::InvitationEvent;
use domain::organization::OrganizationEvent;
use domain::registration::{Origin, RegistrationEvent};
use domain::service::ServiceEvent;
use domain::staff::StaffEvent;
use domain::user::UserEvent;
use domain::{
    Actor, ApplicationId, Contact, DomainEvent, InvitationId, OrganizationId, Owner, PersonId, Personal, Reason, RegistrationId, ServiceId,
    StaffId,
};
use jiff::Timestamp;
use projection_runtime::Envelope;
use serde::Serialize;
use uuid::Uuid;

/// Whether an event says what something is called that later events name by its id: what a [`Glossary`] learns most from.
#[must_use]
pub fn introduces(event: &DomainEvent) -> bool {
    matches!(
        event,
        DomainEvent::Invitation(_, InvitationEvent::Sent { .. })
            | DomainEvent::Registration(
                _,
                RegistrationEvent::Started { .. }
                    | RegistrationEvent::AdministratorNominated { .. }
                    | RegistrationEvent::AdministratorCorrected { .. }
            )
            | DomainEvent::Service(_, ServiceEvent::Registered { .. })
            | DomainEvent::Organization(_, OrganizationEvent::Approved { .. })
            | DomainEvent::User(_, UserEvent::Invited { .. } | UserEvent::Created { .. } | UserEvent::ProfileConfirmed { .. })
    )
}

/// What stands in place of a value about a person who has been forgotten.
pub const ERASED: &str = "erased";

/// One event, readable.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Line {
    /// Where the event stands in the log.
    pub position: u64,
    /// When it was recorded.
    pub at: Timestamp,
    /// Who caused it, in words.
    pub who: String,
    /// What they did, in words that follow on who: `approved the registration GH-7K3M-Q2XD on dossier version 3`.
    pub what: String,
    /// Why, in the words of whoever decided.
    pub why: Option<String>,
    /// From where: through what it came in, and the network it came from.
    pub from: String,
}

/// The sentence without its time: `Anna Berg of the staff approved the registration … on dossier version 3: all in order`.
impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.who, self.what)?;
        match &self.why {
            Some(why) => write!(f, ": {why}"),
            None => Ok(()),
        }
    }
}

/// The names of things, as far as they are known.
#[derive(Debug, Clone, Default)]
pub struct Glossary {
    names: HashMap<Uuid, String>,
}

impl Glossary {
    /// Calls a thing by this name from now on.
    pub fn call(&mut self, id: Uuid, name: impl Into<String>) {
        self.names.insert(id, name.into());
    }

    /// Learns the names that an event gives.
    pub fn learn(&mut self, envelope: &Envelope) {
        match &envelope.event {
            DomainEvent::Application(id, ApplicationEvent::Published { code, .. }) => self.call(id.0, code.as_str()),
            DomainEvent::Application(_, ApplicationEvent::Amended { .. } | ApplicationEvent::Retired { .. }) => {}
            DomainEvent::Invitation(id, event) => self.learn_invitation(*id, event),
            DomainEvent::Registration(id, event) => self.learn_registration(*id, event),
            DomainEvent::Organization(id, event) => self.learn_organization(*id, event),
            DomainEvent::User(person, event) => self.learn_user(*person, event),
            DomainEvent::Staff(id, StaffEvent::Appointed { contact, .. }) => {
                self.call(id.0, full_name(contact));
                self.call_person(contact);
            }
            DomainEvent::Service(id, ServiceEvent::Registered { name, .. }) => self.call(id.0, name.as_str()),
            DomainEvent::Service(_, ServiceEvent::ScopeChanged { .. } | ServiceEvent::Retired { .. })
            | DomainEvent::Staff(
                _,
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
                | StaffEvent::Dismissed { .. },
            )
            | DomainEvent::Subscription(..)
            | DomainEvent::Access(..)
            | DomainEvent::Relationship(..)
            | DomainEvent::Credential(..)
            | DomainEvent::Reservation(..)
            | DomainEvent::Person(..)
            | DomainEvent::Mail(..)
            | DomainEvent::Calendar(..) => {}
        }
    }

    fn call_person(&mut self, contact: &Personal<Contact>) {
        self.call(contact.person().0, full_name(contact));
    }

    fn learn_invitation(&mut self, id: InvitationId, event: &InvitationEvent) {
        match event {
            InvitationEvent::Sent { inviter, inviter_name, company, addressee, .. } => {
                self.call(id.0, company.as_str());
                if let Owner::Partner(partner) = inviter {
                    self.call(partner.0, inviter_name.as_str());
                }
                let name = addressee.get().map(|addressee| match &addressee.name {
                    Some(name) => name.to_string(),
                    None => addressee.email.to_string(),
                });
                self.call(addressee.person().0, name.unwrap_or_else(|| ERASED.to_owned()));
            }
            InvitationEvent::Resent { .. }
            | InvitationEvent::Reminded {}
            | InvitationEvent::Opened {}
            | InvitationEvent::Accepted { .. }
            | InvitationEvent::LinkedToOrganization { .. }
            | InvitationEvent::OfferAccepted { .. }
            | InvitationEvent::OfferDeclined { .. }
            | InvitationEvent::Revoked { .. }
            | InvitationEvent::Expired {} => {}
        }
    }

    fn learn_registration(&mut self, id: RegistrationId, event: &RegistrationEvent) {
        match event {
            RegistrationEvent::Started { case_number, registrant, company, origin, .. } => {
                self.call(id.0, case_number.as_str());
                let name = registrant.get().map(|registrant| match &registrant.name {
                    Some(name) => name.to_string(),
                    None => registrant.email.to_string(),
                });
                self.call(registrant.person().0, name.unwrap_or_else(|| ERASED.to_owned()));
                if let (Origin::Invitation { invitation, .. }, Some(company)) = (origin, company) {
                    self.call(invitation.0, company.as_str());
                }
            }
            RegistrationEvent::AdministratorNominated { nominee, .. } | RegistrationEvent::AdministratorCorrected { nominee, .. } => {
                self.call_person(nominee);
            }
            RegistrationEvent::HumanCheckPassed { .. }
            | RegistrationEvent::ProfileSaved { .. }
            | RegistrationEvent::HandoverAcknowledged { .. }
            | RegistrationEvent::AdministratorSelected { .. }
            | RegistrationEvent::AdministratorDeselected { .. }
            | RegistrationEvent::ReviewConfirmed {}
            | RegistrationEvent::Submitted { .. }
            | RegistrationEvent::Claimed { .. }
            | RegistrationEvent::Released { .. }
            | RegistrationEvent::InformationRequested { .. }
            | RegistrationEvent::Resubmitted { .. }
            | RegistrationEvent::RiskRaised { .. }
            | RegistrationEvent::ApprovalProposed { .. }
            | RegistrationEvent::Approved { .. }
            | RegistrationEvent::ApprovalUndone { .. }
            | RegistrationEvent::ApprovalTookEffect { .. }
            | RegistrationEvent::Rejected { .. }
            | RegistrationEvent::Reopened { .. }
            | RegistrationEvent::LinkedToOrganization { .. }
            | RegistrationEvent::Withdrawn { .. }
            | RegistrationEvent::Expired {}
            | RegistrationEvent::ReviewDueSoon { .. }
            | RegistrationEvent::ReviewOverdue { .. }
            | RegistrationEvent::DueMoved { .. } => {}
        }
    }

    fn learn_organization(&mut self, id: OrganizationId, event: &OrganizationEvent) {
        match event {
            OrganizationEvent::Approved { profile, .. }
            | OrganizationEvent::ProfileAmended { profile }
            | OrganizationEvent::AmendmentApproved { profile, .. } => self.call(id.0, profile.legal_name.as_str()),
            OrganizationEvent::AmendmentRequested { .. }
            | OrganizationEvent::AmendmentRefused { .. }
            | OrganizationEvent::Suspended { .. }
            | OrganizationEvent::Reinstated { .. }
            | OrganizationEvent::Closed { .. }
            | OrganizationEvent::AdministratorAdded { .. }
            | OrganizationEvent::AdministratorEstablished { .. }
            | OrganizationEvent::AdministratorRemoved { .. } => {}
        }
    }

    fn learn_user(&mut self, person: PersonId, event: &UserEvent) {
        match event {
            UserEvent::Invited { organization, organization_name, email, .. } => {
                self.call(organization.0, organization_name.as_str());
                self.call(person.0, email.get().map_or(ERASED, |email| email.as_str()));
            }
            UserEvent::Created { organization, organization_name, contact, .. } => {
                self.call(organization.0, organization_name.as_str());
                self.call_person(contact);
            }
            UserEvent::SelfRegistered { contact, .. } | UserEvent::ProfileConfirmed { contact } => self.call_person(contact),
            UserEvent::Refused { .. }
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
            | UserEvent::SecondFactorRemoved { .. }
            | UserEvent::Activated {}
            | UserEvent::RoleGranted { .. }
            | UserEvent::RoleRevoked { .. }
            | UserEvent::Suspended { .. }
            | UserEvent::Reinstated { .. }
            | UserEvent::Closed { .. } => {}
        }
    }

    fn name(&self, kind: &str, id: Uuid) -> String {
        match self.names.get(&id) {
            Some(name) => name.clone(),
            None => format!("{kind} {id}"),
        }
    }

    fn person(&self, id: PersonId) -> String {
        self.name("person", id.0)
    }

    fn organization(&self, id: OrganizationId) -> String {
        self.name("organization", id.0)
    }

    fn application(&self, id: ApplicationId) -> String {
        self.name("application", id.0)
    }

    fn applications(&self, ids: impl IntoIterator<Item = ApplicationId>) -> String {
        ids.into_iter().map(|id| self.application(id)).collect::<Vec<_>>().join(", ")
    }

    fn staff(&self, id: StaffId) -> String {
        self.name("staff member", id.0)
    }

    fn service(&self, id: ServiceId) -> String {
        match self.names.get(&id.0) {
            Some(name) => format!("the service {name}"),
            None => format!("service {id}"),
        }
    }

    /// ` for …`, unless this reviewer is who acted.
    fn for_reviewer(&self, actor: &Actor, reviewer: StaffId) -> String {
        if *actor == Actor::Staff(reviewer) { String::new() } else { format!(" for {}", self.staff(reviewer)) }
    }

    /// ` for …`, unless this user is who acted.
    fn for_user(&self, actor: &Actor, user: PersonId) -> String {
        match actor {
            Actor::User { person, organization: _ } if *person == user => String::new(),
            Actor::User { .. }
            | Actor::Staff(_)
            | Actor::Partner(_)
            | Actor::Addressee(_)
            | Actor::Registrant(_)
            | Actor::Service(_)
            | Actor::System(_)
            | Actor::Operator => format!(" for {}", self.person(user)),
        }
    }

    fn owner(&self, owner: Owner) -> String {
        match owner {
            Owner::Partner(partner) => self.organization(partner),
            Owner::Operator => "the operator".to_owned(),
        }
    }

    fn case(&self, id: RegistrationId) -> String {
        match self.names.get(&id.0) {
            Some(number) => format!("the registration {number}"),
            None => format!("registration {id}"),
        }
    }

    fn invitation(&self, id: InvitationId) -> String {
        match self.names.get(&id.0) {
            Some(company) => format!("the invitation of {company}"),
            None => format!("invitation {id}"),
        }
    }

    fn actor(&self, actor: &Actor) -> String {
        match actor {
            Actor::Staff(staff) => match self.names.get(&staff.0) {
                Some(name) => format!("{name} of the staff"),
                None => format!("Staff member {staff}"),
            },
            Actor::Partner(partner) => format!("The system of {}", self.organization(*partner)),
            Actor::User { person, organization } => {
                let person = match self.names.get(&person.0) {
                    Some(name) => name.clone(),
                    None => format!("Person {person}"),
                };
                format!("{person} of {}", self.organization(*organization))
            }
            Actor::Addressee(invitation) => format!("Whoever held the link of {}", self.invitation(*invitation)),
            Actor::Registrant(case) => match self.names.get(&case.0) {
                Some(number) => format!("The registrant of {number}"),
                None => "The registrant".to_owned(),
            },
            Actor::Service(name) => format!("The service {name}"),
            Actor::System(name) => format!("Gatehouse ({name})"),
            Actor::Operator => "The operator".to_owned(),
        }
    }
}

fn full_name(contact: &Personal<Contact>) -> String {
    contact.get().map_or_else(|| ERASED.to_owned(), Contact::full_name)
}

/// What happened and why.
struct Deed {
    what: String,
    why: Option<String>,
}

impl Deed {
    fn plain(what: impl Into<String>) -> Self {
        Self { what: what.into(), why: None }
    }

    fn because(what: impl Into<String>, why: &Reason) -> Self {
        Self { what: what.into(), why: Some(why.to_string()) }
    }

    fn perhaps_because(what: impl Into<String>, why: Option<&Reason>) -> Self {
        Self { what: what.into(), why: why.map(ToString::to_string) }
    }
}

/// Turns an event into a readable line.
#[must_use]
pub fn narrate(envelope: &Envelope, names: &Glossary) -> Line {
    let deed = match &envelope.event {
        DomainEvent::Application(id, event) => others::application(names, *id, event),
        DomainEvent::Invitation(id, event) => invitation::tell(names, *id, event),
        DomainEvent::Registration(id, event) => registration::tell(names, &envelope.metadata.actor, *id, event),
        DomainEvent::Organization(id, event) => organization::tell(names, &envelope.metadata.actor, *id, event),
        DomainEvent::User(person, event) => user::tell(names, *person, event),
        DomainEvent::Subscription(_, event) => access::subscription(names, event),
        DomainEvent::Access(_, event) => access::access(names, &envelope.metadata.actor, event),
        DomainEvent::Relationship(_, event) => access::relationship(names, event),
        DomainEvent::Credential(id, event) => others::credential(names, *id, event),
        DomainEvent::Reservation(_, event) => others::reservation(names, event),
        DomainEvent::Person(person, event) => others::person(names, &envelope.metadata.actor, *person, event),
        DomainEvent::Staff(id, event) => others::staff(names, *id, event),
        DomainEvent::Service(id, event) => others::service(names, *id, event),
        DomainEvent::Mail(_, event) => others::mail(event),
        DomainEvent::Calendar(_, event) => others::calendar(event),
    };
    Line {
        position: envelope.position.0,
        at: envelope.recorded_at,
        who: names.actor(&envelope.metadata.actor),
        what: deed.what,
        why: deed.why,
        from: envelope.metadata.from.clone(),
    }
}

/// Turns a whole history into lines, in its order. Names that any of the events gives are used in all of them.
pub fn narrate_all<'a>(events: impl IntoIterator<Item = &'a Envelope> + Clone) -> Vec<Line> {
    let mut names = Glossary::default();
    for envelope in events.clone() {
        names.learn(envelope);
    }
    events.into_iter().map(|envelope| narrate(envelope, &names)).collect()
}
