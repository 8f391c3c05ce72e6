//! `POST /v1/me/credentials/recovery-codes`: makes new recovery codes.

use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::authenticator::NewCredential;
use super::shown_lately;
use crate::access::{By, InSession};
use crate::body::Body;
use crate::command::{Accepted, Incoming};
use crate::problem::Problem;
use crate::services::Services;

/// New recovery codes.
#[derive(Serialize, ToSchema)]
pub struct RecoveryCodes {
    /// The id of the set.
    pub id: Uuid,
    /// Ten codes, each good once. Shown this once: keep them where the second factor is not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub codes: Option<Vec<String>>,
}

/// Make recovery codes
///
/// Each stands in for a second factor that is lost, once. Those of an earlier set work no more.
#[utoipa::path(
    post,
    path = "/v1/me/credentials/recovery-codes",
    tag = "My credentials",
    operation_id = "make_recovery_codes",
    request_body = NewCredential,
    responses(
        (status = 201, description = "They work", body = RecoveryCodes),
        (status = 403, description = "It is too long ago that a factor was shown", body = Problem),
        (status = 409, description = "A password is to be set first", body = Problem),
    )
)]
pub(super) async fn make(
    State(services): State<Services>,
    By(InSession(session)): By<InSession>,
    incoming: Incoming,
    Body(body): Body<NewCredential>,
) -> Result<Accepted<RecoveryCodes>, Problem> {
    shown_lately(&session, &services)?;
    let sent = incoming.sent(&services, "make recovery codes", &body);
    let (made, answer) = services.workflows.make_recovery_codes((&session).into(), body.parse()?, &sent).await?;
    let id = made.credential.0;
    let codes = made.codes.map(|codes| codes.iter().map(|code| code.to_string()).collect());
    Ok(Accepted::new(&services, &answer, RecoveryCodes { id, codes }).created(format!("/v1/me/credentials/{id}")))
}
