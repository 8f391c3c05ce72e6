//! Suspends, reinstates and closes users.

use axum::extract::State;
use domain::user::{User, UserCommand};

use crate::access::{Member, The};
use crate::body::Body;
use crate::command::{Accepted, Incoming};
use crate::fields::{Because, Done};
use crate::problem::Problem;
use crate::services::Services;

/// Suspend a user
///
/// They cannot sign in, and their sessions end. The organization's last active administrator cannot be suspended.
#[utoipa::path(
    post,
    path = "/v1/users/{id}/suspend",
    tag = "Users",
    params(("id" = Uuid, Path, description = "Which user")),
    request_body = Because,
    responses(
        (status = 200, description = "The user is suspended", body = Done),
        (status = 404, description = "There is no such user in the organization", body = Problem),
        (status = 409, description = "It is the last active administrator, or there is no account yet", body = Problem),
    )
)]
pub(super) async fn suspend(
    State(services): State<Services>,
    The(user): The<Member>,
    incoming: Incoming,
    Body(body): Body<Because>,
) -> Result<Accepted<Done>, Problem> {
    let Member { person, organization } = user;
    let sent = incoming.sent(&services, &format!("suspend user {person}"), &body);
    let answer = services.workflows.suspend_user(organization, person, body.parse()?, &sent).await?;
    Ok(Accepted::new(&services, &answer, Done { id: person.0 }))
}

/// Reinstate a user
///
/// They are where they were before the suspension.
#[utoipa::path(
    post,
    path = "/v1/users/{id}/reinstate",
    tag = "Users",
    params(("id" = Uuid, Path, description = "Which user")),
    request_body = Because,
    responses(
        (status = 200, description = "The suspension is lifted", body = Done),
        (status = 404, description = "There is no such user in the organization", body = Problem),
    )
)]
pub(super) async fn reinstate(
    State(services): State<Services>,
    The(user): The<Member>,
    incoming: Incoming,
    Body(body): Body<Because>,
) -> Result<Accepted<Done>, Problem> {
    let person = user.person;
    let sent = incoming.sent(&services, &format!("reinstate user {person}"), &body);
    let command = UserCommand::ReinstateUser { reason: body.parse()? };
    let answer = services.handlers.handle::<User>(person.0, command, &sent).await?;
    Ok(Accepted::new(&services, &answer, Done { id: person.0 }))
}

/// Close a user's account
///
/// For good; the User ID is not used again.
#[utoipa::path(
    post,
    path = "/v1/users/{id}/close",
    tag = "Users",
    params(("id" = Uuid, Path, description = "Which user")),
    request_body = Because,
    responses(
        (status = 200, description = "The account is closed", body = Done),
        (status = 404, description = "There is no such user in the organization", body = Problem),
        (status = 409, description = "It is the last active administrator, or there is no account yet", body = Problem),
    )
)]
pub(super) async fn close(
    State(services): State<Services>,
    The(user): The<Member>,
    incoming: Incoming,
    Body(body): Body<Because>,
) -> Result<Accepted<Done>, Problem> {
    let Member { person, organization } = user;
    let sent = incoming.sent(&services, &format!("close user {person}"), &body);
    let answer = services.workflows.close_user(organization, person, body.parse()?, &sent).await?;
    Ok(Accepted::new(&services, &answer, Done { id: person.0 }))
}
