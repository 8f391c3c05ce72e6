//! The row, which is also what queries answer with, and what may be told of it to whom.

use domain::registration::{Question, Step};
use domain::{ApplicationId, OrganizationId, RegistrationId};
use jiff::Timestamp;
use projection_runtime::table::Json;
use projection_runtime::{table, words};
use serde::Serialize;

use crate::Filling;

words! {
    /// Where a case stands.
    pub enum CaseState {
        /// The registrant fills it in.
        Filling = "filling",
        /// It waits for a reviewer.
        Submitted = "submitted",
        /// A reviewer works on it.
        InReview = "in_review",
        /// One person approved it; it waits for another one.
        AwaitingSecondApproval = "awaiting_second_approval",
        /// The registrant is asked for information.
        InformationRequested = "information_requested",
        /// It is approved, which can be undone until it takes effect. Nobody outside is told before.
        ApprovalPending = "approval_pending",
        /// It is approved.
        Approved = "approved",
        /// It is rejected.
        Rejected = "rejected",
        /// The registrant gave it up.
        Withdrawn = "withdrawn",
        /// It was not submitted in time.
        Expired = "expired",
        /// The company was registered already.
        Linked = "linked",
    }
}

words! {
    /// Where a case stands, as anybody may know.
    pub enum PublicState {
        /// It is being filled in.
        Filling = "filling",
        /// It was submitted and waits for a reviewer.
        Submitted = "submitted",
        /// It is being reviewed.
        InReview = "in_review",
        /// It waits for information from the registrant.
        InformationRequested = "information_requested",
        /// It is approved.
        Approved = "approved",
        /// It is rejected.
        Rejected = "rejected",
        /// It was withdrawn.
        Withdrawn = "withdrawn",
        /// It was not submitted in time.
        Expired = "expired",
        /// It was closed without a decision.
        Closed = "closed",
    }
}

words! {
    /// Who acts next.
    pub enum NextActor {
        /// The registrant.
        Registrant = "registrant",
        /// A reviewer.
        Reviewer = "reviewer",
        /// A second reviewer.
        SecondReviewer = "second_reviewer",
        /// Nobody: it is over, or takes effect by itself.
        Nobody = "nobody",
    }
}

impl CaseState {
    /// Who acts next.
    #[must_use]
    pub fn next_actor(self) -> NextActor {
        match self {
            Self::Filling | Self::InformationRequested => NextActor::Registrant,
            Self::Submitted | Self::InReview => NextActor::Reviewer,
            Self::AwaitingSecondApproval => NextActor::SecondReviewer,
            Self::ApprovalPending | Self::Approved | Self::Rejected | Self::Withdrawn | Self::Expired | Self::Linked => NextActor::Nobody,
        }
    }

    /// What may be told outside: an approval only once it takes effect, and not how the operator reviews.
    #[must_use]
    pub fn told(self) -> PublicState {
        match self {
            Self::Filling => PublicState::Filling,
            Self::Submitted => PublicState::Submitted,
            Self::InReview | Self::AwaitingSecondApproval | Self::ApprovalPending => PublicState::InReview,
            Self::InformationRequested => PublicState::InformationRequested,
            Self::Approved => PublicState::Approved,
            Self::Rejected => PublicState::Rejected,
            Self::Withdrawn => PublicState::Withdrawn,
            Self::Expired => PublicState::Expired,
            Self::Linked => PublicState::Closed,
        }
    }
}

impl PublicState {
    /// Who acts next, as anybody may know.
    #[must_use]
    pub fn next_actor(self) -> NextActor {
        match self {
            Self::Filling | Self::InformationRequested => NextActor::Registrant,
            Self::Submitted | Self::InReview => NextActor::Reviewer,
            Self::Approved | Self::Rejected | Self::Withdrawn | Self::Expired | Self::Closed => NextActor::Nobody,
        }
    }
}

table! {
    /// Where a case stands.
    pub struct Status in "statuses" {
        key {
            /// Which registration.
            pub registration: RegistrationId,
        }
        /// The number that people quote.
        pub case_number: String,
        /// Where it stands. What may be told outside is [`CaseState::told`].
        pub state: CaseState,
        /// The applications that are asked for, in the order in which they were.
        pub applications: Json<Vec<ApplicationId>>,
        /// What the registrant has done so far.
        pub filling: Json<Filling>,
        /// When it was begun.
        pub started_at: Timestamp,
        /// Until when it can be submitted.
        pub expires_at: Timestamp,
        /// When it was submitted first.
        pub submitted_at: Option<Timestamp>,
        /// The version of the dossier that was submitted last; 0 before that.
        pub dossier_version: u32,
        /// By when it will be decided; none while the clock does not run.
        pub due_at: Option<Timestamp>,
        /// What the registrant is asked, while they are.
        pub questions: Json<Vec<Question>>,
        /// When they were asked.
        pub answer_asked_at: Option<Timestamp>,
        /// The version of the dossier that the first of two people approved.
        pub first_approved_version: Option<u32>,
        /// From when on the approval takes effect, while it can be undone.
        pub effective_at: Option<Timestamp>,
        /// The organization that it became, or that was registered already.
        pub organization: Option<OrganizationId>,
        /// When it was decided or closed; of an approval, when it took effect.
        pub decided_at: Option<Timestamp>,
        /// Why it was rejected, as the registrant is told.
        pub reason: Option<String>,
        /// Since when it is in this state.
        pub since: Timestamp,
    }
}

/// What anybody who knows the case number may know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PublicStatus {
    /// The number that people quote.
    pub case_number: String,
    /// Where the case stands.
    pub state: PublicState,
    /// Who acts next.
    pub next_actor: NextActor,
    /// When it was submitted first.
    pub submitted_at: Option<Timestamp>,
    /// By when it will be decided, while it is reviewed.
    pub due_at: Option<Timestamp>,
    /// Until when it can be submitted, while it is filled in.
    pub expires_at: Option<Timestamp>,
}

impl Status {
    /// The step that the registrant takes next, if it is theirs to take one.
    #[must_use]
    pub fn next_step(&self) -> Option<Step> {
        match self.state.next_actor() {
            NextActor::Registrant => Some(self.filling.0.next_step()),
            NextActor::Reviewer | NextActor::SecondReviewer | NextActor::Nobody => None,
        }
    }

    /// What anybody who knows the case number may know of it.
    #[must_use]
    pub fn public(&self) -> PublicStatus {
        let state = self.state.told();
        PublicStatus {
            case_number: self.case_number.clone(),
            state,
            next_actor: state.next_actor(),
            submitted_at: self.submitted_at,
            due_at: (state.next_actor() == NextActor::Reviewer).then_some(self.due_at).flatten(),
            expires_at: (state == PublicState::Filling).then_some(self.expires_at),
        }
    }
}
