//! `POST /v1/registrations/{id}/undo-approval`: undoes an approval within its window.

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

/// Undo an approval
///
/// Within its window, before anything was created, mailed or published. The case is in review again.
#[utoipa::path(
    post,
    path = "/v1/registrations/{id}/undo-approval",
    tag = "Review",
    params(("id" = Uuid, Path, description = "The registration")),
    request_body = Because,
    responses(
        (status = 200, description = "It is undone", body = Progress),
        (status = 403, description = "You have to do with the organization, or submitted it", body = Problem),
        (status = 409, description = "No approval waits, or it took effect", body = Problem),
    )
)]
pub(super) async fn undo_approval(
    State(services): State<Services>,
    By(AsReviewer(reviewer)): By<AsReviewer>,
    incoming: Incoming,
    Path(id): Path<RegistrationId>,
    Body(body): Body<Because>,
) -> Result<Accepted<Progress>, Problem> {
    let reason = body.parse()?;
    let command = RegistrationCommand::UndoApproval { reviewer, reason };
    send(&services, &incoming, id, "undo-approval", &body, command).await
}
