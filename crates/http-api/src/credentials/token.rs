//! `POST /v1/me/credentials/tokens`: begins to register a token that was bought elsewhere.

use axum::extract::State;
use domain::CredentialLabel;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::shown_lately;
use crate::access::{By, InSession};
use crate::body::Body;
use crate::checks::Checks;
use crate::command::{Accepted, Incoming};
use crate::fields::Done;
use crate::problem::Problem;
use crate::services::Services;

/// Which token, and what it shall be called.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewToken {
    /// The serial number that is printed on it.
    #[schema(example = "SN-004217")]
    pub serial: String,
    /// What you will know it by.
    #[schema(example = "Key ring")]
    pub label: String,
}

/// Register a token
///
/// By its serial number; a code of it then shows that it works (confirm).
#[utoipa::path(
    post,
    path = "/v1/me/credentials/tokens",
    tag = "My credentials",
    operation_id = "register_token",
    request_body = NewToken,
    responses(
        (status = 201, description = "It waits to be shown to work", body = Done),
        (status = 403, description = "It is too long ago that a factor was shown", body = Problem),
        (status = 409, description = "It is somebody else's, or a password is to be set first", body = Problem),
        (status = 422, description = "No such token is known", body = Problem),
    )
)]
pub(super) async fn begin(
    State(services): State<Services>,
    By(InSession(session)): By<InSession>,
    incoming: Incoming,
    Body(body): Body<NewToken>,
) -> Result<Accepted<Done>, Problem> {
    shown_lately(&session, &services)?;
    let sent = incoming.sent(&services, "register token", &body);
    let mut checks = Checks::default();
    let label = checks.parse("/label", &body.label, CredentialLabel::parse);
    let label = checks.finish(label)?;
    let (id, answer) = services.workflows.begin_token((&session).into(), &body.serial, label, &sent).await?;
    Ok(Accepted::new(&services, &answer, Done { id: id.0 }).created(format!("/v1/me/credentials/{id}")))
}
