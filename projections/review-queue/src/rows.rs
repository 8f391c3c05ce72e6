//! The rows, which are also what queries answer with.

use domain::{ApplicationId, Owner, RegistrationId, StaffId};
use jiff::Timestamp;
use projection_runtime::table::Json;
use projection_runtime::{table, words};

words! {
    /// Where a case stands, as reviewers see it.
    pub enum QueueState {
        /// The registrant fills it in: not in the queue.
        Filling = "filling",
        /// It waits for a reviewer.
        Submitted = "submitted",
        /// A reviewer works on it.
        InReview = "in_review",
        /// The registrant is asked for information; the business clock stands.
        InformationRequested = "information_requested",
        /// One person approved this version of the dossier; it waits for another one.
        AwaitingSecondApproval = "awaiting_second_approval",
        /// It is approved, which can be undone until it takes effect: not in the queue.
        ApprovalPending = "approval_pending",
        /// It is rejected, which can be taken back: not in the queue.
        Rejected = "rejected",
    }
}

impl QueueState {
    /// Whether a case in this state is in the queue.
    #[must_use]
    pub fn is_open(self) -> bool {
        match self {
            Self::Submitted | Self::InReview | Self::InformationRequested | Self::AwaitingSecondApproval => true,
            Self::Filling | Self::ApprovalPending | Self::Rejected => false,
        }
    }
}

table! {
    /// A case in the queue, or beside it.
    pub struct QueuedCase in "cases" {
        key {
            /// Which registration.
            pub registration: RegistrationId,
        }
        /// Its number: the place of its first event in the log. Tells cases apart that are due at the same instant.
        pub number: u64,
        /// Whether it is in the queue.
        pub is_open: bool,
        /// Orders the queue: the due instant in microseconds since 1970, UTC; the greatest number while the clock stands.
        pub due_order: i64,
        /// Where it stands.
        pub state: QueueState,
        /// The number that people quote.
        pub case_number: String,
        /// The company: as its profile names it, before that as the invitation does.
        pub company: Option<String>,
        /// Its country (ISO 3166-1 alpha-2), once the profile is saved.
        pub country: Option<String>,
        /// What a search looks at: the words of company and case number, folded, each between spaces.
        pub search: String,
        /// The applications that are asked for.
        pub applications: Json<Vec<ApplicationId>>,
        /// Who invited the company; none if it came by the public page.
        pub inviter: Option<Json<Owner>>,
        /// When it was submitted first.
        pub submitted_at: Option<Timestamp>,
        /// By when it is to be decided; none while the clock stands.
        pub due_at: Option<Timestamp>,
        /// Business time left to decide, in seconds, while the clock stands.
        pub business_seconds_left: Option<i64>,
        /// Who works on it.
        pub claimed_by: Option<StaffId>,
        /// Until when, unless claimed again; in the past, the claim has lapsed.
        pub claimed_until: Option<Timestamp>,
        /// The version of the dossier that was submitted last; 0 before that.
        pub dossier_version: u32,
        /// Whether something speaks for care.
        pub has_risk: bool,
        /// Whether two people must approve.
        pub needs_two_people: bool,
        /// Who approved first.
        pub first_approver: Option<StaffId>,
        /// On which version of the dossier; on another one than now, it counts for nothing.
        pub first_approved_version: Option<u32>,
    }
}

table! {
    /// Finds the open cases that ask for an application, in the order of the queue.
    pub struct ApplicationCase in "application_cases" {
        key {
            /// Which application.
            pub application: ApplicationId,
            /// The case's place in the order of the queue.
            pub due_order_of_case: i64,
            /// The case's number.
            pub of_case: u64,
        }
    }
}

table! {
    /// Finds the open cases by the beginning of a word.
    pub struct SearchTerm in "search_terms" {
        key {
            /// The beginning of a word.
            pub term: String,
            /// The case's number.
            pub of_case: u64,
        }
    }
}

table! {
    /// How many open cases stand there.
    pub struct Tally in "tallies" {
        key {
            /// Where.
            pub state: QueueState,
        }
        /// How many; never 0.
        pub cases: u64,
    }
}

impl QueuedCase {
    /// Whether somebody works on it now.
    #[must_use]
    pub fn is_claimed(&self, now: Timestamp) -> bool {
        self.claimed_until.is_some_and(|until| until > now)
    }

    /// Whether it should have been decided by now.
    #[must_use]
    pub fn is_overdue(&self, now: Timestamp) -> bool {
        self.due_at.is_some_and(|due| due < now)
    }
}
