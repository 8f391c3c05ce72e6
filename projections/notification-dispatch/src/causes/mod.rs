//! Which events owe which mails, and what is learnt from the others. Without a catch-all arm: a new event asks whether it owes a mail.

mod access;
mod invitation;
mod organization;
mod registration;
mod staff;
mod user;

use std::collections::BTreeSet;

use domain::credential::{CredentialEvent, CredentialKind};
use domain::mail::MailEvent;
use domain::person::PersonEvent;
use domain::{ApplicationId, Contact, CredentialId, DomainEvent, MailId, OrganizationId, PersonId, Personal};
use projection_runtime::{Envelope, ProjectionError};
use uuid::Uuid;

use crate::batch::{Batch, Draft, Fate};
use crate::facts::{ApplicationFacts, CredentialFacts, OrganizationFacts, PersonFacts, Roster};
use crate::{Link, MailState, Template, Variables};

type Applied = Result<(), ProjectionError>;

/// Whether the facts of this event's stream begin with it, if it is the first one of it. A person's do not: they may have been
/// learnt from other streams.
pub(crate) fn has_facts_of_its_own(event: &DomainEvent) -> bool {
    match event {
        DomainEvent::Application(..)
        | DomainEvent::Invitation(..)
        | DomainEvent::Registration(..)
        | DomainEvent::Organization(..)
        | DomainEvent::Credential(..) => true,
        DomainEvent::User(..)
        | DomainEvent::Person(..)
        | DomainEvent::Subscription(..)
        | DomainEvent::Access(..)
        | DomainEvent::Relationship(..)
        | DomainEvent::Reservation(..)
        | DomainEvent::Staff(..)
        | DomainEvent::Service(..)
        | DomainEvent::Mail(..)
        | DomainEvent::Calendar(..) => false,
    }
}

/// Notes whose facts this event needs for sure: they are read for the whole batch at once.
pub(crate) fn needs(needed: &mut BTreeSet<Uuid>, event: &DomainEvent) {
    match event {
        DomainEvent::Application(..) | DomainEvent::Credential(..) | DomainEvent::User(..) | DomainEvent::Person(..) => {
            needed.insert(event.key());
        }
        DomainEvent::Organization(id, _) => {
            needed.insert(id.0);
        }
        DomainEvent::Invitation(id, event) => invitation::needs(needed, *id, event),
        DomainEvent::Registration(id, event) => registration::needs(needed, *id, event),
        DomainEvent::Subscription(_, event) => organization::subscription_needs(needed, event),
        DomainEvent::Access(_, event) => access::needs(needed, event),
        DomainEvent::Staff(..) => {
            needed.insert(Roster::ID);
        }
        DomainEvent::Mail(..)
        | DomainEvent::Relationship(..)
        | DomainEvent::Reservation(..)
        | DomainEvent::Service(..)
        | DomainEvent::Calendar(..) => {}
    }
}

/// What this event owes, and teaches.
pub(crate) async fn apply(batch: &mut Batch<'_>, envelope: &Envelope) -> Applied {
    match &envelope.event {
        DomainEvent::Application(id, event) => access::application(batch, *id, event).await,
        DomainEvent::Invitation(id, event) => invitation::apply(batch, envelope, *id, event).await,
        DomainEvent::Registration(id, event) => registration::apply(batch, envelope, *id, event).await,
        DomainEvent::Organization(id, event) => organization::apply(batch, envelope, *id, event).await,
        DomainEvent::User(person, event) => user::apply(batch, envelope, *person, event).await,
        DomainEvent::Subscription(_, event) => organization::subscription(batch, envelope, event).await,
        DomainEvent::Access(_, event) => access::apply(batch, envelope, event).await,
        DomainEvent::Credential(id, event) => credential(batch, envelope, *id, event).await,
        DomainEvent::Person(person, event) => forget(batch, *person, event).await,
        DomainEvent::Staff(id, event) => staff::apply(batch, envelope, *id, event).await,
        DomainEvent::Mail(id, event) => {
            fate(batch, envelope, *id, event);
            Ok(())
        }
        DomainEvent::Relationship(..) | DomainEvent::Reservation(..) | DomainEvent::Service(..) | DomainEvent::Calendar(..) => Ok(()),
    }
}

fn fate(batch: &mut Batch<'_>, envelope: &Envelope, mail: MailId, event: &MailEvent) {
    let fate = match event {
        MailEvent::Sent { cause: _, template: _, attempts } => Fate { state: MailState::Sent, attempts: *attempts, answer: String::new() },
        MailEvent::Refused { cause: _, template: _, answer, attempts } => {
            Fate { state: MailState::Refused, attempts: *attempts, answer: answer.clone() }
        }
        MailEvent::GivenUp { cause: _, template: _, reason, attempts } => {
            Fate { state: MailState::GivenUp, attempts: *attempts, answer: reason.clone() }
        }
    };
    batch.settle(envelope, mail, fate);
}

async fn forget(batch: &mut Batch<'_>, person: PersonId, event: &PersonEvent) -> Applied {
    match event {
        // Already the start: the key may be gone before the second event is there, and nothing is to be sent in between.
        PersonEvent::ForgettingStarted { reason: _ } | PersonEvent::Forgotten {} => batch.forget(person).await,
        PersonEvent::ErasureAcknowledged { service: _ } => Ok(()),
    }
}

async fn credential(batch: &mut Batch<'_>, envelope: &Envelope, id: CredentialId, event: &CredentialEvent) -> Applied {
    match event {
        CredentialEvent::Registered { user, kind, label } => {
            // Recovery codes need no first use to work: they are there once they are registered.
            let (type_name, works) = match kind {
                CredentialKind::Authenticator => ("authenticator", false),
                CredentialKind::Passkey => ("passkey", false),
                CredentialKind::Token { serial: _ } => ("token", false),
                CredentialKind::RecoveryCodes => ("recovery_codes", true),
            };
            let facts = CredentialFacts { label: label.to_string(), type_name: type_name.to_owned(), announced: works };
            batch.put(id.0, facts.clone());
            if works { credential_mail(batch, envelope, *user, Template::CredentialAdded, &facts, None).await } else { Ok(()) }
        }
        CredentialEvent::Activated { user } => {
            let mut facts: CredentialFacts = batch.get(id.0).await?;
            if facts.announced {
                return Ok(());
            }
            facts.announced = true;
            batch.put(id.0, facts.clone());
            credential_mail(batch, envelope, *user, Template::CredentialAdded, &facts, None).await
        }
        CredentialEvent::Renamed { label } => {
            batch.change::<CredentialFacts>(id.0, |facts| label.as_str().clone_into(&mut facts.label)).await
        }
        CredentialEvent::Revoked { user, reason } => {
            let facts: CredentialFacts = batch.get(id.0).await?;
            // What never worked was never announced: its end is no news either.
            if facts.announced {
                credential_mail(batch, envelope, *user, Template::CredentialRemoved, &facts, Some(reason.as_str())).await
            } else {
                Ok(())
            }
        }
    }
}

async fn credential_mail(
    batch: &mut Batch<'_>,
    envelope: &Envelope,
    user: PersonId,
    template: Template,
    facts: &CredentialFacts,
    reason: Option<&str>,
) -> Applied {
    let variables = variables(serde_json::json!({
        "label": facts.label,
        "type": facts.type_name,
        "reason": reason,
        "happened_at": envelope.recorded_at.to_string(),
    }));
    batch.owe(envelope, Draft { template, recipient: user, about: None, link: Link::Credentialing, variables }).await?;
    Ok(())
}

/// A JSON object as a template's variables, without those that are null.
fn variables(value: serde_json::Value) -> Variables {
    if let serde_json::Value::Object(mut variables) = value {
        variables.retain(|_name, value| !value.is_null());
        variables
    } else {
        Variables::new()
    }
}

/// Learns how to reach somebody. An erased contact teaches that nothing is known any more.
async fn learn_contact(batch: &mut Batch<'_>, contact: &Personal<Contact>) -> Applied {
    batch
        .change::<PersonFacts>(contact.person().0, |person| {
            person.name = contact.get().map(Contact::full_name);
            person.email = contact.get().map(|contact| contact.email.to_string());
        })
        .await
}

/// An application's name, for a sentence; its facts.
async fn application(batch: &mut Batch<'_>, id: ApplicationId) -> Result<ApplicationFacts, ProjectionError> {
    batch.get(id.0).await
}

/// The names of applications, in the order given.
async fn application_names(batch: &mut Batch<'_>, ids: &[ApplicationId]) -> Result<Vec<String>, ProjectionError> {
    let mut names = Vec::with_capacity(ids.len());
    for id in ids {
        names.push(application(batch, *id).await?.name);
    }
    Ok(names)
}

/// An organization's facts.
async fn organization_facts(batch: &mut Batch<'_>, id: OrganizationId) -> Result<OrganizationFacts, ProjectionError> {
    batch.get(id.0).await
}

/// The name of the partner whose application it is; none if it is the operator's.
async fn partner_name(batch: &mut Batch<'_>, application: &ApplicationFacts) -> Result<Option<String>, ProjectionError> {
    match application.owner {
        Some(owner) => Ok(Some(organization_facts(batch, owner).await?.name).filter(|name| !name.is_empty())),
        None => Ok(None),
    }
}
