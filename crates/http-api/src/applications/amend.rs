//! `PUT /v1/applications/{id}`: changes what the catalogue says of an application.

use axum::extract::State;
use domain::ApplicationId;
use domain::application::{Application, ApplicationCommand};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::details::CatalogueDetails;
use crate::body::Body;
use crate::checks::Checks;
use crate::command::{Accepted, Incoming};
use crate::extract::Path;
use crate::fields::Done;
use crate::problem::Problem;
use crate::services::Services;

/// What the catalogue shall say.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AmendApplication {
    /// All of it.
    pub details: CatalogueDetails,
}

/// Amend an application
///
/// Code and owner stay. What users and organizations have already stays theirs.
#[utoipa::path(
    put,
    path = "/v1/applications/{id}",
    tag = "Applications",
    params(("id" = Uuid, Path, description = "Which application")),
    request_body = AmendApplication,
    responses(
        (status = 200, description = "It is amended", body = Done),
        (status = 404, description = "There is no such application", body = Problem),
        (status = 422, description = "A field is not valid", body = Problem),
    )
)]
pub(super) async fn amend(
    State(services): State<Services>,
    incoming: Incoming,
    Path(id): Path<ApplicationId>,
    Body(body): Body<AmendApplication>,
) -> Result<Accepted<Done>, Problem> {
    let sent = incoming.sent(&services, &format!("amend application {id}"), &body);
    let mut checks = Checks::default();
    let details = body.details.parse(&mut checks);
    let command = ApplicationCommand::AmendApplication { details: checks.finish(details)? };
    let answer = services.handlers.handle::<Application>(id.0, command, &sent).await?;
    Ok(Accepted::new(&services, &answer, Done { id: id.0 }))
}
