//! `POST /v1/review/approvals`: approves up to 30 registrations.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use domain::RegistrationId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::approve;
use crate::access::{AsReviewer, By};
use crate::body::Body;
use crate::command::Incoming;
use crate::fields::Because;
use crate::position::POSITION;
use crate::problem::Problem;
use crate::registrations::progress::look;
use crate::registrations::view::StageName;
use crate::services::Services;

/// The most decisions in one batch (domain, "Facts worth keeping").
const MOST: usize = 30;

/// Which registrations to approve, and why.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ApproveBatch {
    /// Which ones, each in the version that was looked at. 1 to 30, each once.
    pub registrations: Vec<Looked>,
    /// Why, for all of them.
    #[schema(example = "Pre-approved suppliers of the programme.")]
    pub reason: String,
}

/// A registration in the version that was looked at.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Looked {
    /// Which one.
    pub id: Uuid,
    /// In which version.
    pub dossier_version: u32,
}

/// What became of each, in the order of the request.
#[derive(Debug, Serialize, ToSchema)]
pub struct BatchOutcome {
    /// One for each registration.
    pub outcomes: Vec<Outcome>,
}

/// What became of one registration.
#[derive(Debug, Serialize, ToSchema)]
pub struct Outcome {
    /// Which one.
    pub id: Uuid,
    /// How far it is now; absent: it was not approved.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stage: Option<StageName>,
    /// Why it was not approved.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<Problem>,
}

/// Approve up to 30 registrations
///
/// Each is decided by itself and has its own outcome; each must be claimed. The same idempotency key again gets the same outcomes.
#[utoipa::path(
    post,
    path = "/v1/review/approvals",
    tag = "Review",
    request_body = ApproveBatch,
    responses(
        (status = 200, description = "What became of each", body = BatchOutcome),
        (status = 422, description = "None, more than 30, or one of them twice", body = Problem),
    )
)]
pub(super) async fn approve_batch(
    State(services): State<Services>,
    By(AsReviewer(reviewer)): By<AsReviewer>,
    incoming: Incoming,
    Body(body): Body<ApproveBatch>,
) -> Result<Response, Problem> {
    check(&body.registrations)?;
    let reason = Because { reason: body.reason }.parse()?;
    let mut position = None;
    let mut outcomes = Vec::with_capacity(body.registrations.len());
    for looked in body.registrations {
        let id = RegistrationId(looked.id);
        let approved = approve::one(&services, &incoming, id, reviewer.clone(), looked.dossier_version, reason.clone()).await;
        outcomes.push(match approved {
            Ok(answer) => {
                position = position.max(Some(answer.position));
                let stage = look(id, &services, |case| StageName::from(&case.stage)).await?;
                Outcome { id: looked.id, stage: Some(stage), problem: None }
            }
            Err(problem) => Outcome { id: looked.id, stage: None, problem: Some(problem) },
        });
    }
    let mut response = Json(BatchOutcome { outcomes }).into_response();
    if let Some(text) = position.and_then(|position| services.position_text(position).parse().ok()) {
        response.headers_mut().insert(POSITION, text);
    }
    Ok(response)
}

fn check(registrations: &[Looked]) -> Result<(), Problem> {
    if registrations.is_empty() || registrations.len() > MOST {
        return Err(Problem::invalid_field("/registrations", format!("a batch holds 1 to {MOST} registrations")));
    }
    let mut met = std::collections::BTreeSet::new();
    match registrations.iter().position(|looked| !met.insert(looked.id)) {
        Some(index) => Err(Problem::invalid_field(format!("/registrations/{index}/id"), "this registration is in the batch twice")),
        None => Ok(()),
    }
}
