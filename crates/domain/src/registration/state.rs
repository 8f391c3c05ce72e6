//! What the events of a registration fold to.

use jiff::Timestamp;

use super::dossier::{Dossier, Step};
use super::events::{Origin, Question};
use crate::{CaseNumber, CompanyName, Due, InvitationId, OrganizationId, PersonId, Personal, Reason, Registrant, StaffId};

/// A registration, or that there is none yet.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum RegistrationState {
    /// Not begun.
    #[default]
    Nothing,
    /// Begun.
    Case(Box<Case>),
}

impl RegistrationState {
    /// The case, if it was begun.
    #[must_use]
    pub fn case(&self) -> Option<&Case> {
        match self {
            Self::Nothing => None,
            Self::Case(case) => Some(case),
        }
    }
}

/// A registration that was begun.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Case {
    /// Where it came from.
    pub origin: Origin,
    /// The members of the operator's staff who invited the company.
    pub invited_by: Vec<StaffId>,
    /// The number that people quote.
    pub case_number: CaseNumber,
    /// Who registers.
    pub registrant: Personal<Registrant>,
    /// The company, as the invitation names it.
    pub company: Option<CompanyName>,
    /// The organization that comes to be if it is approved.
    pub organization: OrganizationId,
    /// Until when it can be submitted.
    pub expires_at: Timestamp,
    /// The challenge by which the registrant proved to be human.
    pub human_check: Option<String>,
    /// What the registrant fills in.
    pub dossier: Dossier,
    /// What speaks for care, in the order in which it was raised.
    pub risks: Vec<Reason>,
    /// How far it is, with what belongs to that.
    pub stage: Stage,
}

/// How far a case is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stage {
    /// The registrant fills it in.
    Filling,
    /// It waits for a reviewer.
    Submitted(Review),
    /// A reviewer works on it.
    InReview {
        /// The review.
        review: Review,
        /// Whose it is.
        claim: Claim,
    },
    /// The registrant is asked for information; the business clock stands.
    InformationRequested {
        /// Field by field.
        questions: Vec<Question>,
        /// Business time left to decide, in seconds.
        business_seconds_left: i64,
        /// What the first of two people found before.
        proposal: Option<Proposal>,
    },
    /// It is approved, but that can be undone until it takes effect.
    ApprovalPending {
        /// The review that led to it.
        review: Review,
        /// By whom.
        reviewer: StaffId,
        /// From when on it takes effect.
        effective_at: Timestamp,
    },
    /// It is approved, and the organization comes to be.
    Approved {
        /// The organization.
        organization: OrganizationId,
    },
    /// It is rejected.
    Rejected {
        /// By whom.
        reviewer: StaffId,
        /// Why.
        reason: Reason,
    },
    /// The registrant gave it up.
    Withdrawn,
    /// It was not submitted in time.
    Expired,
    /// The company was registered already.
    Linked {
        /// As this organization.
        organization: OrganizationId,
        /// The invitation that became an offer.
        invitation: Option<InvitationId>,
    },
}

/// A review that is going on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Review {
    /// By when it is to be decided.
    pub due: Due,
    /// Of what the staff has been told about the due instant.
    pub notice: Notice,
    /// What the first of two people found.
    pub proposal: Option<Proposal>,
}

/// Of what the staff has been told about one due instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Notice {
    /// Of nothing.
    None,
    /// That it is due soon.
    DueSoon,
    /// That it is overdue.
    Overdue,
}

/// A reviewer's claim: a lease that runs out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Claim {
    /// Whose.
    pub reviewer: StaffId,
    /// Until when, unless claimed again.
    pub until: Timestamp,
}

/// What the first of two people found: that it should be approved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proposal {
    /// Who.
    pub reviewer: StaffId,
    /// On which version of the dossier; on another one it counts for nothing.
    pub dossier_version: u32,
    /// Why.
    pub reason: Reason,
}

impl Claim {
    /// Whether it has run out.
    #[must_use]
    pub fn is_lapsed(&self, now: Timestamp) -> bool {
        self.until <= now
    }
}

impl Stage {
    /// What it is called: as on status pages and in read models.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Filling => "filling",
            Self::Submitted(_) => "submitted",
            Self::InReview { .. } => "in_review",
            Self::InformationRequested { .. } => "information_requested",
            Self::ApprovalPending { .. } => "approval_pending",
            Self::Approved { .. } => "approved",
            Self::Rejected { .. } => "rejected",
            Self::Withdrawn => "withdrawn",
            Self::Expired => "expired",
            Self::Linked { .. } => "linked",
        }
    }

    /// The review that is going on: the business clock runs.
    #[must_use]
    pub fn running_review(&self) -> Option<&Review> {
        match self {
            Self::Submitted(review) | Self::InReview { review, .. } => Some(review),
            Self::Filling
            | Self::InformationRequested { .. }
            | Self::ApprovalPending { .. }
            | Self::Approved { .. }
            | Self::Rejected { .. }
            | Self::Withdrawn
            | Self::Expired
            | Self::Linked { .. } => None,
        }
    }

    /// The claim on it, lapsed or not.
    #[must_use]
    pub fn claim(&self) -> Option<Claim> {
        match self {
            Self::InReview { claim, .. } => Some(*claim),
            Self::Filling
            | Self::Submitted(_)
            | Self::InformationRequested { .. }
            | Self::ApprovalPending { .. }
            | Self::Approved { .. }
            | Self::Rejected { .. }
            | Self::Withdrawn
            | Self::Expired
            | Self::Linked { .. } => None,
        }
    }

    /// Whether the registrant can change the dossier.
    #[must_use]
    pub fn is_editable(&self) -> bool {
        match self {
            Self::Filling | Self::InformationRequested { .. } => true,
            Self::Submitted(_)
            | Self::InReview { .. }
            | Self::ApprovalPending { .. }
            | Self::Approved { .. }
            | Self::Rejected { .. }
            | Self::Withdrawn
            | Self::Expired
            | Self::Linked { .. } => false,
        }
    }

    /// Whether nothing can be decided any more, or not without taking a decision back.
    #[must_use]
    pub fn is_decided(&self) -> bool {
        match self {
            Self::ApprovalPending { .. }
            | Self::Approved { .. }
            | Self::Rejected { .. }
            | Self::Withdrawn
            | Self::Expired
            | Self::Linked { .. } => true,
            Self::Filling | Self::Submitted(_) | Self::InReview { .. } | Self::InformationRequested { .. } => false,
        }
    }
}

impl Case {
    /// By when it will be decided, while the business clock runs.
    #[must_use]
    pub fn due(&self) -> Option<&Due> {
        self.stage.running_review().map(|review| &review.due)
    }

    /// Whether two people must approve: an application asks for it, or something speaks for care.
    #[must_use]
    pub fn needs_two_people(&self) -> bool {
        !self.risks.is_empty() || self.dossier.applications.iter().any(|requested| requested.four_eyes)
    }

    /// The step that the registrant takes next, if it is theirs to take one.
    #[must_use]
    pub fn next_step(&self) -> Option<Step> {
        if !self.stage.is_editable() {
            return None;
        }
        if self.human_check.is_none() {
            return Some(Step::HumanCheck);
        }
        let missing = self.dossier.first_missing_entry().or_else(|| self.dossier.first_missing_handover());
        Some(missing.unwrap_or(if self.dossier.is_confirmed() { Step::Submit } else { Step::Review }))
    }

    /// The next instant at which time itself brings something about (`PassTime`).
    #[must_use]
    pub fn next_deadline(&self) -> Option<Timestamp> {
        match &self.stage {
            Stage::Filling => Some(self.expires_at),
            Stage::Submitted(review) => review.next_deadline(),
            Stage::InReview { review, claim } => Some(review.next_deadline().map_or(claim.until, |deadline| deadline.min(claim.until))),
            Stage::ApprovalPending { effective_at, .. } => Some(*effective_at),
            Stage::InformationRequested { .. }
            | Stage::Approved { .. }
            | Stage::Rejected { .. }
            | Stage::Withdrawn
            | Stage::Expired
            | Stage::Linked { .. } => None,
        }
    }

    /// The persons that the case is about: the registrant and the nominees.
    pub fn persons(&self) -> impl Iterator<Item = PersonId> {
        std::iter::once(self.registrant.person()).chain(self.dossier.nominees.iter().map(super::Nominee::person))
    }
}

impl Review {
    /// The next instant at which the staff is to be told something.
    fn next_deadline(&self) -> Option<Timestamp> {
        match self.notice {
            Notice::None => Some(self.due.soon_at.min(self.due.at)),
            Notice::DueSoon => Some(self.due.at),
            Notice::Overdue => None,
        }
    }
}
