//! Mails of a registration: to the registrant, and to staff when its review is due.

use std::collections::BTreeSet;

use domain::registration::{Origin, Question, RegistrationEvent};
use domain::{CaseNumber, Due, PersonId, RegistrationId, StaffRole};
use jiff::Timestamp;
use projection_runtime::{Envelope, ProjectionError};
use serde_json::json;
use uuid::Uuid;

use super::{Applied, application_names, learn_contact, variables};
use crate::batch::{Batch, Draft};
use crate::facts::{InvitationFacts, Links, PersonFacts, RegistrationFacts, Roster};
use crate::{Link, Template, Variables};

/// The mails that are pointless once the case is decided.
const PENDING: &[Template] = &[Template::InformationRequested, Template::ReviewDueSoon, Template::ReviewOverdue];

/// Whose facts an event needs: those of the registration, unless it begins; those of the person whom it introduces.
pub(super) fn needs(needed: &mut BTreeSet<Uuid>, id: RegistrationId, event: &RegistrationEvent) {
    match event {
        RegistrationEvent::Started { registrant, .. } => {
            needed.insert(registrant.person().0);
        }
        RegistrationEvent::AdministratorNominated { nominee, .. } | RegistrationEvent::AdministratorCorrected { nominee, .. } => {
            needed.insert(nominee.person().0);
        }
        RegistrationEvent::ProfileSaved { .. }
        | RegistrationEvent::Submitted { .. }
        | RegistrationEvent::Claimed { .. }
        | RegistrationEvent::Released { .. }
        | RegistrationEvent::InformationRequested { .. }
        | RegistrationEvent::Resubmitted { .. }
        | RegistrationEvent::Approved { .. }
        | RegistrationEvent::ApprovalUndone { .. }
        | RegistrationEvent::Rejected { .. }
        | RegistrationEvent::Reopened { .. }
        | RegistrationEvent::LinkedToOrganization { .. }
        | RegistrationEvent::Withdrawn { .. }
        | RegistrationEvent::Expired {}
        | RegistrationEvent::ReviewDueSoon { .. }
        | RegistrationEvent::ReviewOverdue { .. }
        | RegistrationEvent::DueMoved { .. } => {
            needed.insert(id.0);
        }
        RegistrationEvent::HumanCheckPassed { .. }
        | RegistrationEvent::HandoverAcknowledged { .. }
        | RegistrationEvent::AdministratorSelected { .. }
        | RegistrationEvent::AdministratorDeselected { .. }
        | RegistrationEvent::ReviewConfirmed {}
        | RegistrationEvent::RiskRaised { .. }
        | RegistrationEvent::ApprovalProposed { .. }
        | RegistrationEvent::ApprovalTookEffect { .. } => {}
    }
}

pub(super) async fn apply(batch: &mut Batch<'_>, envelope: &Envelope, id: RegistrationId, event: &RegistrationEvent) -> Applied {
    match event {
        RegistrationEvent::Started { .. } => started(batch, id, event).await,
        RegistrationEvent::ProfileSaved { profile } => {
            batch.change::<RegistrationFacts>(id.0, |facts| profile.legal_name.as_str().clone_into(&mut facts.company)).await
        }
        RegistrationEvent::AdministratorNominated { nominee, is_registrant: _, one_time_password: _ }
        | RegistrationEvent::AdministratorCorrected { nominee, one_time_password: _ } => learn_contact(batch, nominee).await,
        RegistrationEvent::Submitted { dossier_version: _, due } => acknowledge(batch, envelope, id, due, "submitted").await,
        RegistrationEvent::Resubmitted { dossier_version: _, answer: _, due } => {
            batch.supersede::<RegistrationFacts>(id.0, &[Template::InformationRequested], "the questions were answered").await?;
            acknowledge(batch, envelope, id, due, "resubmitted").await
        }
        RegistrationEvent::Reopened { reviewer: _, reason: _, due } => acknowledge(batch, envelope, id, due, "reopened").await,
        RegistrationEvent::Claimed { reviewer, until: _, taken_over_from: _ } => {
            batch.change::<RegistrationFacts>(id.0, |facts| facts.claimed_by = Some(*reviewer)).await
        }
        RegistrationEvent::Released { reviewer: _, lapsed: _ } => {
            batch.change::<RegistrationFacts>(id.0, |facts| facts.claimed_by = None).await
        }
        RegistrationEvent::InformationRequested { questions, business_seconds_left: _ } => ask(batch, envelope, id, questions).await,
        RegistrationEvent::Approved { reviewer: _, dossier_version: _, reason: _, effective_at: _ } => {
            batch.supersede::<RegistrationFacts>(id.0, PENDING, "the case was decided").await
        }
        RegistrationEvent::Rejected { reviewer: _, dossier_version: _, reason } => {
            batch.supersede::<RegistrationFacts>(id.0, PENDING, "the case was decided").await?;
            to_registrant(batch, envelope, id, Template::Rejected, Some(json!({ "reason": reason }))).await
        }
        RegistrationEvent::LinkedToOrganization { reviewer: _, organization: _, invitation: _, reason: _ } => {
            batch.supersede::<RegistrationFacts>(id.0, PENDING, "the case was decided").await?;
            to_registrant(batch, envelope, id, Template::RegistrationLinked, None).await
        }
        RegistrationEvent::Withdrawn { reason: _ } => {
            batch.supersede::<RegistrationFacts>(id.0, PENDING, "the registration was withdrawn").await
        }
        RegistrationEvent::Expired {} => batch.supersede::<RegistrationFacts>(id.0, PENDING, "the registration expired").await,
        RegistrationEvent::ReviewDueSoon { due_at } => warn(batch, envelope, id, Template::ReviewDueSoon, *due_at).await,
        RegistrationEvent::ReviewOverdue { due_at } => {
            batch.supersede::<RegistrationFacts>(id.0, &[Template::ReviewDueSoon], "the review is overdue by now").await?;
            warn(batch, envelope, id, Template::ReviewOverdue, *due_at).await
        }
        RegistrationEvent::ApprovalUndone { reviewer: _, reason: _, due } | RegistrationEvent::DueMoved { due } => {
            batch.change::<RegistrationFacts>(id.0, |facts| due.time_zone.clone_into(&mut facts.time_zone)).await
        }
        RegistrationEvent::HumanCheckPassed { challenge: _ }
        | RegistrationEvent::HandoverAcknowledged { nominee: _ }
        | RegistrationEvent::AdministratorSelected { nominee: _, role: _ }
        | RegistrationEvent::AdministratorDeselected { nominee: _, role: _ }
        | RegistrationEvent::ReviewConfirmed {}
        | RegistrationEvent::RiskRaised { signal: _ }
        | RegistrationEvent::ApprovalProposed { reviewer: _, dossier_version: _, reason: _ }
        | RegistrationEvent::ApprovalTookEffect { organization: _ } => Ok(()),
    }
}

async fn started(batch: &mut Batch<'_>, id: RegistrationId, event: &RegistrationEvent) -> Applied {
    let RegistrationEvent::Started { origin, case_number, registrant, company, applications, .. } = event else { return Ok(()) };
    batch
        .change::<PersonFacts>(registrant.person().0, |person| {
            let Some(registrant) = registrant.get() else { return };
            person.email = Some(registrant.email.to_string());
            if let Some(name) = &registrant.name {
                person.name = Some(name.to_string());
            }
        })
        .await?;
    let facts = RegistrationFacts {
        case_number: CaseNumber::to_string(case_number),
        registrant: Some(registrant.person()),
        company: company.as_ref().map(ToString::to_string).unwrap_or_default(),
        invitation: match origin {
            Origin::Invitation { invitation, inviter: _ } => Some(*invitation),
            Origin::Public => None,
        },
        applications: applications.iter().map(|requested| requested.application).collect(),
        time_zone: String::new(),
        claimed_by: None,
        links: Links::new(),
    };
    batch.put(id.0, facts);
    Ok(())
}

async fn acknowledge(batch: &mut Batch<'_>, envelope: &Envelope, id: RegistrationId, due: &Due, occasion: &str) -> Applied {
    batch.change::<RegistrationFacts>(id.0, |facts| due.time_zone.clone_into(&mut facts.time_zone)).await?;
    let more = json!({ "due_at": due.at.to_string(), "occasion": occasion });
    to_registrant(batch, envelope, id, Template::RegistrationAcknowledged, Some(more)).await
}

async fn ask(batch: &mut Batch<'_>, envelope: &Envelope, id: RegistrationId, questions: &[Question]) -> Applied {
    let more = json!({ "questions": questions });
    to_registrant(batch, envelope, id, Template::InformationRequested, Some(more)).await
}

async fn to_registrant(
    batch: &mut Batch<'_>,
    envelope: &Envelope,
    id: RegistrationId,
    template: Template,
    more: Option<serde_json::Value>,
) -> Applied {
    let facts: RegistrationFacts = batch.get(id.0).await?;
    let Some(recipient) = facts.registrant else { return Ok(()) };
    let mut variables = what(batch, &facts).await?;
    variables.extend(more.map(super::variables).unwrap_or_default());
    let link = if template == Template::InformationRequested {
        Link::Registration { registration: id }
    } else {
        Link::CaseStatus { case_number: facts.case_number }
    };
    let draft = Draft { template, recipient, about: None, link, variables };
    if PENDING.contains(&template) {
        return batch.owe_link::<RegistrationFacts>(id.0, envelope, draft).await;
    }
    batch.owe(envelope, draft).await?;
    Ok(())
}

async fn what(batch: &mut Batch<'_>, facts: &RegistrationFacts) -> Result<Variables, ProjectionError> {
    let partner = match facts.invitation {
        Some(invitation) => {
            let invitation: InvitationFacts = batch.get(invitation.0).await?;
            Some(invitation.partner).filter(|partner| !partner.is_empty() && !invitation.by_operator)
        }
        None => None,
    };
    Ok(variables(json!({
        "case_number": facts.case_number,
        "company": facts.company,
        "partner": partner,
        "applications": application_names(batch, &facts.applications).await?,
        "time_zone": facts.time_zone,
    })))
}

/// Warns the reviewer who works on the case, or all reviewers if nobody does; of a breach the review leads too.
async fn warn(batch: &mut Batch<'_>, envelope: &Envelope, id: RegistrationId, template: Template, due_at: Timestamp) -> Applied {
    let facts: RegistrationFacts = batch.get(id.0).await?;
    let roster: Roster = batch.get(Roster::ID).await?;
    let claimed_by = facts.claimed_by.and_then(|reviewer| roster.members.get(&reviewer)).map(|member| member.person);
    let mut recipients: BTreeSet<PersonId> = match claimed_by {
        Some(reviewer) => std::iter::once(reviewer).collect(),
        None => roster.with(StaffRole::Reviewer).collect(),
    };
    if template == Template::ReviewOverdue || recipients.is_empty() {
        recipients.extend(roster.with(StaffRole::ReviewLead));
    }
    let mut variables = what(batch, &facts).await?;
    variables.insert("due_at".to_owned(), json!(due_at.to_string()));
    for recipient in recipients {
        let mut variables = variables.clone();
        variables.insert("claimed".to_owned(), json!(claimed_by.is_some()));
        variables.insert("claimed_by_recipient".to_owned(), json!(claimed_by == Some(recipient)));
        let link = Link::Review { registration: id };
        let draft = Draft { template, recipient, about: None, link, variables };
        batch.owe_link::<RegistrationFacts>(id.0, envelope, draft).await?;
    }
    Ok(())
}
