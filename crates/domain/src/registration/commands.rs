//! What can be asked of a registration.

use jiff::Timestamp;

use super::events::{AdministratorRole, Origin, Question, RequestedApplication};
use crate::{
    CompanyName, Contact, CredentialId, Email, Message, OrganizationId, OrganizationProfile, PersonId, Personal, Reason,
    RegisteredIdentifier, Registrant, RegistrationId, StaffId,
};

/// What can be asked of a registration.
#[derive(Debug, Clone)]
pub enum RegistrationCommand {
    /// Begins a registration.
    StartRegistration {
        /// The id of the registration, which the organization's follows from.
        id: RegistrationId,
        /// Where it comes from.
        origin: Origin,
        /// The members of the operator's staff who sent the invitation that it comes from, each once.
        invited_by: Vec<StaffId>,
        /// Who registers.
        registrant: Personal<Registrant>,
        /// The company, if an invitation names it.
        company: Option<CompanyName>,
        /// For which applications. At least one.
        applications: Vec<RequestedApplication>,
    },
    /// Notes that the human check was passed; the handler has verified the answer.
    PassHumanCheck {
        /// Which challenge was solved.
        challenge: String,
    },
    /// Saves the organization profile.
    SaveProfile {
        /// All of it.
        profile: OrganizationProfile,
    },
    /// Creates an administrator and gives them the role.
    NominateAdministrator {
        /// How to reach them.
        nominee: Personal<Contact>,
        /// Whether the registrant names themselves.
        is_registrant: bool,
        /// Their one-time password, in the vault.
        one_time_password: CredentialId,
        /// The role they are to have.
        role: AdministratorRole,
    },
    /// Corrects a nominee's details; needs a new one-time password.
    CorrectAdministrator {
        /// How to reach them.
        nominee: Personal<Contact>,
        /// Their new one-time password, in the vault.
        one_time_password: CredentialId,
    },
    /// Says that the one-time password will be handed over.
    AcknowledgeHandover {
        /// To whom.
        nominee: PersonId,
    },
    /// Gives a nominee another role.
    SelectAdministrator {
        /// Who.
        nominee: PersonId,
        /// Which role.
        role: AdministratorRole,
    },
    /// Takes a role from a nominee.
    DeselectAdministrator {
        /// Who.
        nominee: PersonId,
        /// Which role.
        role: AdministratorRole,
    },
    /// Confirms the whole.
    ConfirmReview {},
    /// Submits it for approval.
    SubmitRegistration {},
    /// Answers the questions and submits it again.
    ResubmitRegistration {
        /// What the registrant says to it.
        answer: Option<Message>,
    },
    /// Gives it up.
    WithdrawRegistration {
        /// Why.
        reason: Option<Reason>,
    },
    /// Takes it to work on, or goes on working on it.
    ClaimRegistration {
        /// Who.
        reviewer: Reviewer,
    },
    /// Gives it back.
    ReleaseRegistration {
        /// Who.
        reviewer: StaffId,
    },
    /// Takes it from another reviewer; the handler has checked that this is a review lead.
    TakeOverRegistration {
        /// Who.
        reviewer: Reviewer,
    },
    /// Asks the registrant for information.
    RequestInformation {
        /// Who asks.
        reviewer: Reviewer,
        /// The version of the dossier that was looked at.
        dossier_version: u32,
        /// Field by field. At least one.
        questions: Vec<Question>,
    },
    /// Says that something speaks for care.
    RaiseRisk {
        /// What.
        signal: Reason,
    },
    /// Approves it.
    ApproveRegistration {
        /// Who.
        reviewer: Reviewer,
        /// The version of the dossier that was looked at.
        dossier_version: u32,
        /// Why.
        reason: Reason,
    },
    /// Rejects it.
    RejectRegistration {
        /// Who.
        reviewer: Reviewer,
        /// The version of the dossier that was looked at.
        dossier_version: u32,
        /// Why.
        reason: Reason,
    },
    /// Undoes an approval within its window.
    UndoApproval {
        /// Who.
        reviewer: Reviewer,
        /// Why.
        reason: Reason,
    },
    /// Takes back a mistaken rejection; the handler has checked that this is a review lead.
    ReopenRegistration {
        /// Who.
        reviewer: Reviewer,
        /// Why.
        reason: Reason,
    },
    /// Closes the case in favour of a registered organization.
    LinkToOrganization {
        /// Who.
        reviewer: Reviewer,
        /// The version of the dossier that was looked at.
        dossier_version: u32,
        /// The registered organization.
        organization: OrganizationId,
        /// Why.
        reason: Reason,
    },
    /// Lets what time has brought about happen: a lapsed claim, due soon, overdue, an approval's effect, expiry. Nothing
    /// if it is not time.
    PassTime {},
    /// Computes the due instant anew on the calendar in force, whose change came at `changed_at`.
    MoveDue {
        /// When the calendar changed.
        changed_at: Timestamp,
    },
}

/// A reviewer with what the rule of separation needs to know of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reviewer {
    /// Who.
    pub staff: StaffId,
    /// Their e-mail address, to find out whether they are registrant or nominee themselves.
    pub email: Option<Email>,
    /// The organizations they belong to.
    pub affiliations: Vec<Affiliation>,
    /// Users who are the same person as they, among those who have to do with what is decided on.
    pub accounts: Vec<PersonId>,
}

/// Something by which an organization that a staff member belongs to can be recognized in a dossier.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Affiliation {
    /// A registered organization.
    Organization(OrganizationId),
    /// A company by registered identifier.
    Identifier(RegisteredIdentifier),
    /// A company by name; compared without regard to case and punctuation.
    Company(CompanyName),
}
