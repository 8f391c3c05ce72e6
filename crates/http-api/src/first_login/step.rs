//! `GET /v1/first-login`: the step that comes next.

use axum::Json;
use axum::extract::State;
use command_handlers::workflows::{AccountHolder, Stage};
use credential_vault::Session;
use domain::PersonId;
use domain::sign_in::LoginStep;
use domain::user::{Account, User, UserEvent};
use serde::Serialize;
use utoipa::ToSchema;

use crate::access::{By, InSession};
use crate::problem::Problem;
use crate::services::Services;

/// A step of first-time login.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// Show the second factor.
    ProveSecondFactor,
    /// Set a password; it uses up the one-time password.
    Password,
    /// Confirm or correct the profile.
    Profile,
    /// Accept the terms of use.
    Terms,
    /// Register a second factor.
    SecondFactor,
}

impl Step {
    /// What comes next at this stage; none: the account can be used.
    pub(crate) fn at(stage: Stage) -> Option<Self> {
        match stage {
            Stage::ProveSecondFactor => Some(Self::ProveSecondFactor),
            Stage::Step(step) => Some(step.into()),
            Stage::Done => None,
        }
    }
}

impl From<LoginStep> for Step {
    /// Whoever is signed in has shown the one-time password already: for them, the password is next.
    fn from(step: LoginStep) -> Self {
        match step {
            LoginStep::RedeemOneTimePassword | LoginStep::SetPassword => Self::Password,
            LoginStep::ConfirmProfile => Self::Profile,
            LoginStep::AcceptTerms => Self::Terms,
            LoginStep::RegisterSecondFactor => Self::SecondFactor,
        }
    }
}

/// Where first-time login stands.
#[derive(Debug, Serialize, ToSchema)]
pub struct LoginProgress {
    /// The step that comes next; left out when nothing is left.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<Step>,
    /// Whether the account is established.
    pub established: bool,
}

impl LoginProgress {
    /// Where they stand now, in this session.
    pub(crate) async fn now(services: &Services, session: &Session) -> Result<Self, Problem> {
        let account = services.workflows.open_account(AccountHolder::from(session)).await?.ok_or_else(Problem::unauthenticated)?;
        let next = Step::at(Stage::of(&account, session.assurance));
        Ok(Self { next, established: next.is_none() })
    }
}

/// The account of a user who is signed in.
pub(crate) async fn account(services: &Services, person: PersonId) -> Result<Account, Problem> {
    let account = services.handlers.inspect::<User, _>(person.0, |state, _| state.can_sign_in().cloned()).await?;
    account.flatten().ok_or_else(Problem::unauthenticated)
}

/// The events of a user's command do not matter to its answer, which tells what is left to do.
pub(super) type Events = command_handlers::Answer<UserEvent>;

/// The next step
///
/// Kept by the server: after an interruption, first-time login goes on here.
#[utoipa::path(
    get,
    path = "/v1/first-login",
    tag = "First-time login",
    operation_id = "show",
    responses((status = 200, description = "Where first-time login stands", body = LoginProgress))
)]
pub(super) async fn step(State(services): State<Services>, By(InSession(session)): By<InSession>) -> Result<Json<LoginProgress>, Problem> {
    LoginProgress::now(&services, &session).await.map(Json)
}
