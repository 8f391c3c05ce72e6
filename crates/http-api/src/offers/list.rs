//! `GET /v1/offers`: the offers to the caller's organization.

use axum::extract::State;
use directory::InvitationFilter;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::access::{By, OrganizationAdministrator};
use crate::extract::{Query, page_size};
use crate::found::{Found, Page};
use crate::invitations::view::parse_after;
use crate::position::ReadAt;
use crate::problem::Problem;
use crate::reads::{broken, word};
use crate::registrations::view::{AskedApplication, application};
use crate::services::Services;

/// Which offers.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Ask {
    /// Only those in this state: `offered`, `offer_accepted`, `offer_declined`, `revoked`, `expired`.
    state: Option<String>,
    /// Where to go on: `next` of the page before.
    after: Option<String>,
    /// How many, 1 to 100; 50 unless said.
    limit: Option<u32>,
}

/// An offer to an organization.
#[derive(Debug, Serialize, ToSchema)]
pub struct Offer {
    /// The invitation.
    pub id: Uuid,
    /// Where it stands.
    #[schema(example = "offered")]
    pub state: &'static str,
    /// The company that offers.
    pub inviter_name: String,
    /// The applications, with what to have or install first.
    pub applications: Vec<AskedApplication>,
    /// Until when it can be answered.
    #[schema(value_type = String, format = DateTime)]
    pub expires_at: jiff::Timestamp,
}

/// List the offers to your organization
///
/// For its administrators. The newest come first.
#[utoipa::path(
    get,
    path = "/v1/offers",
    tag = "Offers",
    params(Ask),
    responses(
        (status = 200, description = "A page of them", body = Page<Offer>),
        (status = 403, description = "You do not administer an organization", body = Problem),
    )
)]
pub(super) async fn list(
    State(services): State<Services>,
    By(OrganizationAdministrator { organization, .. }): By<OrganizationAdministrator>,
    at: ReadAt,
    Query(ask): Query<Ask>,
) -> Result<Found<Page<Offer>>, Problem> {
    let limit = page_size(ask.limit)?;
    let (state, after) = (word("state", ask.state.as_deref())?, parse_after(ask.after.as_deref())?);
    let (rows, position) = {
        let mut view = services.read(&services.views.directory, at).await?;
        let filter = InvitationFilter { organization: Some(organization), state, ..InvitationFilter::default() };
        let rows = directory::invitations(view.rows(), &filter, after, limit + 1).await.map_err(broken)?;
        (rows, view.position())
    };
    let mut asked = Vec::with_capacity(rows.len());
    for row in rows {
        let mut applications = Vec::with_capacity(row.applications.0.len());
        for of in &row.applications.0 {
            applications.push(application(*of, &services).await?);
        }
        asked.push((row, applications));
    }
    let page = Page::of(
        asked,
        limit,
        |(row, _)| row.position.to_string(),
        |(row, applications)| Offer {
            id: row.id.0,
            state: row.state.as_str(),
            inviter_name: row.inviter_name,
            applications,
            expires_at: row.expires_at,
        },
    );
    Ok(Found::at(&services, position, page))
}
