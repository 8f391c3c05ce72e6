//! Mails of access to applications, and what is learnt of the catalogue.

use std::collections::BTreeSet;

use domain::access::AccessEvent;
use domain::application::{AccessPolicy, ApplicationDetails, ApplicationEvent};
use domain::{ApplicationId, OrganizationId, Owner, PersonId, Reason};
use projection_runtime::{Envelope, ProjectionError};
use serde_json::json;
use uuid::Uuid;

use super::{Applied, application as application_facts, organization_facts, partner_name, variables};
use crate::batch::{Batch, Draft};
use crate::facts::{Administrators, ApplicationFacts, PersonFacts};
use crate::{Link, Template, Variables};

pub(super) async fn application(batch: &mut Batch<'_>, id: ApplicationId, event: &ApplicationEvent) -> Applied {
    match event {
        ApplicationEvent::Published { code: _, owner, details } => {
            let owner = match owner {
                Owner::Partner(organization) => Some(*organization),
                Owner::Operator => None,
            };
            batch.change::<ApplicationFacts>(id.0, |facts| facts.owner = owner).await?;
            learn_details(batch, id, details).await
        }
        ApplicationEvent::Amended { details } => learn_details(batch, id, details).await,
        ApplicationEvent::Retired { reason: _ } => Ok(()),
    }
}

async fn learn_details(batch: &mut Batch<'_>, id: ApplicationId, details: &ApplicationDetails) -> Applied {
    batch
        .change::<ApplicationFacts>(id.0, |facts| {
            facts.name = details.name.to_string();
            facts.prerequisites = details.prerequisites.as_ref().map(ToString::to_string);
            facts.automatic_access = details.access == AccessPolicy::Automatic;
        })
        .await
}

/// Whose facts an event of access needs.
pub(super) fn needs(needed: &mut BTreeSet<Uuid>, event: &AccessEvent) {
    match event {
        AccessEvent::Requested { user, organization, application, .. } => {
            needed.extend([user.0, organization.0, application.0, Administrators::id(*organization, *application)]);
        }
        AccessEvent::Granted { user, organization, application, .. }
        | AccessEvent::Denied { user, organization, application, .. }
        | AccessEvent::Revoked { user, organization, application, .. } => needed.extend([user.0, organization.0, application.0]),
    }
}

pub(super) async fn apply(batch: &mut Batch<'_>, envelope: &Envelope, event: &AccessEvent) -> Applied {
    match event {
        AccessEvent::Requested { user, organization, application, proposed_by: _, reason } => {
            ask(batch, envelope, *user, *organization, *application, reason.as_ref()).await
        }
        AccessEvent::Granted { user, organization, application, granted_by: _, reason } => {
            let variables = what(batch, *organization, *application, reason.as_ref()).await?;
            to_user(batch, envelope, *user, Template::AccessGranted, variables).await
        }
        AccessEvent::Denied { user, organization, application, denied_by: _, reason } => {
            let variables = what(batch, *organization, *application, Some(reason)).await?;
            to_user(batch, envelope, *user, Template::AccessDenied, variables).await
        }
        AccessEvent::Revoked { user, organization, application, revoked_by: _, reason } => {
            let variables = what(batch, *organization, *application, Some(reason)).await?;
            to_user(batch, envelope, *user, Template::AccessRevoked, variables).await
        }
    }
}

/// Asks the application's administrators in the organization; where there is none who could answer, the organization's.
async fn ask(
    batch: &mut Batch<'_>,
    envelope: &Envelope,
    user: PersonId,
    organization: OrganizationId,
    application: ApplicationId,
    reason: Option<&Reason>,
) -> Applied {
    if application_facts(batch, application).await?.automatic_access {
        return Ok(());
    }
    let administrators: Administrators = batch.get(Administrators::id(organization, application)).await?;
    let mut recipients = usable(batch, administrators.people).await?;
    if recipients.is_empty() {
        recipients = organization_facts(batch, organization).await?.administrators;
    }
    let variables = what(batch, organization, application, reason).await?;
    for recipient in recipients {
        let (template, link, variables) = (Template::AccessAsked, Link::AccessRequests, variables.clone());
        batch.owe(envelope, Draft { template, recipient, about: Some(user), link, variables }).await?;
    }
    Ok(())
}

async fn usable(batch: &mut Batch<'_>, people: BTreeSet<PersonId>) -> Result<BTreeSet<PersonId>, ProjectionError> {
    let mut usable = BTreeSet::new();
    for person in people {
        if batch.get::<PersonFacts>(person.0).await?.user.is_some_and(|user| user.usable) {
            usable.insert(person);
        }
    }
    Ok(usable)
}

async fn what(
    batch: &mut Batch<'_>,
    organization: OrganizationId,
    application: ApplicationId,
    reason: Option<&Reason>,
) -> Result<Variables, ProjectionError> {
    let facts = application_facts(batch, application).await?;
    Ok(variables(json!({
        "organization": organization_facts(batch, organization).await?.name,
        "application": facts.name,
        "prerequisites": facts.prerequisites,
        "partner": partner_name(batch, &facts).await?,
        "reason": reason,
    })))
}

async fn to_user(batch: &mut Batch<'_>, envelope: &Envelope, recipient: PersonId, template: Template, variables: Variables) -> Applied {
    batch.owe(envelope, Draft { template, recipient, about: None, link: Link::Home, variables }).await?;
    Ok(())
}
