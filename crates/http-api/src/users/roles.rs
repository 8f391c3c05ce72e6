//! Roles of users: granted and taken.

use axum::extract::State;
use domain::user::{User, UserCommand, UserRole};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::create::known_role;
use crate::access::{Member, The};
use crate::body::Body;
use crate::caller::Caller;
use crate::checks::Checks;
use crate::command::{Accepted, Incoming};
use crate::credentials::shown_lately_by;
use crate::fields::{Because, Done, HeldRole};
use crate::problem::Problem;
use crate::services::Services;

/// A role to take.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RevokeRole {
    /// Which.
    pub role: HeldRole,
    /// Why.
    pub reason: String,
}

/// Grant a role
#[utoipa::path(
    post,
    path = "/v1/users/{id}/roles",
    tag = "Users",
    operation_id = "grant_role",
    params(("id" = Uuid, Path, description = "Which user")),
    request_body = HeldRole,
    responses(
        (status = 200, description = "The user has the role", body = Done),
        (status = 403, description = "It is the administrator's role, and too long ago that a factor was shown", body = Problem),
        (status = 404, description = "There is no such user in the organization", body = Problem),
    )
)]
pub(super) async fn grant(
    State(services): State<Services>,
    caller: Caller,
    The(user): The<Member>,
    incoming: Incoming,
    Body(body): Body<HeldRole>,
) -> Result<Accepted<Done>, Problem> {
    let person = user.person;
    if UserRole::from(body) == UserRole::OrganizationAdministrator {
        shown_lately_by(&caller, &services)?;
    }
    let sent = incoming.sent(&services, &format!("grant role {person}"), &body);
    let mut checks = Checks::default();
    let role = known_role(&services, body, &mut checks, "").await?;
    let command = UserCommand::GrantRole { role: checks.finish(Some(role))? };
    let answer = services.handlers.handle::<User>(person.0, command, &sent).await?;
    Ok(Accepted::new(&services, &answer, Done { id: person.0 }))
}

/// Take a role
///
/// The organization's last active administrator keeps theirs.
#[utoipa::path(
    post,
    path = "/v1/users/{id}/roles/revoke",
    tag = "Users",
    operation_id = "revoke_role",
    params(("id" = Uuid, Path, description = "Which user")),
    request_body = RevokeRole,
    responses(
        (status = 200, description = "The user has the role no more", body = Done),
        (status = 404, description = "There is no such user in the organization", body = Problem),
        (status = 409, description = "It is the last active administrator", body = Problem),
    )
)]
pub(super) async fn revoke(
    State(services): State<Services>,
    The(user): The<Member>,
    incoming: Incoming,
    Body(body): Body<RevokeRole>,
) -> Result<Accepted<Done>, Problem> {
    let Member { person, organization } = user;
    let sent = incoming.sent(&services, &format!("revoke role {person}"), &body);
    let reason = Because { reason: body.reason }.parse()?;
    let answer = services.workflows.revoke_role(organization, person, body.role.into(), reason, &sent).await?;
    Ok(Accepted::new(&services, &answer, Done { id: person.0 }))
}
