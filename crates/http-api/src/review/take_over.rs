//! `POST /v1/registrations/{id}/take-over`: takes a case from another reviewer.

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

/// Take a registration over from another reviewer
///
/// For a review lead. To decide on it, a lead must be a reviewer too: a role never implies another.
#[utoipa::path(
    post,
    path = "/v1/registrations/{id}/take-over",
    tag = "Review",
    params(("id" = Uuid, Path, description = "The registration")),
    responses(
        (status = 200, description = "It is yours", body = Progress),
        (status = 403, description = "You have to do with the organization, or submitted it", body = Problem),
        (status = 409, description = "It is not in review", body = Problem),
    )
)]
pub(super) async fn take_over(
    State(services): State<Services>,
    By(AsReviewer(reviewer)): By<AsReviewer>,
    incoming: Incoming,
    Path(id): Path<RegistrationId>,
) -> Result<Accepted<Progress>, Problem> {
    send(&services, &incoming, id, "take-over", &(), RegistrationCommand::TakeOverRegistration { reviewer }).await
}
