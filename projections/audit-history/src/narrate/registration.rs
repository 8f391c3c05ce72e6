//! Registrations in words.

use domain::registration::{AdministratorRole, Origin, Question, RegistrationEvent};
use domain::{Actor, Due, Personal, RegistrationId, StaffId};

use super::{Deed, Glossary, full_name};

pub(super) fn tell(names: &Glossary, actor: &Actor, id: RegistrationId, event: &RegistrationEvent) -> Deed {
    let case = names.case(id);
    let whose = |reviewer: &StaffId| names.for_reviewer(actor, *reviewer);
    match event {
        RegistrationEvent::Started { .. }
        | RegistrationEvent::HumanCheckPassed { .. }
        | RegistrationEvent::ProfileSaved { .. }
        | RegistrationEvent::AdministratorNominated { .. }
        | RegistrationEvent::AdministratorCorrected { .. }
        | RegistrationEvent::HandoverAcknowledged { .. }
        | RegistrationEvent::AdministratorSelected { .. }
        | RegistrationEvent::AdministratorDeselected { .. }
        | RegistrationEvent::ReviewConfirmed {} => Deed::plain(step(names, &case, event)),
        RegistrationEvent::Submitted { dossier_version, due } => {
            Deed::plain(format!("submitted {case} with dossier version {dossier_version}, {}", to_be_decided(due)))
        }
        RegistrationEvent::Claimed { reviewer, until, taken_over_from: Some(before) } => {
            Deed::plain(format!("took over {case} from {}{} until {until}", names.staff(*before), whose(reviewer)))
        }
        RegistrationEvent::Claimed { reviewer, until, taken_over_from: None } => {
            Deed::plain(format!("claimed {case}{} until {until}", whose(reviewer)))
        }
        RegistrationEvent::Released { reviewer, lapsed: true } => {
            Deed::plain(format!("noted that the claim of {} on {case} ran out", names.staff(*reviewer)))
        }
        RegistrationEvent::Released { reviewer, lapsed: false } => Deed::plain(format!("gave back {case}{}", whose(reviewer))),
        RegistrationEvent::InformationRequested { questions, business_seconds_left } => Deed::plain(format!(
            "asked the registrant of {case} for information with {} left to decide: {}",
            business_time(*business_seconds_left),
            asked(questions)
        )),
        RegistrationEvent::Resubmitted { dossier_version, answer, due } => Deed {
            what: format!("submitted {case} again with dossier version {dossier_version}, {}", to_be_decided(due)),
            why: answer.as_ref().map(ToString::to_string),
        },
        RegistrationEvent::RiskRaised { signal } if matches!(actor, Actor::Staff(_)) => {
            Deed::because(format!("raised a risk signal on {case}, so that two people must approve"), signal)
        }
        RegistrationEvent::RiskRaised { signal } => {
            Deed::because(format!("handed in for {case} what speaks for care, so that two people must approve"), signal)
        }
        RegistrationEvent::ApprovalProposed { .. }
        | RegistrationEvent::Approved { .. }
        | RegistrationEvent::ApprovalUndone { .. }
        | RegistrationEvent::ApprovalTookEffect { .. }
        | RegistrationEvent::Rejected { .. }
        | RegistrationEvent::Reopened { .. }
        | RegistrationEvent::LinkedToOrganization { .. } => decision(names, actor, &case, event),
        RegistrationEvent::Withdrawn { reason } => Deed::perhaps_because(format!("withdrew {case}"), reason.as_ref()),
        RegistrationEvent::Expired {} => Deed::plain(format!("noted that {case} expired before it was submitted")),
        RegistrationEvent::ReviewDueSoon { due_at } => Deed::plain(format!("warned that {case} is due soon, at {due_at}")),
        RegistrationEvent::ReviewOverdue { due_at } => Deed::plain(format!("warned that {case} is overdue since {due_at}")),
        RegistrationEvent::DueMoved { due } => Deed::plain(format!("moved {case} to another calendar, {}", to_be_decided(due))),
    }
}

/// What the registrant does on the way to submitting.
fn step(names: &Glossary, case: &str, event: &RegistrationEvent) -> String {
    match event {
        RegistrationEvent::Started { origin, applications, company, registrant, expires_at, .. } => {
            let way = match origin {
                Origin::Invitation { invitation, inviter } => {
                    format!("from {} by {}", names.invitation(*invitation), names.owner(*inviter))
                }
                Origin::Public => "from the public registration page".to_owned(),
            };
            let company = company.as_ref().map(|company| format!(" of {company}")).unwrap_or_default();
            let applications = names.applications(applications.iter().map(|requested| requested.application));
            let registrant = names.person(registrant.person());
            format!("started {case}{company} {way} for {applications}, with {registrant} as registrant, to be submitted until {expires_at}")
        }
        RegistrationEvent::HumanCheckPassed { challenge: _ } => format!("passed the human check of {case}"),
        RegistrationEvent::ProfileSaved { profile } => {
            format!("saved the profile of {} ({}) in {case}", profile.legal_name, profile.address.country)
        }
        RegistrationEvent::AdministratorNominated { nominee, is_registrant, one_time_password: _ } => {
            let themselves = if *is_registrant { ", the registrant themselves," } else { "" };
            format!("nominated {}{themselves} in {case} and set a one-time password", whom(nominee))
        }
        RegistrationEvent::AdministratorCorrected { nominee, one_time_password: _ } => {
            format!("corrected the details of {} in {case} and set a new one-time password", whom(nominee))
        }
        RegistrationEvent::HandoverAcknowledged { nominee } => {
            format!("acknowledged to hand over the one-time password to {} ({case})", names.person(*nominee))
        }
        RegistrationEvent::AdministratorSelected { nominee, role } => {
            format!("selected {} as {} in {case}", names.person(*nominee), role_of(names, *role))
        }
        RegistrationEvent::AdministratorDeselected { nominee, role } => {
            format!("deselected {} as {} in {case}", names.person(*nominee), role_of(names, *role))
        }
        RegistrationEvent::ReviewConfirmed {} => format!("looked through {case} and confirmed it"),
        RegistrationEvent::Submitted { .. }
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
        | RegistrationEvent::DueMoved { .. } => format!("changed {case}"),
    }
}

/// What the staff decides.
fn decision(names: &Glossary, actor: &Actor, case: &str, event: &RegistrationEvent) -> Deed {
    let whose = |reviewer: &StaffId| names.for_reviewer(actor, *reviewer);
    match event {
        RegistrationEvent::ApprovalProposed { reviewer, dossier_version, reason } => Deed::because(
            format!("approved {case} as the first of two people{} on dossier version {dossier_version}", whose(reviewer)),
            reason,
        ),
        RegistrationEvent::Approved { reviewer, dossier_version, reason, effective_at } => Deed::because(
            format!("approved {case}{} on dossier version {dossier_version}, to take effect at {effective_at}", whose(reviewer)),
            reason,
        ),
        RegistrationEvent::ApprovalUndone { reviewer, reason, due } => {
            Deed::because(format!("undid the approval of {case}{}, {}", whose(reviewer), to_be_decided(due)), reason)
        }
        RegistrationEvent::ApprovalTookEffect { organization } => {
            Deed::plain(format!("let the approval of {case} take effect: {} comes to be", names.organization(*organization)))
        }
        RegistrationEvent::Rejected { reviewer, dossier_version, reason } => {
            Deed::because(format!("rejected {case}{} on dossier version {dossier_version}", whose(reviewer)), reason)
        }
        RegistrationEvent::Reopened { reviewer, reason, due } => {
            Deed::because(format!("reopened {case}{}, {}", whose(reviewer), to_be_decided(due)), reason)
        }
        RegistrationEvent::LinkedToOrganization { reviewer, organization, invitation, reason } => {
            let offer = match invitation {
                Some(invitation) => format!("; {} becomes an offer", names.invitation(*invitation)),
                None => String::new(),
            };
            let organization = names.organization(*organization);
            Deed::because(format!("closed {case}{}, since the company is registered as {organization}{offer}", whose(reviewer)), reason)
        }
        RegistrationEvent::Started { .. }
        | RegistrationEvent::HumanCheckPassed { .. }
        | RegistrationEvent::ProfileSaved { .. }
        | RegistrationEvent::AdministratorNominated { .. }
        | RegistrationEvent::AdministratorCorrected { .. }
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
        | RegistrationEvent::Withdrawn { .. }
        | RegistrationEvent::Expired {}
        | RegistrationEvent::ReviewDueSoon { .. }
        | RegistrationEvent::ReviewOverdue { .. }
        | RegistrationEvent::DueMoved { .. } => Deed::plain(format!("changed {case}")),
    }
}

fn whom(nominee: &Personal<domain::Contact>) -> String {
    match nominee.get() {
        Some(contact) => format!("{} <{}>", contact.full_name(), contact.email),
        None => full_name(nominee),
    }
}

fn role_of(names: &Glossary, role: AdministratorRole) -> String {
    match role {
        AdministratorRole::OrganizationAdministrator => "organization administrator".to_owned(),
        AdministratorRole::ApplicationAdministrator(application) => format!("administrator of {}", names.application(application)),
    }
}

fn to_be_decided(due: &Due) -> String {
    format!("to be decided by {} (calendar version {}, {})", due.at, due.calendar_version, due.time_zone)
}

fn business_time(seconds: i64) -> String {
    format!("{} h {:02} min of business time", seconds / 3600, seconds % 3600 / 60)
}

fn asked(questions: &[Question]) -> String {
    questions.iter().map(|question| format!("{}: {}", question.field, question.question)).collect::<Vec<_>>().join("; ")
}
