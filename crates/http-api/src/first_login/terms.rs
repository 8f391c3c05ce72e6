//! `GET` and `POST /v1/first-login/terms`: the terms of use.

use axum::Json;
use axum::extract::State;
use domain::TermsVersion;
use domain::user::{User, UserCommand};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::step::{Events, LoginProgress, account};
use crate::access::{By, InSession, SignedIn};
use crate::body::Body;
use crate::checks::Checks;
use crate::command::{Accepted, Incoming};
use crate::problem::Problem;
use crate::services::Services;

/// The terms of use.
#[derive(Debug, Serialize, ToSchema)]
pub struct Terms {
    /// The version in force.
    #[schema(example = "2026-01")]
    pub version: String,
    /// The version that the user accepted last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accepted: Option<String>,
}

/// The terms are accepted.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AcceptTerms {
    /// Which version was read: the one in force.
    #[schema(example = "2026-01")]
    pub version: String,
}

/// The terms of use
///
/// Which version is in force, and which one the user accepted.
#[utoipa::path(
    get,
    path = "/v1/first-login/terms",
    tag = "First-time login",
    operation_id = "show_terms",
    responses((status = 200, description = "The terms", body = Terms))
)]
pub(super) async fn terms(State(services): State<Services>, By(SignedIn { person, .. }): By<SignedIn>) -> Result<Json<Terms>, Problem> {
    let account = account(&services, person).await?;
    let accepted = account.terms.map(|terms| terms.version.to_string());
    Ok(Json(Terms { version: services.handlers.policy().terms_version.clone(), accepted }))
}

/// Accept the terms
///
/// The last step of first-time login: the account is established by it, and the mail *Login Success* follows.
#[utoipa::path(
    post,
    path = "/v1/first-login/terms",
    tag = "First-time login",
    request_body = AcceptTerms,
    responses(
        (status = 200, description = "The terms are accepted", body = LoginProgress),
        (status = 409, description = "Another step comes first", body = Problem),
        (status = 422, description = "This version is not in force", body = Problem),
    )
)]
pub(super) async fn accept_terms(
    State(services): State<Services>,
    By(InSession(session)): By<InSession>,
    incoming: Incoming,
    Body(body): Body<AcceptTerms>,
) -> Result<Accepted<LoginProgress>, Problem> {
    let person = session.person;
    let sent = incoming.sent(&services, "accept terms", &body);
    let mut checks = Checks::default();
    let version = checks.parse("/version", &body.version, TermsVersion::parse);
    let command = UserCommand::AcceptTerms { version: checks.finish(version)? };
    let answer: Events = services.handlers.handle::<User>(person.0, command, &sent).await?;
    let progress = LoginProgress::now(&services, &session).await?;
    Ok(Accepted::new(&services, &answer, progress))
}
