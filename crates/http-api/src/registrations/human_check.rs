//! `POST /v1/registrations/{id}/human-check`: answers a challenge.

use axum::extract::State;
use axum::http::StatusCode;
use domain::registration::{Registration, RegistrationCommand};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::progress::{Progress, look, taken};
use crate::access::{OwnCase, The};
use crate::body::Body;
use crate::command::{Accepted, Incoming};
use crate::human_check::NotHuman;
use crate::limits::Metered;
use crate::problem::Problem;
use crate::services::Services;

/// The answer to a challenge.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct HumanCheckAnswer {
    /// The challenge, as it was given.
    pub challenge: String,
    /// The number that solves it.
    pub nonce: u64,
}

/// Answer the human check
///
/// Once passed, it stays passed.
#[utoipa::path(
    post,
    path = "/v1/registrations/{id}/human-check",
    tag = "Registrations",
    params(("id" = Uuid, Path, description = "The registration")),
    request_body = HumanCheckAnswer,
    responses(
        (status = 200, description = "It is passed", body = Progress),
        (status = 422, description = "The answer does not solve a challenge of this registration", body = Problem),
    )
)]
pub(super) async fn answer(
    State(services): State<Services>,
    The(OwnCase(id)): The<OwnCase>,
    incoming: Incoming,
    metered: Metered,
    Body(body): Body<HumanCheckAnswer>,
) -> Result<Accepted<Progress>, Problem> {
    metered.human_check(&services, id.0)?;
    let sent = incoming.sent(&services, &format!("human-check {id}"), &body);
    let now = (services.handlers.clock())();
    // A repeated answer is judged by the log: its challenge may have expired since.
    let is_passed = look(id, &services, |case| case.human_check.is_some()).await?;
    let challenge = match services.human_check.verify(id, &body.challenge, body.nonce, now) {
        Ok(challenge) => challenge,
        Err(_) if is_passed => body.challenge,
        Err(not_human) => return Err(refused(not_human)),
    };
    let command = RegistrationCommand::PassHumanCheck { challenge };
    let answer = services.handlers.handle::<Registration>(id.0, command, &sent).await?;
    taken(id, &answer, &services).await
}

fn refused(not_human: NotHuman) -> Problem {
    let (code, pointer) = match not_human {
        NotHuman::Foreign => ("human-check-foreign", "/challenge"),
        NotHuman::Expired => ("human-check-expired", "/challenge"),
        NotHuman::Unsolved => ("human-check-unsolved", "/nonce"),
    };
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, code, not_human.to_string()).at(pointer, not_human.to_string())
}
