//! `GET /v1/accesses/{id}`: access as it is now, for downstream services.

use axum::extract::State;
use domain::AccessId;
use domain::access::{Access, AccessState, Accessor};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::access::{AskedAccess, The};
use crate::found::Found;
use crate::problem::Problem;
use crate::services::Services;

/// Access as it is now.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
pub struct AccessNow {
    /// Its id, as the `subject` of events has it.
    pub id: Uuid,
    /// Of which user.
    pub user: Uuid,
    /// Of which organization.
    pub organization: Uuid,
    /// To which application.
    pub application: Uuid,
    /// Where it stands: `requested`, `granted`, `denied`, `revoked`.
    #[schema(example = "granted")]
    pub state: &'static str,
}

fn now(id: AccessId, state: &AccessState) -> Option<AccessNow> {
    let (state, Accessor { user, organization, application }) = match state {
        AccessState::NotRequested => return None,
        AccessState::Requested(accessor) => ("requested", accessor),
        AccessState::Granted(accessor) => ("granted", accessor),
        AccessState::Denied(accessor) => ("denied", accessor),
        AccessState::Revoked(accessor) => ("revoked", accessor),
    };
    Some(AccessNow { id: id.0, user: user.0, organization: organization.0, application: application.0, state })
}

/// Show access
///
/// As it is at this moment, whatever events are still on their way. A service that is limited to applications sees that to them.
#[utoipa::path(
    get,
    path = "/v1/accesses/{id}",
    tag = "Access",
    operation_id = "show",
    params(("id" = Uuid, Path, description = "Which access")),
    responses(
        (status = 200, description = "The access", body = AccessNow),
        (status = 404, description = "There is no such access, or not for the caller", body = Problem),
    )
)]
pub(super) async fn access(State(services): State<Services>, The(access): The<AskedAccess>) -> Result<Found<AccessNow>, Problem> {
    let id = access.id;
    let found = services.handlers.inspect::<Access, _>(id.0, |state, _| now(id, state)).await?.flatten();
    Ok(Found::now(&services, found.ok_or_else(|| Problem::not_found("access"))?))
}
