//! `PUT /v1/organizations/{id}/profile`: the organization's administrator changes its profile.

use axum::extract::State;
use domain::organization::{Organization, OrganizationCommand, OrganizationEvent};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::access::{Company, The};
use crate::body::Body;
use crate::checks::Checks;
use crate::command::{Accepted, Incoming};
use crate::fields::CompanyProfile;
use crate::problem::Problem;
use crate::services::Services;

/// The profile as it shall be.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AmendProfile {
    /// All of it.
    pub profile: CompanyProfile,
}

/// What became of a change.
#[derive(Debug, Serialize, ToSchema)]
pub struct Amended {
    /// `amended`: it is so; `review`: legal name, country or identifiers change, and a reviewer decides; `unchanged`: it was so.
    pub outcome: &'static str,
}

/// Amend the profile
///
/// Legal name, country and registered identifiers change only through a review.
#[utoipa::path(
    put,
    path = "/v1/organizations/{id}/profile",
    tag = "Organizations",
    params(("id" = Uuid, Path, description = "The caller's own organization")),
    request_body = AmendProfile,
    responses(
        (status = 200, description = "Amended, or waiting for review", body = Amended),
        (status = 404, description = "It is not the caller's organization", body = Problem),
        (status = 409, description = "Another change waits for review", body = Problem),
        (status = 422, description = "A field is not valid", body = Problem),
    )
)]
pub(super) async fn amend_profile(
    State(services): State<Services>,
    The(Company(id)): The<Company>,
    incoming: Incoming,
    Body(body): Body<AmendProfile>,
) -> Result<Accepted<Amended>, Problem> {
    let sent = incoming.sent(&services, &format!("amend organization {id}"), &body);
    let mut checks = Checks::default();
    let profile = body.profile.parse(&mut checks);
    let command = OrganizationCommand::AmendProfile { profile: checks.finish(profile)? };
    let answer = services.handlers.handle::<Organization>(id.0, command, &sent).await?;
    let waits = answer.events.iter().any(|event| matches!(event, OrganizationEvent::AmendmentRequested { .. }));
    let outcome = match answer.events.is_empty() {
        true => "unchanged",
        false if waits => "review",
        false => "amended",
    };
    Ok(Accepted::new(&services, &answer, Amended { outcome }))
}
