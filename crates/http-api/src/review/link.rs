//! `POST /v1/registrations/{id}/link-to-organization`: closes a case in favour of a registered organization.

use axum::extract::State;
use domain::organization::Organization;
use domain::registration::{Registration, RegistrationCommand};
use domain::{OrganizationId, Reason, RegistrationId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::by_reviewer::send;
use crate::access::{AsReviewer, By};
use crate::body::Body;
use crate::command::{Accepted, Incoming};
use crate::extract::{IfMatch, Path};
use crate::problem::Problem;
use crate::registrations::progress::Progress;
use crate::services::Services;

/// Which organization the company is.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LinkToOrganization {
    /// The registered organization.
    pub organization: Uuid,
    /// Why.
    pub reason: String,
}

/// Link a registration to a registered organization
///
/// The company is registered already: the case is closed, and its invitation becomes an offer to that organization.
#[utoipa::path(
    post,
    path = "/v1/registrations/{id}/link-to-organization",
    tag = "Review",
    params(("id" = Uuid, Path, description = "The registration"), ("If-Match" = String, Header, description = "The version that was looked at")),
    request_body = LinkToOrganization,
    responses(
        (status = 200, description = "It is linked", body = Progress),
        (status = 403, description = "You have to do with one of the organizations, or submitted it", body = Problem),
        (status = 409, description = "You have not claimed it", body = Problem),
        (status = 412, description = "The dossier changed since", body = Problem),
        (status = 422, description = "There is no such organization in good standing", body = Problem),
        (status = 428, description = "No version was named", body = Problem),
    )
)]
pub(super) async fn link(
    State(services): State<Services>,
    By(AsReviewer(reviewer)): By<AsReviewer>,
    incoming: Incoming,
    Path(id): Path<RegistrationId>,
    version: IfMatch,
    Body(body): Body<LinkToOrganization>,
) -> Result<Accepted<Progress>, Problem> {
    let dossier_version = version.required()?;
    let reason = Reason::parse(&body.reason).map_err(|invalid| Problem::invalid_field("/reason", invalid.problem))?;
    let organization = OrganizationId(body.organization);
    let stands = services.handlers.inspect::<Organization, _>(organization.0, |state, _| state.is_in_good_standing()).await?;
    let sent = incoming.sent(&services, &format!("link {id}"), &(dossier_version, &body));
    if stands != Some(true) && services.handlers.answered_before::<Registration>(id.0, &sent).await?.is_none() {
        return Err(Problem::invalid_field("/organization", "there is no such organization in good standing"));
    }
    let command = RegistrationCommand::LinkToOrganization { reviewer, dossier_version, organization, reason };
    send(&services, &incoming, id, "link", &(dossier_version, &body), command).await
}
