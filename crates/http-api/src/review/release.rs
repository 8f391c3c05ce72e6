//! `POST /v1/registrations/{id}/release`: gives a case back.

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

/// Give a registration back
///
/// Another reviewer can claim it.
#[utoipa::path(
    post,
    path = "/v1/registrations/{id}/release",
    tag = "Review",
    params(("id" = Uuid, Path, description = "The registration")),
    responses(
        (status = 200, description = "It is nobody's", body = Progress),
        (status = 409, description = "It is another reviewer's", body = Problem),
    )
)]
pub(super) async fn release(
    State(services): State<Services>,
    By(AsReviewer(reviewer)): By<AsReviewer>,
    incoming: Incoming,
    Path(id): Path<RegistrationId>,
) -> Result<Accepted<Progress>, Problem> {
    let reviewer = reviewer.staff;
    send(&services, &incoming, id, "release", &(), RegistrationCommand::ReleaseRegistration { reviewer }).await
}
