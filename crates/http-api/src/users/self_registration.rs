//! `GET` and `POST /v1/self-registration`: whoever was invited to become a user fills in who they are.

use axum::Json;
use axum::extract::State;
use domain::user::{User, UserState};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::access::{By, Invitee};
use crate::body::Body;
use crate::checks::Checks;
use crate::command::{Accepted, Incoming};
use crate::fields::{ContactDetails, Done};
use crate::problem::Problem;
use crate::services::Services;

/// What the link is for.
#[derive(Debug, Serialize, ToSchema)]
pub struct UserInvitationShown {
    /// The organization that invites.
    pub organization_name: String,
    /// The address that was invited; left out if it was erased.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Until when the link can be followed.
    #[schema(value_type = String, format = DateTime)]
    pub expires_at: Timestamp,
    /// `invited`: to be filled in; `self_registered`: waits for the organization's administrator; `refused`; `expired`.
    pub state: &'static str,
}

/// What the link is for
#[utoipa::path(
    get,
    path = "/v1/self-registration",
    tag = "Self-registration",
    operation_id = "show",
    responses((status = 200, description = "The invitation", body = UserInvitationShown))
)]
pub(super) async fn invitation(
    State(services): State<Services>,
    By(Invitee(person)): By<Invitee>,
) -> Result<Json<UserInvitationShown>, Problem> {
    let state = services.handlers.state::<User>(person.0).await?.map(|(state, _)| state).unwrap_or_default();
    let (invitation, standing) = match state {
        UserState::Invited(invitation) => (invitation, "invited"),
        UserState::SelfRegistered(registration) => (registration.invitation, "self_registered"),
        UserState::Refused(invitation) => (invitation, "refused"),
        UserState::InvitationExpired(invitation) => (invitation, "expired"),
        UserState::PendingFirstLogin(_) | UserState::Active(_) | UserState::Suspended(..) | UserState::Closed(_) => {
            return Err(Problem::new(axum::http::StatusCode::GONE, "already-a-user", "there is an account already: please sign in"));
        }
        UserState::Unknown => return Err(Problem::not_found("invitation")),
    };
    Ok(Json(UserInvitationShown {
        organization_name: invitation.organization_name.to_string(),
        email: invitation.email.get().map(ToString::to_string),
        expires_at: invitation.expires_at,
        state: standing,
    }))
}

/// Who comes.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SelfRegister {
    /// How to reach them.
    pub contact: ContactDetails,
    /// The one-time password for the first login, which they choose and keep.
    pub one_time_password: String,
}

/// Register as a user
///
/// An administrator of the organization confirms or refuses; a mail tells.
#[utoipa::path(
    post,
    path = "/v1/self-registration",
    tag = "Self-registration",
    request_body = SelfRegister,
    responses(
        (status = 200, description = "Registered; an administrator of the organization confirms it", body = Done),
        (status = 409, description = "It was filled in before", body = Problem),
        (status = 410, description = "The invitation is over", body = Problem),
        (status = 422, description = "A field is not valid, or the one-time password is too weak", body = Problem),
    )
)]
pub(super) async fn register(
    State(services): State<Services>,
    By(Invitee(person)): By<Invitee>,
    incoming: Incoming,
    Body(body): Body<SelfRegister>,
) -> Result<Accepted<Done>, Problem> {
    let sent = incoming.sent(&services, "self-register", &body.contact);
    let mut checks = Checks::default();
    let contact = body.contact.parse(&mut checks, "/contact");
    let contact = checks.finish(contact)?;
    let answer = services.workflows.self_register(person, contact, &body.one_time_password, &sent).await?;
    Ok(Accepted::new(&services, &answer, Done { id: person.0 }))
}
