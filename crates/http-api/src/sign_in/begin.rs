//! `POST /v1/sign-in`: opens a session.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use command_handlers::CommandError;
use domain::{Rejection, UserId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::body::Body;
use crate::command::Incoming;
use crate::cookie::{Opened, OwnOrigin, SessionAs};
use crate::first_login::step::Step;
use crate::limits::Metered;
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
    /// How the session is to be held. Pages of this service ask for a cookie; other sites cannot.
    #[serde(default)]
    pub session: SessionAs,
}

/// An open session.
#[derive(Serialize, ToSchema)]
pub struct SignedIn {
    /// The session's token, shown this once: send it as `Authorization: Bearer …`. Left out if the session is held in a cookie.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
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
        Self { token: Some(token), ends_at, next: Step::at(signed_in.stage) }
    }
}

/// Sign in
///
/// With User ID and password, or with the one-time password at first; users and staff alike. Who has a second factor shows it next. Whatever is wrong, the answer is the same. Five wrong
/// one-time passwords end it: the organization's administrator issues a new one. A browser asks for the session as a cookie: requests by cookie that
/// change something are taken from pages of this service only.
#[utoipa::path(
    post,
    path = "/v1/sign-in",
    tag = "Sign-in",
    request_body = SignIn,
    security(()),
    responses(
        (status = 200, description = "The session is open: its token is in the body or in the cookie", body = SignedIn, headers(("Set-Cookie" = Option<String>, description = "The session, if it is to be held in a cookie"))),
        (status = 401, description = "User ID or secret is not right, or the account cannot be used", body = Problem),
        (status = 403, description = "A cookie is asked for from elsewhere than a page of this service", body = Problem),
    )
)]
pub(super) async fn begin(
    State(services): State<Services>,
    UsedWith(label): UsedWith,
    held: SessionAs,
    headers: HeaderMap,
    metered: Metered,
    incoming: Incoming,
    Body(body): Body<SignIn>,
) -> Result<Opened, Problem> {
    if body.session == SessionAs::Cookie {
        // Or else another site could sign somebody in as somebody else.
        OwnOrigin::of(&services.base_url).require(&headers)?;
    }
    let sent = incoming.sent(&services, "sign-in", &());
    let charge = metered.sign_in(&services, &body.user_id)?;
    let user_id = UserId::parse(&body.user_id).ok();
    match services.workflows.sign_in(user_id.as_ref(), &body.secret, &label, &sent).await {
        Ok(signed_in) => {
            // The cookie takes the place of the one before.
            if let Some(before) = incoming.caller.session().filter(|_| (held, body.session) == (SessionAs::Cookie, SessionAs::Cookie)) {
                services.vault.end_session(before.id).await.map_err(|error| Problem::internal(&error))?;
            }
            Opened::new(signed_in, body.session)
        }
        Err(CommandError::Rejected(rejection)) => {
            charge.keep();
            Err(Problem::new(StatusCode::UNAUTHORIZED, rejection.code(), rejection.to_string()))
        }
        Err(error) => Err(error.into()),
    }
}
