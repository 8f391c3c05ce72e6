//! Signing in by the operator's OpenID Connect provider: for staff, and off unless it is configured.
//!
//! A browser begins with [`begin`], which keeps what is needed later in the vault for ten minutes, gives the browser a cookie that names it, and the
//! address to go to. From there it comes back to [`callback`], which takes away what was kept, so that each way is gone once. That request
//! comes from another site: the cookie is `SameSite=Lax`, or it would not be sent. For the same reason the session's own cookie, which is
//! `Strict`, would not be sent after a redirection: a browser is shown a page of this service, and goes on from there.

pub mod begin;
pub mod callback;
pub mod show;

use axum::http::{HeaderValue, StatusCode};
use openid_client::{Errand, OpenIdClient, OpenIdError};
use serde::{Deserialize, Serialize};

use crate::cookie::SessionAs;
use crate::problem::Problem;
use crate::services::Services;

/// Below the base URL, where the provider sends browsers back to: to be registered there.
pub const CALLBACK: &str = "/v1/sign-in/openid/callback";

/// The cookie that a browser bears until it comes back.
const COOKIE: &str = "__Host-gatehouse-openid";

/// The operator's provider.
#[derive(Debug)]
pub struct StaffOpenId {
    /// Speaks to it.
    pub client: OpenIdClient,
    /// What staff know it by, such as "Meridian single sign-on".
    pub label: String,
}

/// What is kept in the vault until the browser comes back.
#[derive(Serialize, Deserialize)]
struct Kept {
    session: SessionAs,
    errand: Errand,
}

/// The provider, if there is one.
fn configured(services: &Services) -> Result<&StaffOpenId, Problem> {
    services.openid.as_ref().ok_or_else(|| {
        let detail = "signing in by an identity provider is not set up here: sign in with User ID and password";
        Problem::new(StatusCode::NOT_FOUND, "openid-not-configured", detail)
    })
}

/// The cookie with the browser's half of what was begun.
fn bear(half: &str) -> Result<HeaderValue, Problem> {
    let cookie = format!("{COOKIE}={half}; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=600");
    let mut value = HeaderValue::from_str(&cookie).map_err(|error| Problem::internal(&error))?;
    value.set_sensitive(true);
    Ok(value)
}

/// What takes that cookie away.
fn drop_cookie() -> HeaderValue {
    HeaderValue::from_static("__Host-gatehouse-openid=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0")
}

/// Whatever is wrong with what came back: the log says it, the answer does not.
fn refused(reason: &dyn std::fmt::Display) -> Problem {
    tracing::info!(%reason, "a sign-in by the identity provider was refused");
    let detail = "you could not be signed in: please begin again, or ask an administrator whether your identity is linked to you here";
    Problem::new(StatusCode::UNAUTHORIZED, "openid-sign-in-refused", detail)
}

fn problem(error: OpenIdError) -> Problem {
    match error {
        OpenIdError::Refused(refusal) => refused(&refusal),
        OpenIdError::Unavailable(reason) => {
            tracing::warn!(%reason, "the identity provider cannot be used");
            let detail = "the identity provider cannot be reached right now: try again in a moment, or sign in with User ID and password";
            Problem::unavailable("openid-provider-unavailable", detail)
        }
    }
}
