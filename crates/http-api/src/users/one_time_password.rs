//! What an administrator, of the organization or of the service, does for who has lost what they sign in with: one-time passwords, proposed
//! and issued anew; second factors, taken away.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use domain::PersonId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::access::{Member, The};
use crate::body::Body;
use crate::caller::Caller;
use crate::command::{Accepted, Incoming};
use crate::credentials::shown_lately_by;
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
/// For a user whose own was lost, or ended after wrong guesses, or who has forgotten the password. Their sessions end. The service's
/// administrators do it where the organization has no other administrator who could, once they know who asks.
#[utoipa::path(
    post,
    path = "/v1/users/{id}/one-time-password",
    tag = "Users",
    operation_id = "issue_one_time_password",
    params(("id" = Uuid, Path, description = "Which user")),
    request_body = IssueOneTimePassword,
    responses(
        (status = 200, description = "It works from now on; the one before does not", body = Done),
        (status = 403, description = "It is too long ago that a factor was shown", body = Problem),
        (status = 404, description = "There is no such user in the organization", body = Problem),
        (status = 409, description = "It is the caller's own account", body = Problem),
        (status = 422, description = "It is too weak", body = Problem),
    )
)]
pub(super) async fn issue(
    State(services): State<Services>,
    caller: Caller,
    The(user): The<Member>,
    incoming: Incoming,
    Body(body): Body<IssueOneTimePassword>,
) -> Result<Accepted<Done>, Problem> {
    let person = user.person;
    for_another(&caller, person, "you cannot issue a one-time password to yourself; please change your password: POST /v1/me/password")?;
    shown_lately_by(&caller, &services)?;
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
/// From a user who has lost them: recovery codes, too. Their sessions end; when they sign in next, they register another one. The
/// service's administrators do it where the organization has no other administrator who could, once they know who asks.
#[utoipa::path(
    post,
    path = "/v1/users/{id}/reset-second-factors",
    tag = "Users",
    operation_id = "reset_second_factors",
    params(("id" = Uuid, Path, description = "Which user")),
    request_body = Because,
    responses(
        (status = 200, description = "They have none", body = Done),
        (status = 403, description = "It is too long ago that a factor was shown", body = Problem),
        (status = 404, description = "There is no such user in the organization", body = Problem),
        (status = 409, description = "It is the caller's own account", body = Problem),
    )
)]
pub(super) async fn reset_second_factors(
    State(services): State<Services>,
    caller: Caller,
    The(user): The<Member>,
    incoming: Incoming,
    Body(body): Body<Because>,
) -> Result<Accepted<Done>, Problem> {
    let person = user.person;
    for_another(&caller, person, "you cannot take your own second factors away here; please revoke them one by one: /v1/me/credentials")?;
    shown_lately_by(&caller, &services)?;
    let sent = incoming.sent(&services, &format!("reset second factors {person}"), &body);
    let answer = services.workflows.reset_second_factors(person, &body.parse()?, &sent).await?;
    Ok(Accepted::new(&services, &answer, Done { id: person.0 }))
}

/// What an administrator does for others would be a way around the current password and the second factor, done for oneself.
fn for_another(caller: &Caller, user: PersonId, instead: &str) -> Result<(), Problem> {
    let is_own = caller.session().is_some_and(|session| session.person == user);
    if is_own { Err(Problem::new(StatusCode::CONFLICT, "own-account", instead)) } else { Ok(()) }
}
