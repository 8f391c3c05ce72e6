//! What every step of a registration answers: where the registration stands now.

use command_handlers::{Answer, Sent};
use domain::RegistrationId;
use domain::registration::{Case, Registration, RegistrationEvent};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::view::{NextStep, StageName};
use crate::command::Accepted;
use crate::extract::IfMatch;
use crate::problem::Problem;
use crate::services::Services;

/// Where a registration stands after a step.
#[derive(Debug, Serialize, ToSchema)]
pub struct Progress {
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
    /// The version of the dossier. Sent as `ETag` too.
    pub dossier_version: u32,
}

impl Progress {
    /// Of this case.
    #[must_use]
    pub fn of(id: RegistrationId, case: &Case) -> Self {
        Self {
            id: id.0,
            case_number: case.case_number.to_string(),
            stage: StageName::from(&case.stage),
            next_step: NextStep::of(case),
            dossier_version: case.dossier.version,
        }
    }
}

/// What `look` sees of a case as it is on disk.
pub(crate) async fn look<R>(id: RegistrationId, services: &Services, look: impl Fn(&Case) -> R) -> Result<R, Problem> {
    let seen = services.handlers.inspect::<Registration, _>(id.0, |state, _| state.case().map(&look)).await?;
    seen.flatten().ok_or_else(|| Problem::not_found("registration"))
}

/// The answer to a step that was taken.
pub(crate) async fn taken(
    id: RegistrationId,
    answer: &Answer<RegistrationEvent>,
    services: &Services,
) -> Result<Accepted<Progress>, Problem> {
    let progress = look(id, services, |case| Progress::of(id, case)).await?;
    let version = progress.dossier_version;
    Ok(Accepted::new(services, answer, progress).version(version))
}

/// A registrant may name the version that their change rests on, and is then told if somebody else was faster.
/// A change that was accepted before rests on a version that it has changed itself.
pub(crate) async fn unchanged(id: RegistrationId, version: IfMatch, sent: &Sent, services: &Services) -> Result<(), Problem> {
    let Some(named) = version.0 else { return Ok(()) };
    if services.handlers.answered_before::<Registration>(id.0, sent).await?.is_some() {
        return Ok(());
    }
    let (current, changed) = look(id, services, |case| {
        let changed: Vec<String> = case.dossier.changed_since(named).map(|section| section.to_string()).collect();
        (case.dossier.version, changed)
    })
    .await?;
    if named == current {
        return Ok(());
    }
    let detail = format!("the dossier changed since the version that you looked at (yours: {named}, now: {current})");
    let mut problem = Problem::new(axum::http::StatusCode::PRECONDITION_FAILED, "dossier-changed", detail);
    problem.changed = changed;
    Err(problem)
}
