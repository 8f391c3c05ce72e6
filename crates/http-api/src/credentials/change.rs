//! Renames and revokes one's own credentials.

use axum::extract::State;

use super::authenticator::NewCredential;
use super::shown_lately;
use crate::access::{By, InSession, OwnCredential, The};
use crate::body::Body;
use crate::command::{Accepted, Incoming};
use crate::fields::{Because, Done};
use crate::problem::Problem;
use crate::services::Services;

/// Rename a credential
#[utoipa::path(
    put,
    path = "/v1/me/credentials/{id}/label",
    tag = "My credentials",
    operation_id = "rename",
    params(("id" = Uuid, Path, description = "Which credential")),
    request_body = NewCredential,
    responses(
        (status = 200, description = "It is called so", body = Done),
        (status = 404, description = "You have no such credential", body = Problem),
        (status = 410, description = "It was revoked", body = Problem),
    )
)]
pub(super) async fn rename(
    State(services): State<Services>,
    The(credential): The<OwnCredential>,
    By(InSession(session)): By<InSession>,
    incoming: Incoming,
    Body(body): Body<NewCredential>,
) -> Result<Accepted<Done>, Problem> {
    let sent = incoming.sent(&services, &format!("rename credential {}", credential.id), &body);
    let answer = services.workflows.rename_credential(session.person, credential.id, body.parse()?, &sent).await?;
    Ok(Accepted::new(&services, &answer, Done { id: credential.id.0 }))
}

/// Revoke a credential
///
/// It works no more. The only second factor of somebody who needs one stays until there is another.
#[utoipa::path(
    post,
    path = "/v1/me/credentials/{id}/revoke",
    tag = "My credentials",
    operation_id = "revoke",
    params(("id" = Uuid, Path, description = "Which credential")),
    request_body = Because,
    responses(
        (status = 200, description = "It works no more", body = Done),
        (status = 403, description = "It is too long ago that a factor was shown", body = Problem),
        (status = 404, description = "You have no such credential", body = Problem),
        (status = 409, description = "It is the only second factor, and one is needed", body = Problem),
    )
)]
pub(super) async fn revoke(
    State(services): State<Services>,
    The(credential): The<OwnCredential>,
    By(InSession(session)): By<InSession>,
    incoming: Incoming,
    Body(body): Body<Because>,
) -> Result<Accepted<Done>, Problem> {
    shown_lately(&session, &services)?;
    let sent = incoming.sent(&services, &format!("revoke credential {}", credential.id), &body);
    let answer = services.workflows.revoke_credential((&session).into(), credential.id, body.parse()?, &sent).await?;
    Ok(Accepted::new(&services, &answer, Done { id: credential.id.0 }))
}
