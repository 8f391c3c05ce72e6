//! `GET /v1/registrations/{id}/human-check`: a challenge to be solved.

use axum::extract::State;

use crate::access::{OwnCase, The};
use crate::found::Found;
use crate::human_check::Challenge;
use crate::problem::Problem;
use crate::services::Services;

/// Get a challenge of the human check
///
/// The task serves for this registration only, and until it expires.
#[utoipa::path(
    get,
    path = "/v1/registrations/{id}/human-check",
    tag = "Registrations",
    params(("id" = Uuid, Path, description = "The registration")),
    responses((status = 200, description = "The task", body = Challenge), (status = 404, description = "There is none, or it is not yours", body = Problem))
)]
pub(super) async fn challenge(State(services): State<Services>, The(OwnCase(id)): The<OwnCase>) -> Result<Found<Challenge>, Problem> {
    let now = (services.handlers.clock())();
    let challenge = services.human_check.challenge(id, now);
    Ok(Found::now(&services, challenge))
}
