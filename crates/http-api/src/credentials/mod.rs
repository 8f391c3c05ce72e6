//! One's own second factors and recovery codes (J3).

pub mod authenticator;
pub mod change;
pub mod confirm;
pub mod list;
pub mod next;
pub mod passkey;
pub mod recovery_codes;
pub mod token;

use credential_vault::Session;
use jiff::SignedDuration;
use utoipa_axum::routes;

use crate::access::{Endpoints, May};
use crate::caller::Caller;
use crate::limits::Limit;
use crate::problem::Problem;
use crate::services::Services;
use crate::sign_in::{NEW_STAFF, NEW_USER, STAFF, UNPROVED, USER};

/// Those who may register second factors: also those who cannot go on without one.
const REGISTERING: [May; 4] = [USER, NEW_USER, STAFF, NEW_STAFF];

pub(crate) fn endpoints() -> Endpoints {
    Endpoints::default()
        .add(routes!(list::list), [UNPROVED, USER, NEW_USER, STAFF, NEW_STAFF])
        .add(routes!(next::next), REGISTERING)
        .add(routes!(authenticator::begin), REGISTERING)
        .add(routes!(token::begin), REGISTERING)
        .add(routes!(passkey::begin), REGISTERING)
        .limited(routes!(passkey::finish), REGISTERING, [Limit::CredentialChangesPerActor])
        .limited(routes!(recovery_codes::make), REGISTERING, [Limit::CredentialChangesPerActor])
        .limited(routes!(confirm::confirm), REGISTERING, [Limit::CredentialChangesPerActor])
        .add(routes!(change::rename), REGISTERING)
        .limited(routes!(change::revoke), [USER, STAFF], [Limit::CredentialChangesPerActor])
}

/// How long ago a factor may have been shown, for changes to what somebody signs in with.
const FRESH: SignedDuration = SignedDuration::from_mins(15);

/// A session that was left open is not enough to change what its user signs in with.
pub(crate) fn shown_lately(session: &Session, services: &Services) -> Result<(), Problem> {
    let now = (services.handlers.clock())();
    if now.duration_since(session.proved_at) <= FRESH {
        return Ok(());
    }
    Err(Problem::new(
        axum::http::StatusCode::FORBIDDEN,
        "prove-again",
        "please show your second factor once more (POST /v1/sign-in/second-factor or /v1/sign-in/passkey), or sign in again if you have none",
    ))
}

/// As [`shown_lately`], whoever calls: who bears a token of the API has no factor to show.
pub(crate) fn shown_lately_by(caller: &Caller, services: &Services) -> Result<(), Problem> {
    caller.session().map_or(Ok(()), |session| shown_lately(session, services))
}
