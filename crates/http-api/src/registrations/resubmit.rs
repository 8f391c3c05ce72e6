//! `POST /v1/registrations/{id}/resubmit`: answers the reviewer's questions.

use axum::extract::State;
use domain::Message;
use domain::registration::{Registration, RegistrationCommand};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::submit::{Submitted, acknowledged};
use crate::access::{OwnCase, The};
use crate::body::Body;
use crate::checks::Checks;
use crate::command::{Accepted, Incoming};
use crate::problem::Problem;
use crate::services::Services;

/// The answer to the reviewer.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ResubmitRegistration {
    /// Words to the reviewer, beside what was changed in the dossier.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<String>,
}

/// Answer the reviewer's questions and submit again
///
/// The business clock goes on with what was left.
#[utoipa::path(
    post,
    path = "/v1/registrations/{id}/resubmit",
    tag = "Registrations",
    params(("id" = Uuid, Path, description = "The registration")),
    request_body = ResubmitRegistration,
    responses(
        (status = 200, description = "It is submitted again", body = Submitted),
        (status = 409, description = "Nothing was asked, or a change is not confirmed", body = Problem),
    )
)]
pub(super) async fn resubmit(
    State(services): State<Services>,
    The(OwnCase(id)): The<OwnCase>,
    incoming: Incoming,
    Body(body): Body<ResubmitRegistration>,
) -> Result<Accepted<Submitted>, Problem> {
    let mut checks = Checks::default();
    let answer = checks.parse_optional("/answer", body.answer.as_deref(), Message::parse);
    checks.finish(Some(()))?;
    let sent = incoming.sent(&services, &format!("resubmit {id}"), &body);
    let command = RegistrationCommand::ResubmitRegistration { answer };
    let answer = services.handlers.handle::<Registration>(id.0, command, &sent).await?;
    acknowledged(id, &answer, &services).await
}
