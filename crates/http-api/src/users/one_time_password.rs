//! What an administrator does for who has lost what they sign in with: one-time passwords, proposed and issued anew; second factors, taken away.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::access::{Member, The};
use crate::body::Body;
use crate::command::{Accepted, Incoming};
use crate::fields::{Because, Done};
use crate::problem::Problem;
use crate::services::Services;

/// A strong one-time password.
#[derive(Serialize, ToSchema)]
pub struct Proposal {
    /// It is kept nowhere: it counts when it comes back with the request that uses it.
    pub one_time_password: String,
}

/// Propose a one-time password
///
/// Strong, and easy to read out. Nothing is stored; another of equal strength will do as well.
#[utoipa::path(
    post,
    path = "/v1/users/one-time-password-proposals",
    tag = "Users",
    operation_id = "propose_one_time_password",
    responses((status = 200, description = "The proposal", body = Proposal))
)]
pub(super) async fn propose() -> Result<Json<Proposal>, Problem> {
    let proposed = credential_vault::propose_one_time_password().map_err(|error| Problem::internal(&error))?;
    Ok(Json(Proposal { one_time_password: proposed.to_string() }))
}

/// A new one-time password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct IssueOneTimePassword {
    /// Proposed or typed; the caller hands it over.
    pub one_time_password: String,
}

/// Issue a new one-time password
///
/// For a user whose own was lost, or ended after wrong guesses, or who has forgotten the password. Their sessions end.
#[utoipa::path(
    post,
    path = "/v1/users/{id}/one-time-password",
    tag = "Users",
    operation_id = "issue_one_time_password",
    params(("id" = Uuid, Path, description = "Which user")),
    request_body = IssueOneTimePassword,
    responses(
        (status = 200, description = "It works from now on; the one before does not", body = Done),
        (status = 404, description = "There is no such user in the organization", body = Problem),
        (status = 422, description = "It is too weak", body = Problem),
    )
)]
pub(super) async fn issue(
    State(services): State<Services>,
    The(user): The<Member>,
    incoming: Incoming,
    Body(body): Body<IssueOneTimePassword>,
) -> Result<Accepted<Done>, Problem> {
    let person = user.person;
    let sent = incoming.sent(&services, &format!("issue one-time password {person}"), &());
    let answer = services.workflows.issue_one_time_password(person, &body.one_time_password, &sent).await?;
    Ok(Accepted::new(&services, &answer, Done { id: person.0 }))
}

/// End a user's sessions
///
/// All of them, at once: such as of somebody whose laptop was lost. They can sign in again; `suspend` keeps them out.
#[utoipa::path(
    post,
    path = "/v1/users/{id}/end-sessions",
    tag = "Users",
    operation_id = "end_sessions",
    params(("id" = Uuid, Path, description = "Which user")),
    responses(
        (status = 204, description = "They are signed in nowhere"),
        (status = 404, description = "There is no such user in the organization", body = Problem),
    )
)]
pub(super) async fn end_sessions(State(services): State<Services>, The(user): The<Member>) -> Result<StatusCode, Problem> {
    services.vault.end_all(user.person).await.map_err(|error| Problem::internal(&error))?;
    Ok(StatusCode::NO_CONTENT)
}

/// Take the second factors away
///
/// From a user who has lost them: recovery codes, too. Their sessions end; when they sign in next, they register another one.
#[utoipa::path(
    post,
    path = "/v1/users/{id}/reset-second-factors",
    tag = "Users",
    operation_id = "reset_second_factors",
    params(("id" = Uuid, Path, description = "Which user")),
    request_body = Because,
    responses(
        (status = 200, description = "They have none", body = Done),
        (status = 404, description = "There is no such user in the organization", body = Problem),
    )
)]
pub(super) async fn reset_second_factors(
    State(services): State<Services>,
    The(user): The<Member>,
    incoming: Incoming,
    Body(body): Body<Because>,
) -> Result<Accepted<Done>, Problem> {
    let person = user.person;
    let sent = incoming.sent(&services, &format!("reset second factors {person}"), &body);
    let answer = services.workflows.reset_second_factors(person, &body.parse()?, &sent).await?;
    Ok(Accepted::new(&services, &answer, Done { id: person.0 }))
}
