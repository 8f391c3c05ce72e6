//! An application administrator grants, denies and revokes access.

use axum::extract::State;
use command_handlers::workflows::AskAccess;
use domain::Reason;
use domain::access::{Access, AccessCommand, Accessor};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::access::{AskedAccess, By, SignedIn, The};
use crate::body::Body;
use crate::checks::Checks;
use crate::command::{Accepted, Incoming};
use crate::fields::{Because, Done};
use crate::problem::Problem;
use crate::services::Services;

/// Why access is granted.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct GrantAccess {
    /// In words, if there is something to say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// Grant access
///
/// The user can open the application from then on.
#[utoipa::path(
    post,
    path = "/v1/accesses/{id}/grant",
    tag = "Access",
    operation_id = "grant",
    params(("id" = Uuid, Path, description = "Which access")),
    request_body = GrantAccess,
    responses(
        (status = 200, description = "It is granted", body = Done),
        (status = 403, description = "The caller administers no application", body = Problem),
        (status = 404, description = "There is no such access in the organization, or to another application than the caller administers", body = Problem),
        (status = 409, description = "The organization is not subscribed any more", body = Problem),
    )
)]
pub(super) async fn grant_access(
    State(services): State<Services>,
    By(SignedIn { person: administrator, .. }): By<SignedIn>,
    The(access): The<AskedAccess>,
    incoming: Incoming,
    Body(body): Body<GrantAccess>,
) -> Result<Accepted<Done>, Problem> {
    let AskedAccess { id, accessor } = access;
    let sent = incoming.sent(&services, &format!("grant access {id}"), &body);
    let mut checks = Checks::default();
    let reason = checks.parse_optional("/reason", body.reason.as_deref(), Reason::parse);
    checks.finish(Some(()))?;
    let Accessor { user, organization, application } = accessor;
    let ask = AskAccess { user, organization, application, proposed_by: None, reason };
    let answer = services.workflows.grant_access(ask, administrator, &sent).await?;
    Ok(Accepted::new(&services, &answer, Done { id: id.0 }))
}

/// Deny access
#[utoipa::path(
    post,
    path = "/v1/accesses/{id}/deny",
    tag = "Access",
    operation_id = "deny",
    params(("id" = Uuid, Path, description = "Which access")),
    request_body = Because,
    responses(
        (status = 200, description = "It is denied, and the user told why", body = Done),
        (status = 403, description = "The caller administers no application", body = Problem),
        (status = 404, description = "There is no such access in the organization, or to another application than the caller administers", body = Problem),
        (status = 409, description = "Nobody waits for it", body = Problem),
    )
)]
pub(super) async fn deny_access(
    State(services): State<Services>,
    By(SignedIn { person: administrator, .. }): By<SignedIn>,
    The(access): The<AskedAccess>,
    incoming: Incoming,
    Body(body): Body<Because>,
) -> Result<Accepted<Done>, Problem> {
    let id = access.id;
    let sent = incoming.sent(&services, &format!("deny access {id}"), &body);
    let command = AccessCommand::DenyAccess { administrator, reason: body.parse()? };
    let answer = services.handlers.handle::<Access>(id.0, command, &sent).await?;
    Ok(Accepted::new(&services, &answer, Done { id: id.0 }))
}

/// Revoke access
///
/// The user cannot open the application any more.
#[utoipa::path(
    post,
    path = "/v1/accesses/{id}/revoke",
    tag = "Access",
    operation_id = "revoke",
    params(("id" = Uuid, Path, description = "Which access")),
    request_body = Because,
    responses(
        (status = 200, description = "It is revoked, and the user told why", body = Done),
        (status = 403, description = "The caller administers no application", body = Problem),
        (status = 404, description = "There is no such access in the organization, or to another application than the caller administers", body = Problem),
        (status = 409, description = "It is not granted", body = Problem),
    )
)]
pub(super) async fn revoke_access(
    State(services): State<Services>,
    By(SignedIn { person: administrator, .. }): By<SignedIn>,
    The(access): The<AskedAccess>,
    incoming: Incoming,
    Body(body): Body<Because>,
) -> Result<Accepted<Done>, Problem> {
    let id = access.id;
    let sent = incoming.sent(&services, &format!("revoke access {id}"), &body);
    let command = AccessCommand::RevokeAccess { administrator: Some(administrator), reason: body.parse()? };
    let answer = services.handlers.handle::<Access>(id.0, command, &sent).await?;
    Ok(Accepted::new(&services, &answer, Done { id: id.0 }))
}
