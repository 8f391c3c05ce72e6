//! `POST /v1/registrations/{id}/reopen`: takes a mistaken rejection back.

use axum::extract::State;
use domain::RegistrationId;
use domain::registration::RegistrationCommand;

use super::by_reviewer::send;
use crate::access::{AsReviewer, By};
use crate::body::Body;
use crate::command::{Accepted, Incoming};
use crate::extract::Path;
use crate::fields::Because;
use crate::problem::Problem;
use crate::registrations::progress::Progress;
use crate::services::Services;

/// Reopen a rejected registration
///
/// The case is in review again, with a new due date.
#[utoipa::path(
    post,
    path = "/v1/registrations/{id}/reopen",
    tag = "Review",
    params(("id" = Uuid, Path, description = "The registration")),
    request_body = Because,
    responses(
        (status = 200, description = "It is in review again", body = Progress),
        (status = 403, description = "You have to do with the organization, or submitted it", body = Problem),
        (status = 409, description = "It is not rejected", body = Problem),
    )
)]
pub(super) async fn reopen(
    State(services): State<Services>,
    By(AsReviewer(reviewer)): By<AsReviewer>,
    incoming: Incoming,
    Path(id): Path<RegistrationId>,
    Body(body): Body<Because>,
) -> Result<Accepted<Progress>, Problem> {
    let reason = body.parse()?;
    let command = RegistrationCommand::ReopenRegistration { reviewer, reason };
    send(&services, &incoming, id, "reopen", &body, command).await
}
