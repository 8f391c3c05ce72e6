//! A reviewer decides on a change of legal name, country or identifiers.

use axum::extract::State;
use domain::OrganizationId;

use crate::access::{AsReviewer, By};
use crate::body::Body;
use crate::command::{Accepted, Incoming};
use crate::extract::Path;
use crate::fields::{Because, Done};
use crate::problem::Problem;
use crate::services::Services;

/// Approve an amendment
///
/// The profile becomes as it was asked for.
#[utoipa::path(
    post,
    path = "/v1/organizations/{id}/amendment/approve",
    tag = "Organizations",
    params(("id" = Uuid, Path, description = "Which organization")),
    request_body = Because,
    responses(
        (status = 200, description = "The profile is changed", body = Done),
        (status = 403, description = "The reviewer belongs to the organization, or asked for the change", body = Problem),
        (status = 409, description = "None waits, or an identifier belongs to another organization", body = Problem),
    )
)]
pub(super) async fn approve_amendment(
    State(services): State<Services>,
    By(AsReviewer(reviewer)): By<AsReviewer>,
    incoming: Incoming,
    Path(id): Path<OrganizationId>,
    Body(body): Body<Because>,
) -> Result<Accepted<Done>, Problem> {
    let sent = incoming.sent(&services, &format!("approve amendment {id}"), &body);
    let answer = services.workflows.approve_amendment(id, reviewer, body.parse()?, &sent).await?;
    Ok(Accepted::new(&services, &answer, Done { id: id.0 }))
}

/// Refuse an amendment
///
/// The profile stays as it is.
#[utoipa::path(
    post,
    path = "/v1/organizations/{id}/amendment/refuse",
    tag = "Organizations",
    params(("id" = Uuid, Path, description = "Which organization")),
    request_body = Because,
    responses(
        (status = 200, description = "The change is refused", body = Done),
        (status = 403, description = "The reviewer belongs to the organization, or asked for the change", body = Problem),
        (status = 409, description = "None waits", body = Problem),
    )
)]
pub(super) async fn refuse_amendment(
    State(services): State<Services>,
    By(AsReviewer(reviewer)): By<AsReviewer>,
    incoming: Incoming,
    Path(id): Path<OrganizationId>,
    Body(body): Body<Because>,
) -> Result<Accepted<Done>, Problem> {
    let sent = incoming.sent(&services, &format!("refuse amendment {id}"), &body);
    let answer = services.workflows.refuse_amendment(id, reviewer, body.parse()?, &sent).await?;
    Ok(Accepted::new(&services, &answer, Done { id: id.0 }))
}
