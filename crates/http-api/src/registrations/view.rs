//! A registration as its registrant and its reviewers see it.

use domain::application::{AccessPolicy, Application};
use domain::registration::{Case, Origin, Stage, Step};
use domain::{ApplicationId, Owner, RegistrationId};
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::due::DueDate;
use crate::fields::{CompanyProfile, ContactDetails, HeldRole};
use crate::problem::Problem;
use crate::services::Services;

/// A registration: the whole dossier, where it stands, what comes next.
#[derive(Debug, Serialize, ToSchema)]
pub struct RegistrationView {
    /// Its id.
    pub id: Uuid,
    /// The number that people quote.
    #[schema(example = "GH-7K3M-Q2XD-9VTA")]
    pub case_number: String,
    /// How far it is.
    pub stage: StageName,
    /// The step that the registrant takes next; absent: nothing is theirs to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_step: Option<NextStep>,
    /// Until when it can be submitted.
    #[schema(value_type = String, format = DateTime)]
    pub expires_at: Timestamp,
    /// By when it will be decided, while the business clock runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub due: Option<DueDate>,
    /// What the reviewer wants to know, while the registrant is asked.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub questions: Vec<AskedQuestion>,
    /// Why it was rejected.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rejected_because: Option<String>,
    /// The invitation that it came from; absent: it began on the public page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub invitation: Option<Uuid>,
    /// The company, as the invitation names it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub company: Option<String>,
    /// Who registers; absent: forgotten at their request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub registrant: Option<RegistrantView>,
    /// The version of the dossier: counts up with every change. Sent as `ETag` too.
    pub dossier_version: u32,
    /// The applications that are asked for.
    pub applications: Vec<AskedApplication>,
    /// The organization's profile, once saved.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub profile: Option<CompanyProfile>,
    /// The administrators-to-be, in the order of their nomination.
    pub administrators: Vec<AdministratorView>,
    /// What only the staff sees.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub review: Option<ReviewView>,
}

/// How far a registration is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum StageName {
    /// The registrant fills it in.
    Filling,
    /// It waits for a reviewer.
    Submitted,
    /// A reviewer works on it.
    InReview,
    /// The registrant is asked for information.
    InformationRequested,
    /// It is approved, and that can still be undone.
    ApprovalPending,
    /// It is approved.
    Approved,
    /// It is rejected.
    Rejected,
    /// The registrant gave it up.
    Withdrawn,
    /// It was not submitted in time.
    Expired,
    /// The company was registered already.
    Linked,
}

impl StageName {
    /// The name as a registrant is told it: that an approval can still be undone, or that the first of two people has approved, is not
    /// theirs to know.
    fn told_outside(self, stage: &Stage) -> Self {
        let is_half_approved = matches!(stage, Stage::Submitted(review) if review.proposal.is_some());
        if self == Self::ApprovalPending || is_half_approved { Self::InReview } else { self }
    }
}

impl From<&Stage> for StageName {
    fn from(stage: &Stage) -> Self {
        match stage {
            Stage::Filling => Self::Filling,
            Stage::Submitted(_) => Self::Submitted,
            Stage::InReview { .. } => Self::InReview,
            Stage::InformationRequested { .. } => Self::InformationRequested,
            Stage::ApprovalPending { .. } => Self::ApprovalPending,
            Stage::Approved { .. } => Self::Approved,
            Stage::Rejected { .. } => Self::Rejected,
            Stage::Withdrawn => Self::Withdrawn,
            Stage::Expired => Self::Expired,
            Stage::Linked { .. } => Self::Linked,
        }
    }
}

/// The step that the registrant takes next.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct NextStep {
    /// Which step: `human_check`, `profile`, `organization_administrators`, `application_administrators`, `handover`,
    /// `review`, `submit`, `resubmit`.
    #[schema(example = "profile")]
    pub step: &'static str,
    /// What is to be done, for a person.
    #[schema(example = "save the organization profile")]
    pub task: &'static str,
    /// Of which application an administrator is to be named.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub application: Option<Uuid>,
    /// Whose one-time password is to be handed over.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub person: Option<Uuid>,
}

impl NextStep {
    /// The next step of this case.
    #[must_use]
    pub fn of(case: &Case) -> Option<Self> {
        let step = case.next_step()?;
        if matches!((&case.stage, step), (Stage::InformationRequested { .. }, Step::Submit)) {
            let task = "answer the reviewer's questions and submit again";
            return Some(Self { step: "resubmit", task, application: None, person: None });
        }
        let (name, application, person) = match step {
            Step::HumanCheck => ("human_check", None, None),
            Step::Profile => ("profile", None, None),
            Step::OrganizationAdministrators => ("organization_administrators", None, None),
            Step::ApplicationAdministrators(application) => ("application_administrators", Some(application.0), None),
            Step::Handover(person) => ("handover", None, Some(person.0)),
            Step::Review => ("review", None, None),
            Step::Submit => ("submit", None, None),
        };
        Some(Self { step: name, task: step.task(), application, person })
    }
}

/// Something a reviewer wants to know.
#[derive(Debug, Serialize, ToSchema)]
pub struct AskedQuestion {
    /// Which field of the dossier, as a JSON pointer.
    #[schema(example = "/profile/identifiers")]
    pub field: String,
    /// What is wanted.
    pub question: String,
}

/// Who registers.
#[derive(Debug, Serialize, ToSchema)]
pub struct RegistrantView {
    /// The name, if known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The e-mail address.
    pub email: String,
}

/// An application that is asked for.
#[derive(Debug, Serialize, ToSchema)]
pub struct AskedApplication {
    /// Which one.
    pub id: Uuid,
    /// Its code.
    #[schema(example = "BSCP")]
    pub code: String,
    /// Its name.
    pub name: String,
    /// What to have or install first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prerequisites: Option<String>,
    /// Whether administrators must be named for it.
    pub needs_administrator: bool,
}

/// An administrator-to-be. Their one-time password is never shown.
#[derive(Debug, Serialize, ToSchema)]
pub struct AdministratorView {
    /// Who: the id under which they are corrected.
    pub person: Uuid,
    /// How to reach them; absent: forgotten at their request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contact: Option<ContactDetails>,
    /// Whether the registrant named themselves.
    pub is_registrant: bool,
    /// Whether the registrant said that they will hand over the one-time password.
    pub handover_acknowledged: bool,
    /// What they shall be.
    pub roles: Vec<HeldRole>,
}

/// What only the staff sees.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReviewView {
    /// The organization that comes to be, or that the case was linked to.
    pub organization: Uuid,
    /// The partner who invited; absent: the operator, or nobody.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub partner: Option<Uuid>,
    /// Who works on it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub claim: Option<ClaimView>,
    /// What speaks for care.
    pub risks: Vec<String>,
    /// Whether two people must approve.
    pub needs_two_people: bool,
    /// What the first of two people found.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proposal: Option<ProposalView>,
    /// Until when an approval can be undone.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub undo_until: Option<Timestamp>,
}

/// A reviewer's claim.
#[derive(Debug, Serialize, ToSchema)]
pub struct ClaimView {
    /// Whose.
    pub reviewer: Uuid,
    /// Until when, unless claimed again.
    #[schema(value_type = String, format = DateTime)]
    pub until: Timestamp,
}

/// What the first of two people found.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProposalView {
    /// Who.
    pub reviewer: Uuid,
    /// On which version of the dossier; on another one it counts for nothing.
    pub dossier_version: u32,
    /// Why.
    pub reason: String,
}

/// Who looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Eyes {
    /// The registrant.
    Registrant,
    /// Staff.
    Staff,
}

impl RegistrationView {
    /// A case as these eyes see it.
    pub(crate) async fn of(id: RegistrationId, case: &Case, eyes: Eyes, services: &Services) -> Result<Self, Problem> {
        let stage = StageName::from(&case.stage);
        let mut applications = Vec::with_capacity(case.dossier.applications.len());
        for requested in &case.dossier.applications {
            let asked = application(requested.application, services).await?;
            // The registration keeps to what the catalogue said when it began.
            applications.push(AskedApplication { needs_administrator: requested.needs_administrator, ..asked });
        }
        let invitation = match case.origin {
            Origin::Invitation { invitation, .. } => Some(invitation.0),
            Origin::Public => None,
        };
        Ok(Self {
            id: id.0,
            case_number: case.case_number.to_string(),
            stage: if eyes == Eyes::Staff { stage } else { stage.told_outside(&case.stage) },
            next_step: NextStep::of(case),
            expires_at: case.expires_at,
            due: case.due().map(DueDate::from),
            questions: questions(&case.stage),
            rejected_because: if let Stage::Rejected { reason, .. } = &case.stage { Some(reason.to_string()) } else { None },
            invitation,
            company: case.company.as_ref().map(ToString::to_string),
            registrant: case.registrant.get().map(|registrant| RegistrantView {
                name: registrant.name.as_ref().map(ToString::to_string),
                email: registrant.email.to_string(),
            }),
            dossier_version: case.dossier.version,
            applications,
            profile: case.dossier.profile.as_ref().map(CompanyProfile::from),
            administrators: administrators(case),
            review: (eyes == Eyes::Staff).then(|| ReviewView::of(case)),
        })
    }
}

/// An application as the catalogue has it now.
pub(crate) async fn application(id: ApplicationId, services: &Services) -> Result<AskedApplication, Problem> {
    let seen = services
        .handlers
        .inspect::<Application, _>(id.0, |state, _| {
            let published = state.published()?;
            let details = &published.details;
            Some(AskedApplication {
                id: id.0,
                code: published.code.to_string(),
                name: details.name.to_string(),
                prerequisites: details.prerequisites.as_ref().map(ToString::to_string),
                needs_administrator: details.access == AccessPolicy::ApplicationAdministrator,
            })
        })
        .await?;
    seen.flatten().ok_or_else(|| Problem::not_found("application"))
}

fn questions(stage: &Stage) -> Vec<AskedQuestion> {
    let Stage::InformationRequested { questions, .. } = stage else { return Vec::new() };
    questions.iter().map(|asked| AskedQuestion { field: asked.field.clone(), question: asked.question.to_string() }).collect()
}

fn administrators(case: &Case) -> Vec<AdministratorView> {
    let view = |nominee: &domain::registration::Nominee| AdministratorView {
        person: nominee.person().0,
        contact: nominee.contact.get().map(ContactDetails::from),
        is_registrant: nominee.is_registrant,
        handover_acknowledged: nominee.handover_acknowledged,
        roles: nominee.roles.iter().map(|role| HeldRole::from(*role)).collect(),
    };
    case.dossier.nominees.iter().map(view).collect()
}

impl ReviewView {
    fn of(case: &Case) -> Self {
        let proposal = match &case.stage {
            Stage::InformationRequested { proposal, .. } => proposal.as_ref(),
            Stage::Submitted(review) | Stage::InReview { review, .. } | Stage::ApprovalPending { review, .. } => review.proposal.as_ref(),
            Stage::Filling | Stage::Approved { .. } | Stage::Rejected { .. } | Stage::Withdrawn | Stage::Expired | Stage::Linked { .. } => {
                None
            }
        };
        Self {
            organization: if let Stage::Linked { organization, .. } = &case.stage { organization.0 } else { case.organization.0 },
            partner: match case.origin {
                Origin::Invitation { inviter: Owner::Partner(partner), .. } => Some(partner.0),
                Origin::Invitation { inviter: Owner::Operator, .. } | Origin::Public => None,
            },
            claim: case.stage.claim().map(|claim| ClaimView { reviewer: claim.reviewer.0, until: claim.until }),
            risks: case.risks.iter().map(ToString::to_string).collect(),
            needs_two_people: case.needs_two_people(),
            proposal: proposal.map(|proposal| ProposalView {
                reviewer: proposal.reviewer.0,
                dossier_version: proposal.dossier_version,
                reason: proposal.reason.to_string(),
            }),
            undo_until: if let Stage::ApprovalPending { effective_at, .. } = &case.stage { Some(*effective_at) } else { None },
        }
    }
}
