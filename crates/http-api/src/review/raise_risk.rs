//! `POST /v1/registrations/{id}/risks`: says that something speaks for care.

use axum::extract::State;
use domain::registration::RegistrationCommand;
use domain::{Reason, RegistrationId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::by_reviewer::send;
use crate::body::Body;
use crate::command::{Accepted, Incoming};
use crate::extract::Path;
use crate::problem::Problem;
use crate::registrations::progress::Progress;
use crate::services::Services;

/// What speaks for care.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RaiseRisk {
    /// What.
    #[schema(example = "The register shows another address.")]
    pub signal: String,
}

/// Say that something speaks for care
///
/// Two people must approve from then on.
#[utoipa::path(
    post,
    path = "/v1/registrations/{id}/risks",
    tag = "Review",
    params(("id" = Uuid, Path, description = "The registration")),
    request_body = RaiseRisk,
    responses((status = 200, description = "It is noted", body = Progress), (status = 409, description = "It was decided already", body = Problem))
)]
pub(super) async fn raise_risk(
    State(services): State<Services>,
    incoming: Incoming,
    Path(id): Path<RegistrationId>,
    Body(body): Body<RaiseRisk>,
) -> Result<Accepted<Progress>, Problem> {
    let signal = Reason::parse(&body.signal).map_err(|invalid| Problem::invalid_field("/signal", invalid.problem))?;
    send(&services, &incoming, id, "raise-risk", &body, RegistrationCommand::RaiseRisk { signal }).await
}
