//! `GET /v1/sign-in/openid/callback`: the browser comes back from the identity provider.

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{Html, IntoResponse, Response};
use command_handlers::CommandError;
use command_handlers::workflows::{ProviderIdentity, ProviderProof, SignedIn, Stage, WorkflowError};
use openid_client::Returned;
use serde::Deserialize;
use utoipa::IntoParams;

use super::{COOKIE, Kept, configured, drop_cookie, problem, refused};
use crate::command::Incoming;
use crate::cookie::{Borne, Opened, SessionAs, set};
use crate::extract::Query;
use crate::problem::Problem;
use crate::services::Services;
use crate::sign_in::begin;
use crate::sign_in::used_with::UsedWith;

/// What the page may do: nothing but lead on. Not `sandbox`, as answers of the API have it: going on by itself would be forbidden, and what it leads
/// to would count as asked for from elsewhere.
const PAGE_POLICY: &str = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// What the provider has the browser bring along. More may come with it, which is of no matter here.
#[derive(Deserialize, IntoParams)]
pub struct Back {
    /// For what was authorized, once.
    pub code: Option<String>,
    /// Which sign-in it belongs to.
    pub state: Option<String>,
    /// The provider (RFC 9207).
    pub iss: Option<String>,
    /// Why nothing was authorized.
    pub error: Option<String>,
}

/// Come back from the identity provider
///
/// Where the provider sends the browser: it has the cookie that was set at the beginning, and each way is gone once. Whoever asked for the session as a token gets
/// it here; whoever asked for a cookie gets it with a page that leads on. If the provider did not see two factors, the second one is shown next.
#[utoipa::path(
    get,
    path = "/v1/sign-in/openid/callback",
    tag = "Sign-in",
    operation_id = "finish_openid",
    params(Back),
    security(()),
    responses(
        (
            status = 200,
            description = "The session is open: as JSON with its token, or as a page with a cookie",
            content((begin::SignedIn = "application/json"), (String = "text/html")),
            headers(("Set-Cookie" = Option<String>, description = "The session, if it is to be held in a cookie")),
        ),
        (status = 401, description = "Whatever came back, it does not prove somebody on the staff", body = Problem),
        (status = 404, description = "There is no identity provider", body = Problem),
        (status = 503, description = "The identity provider cannot be reached", body = Problem),
    )
)]
pub(crate) async fn callback(
    State(services): State<Services>,
    UsedWith(label): UsedWith,
    headers: HeaderMap,
    incoming: Incoming,
    Query(back): Query<Back>,
) -> Response {
    let mut response = finish(&services, &headers, &incoming, &back, &label).await.unwrap_or_else(IntoResponse::into_response);
    response.headers_mut().append(header::SET_COOKIE, drop_cookie());
    response
}

async fn finish(services: &Services, headers: &HeaderMap, incoming: &Incoming, back: &Back, label: &str) -> Result<Response, Problem> {
    let provider = configured(services)?;
    let Borne::One(half) = Borne::named(COOKIE, headers) else { return Err(refused(&"the browser bears nothing of a sign-in")) };
    let now = (services.handlers.clock())();
    let kept = services.vault.take_errand(half, now).await.map_err(WorkflowError::from)?;
    let kept = kept.ok_or_else(|| refused(&"what was begun is over: it was used, or it took longer than ten minutes"))?;
    let Kept { session, errand } = serde_json::from_slice(&kept).map_err(|error| Problem::internal(&error))?;
    let returned =
        Returned { code: back.code.as_deref(), state: back.state.as_deref(), iss: back.iss.as_deref(), error: back.error.as_deref() };
    let authenticated = provider.client.finish(&errand, returned, now).await.map_err(problem)?;
    let identity = ProviderIdentity { issuer: authenticated.issuer, subject: authenticated.subject };
    let sent = incoming.sent(services, "sign-in by provider", &());
    let proof = ProviderProof { two_factors: authenticated.two_factors, at: authenticated.at };
    match services.workflows.sign_in_by_identity(&identity, proof, label, &sent).await {
        Ok(signed_in) => match session {
            SessionAs::Token => Ok(Opened::new(signed_in, SessionAs::Token)?.into_response()),
            SessionAs::Cookie => page(&signed_in),
        },
        Err(CommandError::Rejected(rejection)) => Err(refused(&rejection)),
        Err(error) => Err(error.into()),
    }
}

/// A page of this service, from which the browser goes on by itself: what it asks for then comes from here, and bears the cookie.
fn page(signed_in: &SignedIn) -> Result<Response, Problem> {
    let text = match signed_in.stage {
        Stage::Done => "You are signed in.",
        Stage::ProveSecondFactor | Stage::Step(_) => "You are signed in, with one step left.",
    };
    // Relative, so that it holds below any base URL. The console is to be led to once there is one.
    let page = format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<meta http-equiv=\"refresh\" content=\"0; url=../../../docs\">\n\
         <title>Signed in</title>\n<p>{text} <a href=\"../../../docs\">Go on</a></p>\n</html>\n"
    );
    let headers = [(header::SET_COOKIE, set(&signed_in.token)?), (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(PAGE_POLICY))];
    Ok((headers, Html(page)).into_response())
}
