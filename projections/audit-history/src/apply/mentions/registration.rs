//! Whom an event of a registration concerns.

use domain::RegistrationId;
use domain::registration::{AdministratorRole, Origin, RegistrationEvent};

use super::Mentions;
use crate::Subject;

pub(super) fn mention(to: &mut Mentions, id: RegistrationId, event: &RegistrationEvent) {
    to.can_owe_mail = !is_silent(event);
    match event {
        RegistrationEvent::Started { origin, registrant, applications, invited_by, .. } => {
            for staff in invited_by {
                to.add(Subject::Staff(*staff));
            }
            to.person(registrant.person());
            for requested in applications {
                to.add(Subject::Application(requested.application));
            }
            match origin {
                Origin::Invitation { invitation, inviter } => {
                    to.invitation_of(id, *invitation);
                    to.owner(*inviter);
                }
                Origin::Public => {}
            }
        }
        RegistrationEvent::AdministratorNominated { nominee, .. } | RegistrationEvent::AdministratorCorrected { nominee, .. } => {
            to.person(nominee.person());
        }
        RegistrationEvent::HandoverAcknowledged { nominee } => to.person(*nominee),
        RegistrationEvent::AdministratorSelected { nominee, role } | RegistrationEvent::AdministratorDeselected { nominee, role } => {
            to.person(*nominee);
            match role {
                AdministratorRole::OrganizationAdministrator => {}
                AdministratorRole::ApplicationAdministrator(application) => to.add(Subject::Application(*application)),
            }
        }
        RegistrationEvent::Claimed { reviewer, taken_over_from, .. } => {
            to.add(Subject::Staff(*reviewer));
            if let Some(before) = taken_over_from {
                to.add(Subject::Staff(*before));
            }
        }
        RegistrationEvent::Released { reviewer, .. }
        | RegistrationEvent::ApprovalProposed { reviewer, .. }
        | RegistrationEvent::Approved { reviewer, .. }
        | RegistrationEvent::ApprovalUndone { reviewer, .. }
        | RegistrationEvent::Rejected { reviewer, .. }
        | RegistrationEvent::Reopened { reviewer, .. } => to.add(Subject::Staff(*reviewer)),
        RegistrationEvent::ApprovalTookEffect { organization } => to.case_of(*organization, id),
        RegistrationEvent::LinkedToOrganization { reviewer, organization, invitation, .. } => {
            to.add(Subject::Staff(*reviewer));
            to.case_of(*organization, id);
            if let Some(invitation) = invitation {
                to.offer_to(*organization, *invitation);
            }
        }
        RegistrationEvent::HumanCheckPassed { .. }
        | RegistrationEvent::ProfileSaved { .. }
        | RegistrationEvent::ReviewConfirmed {}
        | RegistrationEvent::Submitted { .. }
        | RegistrationEvent::InformationRequested { .. }
        | RegistrationEvent::Resubmitted { .. }
        | RegistrationEvent::RiskRaised { .. }
        | RegistrationEvent::Withdrawn { .. }
        | RegistrationEvent::Expired {}
        | RegistrationEvent::ReviewDueSoon { .. }
        | RegistrationEvent::ReviewOverdue { .. }
        | RegistrationEvent::DueMoved { .. } => {}
    }
}

/// Whether nobody is told of it by mail: a step of the registrant on the way to submitting, or of the reviewer to a decision. Most
/// events are.
fn is_silent(event: &RegistrationEvent) -> bool {
    match event {
        RegistrationEvent::HumanCheckPassed { .. }
        | RegistrationEvent::ProfileSaved { .. }
        | RegistrationEvent::AdministratorNominated { .. }
        | RegistrationEvent::AdministratorCorrected { .. }
        | RegistrationEvent::HandoverAcknowledged { .. }
        | RegistrationEvent::AdministratorSelected { .. }
        | RegistrationEvent::AdministratorDeselected { .. }
        | RegistrationEvent::Started { .. }
        | RegistrationEvent::Claimed { .. }
        | RegistrationEvent::Released { .. }
        | RegistrationEvent::ReviewConfirmed {} => true,
        RegistrationEvent::Submitted { .. }
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
        | RegistrationEvent::DueMoved { .. } => false,
    }
}
