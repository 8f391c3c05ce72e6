//! `POST /v1/applications`: puts an application into the catalogue.

use axum::extract::State;
use domain::ApplicationCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::details::{ApplicationOwner, CatalogueDetails};
use crate::body::Body;
use crate::checks::Checks;
use crate::command::{Accepted, Incoming};
use crate::fields::Done;
use crate::problem::Problem;
use crate::services::Services;

/// A new application.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PublishApplication {
    /// Its code, unique, for good: 2 to 20 letters, digits and dashes.
    #[schema(example = "BSCP")]
    pub code: String,
    /// Whose it is, for good.
    pub owner: ApplicationOwner,
    /// The rest.
    pub details: CatalogueDetails,
}

/// Publish an application
#[utoipa::path(
    post,
    path = "/v1/applications",
    tag = "Applications",
    request_body = PublishApplication,
    responses(
        (status = 201, description = "It is in the catalogue", body = Done),
        (status = 409, description = "Another application has this code", body = Problem),
        (status = 422, description = "A field is not valid", body = Problem),
    )
)]
pub(super) async fn publish(
    State(services): State<Services>,
    incoming: Incoming,
    Body(body): Body<PublishApplication>,
) -> Result<Accepted<Done>, Problem> {
    let sent = incoming.sent(&services, "publish application", &body);
    let mut checks = Checks::default();
    let code = checks.parse("/code", &body.code, ApplicationCode::parse);
    let details = body.details.parse(&mut checks);
    let (code, details) = checks.finish(code.zip(details))?;
    let (id, answer) = services.workflows.publish_application(code, body.owner.into(), details, &sent).await?;
    Ok(Accepted::new(&services, &answer, Done { id: id.0 }).created(format!("/v1/applications/{id}")))
}
