//! The steps before submission: which are done, which is next. The rules are the domain's ([`domain::registration::Case::next_step`]),
//! over what can be kept without personal data.

use std::collections::BTreeSet;

use domain::registration::{AdministratorRole, RegistrationEvent as Event, RequestedApplication, Step};
use domain::{ApplicationId, PersonId};
use serde::{Deserialize, Serialize};

/// What the registrant has done so far.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Filling {
    /// The applications for which an administrator must be named, in the order in which they were asked for.
    pub needing_administrator: Vec<ApplicationId>,
    /// Whether the registrant proved to be human.
    pub human_check: bool,
    /// Whether the profile was saved.
    pub profile: bool,
    /// The administrators-to-be, in the order of their nomination.
    pub nominees: Vec<NomineeStatus>,
    /// Whether the registrant confirmed the whole as it is now.
    pub confirmed: bool,
}

/// An administrator-to-be, by their id only.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NomineeStatus {
    /// Who.
    pub person: PersonId,
    /// Whether the registrant said that they will hand over the one-time password.
    pub handover_acknowledged: bool,
    /// What they shall be.
    pub roles: BTreeSet<AdministratorRole>,
}

/// A step and whether it is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StepStatus {
    /// Which step.
    pub step: Step,
    /// Whether it is done.
    pub is_done: bool,
}

impl Filling {
    pub(crate) fn of(applications: &[RequestedApplication]) -> Self {
        let needing = applications.iter().filter(|requested| requested.needs_administrator).map(|requested| requested.application);
        Self { needing_administrator: needing.collect(), ..Self::default() }
    }

    /// All steps in their order, but the last, which is to submit.
    #[must_use]
    pub fn steps(&self) -> Vec<StepStatus> {
        let of = |step, is_done| StepStatus { step, is_done };
        let mut steps = vec![
            of(Step::HumanCheck, self.human_check),
            of(Step::Profile, self.profile),
            of(Step::OrganizationAdministrators, self.has(AdministratorRole::OrganizationAdministrator)),
        ];
        steps.extend(self.needing_administrator.iter().map(|application| {
            of(Step::ApplicationAdministrators(*application), self.has(AdministratorRole::ApplicationAdministrator(*application)))
        }));
        steps.extend(self.nominees.iter().map(|nominee| of(Step::Handover(nominee.person), nominee.handover_acknowledged)));
        steps.push(of(Step::Review, self.confirmed));
        steps
    }

    /// The step that the registrant takes next.
    #[must_use]
    pub fn next_step(&self) -> Step {
        self.steps().into_iter().find(|step| !step.is_done).map_or(Step::Submit, |step| step.step)
    }

    fn has(&self, role: AdministratorRole) -> bool {
        self.nominees.iter().any(|nominee| nominee.roles.contains(&role))
    }

    fn nominee(&mut self, person: PersonId) -> Option<&mut NomineeStatus> {
        self.nominees.iter_mut().find(|nominee| nominee.person == person)
    }

    pub(crate) fn after(&mut self, event: &Event) {
        match event {
            Event::HumanCheckPassed { .. } => self.human_check = true,
            Event::ProfileSaved { .. } => {
                self.profile = true;
                self.confirmed = false;
            }
            Event::AdministratorNominated { nominee, .. } => {
                let person = nominee.person();
                self.nominees.push(NomineeStatus { person, handover_acknowledged: false, roles: BTreeSet::new() });
                self.confirmed = false;
            }
            Event::AdministratorCorrected { nominee, .. } => {
                if let Some(nominee) = self.nominee(nominee.person()) {
                    nominee.handover_acknowledged = false;
                }
                self.confirmed = false;
            }
            Event::HandoverAcknowledged { nominee } => {
                if let Some(nominee) = self.nominee(*nominee) {
                    nominee.handover_acknowledged = true;
                }
            }
            Event::AdministratorSelected { nominee, role } => {
                if let Some(nominee) = self.nominee(*nominee) {
                    nominee.roles.insert(*role);
                }
                self.confirmed = false;
            }
            Event::AdministratorDeselected { nominee, role } => {
                if let Some(nominee) = self.nominee(*nominee) {
                    nominee.roles.remove(role);
                }
                self.nominees.retain(|each| each.person != *nominee || !each.roles.is_empty());
                self.confirmed = false;
            }
            Event::ReviewConfirmed {} => self.confirmed = true,
            Event::Started { .. }
            | Event::Submitted { .. }
            | Event::Claimed { .. }
            | Event::Released { .. }
            | Event::InformationRequested { .. }
            | Event::Resubmitted { .. }
            | Event::RiskRaised { .. }
            | Event::ApprovalProposed { .. }
            | Event::Approved { .. }
            | Event::ApprovalUndone { .. }
            | Event::ApprovalTookEffect { .. }
            | Event::Rejected { .. }
            | Event::Reopened { .. }
            | Event::LinkedToOrganization { .. }
            | Event::Withdrawn { .. }
            | Event::Expired {}
            | Event::ReviewDueSoon { .. }
            | Event::ReviewOverdue { .. }
            | Event::DueMoved { .. } => {}
        }
    }
}
