//! Which rules a command on a registration can break.

use jiff::Timestamp;

use super::dossier::{Section, Step};
use super::separation::Tie;
use crate::calendar::CalendarProblem;
use crate::{ApplicationId, PersonId, ProfileProblem, Rejection, RejectionKind};

/// Which rules a command on a registration can break. `Display` is a sentence for the person who sent it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RegistrationRejection {
    /// There is none under this id.
    #[error("there is no such registration")]
    NotStarted,
    /// Another registration was begun under this id.
    #[error("this registration was begun already, from elsewhere or by somebody else")]
    AlreadyStarted,
    /// No application is asked for.
    #[error("a registration asks for at least one application")]
    NoApplication,
    /// An application is asked for twice.
    #[error("application {0} is asked for more than once")]
    ApplicationRepeated(ApplicationId),
    /// More applications than [`MOST_APPLICATIONS`](super::MOST_APPLICATIONS).
    #[error("a registration asks for at most {most} applications", most = super::MOST_APPLICATIONS)]
    TooManyApplications,
    /// The profile is wrong as a whole.
    #[error(transparent)]
    ProfileInvalid(#[from] ProfileProblem),
    /// More administrators than [`MOST_NOMINEES`](super::MOST_NOMINEES).
    #[error("a registration names at most {most} administrators; more can be created once it is approved", most = super::MOST_NOMINEES)]
    TooManyNominees,
    /// It was not submitted in time.
    #[error("this registration could be submitted until {0}; a new one is needed")]
    Expired(Timestamp),
    /// The registrant gave it up.
    #[error("this registration was withdrawn; a new one is needed")]
    Withdrawn,
    /// The dossier is with the reviewers.
    #[error("this registration was submitted and cannot be changed unless the reviewer asks for something")]
    DossierFrozen,
    /// A step comes before this one.
    #[error("before that: {}", .missing.task())]
    StepOutOfOrder {
        /// The step that is missing.
        missing: Step,
    },
    /// The dossier was not confirmed as it is now.
    #[error("something was changed after you confirmed your entries: look through them and confirm them again")]
    ReviewNotConfirmed,
    /// A one-time password was not acknowledged.
    #[error("acknowledge first that you will hand over the one-time password of each administrator")]
    HandoverNotAcknowledged(PersonId),
    /// The application was not asked for.
    #[error("application {0} is not part of this registration")]
    ApplicationNotRequested(ApplicationId),
    /// The application grants access without one.
    #[error("application {0} needs no administrator")]
    ApplicationNeedsNoAdministrator(ApplicationId),
    /// The person has been named.
    #[error("this person was named already: give them the role instead of creating them again")]
    AlreadyNominated(PersonId),
    /// Another nominee has this e-mail address.
    #[error("another administrator has this e-mail address: give them the role instead of creating them again")]
    EmailAlreadyNominated(PersonId),
    /// The person was not named.
    #[error("this person was not named as an administrator")]
    NotNominated(PersonId),
    /// Registrant and nominee are one person or two, but not both.
    #[error("the registrant who names themselves is one person with the registrant, and nobody else is")]
    RegistrantMistaken,
    /// The one-time password is another nominee's, or the one before.
    #[error("each administrator, and each correction, needs a one-time password of its own")]
    OneTimePasswordReused,
    /// A nominee was forgotten.
    #[error("the personal data of an administrator was erased at their request: name somebody else in their place")]
    NomineeForgotten(PersonId),
    /// It waits for the reviewers, not for the registrant.
    #[error("this registration was submitted already")]
    AlreadySubmitted,
    /// It was not submitted yet.
    #[error("this registration was not submitted yet")]
    NotSubmitted,
    /// Nothing was asked.
    #[error("no information is awaited from the registrant")]
    NoInformationRequested,
    /// The registrant has been asked and did not answer yet.
    #[error("the registrant was asked for information and has not answered yet")]
    InformationAwaited,
    /// A decision was made.
    #[error("this registration was decided already: it is {stage}")]
    AlreadyDecided {
        /// The stage that it is in.
        stage: &'static str,
    },
    /// Another reviewer works on it.
    #[error("another reviewer works on this registration until {until}")]
    ClaimedByAnother {
        /// Until when, unless claimed again.
        until: Timestamp,
    },
    /// The reviewer has not claimed it.
    #[error("claim this registration before you decide on it")]
    NotClaimed,
    /// The reviewer's claim has run out.
    #[error("your claim ran out at {until}: claim the registration again")]
    ClaimLapsed {
        /// When.
        until: Timestamp,
    },
    /// The reviewer has to do with what is decided on.
    #[error("{tie}: somebody else must review this registration")]
    ReviewerInvolved {
        /// In which way.
        tie: Tie,
    },
    /// One person cannot be two.
    #[error("you were the first of the two people who must approve: the second is somebody else")]
    SecondApprovalBySamePerson,
    /// The decision was made on another version of the dossier.
    #[error("the dossier changed since the version that you looked at (yours: {named}, now: {current})")]
    DossierChanged {
        /// The version that the decision named.
        named: u32,
        /// The version that there is.
        current: u32,
        /// What changed since.
        changed: Vec<Section>,
    },
    /// A version that there has never been.
    #[error("there is no version {named} of the dossier yet (now: {current})")]
    DossierVersionUnknown {
        /// The version that the decision named.
        named: u32,
        /// The version that there is.
        current: u32,
    },
    /// Nothing is asked.
    #[error("ask at least one question")]
    NoQuestion,
    /// Too much is asked.
    #[error("ask at most {most} questions at a time, with {bytes} bytes of text in all", most = super::MOST_QUESTIONS, bytes = super::MOST_QUESTION_BYTES)]
    TooManyQuestions,
    /// The field is no JSON pointer.
    #[error("a question names its field as a JSON pointer, such as /profile/identifiers")]
    QuestionWithoutField {
        /// Which question, from 0.
        index: usize,
    },
    /// It is not approved.
    #[error("no approval waits to take effect")]
    NoApprovalPending,
    /// The approval has taken effect.
    #[error("the approval took effect at {effective_at} and cannot be undone any more")]
    UndoWindowOver {
        /// When.
        effective_at: Timestamp,
    },
    /// It is not rejected.
    #[error("only a rejected registration can be reopened")]
    NotRejected,
    /// No due instant can be computed.
    #[error("the operator's calendar cannot be used: {0}")]
    CalendarUnusable(CalendarProblem),
}

impl From<CalendarProblem> for RegistrationRejection {
    fn from(problem: CalendarProblem) -> Self {
        Self::CalendarUnusable(problem)
    }
}

impl Rejection for RegistrationRejection {
    fn kind(&self) -> RejectionKind {
        match self {
            Self::NotStarted => RejectionKind::NotFound,
            Self::Expired(_) | Self::Withdrawn => RejectionKind::Gone,
            Self::ReviewerInvolved { .. } | Self::SecondApprovalBySamePerson => RejectionKind::Forbidden,
            Self::DossierChanged { .. } => RejectionKind::Stale,
            Self::NoApplication
            | Self::ApplicationRepeated(_)
            | Self::TooManyApplications
            | Self::ProfileInvalid(_)
            | Self::TooManyNominees
            | Self::ApplicationNotRequested(_)
            | Self::ApplicationNeedsNoAdministrator(_)
            | Self::NotNominated(_)
            | Self::RegistrantMistaken
            | Self::OneTimePasswordReused
            | Self::DossierVersionUnknown { .. }
            | Self::NoQuestion
            | Self::TooManyQuestions
            | Self::QuestionWithoutField { .. } => RejectionKind::Invalid,
            Self::AlreadyStarted
            | Self::DossierFrozen
            | Self::StepOutOfOrder { .. }
            | Self::ReviewNotConfirmed
            | Self::HandoverNotAcknowledged(_)
            | Self::AlreadyNominated(_)
            | Self::EmailAlreadyNominated(_)
            | Self::NomineeForgotten(_)
            | Self::AlreadySubmitted
            | Self::NotSubmitted
            | Self::NoInformationRequested
            | Self::InformationAwaited
            | Self::AlreadyDecided { .. }
            | Self::ClaimedByAnother { .. }
            | Self::NotClaimed
            | Self::ClaimLapsed { .. }
            | Self::NoApprovalPending
            | Self::UndoWindowOver { .. }
            | Self::NotRejected
            | Self::CalendarUnusable(_) => RejectionKind::Conflict,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::NotStarted => "registration-not-found",
            Self::AlreadyStarted => "registration-already-started",
            Self::NoApplication => "no-application",
            Self::ApplicationRepeated(_) => "application-repeated",
            Self::TooManyApplications => "too-many-applications",
            Self::ProfileInvalid(problem) => problem.code(),
            Self::TooManyNominees => "too-many-administrators",
            Self::Expired(_) => "registration-expired",
            Self::Withdrawn => "registration-withdrawn",
            Self::DossierFrozen => "dossier-frozen",
            Self::StepOutOfOrder { .. } => "step-out-of-order",
            Self::ReviewNotConfirmed => "review-not-confirmed",
            Self::HandoverNotAcknowledged(_) => "handover-not-acknowledged",
            Self::ApplicationNotRequested(_) => "application-not-requested",
            Self::ApplicationNeedsNoAdministrator(_) => "application-needs-no-administrator",
            Self::AlreadyNominated(_) => "already-nominated",
            Self::EmailAlreadyNominated(_) => "email-already-nominated",
            Self::NotNominated(_) => "not-nominated",
            Self::RegistrantMistaken => "registrant-mistaken",
            Self::OneTimePasswordReused => "one-time-password-reused",
            Self::NomineeForgotten(_) => "nominee-forgotten",
            Self::AlreadySubmitted => "already-submitted",
            Self::NotSubmitted => "not-submitted",
            Self::NoInformationRequested => "no-information-requested",
            Self::InformationAwaited => "information-awaited",
            Self::AlreadyDecided { .. } => "already-decided",
            Self::ClaimedByAnother { .. } => "claimed-by-another",
            Self::NotClaimed => "not-claimed",
            Self::ClaimLapsed { .. } => "claim-lapsed",
            Self::ReviewerInvolved { .. } => "reviewer-involved",
            Self::SecondApprovalBySamePerson => "second-approval-by-same-person",
            Self::DossierChanged { .. } => "dossier-changed",
            Self::DossierVersionUnknown { .. } => "dossier-version-unknown",
            Self::NoQuestion => "no-question",
            Self::TooManyQuestions => "too-many-questions",
            Self::QuestionWithoutField { .. } => "question-without-field",
            Self::NoApprovalPending => "no-approval-pending",
            Self::UndoWindowOver { .. } => "undo-window-over",
            Self::NotRejected => "not-rejected",
            Self::CalendarUnusable(_) => "calendar-unusable",
        }
    }

    fn field(&self) -> Option<String> {
        let field = match self {
            Self::NoApplication | Self::ApplicationRepeated(_) | Self::TooManyApplications => "/applications",
            Self::ProfileInvalid(problem) => return Some(problem.field()),
            Self::ApplicationNotRequested(_) | Self::ApplicationNeedsNoAdministrator(_) => "/role",
            Self::EmailAlreadyNominated(_) => "/nominee/email",
            Self::AlreadyNominated(_) | Self::NotNominated(_) | Self::TooManyNominees => "/nominee",
            Self::RegistrantMistaken => "/is_registrant",
            Self::OneTimePasswordReused => "/one_time_password",
            Self::DossierVersionUnknown { .. } => "/dossier_version",
            Self::NoQuestion | Self::TooManyQuestions => "/questions",
            Self::QuestionWithoutField { index } => return Some(format!("/questions/{index}/field")),
            Self::NotStarted
            | Self::AlreadyStarted
            | Self::Expired(_)
            | Self::Withdrawn
            | Self::DossierFrozen
            | Self::StepOutOfOrder { .. }
            | Self::ReviewNotConfirmed
            | Self::HandoverNotAcknowledged(_)
            | Self::NomineeForgotten(_)
            | Self::AlreadySubmitted
            | Self::NotSubmitted
            | Self::NoInformationRequested
            | Self::InformationAwaited
            | Self::AlreadyDecided { .. }
            | Self::ClaimedByAnother { .. }
            | Self::NotClaimed
            | Self::ClaimLapsed { .. }
            | Self::ReviewerInvolved { .. }
            | Self::SecondApprovalBySamePerson
            | Self::DossierChanged { .. }
            | Self::NoApprovalPending
            | Self::UndoWindowOver { .. }
            | Self::NotRejected
            | Self::CalendarUnusable(_) => return None,
        };
        Some(field.to_owned())
    }

    fn changed(&self) -> Vec<String> {
        if let Self::DossierChanged { changed, .. } = self { changed.iter().map(ToString::to_string).collect() } else { Vec::new() }
    }
}
