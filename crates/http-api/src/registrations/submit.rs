//! `POST /v1/registrations/{id}/submit`: submits the registration.

use axum::extract::State;
use command_handlers::Answer;
use domain::RegistrationId;
use domain::registration::{Registration, RegistrationCommand, RegistrationEvent};
use serde::Serialize;
use utoipa::ToSchema;

use super::due::DueDate;
use super::progress::{Progress, look};
use crate::access::{OwnCase, The};
use crate::command::{Accepted, Incoming};
use crate::problem::Problem;
use crate::services::Services;

/// The acknowledgement: what to quote, and by when it will be decided.
#[derive(Debug, Serialize, ToSchema)]
pub struct Submitted {
    /// Where the registration stands; its case number is what to quote.
    #[serde(flatten)]
    pub progress: Progress,
    /// By when it will be decided.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub due: Option<DueDate>,
    /// Where anybody who knows the case number sees how it stands, without a login.
    #[schema(example = "https://gateway.example/status/GH-7K3M-Q2XD-9VTA")]
    pub status_page: String,
}

/// Submit the registration
///
/// Nothing can be changed after that, unless the reviewer asks for something.
#[utoipa::path(
    post,
    path = "/v1/registrations/{id}/submit",
    tag = "Registrations",
    params(("id" = Uuid, Path, description = "The registration")),
    responses(
        (status = 200, description = "It is submitted", body = Submitted),
        (status = 409, description = "A step is missing, or it was submitted already", body = Problem),
        (status = 410, description = "It has expired or was withdrawn", body = Problem),
    )
)]
pub(super) async fn submit(
    State(services): State<Services>,
    The(OwnCase(id)): The<OwnCase>,
    incoming: Incoming,
) -> Result<Accepted<Submitted>, Problem> {
    let sent = incoming.sent(&services, &format!("submit {id}"), &());
    let answer = services.handlers.handle::<Registration>(id.0, RegistrationCommand::SubmitRegistration {}, &sent).await?;
    acknowledged(id, &answer, &services).await
}

/// The acknowledgement of what was submitted.
pub(super) async fn acknowledged(
    id: RegistrationId,
    answer: &Answer<RegistrationEvent>,
    services: &Services,
) -> Result<Accepted<Submitted>, Problem> {
    let due = answer.events.iter().find_map(|event| {
        if let RegistrationEvent::Submitted { due, .. } | RegistrationEvent::Resubmitted { due, .. } = event { Some(due) } else { None }
    });
    let progress = look(id, services, |case| Progress::of(id, case)).await?;
    let status_page = format!("{}/status/{}", services.base_url, progress.case_number);
    let version = progress.dossier_version;
    let submitted = Submitted { progress, due: due.map(DueDate::from), status_page };
    Ok(Accepted::new(services, answer, submitted).version(version))
}
