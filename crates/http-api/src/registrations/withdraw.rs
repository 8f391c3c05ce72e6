//! `POST /v1/registrations/{id}/withdraw`: gives the registration up.

use axum::extract::State;
use domain::Reason;
use domain::registration::{Registration, RegistrationCommand};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::progress::{Progress, taken};
use crate::access::{OwnCase, The};
use crate::body::Body;
use crate::checks::Checks;
use crate::command::{Accepted, Incoming};
use crate::problem::Problem;
use crate::services::Services;

/// Why it is given up.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WithdrawRegistration {
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// Give the registration up
///
/// For good: a new one begins anew.
#[utoipa::path(
    post,
    path = "/v1/registrations/{id}/withdraw",
    tag = "Registrations",
    params(("id" = Uuid, Path, description = "The registration")),
    request_body = WithdrawRegistration,
    responses(
        (status = 200, description = "It is withdrawn", body = Progress),
        (status = 409, description = "It was decided already", body = Problem),
    )
)]
pub(super) async fn withdraw(
    State(services): State<Services>,
    The(OwnCase(id)): The<OwnCase>,
    incoming: Incoming,
    Body(body): Body<WithdrawRegistration>,
) -> Result<Accepted<Progress>, Problem> {
    let mut checks = Checks::default();
    let reason = checks.parse_optional("/reason", body.reason.as_deref(), Reason::parse);
    checks.finish(Some(()))?;
    let sent = incoming.sent(&services, &format!("withdraw {id}"), &body);
    let answer = services.handlers.handle::<Registration>(id.0, RegistrationCommand::WithdrawRegistration { reason }, &sent).await?;
    taken(id, &answer, &services).await
}
