//! `POST /v1/registrations/{id}/reject`: rejects a registration.

use axum::extract::State;
use domain::RegistrationId;
use domain::registration::RegistrationCommand;

use super::by_reviewer::send;
use crate::access::{AsReviewer, By};
use crate::body::Body;
use crate::command::{Accepted, Incoming};
use crate::extract::{IfMatch, Path};
use crate::fields::Because;
use crate::problem::Problem;
use crate::registrations::progress::Progress;
use crate::services::Services;

/// Reject a registration
///
/// The registrant is told the reason.
#[utoipa::path(
    post,
    path = "/v1/registrations/{id}/reject",
    tag = "Review",
    params(("id" = Uuid, Path, description = "The registration"), ("If-Match" = String, Header, description = "The version that was looked at")),
    request_body = Because,
    responses(
        (status = 200, description = "It is rejected", body = Progress),
        (status = 403, description = "You have to do with the organization, or submitted it", body = Problem),
        (status = 409, description = "You have not claimed it", body = Problem),
        (status = 412, description = "The dossier changed since", body = Problem),
        (status = 428, description = "No version was named", body = Problem),
    )
)]
pub(super) async fn reject(
    State(services): State<Services>,
    By(AsReviewer(reviewer)): By<AsReviewer>,
    incoming: Incoming,
    Path(id): Path<RegistrationId>,
    version: IfMatch,
    Body(body): Body<Because>,
) -> Result<Accepted<Progress>, Problem> {
    let dossier_version = version.required()?;
    let reason = body.parse()?;
    let command = RegistrationCommand::RejectRegistration { reviewer, dossier_version, reason };
    send(&services, &incoming, id, "reject", &(dossier_version, &body), command).await
}
