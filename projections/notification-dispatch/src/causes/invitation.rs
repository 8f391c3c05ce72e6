//! Mails of an invitation.

use std::collections::BTreeSet;

use domain::invitation::InvitationEvent;
use domain::{Addressee, InvitationId, Owner, Personal};
use projection_runtime::{Envelope, ProjectionError};
use serde_json::json;
use uuid::Uuid;

use super::{Applied, application_names, organization_facts, variables};
use crate::batch::{Batch, Draft};
use crate::facts::{InvitationFacts, Links, PersonFacts};
use crate::{Link, Template, Variables};

/// The mails that are pointless once an invitation has ended.
const PENDING: &[Template] = &[Template::Invitation, Template::InvitationOffer, Template::InvitationReminder];

/// Whose facts an event needs: those of the invitation, and of whom and what it speaks of when it is sent.
pub(super) fn needs(needed: &mut BTreeSet<Uuid>, id: InvitationId, event: &InvitationEvent) {
    match event {
        InvitationEvent::Sent { addressee, applications, .. } => {
            needed.insert(addressee.person().0);
            needed.extend(applications.iter().map(|application| application.0));
        }
        InvitationEvent::Resent { .. }
        | InvitationEvent::Reminded {}
        | InvitationEvent::Accepted { .. }
        | InvitationEvent::LinkedToOrganization { .. }
        | InvitationEvent::OfferAccepted { .. }
        | InvitationEvent::OfferDeclined { .. }
        | InvitationEvent::Revoked { .. }
        | InvitationEvent::Expired {} => {
            needed.insert(id.0);
        }
        InvitationEvent::Opened {} => {}
    }
}

pub(super) async fn apply(batch: &mut Batch<'_>, envelope: &Envelope, id: InvitationId, event: &InvitationEvent) -> Applied {
    match event {
        InvitationEvent::Sent { inviter, inviter_name, company, addressee, applications, organization, expires_at, invited_by: _ } => {
            learn_addressee(batch, id, addressee).await?;
            let facts = InvitationFacts {
                partner: inviter_name.to_string(),
                company: company.to_string(),
                addressee: Some(addressee.person()),
                applications: applications.clone(),
                generation: 0,
                expires_at: expires_at.to_string(),
                organization: *organization,
                by_operator: *inviter == Owner::Operator,
                links: Links::new(),
            };
            batch.put(id.0, facts.clone());
            invite(batch, envelope, id, &facts).await
        }
        InvitationEvent::Resent { generation, expires_at, invited_by: _ } => {
            let mut facts: InvitationFacts = batch.get(id.0).await?;
            facts.generation = *generation;
            facts.expires_at = expires_at.to_string();
            batch.put(id.0, facts.clone());
            batch.supersede::<InvitationFacts>(id.0, PENDING, "the invitation was sent again with a new link").await?;
            invite(batch, envelope, id, &facts).await
        }
        InvitationEvent::Reminded {} => {
            let facts: InvitationFacts = batch.get(id.0).await?;
            if facts.organization.is_some() {
                return offer_to_administrators(batch, envelope, id, &facts, true).await;
            }
            to_addressee(batch, envelope, id, &facts, Template::InvitationReminder).await
        }
        InvitationEvent::Accepted { registration: _ } => {
            batch.supersede::<InvitationFacts>(id.0, PENDING, "the invitation was accepted").await
        }
        InvitationEvent::LinkedToOrganization { organization, expires_at } => {
            let mut facts: InvitationFacts = batch.get(id.0).await?;
            facts.organization = Some(*organization);
            facts.expires_at = expires_at.to_string();
            batch.put(id.0, facts.clone());
            batch
                .supersede::<InvitationFacts>(id.0, PENDING, "the company is registered already: the invitation became an offer to it")
                .await?;
            offer_to_administrators(batch, envelope, id, &facts, false).await
        }
        InvitationEvent::OfferAccepted { organization: _ } => {
            batch.supersede::<InvitationFacts>(id.0, PENDING, "the offer was accepted").await
        }
        InvitationEvent::OfferDeclined { organization: _, reason: _ } => {
            batch.supersede::<InvitationFacts>(id.0, PENDING, "the offer was declined").await
        }
        InvitationEvent::Revoked { reason } => {
            batch.supersede::<InvitationFacts>(id.0, PENDING, "the invitation was revoked").await?;
            let facts: InvitationFacts = batch.get(id.0).await?;
            let Some(recipient) = facts.addressee else { return Ok(()) };
            let variables = variables(json!({
                "partner": facts.partner,
                "company": facts.company,
                "by_operator": facts.by_operator,
                "applications": application_names(batch, &facts.applications).await?,
                "reason": reason,
            }));
            let template = Template::InvitationRevoked;
            batch
                .owe_link::<InvitationFacts>(id.0, envelope, Draft { template, recipient, about: None, link: Link::Nowhere, variables })
                .await?;
            Ok(())
        }
        InvitationEvent::Expired {} => batch.supersede::<InvitationFacts>(id.0, PENDING, "the invitation expired").await,
        InvitationEvent::Opened {} => Ok(()),
    }
}

async fn learn_addressee(batch: &mut Batch<'_>, id: InvitationId, addressee: &Personal<Addressee>) -> Applied {
    batch
        .change::<PersonFacts>(addressee.person().0, |person| {
            let Some(addressee) = addressee.get() else { return };
            person.email = Some(addressee.email.to_string());
            if let Some(name) = &addressee.name {
                person.name = Some(name.to_string());
            }
            if let Some(message) = &addressee.message {
                person.messages.insert(id, message.to_string());
            }
        })
        .await
}

/// The invitation, or the offer if the company is registered.
async fn invite(batch: &mut Batch<'_>, envelope: &Envelope, id: InvitationId, facts: &InvitationFacts) -> Applied {
    if facts.organization.is_none() {
        return to_addressee(batch, envelope, id, facts, Template::Invitation).await;
    }
    // The addressee may be nobody's administrator: they are told who can answer, without a link that does.
    if let Some(recipient) = facts.addressee {
        let mut variables = what(batch, id, facts).await?;
        variables.insert("administrator".to_owned(), json!(false));
        let template = Template::InvitationOffer;
        batch
            .owe_link::<InvitationFacts>(id.0, envelope, Draft { template, recipient, about: None, link: Link::Nowhere, variables })
            .await?;
    }
    offer_to_administrators(batch, envelope, id, facts, false).await
}

async fn offer_to_administrators(
    batch: &mut Batch<'_>,
    envelope: &Envelope,
    invitation: InvitationId,
    facts: &InvitationFacts,
    reminder: bool,
) -> Applied {
    let Some(organization) = facts.organization else { return Ok(()) };
    for recipient in organization_facts(batch, organization).await?.administrators {
        let mut variables = what(batch, invitation, facts).await?;
        // The partner's personal message is for the addressee alone.
        if facts.addressee != Some(recipient) {
            variables.remove("message");
        }
        variables.insert("administrator".to_owned(), json!(true));
        variables.insert("reminder".to_owned(), json!(reminder));
        let draft = Draft { template: Template::InvitationOffer, recipient, about: None, link: Link::Offer { invitation }, variables };
        batch.owe_link::<InvitationFacts>(invitation.0, envelope, draft).await?;
    }
    Ok(())
}

async fn to_addressee(
    batch: &mut Batch<'_>,
    envelope: &Envelope,
    invitation: InvitationId,
    facts: &InvitationFacts,
    template: Template,
) -> Applied {
    let Some(recipient) = facts.addressee else { return Ok(()) };
    let variables = what(batch, invitation, facts).await?;
    let link = Link::Invitation { invitation, generation: facts.generation };
    batch.owe_link::<InvitationFacts>(invitation.0, envelope, Draft { template, recipient, about: None, link, variables }).await
}

async fn what(batch: &mut Batch<'_>, id: InvitationId, facts: &InvitationFacts) -> Result<Variables, ProjectionError> {
    let message = match facts.addressee {
        Some(addressee) => batch.get::<PersonFacts>(addressee.0).await?.messages.remove(&id),
        None => None,
    };
    Ok(variables(json!({
        "partner": facts.partner,
        "company": facts.company,
        "by_operator": facts.by_operator,
        "applications": application_names(batch, &facts.applications).await?,
        "message": message,
        "expires_at": facts.expires_at,
    })))
}
