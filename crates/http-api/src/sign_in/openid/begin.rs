//! `POST /v1/sign-in/openid`: begins a sign-in by the identity provider.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use command_handlers::workflows::WorkflowError;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use zeroize::Zeroizing;

use super::{Kept, bear, configured, problem};
use crate::body::Body;
use crate::cookie::{OwnOrigin, SessionAs};
use crate::problem::Problem;
use crate::services::Services;

/// How to go on afterwards.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BeginAtProvider {
    /// How the session is to be held. Pages of this service ask for a cookie; other sites cannot.
    #[serde(default)]
    pub session: SessionAs,
}

/// Where to go now.
#[derive(Serialize, ToSchema)]
pub struct AtProvider {
    /// The address of the provider to send the browser to; it is good for ten minutes, once, in this browser only.
    #[schema(example = "https://id.example/authorize?response_type=code&…")]
    pub address: String,
}

/// Begin to sign in by the identity provider
///
/// For staff. Send the browser to the address of the answer; it comes back with the provider's answer and the cookie that was set here.
#[utoipa::path(
    post,
    path = "/v1/sign-in/openid",
    tag = "Sign-in",
    operation_id = "begin_openid",
    request_body = BeginAtProvider,
    security(()),
    responses(
        (status = 200, description = "Go there", body = AtProvider, headers(("Set-Cookie" = String, description = "Ties the browser to what was begun"))),
        (status = 403, description = "A cookie is asked for from elsewhere than a page of this service", body = Problem),
        (status = 404, description = "There is no identity provider", body = Problem),
        (status = 503, description = "The identity provider cannot be reached", body = Problem),
    )
)]
pub(crate) async fn begin(
    State(services): State<Services>,
    headers: HeaderMap,
    Body(body): Body<BeginAtProvider>,
) -> Result<Response, Problem> {
    let provider = configured(&services)?;
    if body.session == SessionAs::Cookie {
        OwnOrigin::of(&services.base_url).require(&headers)?;
    }
    let now = (services.handlers.clock())();
    let begun = provider.client.begin(now).await.map_err(problem)?;
    let kept = Kept { session: body.session, errand: begun.errand };
    let kept = Zeroizing::new(serde_json::to_vec(&kept).map_err(|error| Problem::internal(&error))?);
    let half = services.vault.begin_errand(&kept, now).await.map_err(WorkflowError::from)?;
    Ok(([(header::SET_COOKIE, bear(&half)?)], Json(AtProvider { address: begun.address })).into_response())
}
