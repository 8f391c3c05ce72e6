//! The state after an event.

use super::dossier::{Dossier, Nominee, Section};
use super::events::{Question, RegistrationEvent as Event};
use super::state::{Case, Claim, Notice, Proposal, RegistrationState, Review, Stage};
use crate::{Contact, CredentialId, Due, OrganizationProfile, PersonId, Personal};

pub(super) fn evolve(state: RegistrationState, event: &Event) -> RegistrationState {
    if let Event::Started { origin, case_number, registrant, company, applications, organization, expires_at, invited_by } = event {
        return RegistrationState::Case(Box::new(Case {
            origin: *origin,
            invited_by: invited_by.clone(),
            case_number: case_number.clone(),
            registrant: registrant.clone(),
            company: company.clone(),
            organization: *organization,
            expires_at: *expires_at,
            human_check: None,
            dossier: Dossier::new(applications.clone()),
            risks: Vec::new(),
            stage: Stage::Filling,
        }));
    }
    match state {
        RegistrationState::Nothing => RegistrationState::Nothing,
        RegistrationState::Case(mut case) => {
            case.apply(event);
            RegistrationState::Case(case)
        }
    }
}

impl Case {
    fn apply(&mut self, event: &Event) {
        match event {
            // A stream begins once.
            Event::Started { .. } => {}
            Event::HumanCheckPassed { challenge } => self.human_check = Some(challenge.clone()),
            Event::ProfileSaved { profile } => self.dossier.save_profile(profile),
            Event::AdministratorNominated { nominee, is_registrant, one_time_password } => {
                self.dossier.nominate(nominee, *is_registrant, *one_time_password);
            }
            Event::AdministratorCorrected { nominee, one_time_password } => self.dossier.correct(nominee, *one_time_password),
            Event::HandoverAcknowledged { nominee } => {
                if let Some(nominee) = self.dossier.nominee_mut(*nominee) {
                    nominee.handover_acknowledged = true;
                }
            }
            Event::AdministratorSelected { nominee, role } => {
                if let Some(nominee) = self.dossier.nominee_mut(*nominee) {
                    nominee.roles.insert(*role);
                }
                self.dossier.note_change([Section::from(*role)]);
            }
            Event::AdministratorDeselected { nominee, role } => {
                if let Some(nominee) = self.dossier.nominee_mut(*nominee) {
                    nominee.roles.remove(role);
                }
                self.dossier.nominees.retain(|each| each.person() != *nominee || !each.roles.is_empty());
                self.dossier.note_change([Section::from(*role)]);
            }
            Event::ReviewConfirmed {} => self.dossier.confirmed_version = Some(self.dossier.version),
            Event::RiskRaised { signal } => self.risks.push(signal.clone()),
            Event::Submitted { .. }
            | Event::Claimed { .. }
            | Event::Released { .. }
            | Event::InformationRequested { .. }
            | Event::Resubmitted { .. }
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
            | Event::DueMoved { .. } => {
                let stage = std::mem::replace(&mut self.stage, Stage::Filling);
                self.stage = stage.after(event);
            }
        }
    }
}

impl Dossier {
    fn save_profile(&mut self, profile: &OrganizationProfile) {
        let before = self.profile.replace(profile.clone());
        let changed =
            |differs: fn(&OrganizationProfile, &OrganizationProfile) -> bool| before.as_ref().is_none_or(|before| differs(before, profile));
        let sections = [
            (Section::LegalName, changed(|a, b| a.legal_name != b.legal_name)),
            (Section::TradingName, changed(|a, b| a.trading_name != b.trading_name)),
            (Section::Address, changed(|a, b| a.address != b.address)),
            (Section::Identifiers, changed(|a, b| a.identifiers != b.identifiers)),
            (Section::Phone, changed(|a, b| a.phone != b.phone)),
            (Section::Website, changed(|a, b| a.website != b.website)),
        ];
        self.note_change(sections.into_iter().filter(|(_, changed)| *changed).map(|(section, _)| section));
    }

    /// Their sections change when they are given their roles.
    fn nominate(&mut self, contact: &Personal<Contact>, is_registrant: bool, one_time_password: CredentialId) {
        self.nominees.push(Nominee {
            contact: contact.clone(),
            is_registrant,
            one_time_password,
            handover_acknowledged: false,
            roles: std::collections::BTreeSet::new(),
        });
        self.note_change([]);
    }

    fn correct(&mut self, contact: &Personal<Contact>, one_time_password: CredentialId) {
        let person: PersonId = contact.person();
        let mut sections = Vec::new();
        if let Some(nominee) = self.nominee_mut(person) {
            nominee.contact = contact.clone();
            nominee.one_time_password = one_time_password;
            nominee.handover_acknowledged = false;
            sections.extend(nominee.roles.iter().copied().map(Section::from));
        }
        self.note_change(sections);
    }
}

impl Stage {
    fn after(self, event: &Event) -> Self {
        match event {
            Event::Submitted { due, .. } | Event::Reopened { due, .. } => Self::Submitted(Review::until(due)),
            Event::Resubmitted { due, .. } => {
                let proposal = self.into_proposal();
                Self::Submitted(Review { proposal, ..Review::until(due) })
            }
            Event::ApprovalUndone { due, .. } => Self::Submitted(Review::until(due).told_like(self.into_review().as_ref())),
            Event::Claimed { reviewer, until, .. } => {
                self.in_review(|review| Self::InReview { review, claim: Claim { reviewer: *reviewer, until: *until } })
            }
            Event::Released { .. } => self.in_review(Self::Submitted),
            Event::InformationRequested { questions, business_seconds_left } => self.ask(questions, *business_seconds_left),
            Event::ApprovalProposed { reviewer, dossier_version, reason } => {
                let proposal = Proposal { reviewer: *reviewer, dossier_version: *dossier_version, reason: reason.clone() };
                self.with_review(|review| review.proposal = Some(proposal))
            }
            Event::Approved { reviewer, effective_at, .. } => {
                self.in_review(|review| Self::ApprovalPending { review, reviewer: *reviewer, effective_at: *effective_at })
            }
            Event::ApprovalTookEffect { organization } => Self::Approved { organization: *organization },
            Event::Rejected { reviewer, reason, .. } => Self::Rejected { reviewer: *reviewer, reason: reason.clone() },
            Event::LinkedToOrganization { organization, invitation, .. } => {
                Self::Linked { organization: *organization, invitation: *invitation }
            }
            Event::Withdrawn { .. } => Self::Withdrawn,
            Event::Expired {} => Self::Expired,
            Event::ReviewDueSoon { .. } => self.with_review(|review| review.notice = Notice::DueSoon),
            Event::ReviewOverdue { .. } => self.with_review(|review| review.notice = Notice::Overdue),
            Event::DueMoved { due } => self.with_review(|review| *review = review.clone().moved_to(due)),
            Event::Started { .. }
            | Event::HumanCheckPassed { .. }
            | Event::ProfileSaved { .. }
            | Event::AdministratorNominated { .. }
            | Event::AdministratorCorrected { .. }
            | Event::HandoverAcknowledged { .. }
            | Event::AdministratorSelected { .. }
            | Event::AdministratorDeselected { .. }
            | Event::ReviewConfirmed {}
            | Event::RiskRaised { .. } => self,
        }
    }

    fn ask(self, questions: &[Question], business_seconds_left: i64) -> Self {
        Self::InformationRequested { questions: questions.to_vec(), business_seconds_left, proposal: self.into_proposal() }
    }

    /// The stage that follows on a running review; another stage stays as it is.
    fn in_review(self, next: impl FnOnce(Review) -> Self) -> Self {
        match self.running_review() {
            Some(review) => next(review.clone()),
            None => self,
        }
    }

    fn with_review(mut self, change: impl FnOnce(&mut Review)) -> Self {
        if let Self::Submitted(review) | Self::InReview { review, .. } = &mut self {
            change(review);
        }
        self
    }

    fn into_review(self) -> Option<Review> {
        match self {
            Self::Submitted(review) | Self::InReview { review, .. } | Self::ApprovalPending { review, .. } => Some(review),
            Self::Filling
            | Self::InformationRequested { .. }
            | Self::Approved { .. }
            | Self::Rejected { .. }
            | Self::Withdrawn
            | Self::Expired
            | Self::Linked { .. } => None,
        }
    }

    fn into_proposal(self) -> Option<Proposal> {
        match self {
            Self::InformationRequested { proposal, .. } => proposal,
            other @ (Self::Filling
            | Self::Submitted(_)
            | Self::InReview { .. }
            | Self::ApprovalPending { .. }
            | Self::Approved { .. }
            | Self::Rejected { .. }
            | Self::Withdrawn
            | Self::Expired
            | Self::Linked { .. }) => other.into_review().and_then(|review| review.proposal),
        }
    }
}

impl Review {
    /// A review that nobody has been told anything about.
    fn until(due: &Due) -> Self {
        Self { due: due.clone(), notice: Notice::None, proposal: None }
    }

    /// What was told about the same due instant before need not be told again.
    fn told_like(mut self, before: Option<&Self>) -> Self {
        if let Some(before) = before.filter(|before| before.due.at == self.due.at) {
            self.notice = before.notice;
        }
        self
    }

    fn moved_to(self, due: &Due) -> Self {
        let moved = Self { proposal: self.proposal.clone(), ..Self::until(due) };
        moved.told_like(Some(&self))
    }
}
