//! What can happen to a registration.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    ApplicationId, CaseNumber, CompanyName, Contact, CredentialId, Due, InvitationId, Message, OrganizationId, OrganizationProfile, Owner,
    PersonId, Personal, Reason, Registrant, StaffId,
};

/// What can happen to a registration (domain, part 3).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub enum RegistrationEvent {
    /// Somebody began to register a company. Version 1 did not say which members of the staff invited it.
    #[serde(rename = "registration.started.v2", alias = "registration.started.v1")]
    Started {
        /// Where it came from.
        origin: Origin,
        /// The number that people quote.
        case_number: CaseNumber,
        /// Who registers.
        registrant: Personal<Registrant>,
        /// The company, as the invitation names it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        company: Option<CompanyName>,
        /// For which applications.
        applications: Vec<RequestedApplication>,
        /// The organization that comes to be if it is approved.
        organization: OrganizationId,
        /// Until when it can be submitted.
        #[schemars(with = "String", extend("format" = "date-time"))]
        expires_at: Timestamp,
        /// The members of the operator's staff who sent the invitation, the first time or again: they never decide on it.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        invited_by: Vec<StaffId>,
    },
    /// The registrant proved to be human.
    #[serde(rename = "registration.human_check_passed.v1")]
    HumanCheckPassed {
        /// Which challenge was solved; it serves once.
        challenge: String,
    },
    /// The organization profile was saved.
    #[serde(rename = "registration.profile_saved.v1")]
    ProfileSaved {
        /// All of it as it is now.
        profile: OrganizationProfile,
    },
    /// A person was named as an administrator-to-be.
    #[serde(rename = "registration.administrator_nominated.v1")]
    AdministratorNominated {
        /// How to reach them.
        nominee: Personal<Contact>,
        /// Whether the registrant named themselves.
        is_registrant: bool,
        /// Their one-time password, in the vault.
        one_time_password: CredentialId,
    },
    /// A nominee's details or one-time password were given again.
    #[serde(rename = "registration.administrator_corrected.v1")]
    AdministratorCorrected {
        /// How to reach them.
        nominee: Personal<Contact>,
        /// Their one-time password, in the vault; the one before is void.
        one_time_password: CredentialId,
    },
    /// The registrant said that they will hand over the one-time password, which was shown once.
    #[serde(rename = "registration.handover_acknowledged.v1")]
    HandoverAcknowledged {
        /// To whom.
        nominee: PersonId,
    },
    /// A nominee was given a role.
    #[serde(rename = "registration.administrator_selected.v1")]
    AdministratorSelected {
        /// Who.
        nominee: PersonId,
        /// Which role.
        role: AdministratorRole,
    },
    /// A role was taken from a nominee; without any role they are no nominee any more.
    #[serde(rename = "registration.administrator_deselected.v1")]
    AdministratorDeselected {
        /// Who.
        nominee: PersonId,
        /// Which role.
        role: AdministratorRole,
    },
    /// The registrant has looked through the whole and confirmed it.
    #[serde(rename = "registration.review_confirmed.v1")]
    ReviewConfirmed {},
    /// The registration was submitted for approval.
    #[serde(rename = "registration.submitted.v1")]
    Submitted {
        /// The version of the dossier that was submitted.
        dossier_version: u32,
        /// By when it will be decided.
        due: Due,
    },
    /// A reviewer works on it.
    #[serde(rename = "registration.claimed.v1")]
    Claimed {
        /// Who.
        reviewer: StaffId,
        /// Until when, unless claimed again.
        #[schemars(with = "String", extend("format" = "date-time"))]
        until: Timestamp,
        /// Whom a review lead took it over from.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        taken_over_from: Option<StaffId>,
    },
    /// The reviewer gave it back, or the claim ran out.
    #[serde(rename = "registration.released.v1")]
    Released {
        /// Who had it.
        reviewer: StaffId,
        /// Whether the claim ran out.
        lapsed: bool,
    },
    /// The reviewer asked the registrant something; the business clock stops.
    #[serde(rename = "registration.information_requested.v1")]
    InformationRequested {
        /// Field by field.
        questions: Vec<Question>,
        /// Business time left to decide, in seconds, when the clock stopped.
        business_seconds_left: i64,
    },
    /// The registrant answered; the business clock goes on.
    #[serde(rename = "registration.resubmitted.v1")]
    Resubmitted {
        /// The version of the dossier that was submitted.
        dossier_version: u32,
        /// What the registrant says to it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        answer: Option<Message>,
        /// By when it will be decided now.
        due: Due,
    },
    /// Something speaks for care: two people must approve.
    #[serde(rename = "registration.risk_raised.v1")]
    RiskRaised {
        /// What.
        signal: Reason,
    },
    /// The first of two people approved.
    #[serde(rename = "registration.approval_proposed.v1")]
    ApprovalProposed {
        /// Who.
        reviewer: StaffId,
        /// On which version of the dossier.
        dossier_version: u32,
        /// Why.
        reason: Reason,
    },
    /// It was approved.
    #[serde(rename = "registration.approved.v1")]
    Approved {
        /// By whom; by whom second, where two people decide.
        reviewer: StaffId,
        /// On which version of the dossier.
        dossier_version: u32,
        /// Why.
        reason: Reason,
        /// From when on it takes effect; until then it can be undone.
        #[schemars(with = "String", extend("format" = "date-time"))]
        effective_at: Timestamp,
    },
    /// The approval was undone within its window: the case is in review again.
    #[serde(rename = "registration.approval_undone.v1")]
    ApprovalUndone {
        /// Who undid it.
        reviewer: StaffId,
        /// Why.
        reason: Reason,
        /// By when it will be decided now.
        due: Due,
    },
    /// The approval takes effect: the organization comes to be.
    #[serde(rename = "registration.approval_took_effect.v1")]
    ApprovalTookEffect {
        /// The organization that comes to be.
        organization: OrganizationId,
    },
    /// It was rejected.
    #[serde(rename = "registration.rejected.v1")]
    Rejected {
        /// By whom.
        reviewer: StaffId,
        /// On which version of the dossier.
        dossier_version: u32,
        /// Why, as the registrant is told.
        reason: Reason,
    },
    /// A mistaken rejection was taken back: the case is in review again.
    #[serde(rename = "registration.reopened.v1")]
    Reopened {
        /// By whom.
        reviewer: StaffId,
        /// Why.
        reason: Reason,
        /// By when it will be decided now.
        due: Due,
    },
    /// The company turned out to be registered: the case is closed, its invitation becomes an offer.
    #[serde(rename = "registration.linked_to_organization.v1")]
    LinkedToOrganization {
        /// By whom.
        reviewer: StaffId,
        /// The registered organization.
        organization: OrganizationId,
        /// The invitation that becomes an offer, if there is one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        invitation: Option<InvitationId>,
        /// Why.
        reason: Reason,
    },
    /// The registrant gave it up.
    #[serde(rename = "registration.withdrawn.v1")]
    Withdrawn {
        /// Why.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<Reason>,
    },
    /// It was not submitted in time.
    #[serde(rename = "registration.expired.v1")]
    Expired {},
    /// It is due soon.
    #[serde(rename = "registration.review_due_soon.v1")]
    ReviewDueSoon {
        /// When it is due.
        #[schemars(with = "String", extend("format" = "date-time"))]
        due_at: Timestamp,
    },
    /// It is overdue.
    #[serde(rename = "registration.review_overdue.v1")]
    ReviewOverdue {
        /// When it was due.
        #[schemars(with = "String", extend("format" = "date-time"))]
        due_at: Timestamp,
    },
    /// The calendar changed, and with it the due instant of this open case.
    #[serde(rename = "registration.due_moved.v1")]
    DueMoved {
        /// By when it will be decided now.
        due: Due,
    },
}

/// Where a registration came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// From an invitation.
    Invitation {
        /// Which one.
        invitation: InvitationId,
        /// Whose it was.
        inviter: Owner,
    },
    /// From the public registration page.
    Public,
}

/// An application that a registration asks for, with what the catalogue said of it at the start.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct RequestedApplication {
    /// Which one.
    pub application: ApplicationId,
    /// Whose it is.
    pub owner: Owner,
    /// Whether application administrators must be named for it.
    pub needs_administrator: bool,
    /// Whether two people must approve.
    pub four_eyes: bool,
}

/// What a nominee shall be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AdministratorRole {
    /// Administrator of the organization.
    OrganizationAdministrator,
    /// Administrator of this application.
    ApplicationAdministrator(ApplicationId),
}

/// Something a reviewer wants to know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Question {
    /// Which field of the dossier, as a JSON pointer such as `/profile/identifiers`.
    pub field: String,
    /// What is wanted.
    pub question: Message,
}
