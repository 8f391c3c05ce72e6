//! `POST /v1/sign-in`: opens a session.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use command_handlers::CommandError;
use domain::{Rejection, UserId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::body::Body;
use crate::command::Incoming;
use crate::first_login::step::Step;
use crate::problem::Problem;
use crate::services::Services;
use crate::sign_in::used_with::UsedWith;

/// User ID and secret.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SignIn {
    /// The User ID, as the mail bears it.
    #[schema(example = "GU-7K3M-Q2XD")]
    pub user_id: String,
    /// The password; before one was set, the one-time password.
    pub secret: String,
}

/// An open session.
#[derive(Serialize, ToSchema)]
pub struct SignedIn {
    /// The session's token, shown this once: send it as `Authorization: Bearer …`.
    pub token: String,
    /// When the session ends at the latest; half an hour without a request ends it, too.
    #[schema(value_type = String, format = DateTime)]
    pub ends_at: Timestamp,
    /// What comes next: a second factor to be shown, or a step of first-time login; left out if the account can be used.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<Step>,
}

impl From<command_handlers::workflows::SignedIn> for SignedIn {
    fn from(signed_in: command_handlers::workflows::SignedIn) -> Self {
        let (token, ends_at) = (signed_in.token.to_string(), signed_in.session.ends_at);
        Self { token, ends_at, next: Step::at(signed_in.stage) }
    }
}

/// Sign in
///
/// With User ID and password, or with the one-time password at first; users and staff alike. Who has a second factor shows it next. Whatever is wrong, the answer is the same. Five wrong
/// one-time passwords end it: the organization's administrator issues a new one.
#[utoipa::path(
    post,
    path = "/v1/sign-in",
    tag = "Sign-in",
    request_body = SignIn,
    security(()),
    responses(
        (status = 200, description = "The session is open", body = SignedIn),
        (status = 401, description = "User ID or secret is not right, or the account cannot be used", body = Problem),
    )
)]
pub(super) async fn begin(
    State(services): State<Services>,
    UsedWith(label): UsedWith,
    incoming: Incoming,
    Body(body): Body<SignIn>,
) -> Result<Json<SignedIn>, Problem> {
    let sent = incoming.sent(&services, "sign-in", &());
    let user_id = UserId::parse(&body.user_id).ok();
    match services.workflows.sign_in(user_id.as_ref(), &body.secret, &label, &sent).await {
        Ok(signed_in) => Ok(Json(signed_in.into())),
        Err(CommandError::Rejected(rejection)) => Err(Problem::new(StatusCode::UNAUTHORIZED, rejection.code(), rejection.to_string())),
        Err(error) => Err(error.into()),
    }
}
