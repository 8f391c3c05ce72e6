//! `POST /v1/registrations/{id}/claim`: takes a case to work on.

use axum::extract::State;
use domain::RegistrationId;
use domain::registration::RegistrationCommand;

use super::by_reviewer::send;
use crate::access::{AsReviewer, By};
use crate::command::{Accepted, Incoming};
use crate::extract::Path;
use crate::problem::Problem;
use crate::registrations::progress::Progress;
use crate::services::Services;

/// Claim a registration
///
/// Nobody else decides on it until the claim runs out or is given back; claiming again prolongs it.
#[utoipa::path(
    post,
    path = "/v1/registrations/{id}/claim",
    tag = "Review",
    params(("id" = Uuid, Path, description = "The registration")),
    responses(
        (status = 200, description = "It is yours", body = Progress),
        (status = 403, description = "You have to do with the organization, or submitted it", body = Problem),
        (status = 409, description = "Another reviewer works on it, or it is not in review", body = Problem),
    )
)]
pub(super) async fn claim(
    State(services): State<Services>,
    By(AsReviewer(reviewer)): By<AsReviewer>,
    incoming: Incoming,
    Path(id): Path<RegistrationId>,
) -> Result<Accepted<Progress>, Problem> {
    send(&services, &incoming, id, "claim", &(), RegistrationCommand::ClaimRegistration { reviewer }).await
}
