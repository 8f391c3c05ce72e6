//! Suspends, reinstates and closes organizations.

use axum::extract::State;
use domain::OrganizationId;
use domain::organization::{Organization, OrganizationCommand};

use crate::body::Body;
use crate::command::{Accepted, Incoming};
use crate::extract::Path;
use crate::fields::{Because, Done};
use crate::problem::Problem;
use crate::services::Services;

/// Suspend an organization
///
/// Nobody of it can sign in, from the next request on.
#[utoipa::path(
    post,
    path = "/v1/organizations/{id}/suspend",
    tag = "Organizations",
    operation_id = "suspend",
    params(("id" = Uuid, Path, description = "Which organization")),
    request_body = Because,
    responses(
        (status = 200, description = "It is so", body = Done),
        (status = 404, description = "There is no such organization", body = Problem),
        (status = 410, description = "It is closed for good", body = Problem),
    )
)]
pub(super) async fn suspend_organization(
    State(services): State<Services>,
    incoming: Incoming,
    Path(id): Path<OrganizationId>,
    Body(body): Body<Because>,
) -> Result<Accepted<Done>, Problem> {
    let sent = incoming.sent(&services, &format!("suspend organization {id}"), &body);
    let command = OrganizationCommand::SuspendOrg { reason: body.parse()? };
    let answer = services.handlers.handle::<Organization>(id.0, command, &sent).await?;
    Ok(Accepted::new(&services, &answer, Done { id: id.0 }))
}

/// Reinstate an organization
///
/// Its people can sign in again.
#[utoipa::path(
    post,
    path = "/v1/organizations/{id}/reinstate",
    tag = "Organizations",
    operation_id = "reinstate",
    params(("id" = Uuid, Path, description = "Which organization")),
    request_body = Because,
    responses(
        (status = 200, description = "It is so", body = Done),
        (status = 404, description = "There is no such organization", body = Problem),
        (status = 410, description = "It is closed for good", body = Problem),
    )
)]
pub(super) async fn reinstate_organization(
    State(services): State<Services>,
    incoming: Incoming,
    Path(id): Path<OrganizationId>,
    Body(body): Body<Because>,
) -> Result<Accepted<Done>, Problem> {
    let sent = incoming.sent(&services, &format!("reinstate organization {id}"), &body);
    let command = OrganizationCommand::ReinstateOrg { reason: body.parse()? };
    let answer = services.handlers.handle::<Organization>(id.0, command, &sent).await?;
    Ok(Accepted::new(&services, &answer, Done { id: id.0 }))
}

/// Close an organization
///
/// For good.
#[utoipa::path(
    post,
    path = "/v1/organizations/{id}/close",
    tag = "Organizations",
    operation_id = "close",
    params(("id" = Uuid, Path, description = "Which organization")),
    request_body = Because,
    responses(
        (status = 200, description = "It is so", body = Done),
        (status = 404, description = "There is no such organization", body = Problem),
        (status = 410, description = "It is closed for good", body = Problem),
    )
)]
pub(super) async fn close_organization(
    State(services): State<Services>,
    incoming: Incoming,
    Path(id): Path<OrganizationId>,
    Body(body): Body<Because>,
) -> Result<Accepted<Done>, Problem> {
    let sent = incoming.sent(&services, &format!("close organization {id}"), &body);
    let command = OrganizationCommand::CloseOrg { reason: body.parse()? };
    let answer = services.handlers.handle::<Organization>(id.0, command, &sent).await?;
    Ok(Accepted::new(&services, &answer, Done { id: id.0 }))
}
