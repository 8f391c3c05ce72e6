//! Self-registration, as the organization's administrator sees it: invite, confirm, refuse.

use axum::extract::State;
use domain::Email;
use domain::user::{User, UserCommand};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::create::Created;
use crate::access::{By, Member, OrganizationAdministrator, The};
use crate::body::Body;
use crate::checks::Checks;
use crate::command::{Accepted, Incoming};
use crate::fields::{Because, Done};
use crate::limits::Metered;
use crate::problem::Problem;
use crate::services::Services;

/// Whom to invite.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct InviteUser {
    /// The address that the link to register goes to.
    #[schema(example = "lin.okafor@fastener.example")]
    pub email: String,
}

/// Invite somebody to register as a user
///
/// They fill in who they are; an administrator of the organization confirms or refuses then.
#[utoipa::path(
    post,
    path = "/v1/users/invitations",
    tag = "Users",
    request_body = InviteUser,
    responses(
        (status = 201, description = "The invitation is sent; the answer names the user-to-be", body = Done),
        (status = 422, description = "The address is not valid", body = Problem),
    )
)]
pub(super) async fn invite(
    State(services): State<Services>,
    By(administrator): By<OrganizationAdministrator>,
    incoming: Incoming,
    metered: Metered,
    Body(body): Body<InviteUser>,
) -> Result<Accepted<Done>, Problem> {
    let organization = administrator.organization;
    let sent = incoming.sent(&services, "invite user", &body);
    let mut checks = Checks::default();
    let email = checks.parse("/email", &body.email, Email::parse);
    let email = checks.finish(email)?;
    let mail = metered.mail(&services, email.as_str())?;
    let (person, answer) = services.workflows.invite_user(organization, email, &sent).await?;
    if !answer.repeated {
        mail.keep();
    }
    Ok(Accepted::new(&services, &answer, Done { id: person.0 }).created(format!("/v1/users/{person}")))
}

/// Confirm who came
///
/// The account is created, and the one-time password that they chose works.
#[utoipa::path(
    post,
    path = "/v1/users/{id}/confirm",
    tag = "Users",
    operation_id = "confirm",
    params(("id" = Uuid, Path, description = "Which user")),
    responses(
        (status = 200, description = "The account is created", body = Created),
        (status = 404, description = "There is no such user in the organization", body = Problem),
        (status = 409, description = "Nobody has registered yet, or the account exists", body = Problem),
    )
)]
pub(super) async fn confirm(
    State(services): State<Services>,
    By(administrator): By<OrganizationAdministrator>,
    The(user): The<Member>,
    incoming: Incoming,
) -> Result<Accepted<Created>, Problem> {
    let person = user.person;
    let sent = incoming.sent(&services, &format!("confirm {person}"), &());
    let (user_id, answer) = services.workflows.confirm_self_registration(person, administrator.person, &sent).await?;
    Ok(Accepted::new(&services, &answer, Created { id: person.0, user_id: user_id.to_string() }))
}

/// Refuse who came
#[utoipa::path(
    post,
    path = "/v1/users/{id}/refuse",
    tag = "Users",
    params(("id" = Uuid, Path, description = "Which user")),
    request_body = Because,
    responses(
        (status = 200, description = "They are refused, and told", body = Done),
        (status = 404, description = "There is no such user in the organization", body = Problem),
    )
)]
pub(super) async fn refuse(
    State(services): State<Services>,
    The(user): The<Member>,
    incoming: Incoming,
    Body(body): Body<Because>,
) -> Result<Accepted<Done>, Problem> {
    let person = user.person;
    let sent = incoming.sent(&services, &format!("refuse {person}"), &body);
    let command = UserCommand::RefuseSelfRegistration { reason: body.parse()? };
    let answer = services.handlers.handle::<User>(person.0, command, &sent).await?;
    Ok(Accepted::new(&services, &answer, Done { id: person.0 }))
}
