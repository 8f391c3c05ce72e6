//! Mails of an organization and of its subscriptions, to its administrators.

use std::collections::BTreeSet;

use domain::OrganizationId;
use domain::organization::OrganizationEvent;
use domain::subscription::SubscriptionEvent;
use projection_runtime::Envelope;
use serde_json::json;
use uuid::Uuid;

use super::{Applied, application, organization_facts, partner_name, variables};
use crate::batch::{Batch, Draft};
use crate::facts::OrganizationFacts;
use crate::{Link, Template, Variables};

pub(super) async fn apply(batch: &mut Batch<'_>, envelope: &Envelope, id: OrganizationId, event: &OrganizationEvent) -> Applied {
    match event {
        OrganizationEvent::Approved { registration: _, profile, administrators } => {
            let facts =
                OrganizationFacts { name: profile.legal_name.to_string(), administrators: administrators.iter().copied().collect() };
            batch.put(id.0, facts);
            Ok(())
        }
        OrganizationEvent::ProfileAmended { profile } | OrganizationEvent::AmendmentApproved { reviewer: _, profile, reason: _ } => {
            batch.change::<OrganizationFacts>(id.0, |facts| profile.legal_name.as_str().clone_into(&mut facts.name)).await
        }
        OrganizationEvent::AdministratorAdded { administrator } => {
            batch.change::<OrganizationFacts>(id.0, |facts| facts.administrators.extend([*administrator])).await
        }
        OrganizationEvent::AdministratorRemoved { administrator, reason: _ } => {
            batch
                .change::<OrganizationFacts>(id.0, |facts| {
                    facts.administrators.remove(administrator);
                })
                .await
        }
        OrganizationEvent::Suspended { reason } => {
            let organization = organization_facts(batch, id).await?.name;
            let variables = variables(json!({ "organization": organization, "reason": reason, "whole_organization": true }));
            to_administrators(batch, envelope, id, Template::AccountSuspended, Link::Nowhere, &variables).await
        }
        OrganizationEvent::AmendmentRequested { profile: _, requested_by: _ }
        | OrganizationEvent::AmendmentRefused { reviewer: _, reason: _ }
        | OrganizationEvent::Reinstated { reason: _ }
        | OrganizationEvent::Closed { reason: _ }
        | OrganizationEvent::AdministratorEstablished { administrator: _ } => Ok(()),
    }
}

/// Whose facts an event of a subscription needs.
pub(super) fn subscription_needs(needed: &mut BTreeSet<Uuid>, event: &SubscriptionEvent) {
    match event {
        SubscriptionEvent::Activated { organization, application, .. } | SubscriptionEvent::Denied { organization, application, .. } => {
            needed.extend([organization.0, application.0]);
        }
        SubscriptionEvent::Requested { .. } | SubscriptionEvent::Ended { .. } => {}
    }
}

pub(super) async fn subscription(batch: &mut Batch<'_>, envelope: &Envelope, event: &SubscriptionEvent) -> Applied {
    let (organization, application_id, template, reason) = match event {
        SubscriptionEvent::Activated { organization, application, origin: _ } => {
            (*organization, *application, Template::OrganizationSubscribed, None)
        }
        SubscriptionEvent::Denied { organization, application, reason } => {
            (*organization, *application, Template::SubscriptionDenied, Some(reason))
        }
        SubscriptionEvent::Requested { .. } | SubscriptionEvent::Ended { .. } => return Ok(()),
    };
    let facts = application(batch, application_id).await?;
    let variables = variables(json!({
        "organization": organization_facts(batch, organization).await?.name,
        "application": facts.name,
        "prerequisites": facts.prerequisites,
        "partner": partner_name(batch, &facts).await?,
        "automatic_access": facts.automatic_access,
        "reason": reason,
    }));
    to_administrators(batch, envelope, organization, template, Link::Home, &variables).await
}

async fn to_administrators(
    batch: &mut Batch<'_>,
    envelope: &Envelope,
    organization: OrganizationId,
    template: Template,
    link: Link,
    variables: &Variables,
) -> Applied {
    for recipient in organization_facts(batch, organization).await?.administrators {
        let (link, variables) = (link.clone(), variables.clone());
        batch.owe(envelope, Draft { template, recipient, about: None, link, variables }).await?;
    }
    Ok(())
}
