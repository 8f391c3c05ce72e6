//! `GET /v1/registrations/{id}/one-time-password`: proposes a strong one-time password.

use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use crate::access::{OwnCase, The};
use crate::found::Found;
use crate::problem::Problem;
use crate::services::Services;

/// A proposed one-time password. It is kept nowhere.
#[derive(Serialize, ToSchema)]
pub struct ProposedOneTimePassword {
    /// The one-time password.
    #[schema(example = "K7TM-XQ4W-9HCP-R3FD")]
    pub one_time_password: String,
}

/// Get a proposed one-time password
///
/// A strong one, to be named with an administrator and handed over. Another one each time.
#[utoipa::path(
    get,
    path = "/v1/registrations/{id}/one-time-password",
    tag = "Registrations",
    params(("id" = Uuid, Path, description = "The registration")),
    responses(
        (status = 200, description = "The proposal", body = ProposedOneTimePassword),
        (status = 404, description = "There is no such registration, or it is not yours", body = Problem),
    )
)]
pub(super) async fn propose(State(services): State<Services>, _: The<OwnCase>) -> Result<Found<ProposedOneTimePassword>, Problem> {
    let proposed = credential_vault::propose_one_time_password().map_err(|error| Problem::internal(&error))?;
    let body = ProposedOneTimePassword { one_time_password: proposed.as_str().to_owned() };
    Ok(Found::now(&services, body))
}
