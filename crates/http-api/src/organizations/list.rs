//! `GET /v1/organizations`: searched by staff.

use axum::extract::State;
use directory::OrganizationFilter;
use domain::OrganizationId;
use serde::Deserialize;
use utoipa::IntoParams;
use uuid::Uuid;

use super::show::OrganizationShown;
use crate::extract::{Query, page_size};
use crate::found::{Found, Page};
use crate::position::ReadAt;
use crate::problem::Problem;
use crate::reads::{broken, word};
use crate::services::Services;

/// Which organizations.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct OrganizationsQuery {
    /// Those whose legal or trading name holds these words, whatever their case, accents and punctuation.
    name: Option<String>,
    /// Those in this state: `active`, `suspended`, `closed`.
    state: Option<String>,
    /// `true`: those that own applications.
    #[serde(default)]
    partners: bool,
    /// `true`: those with a change of profile that waits for review.
    #[serde(default)]
    amendment_pending: bool,
    /// `next` of the page before.
    after: Option<Uuid>,
    /// How many, 1 to 100; 50 unless told.
    limit: Option<u32>,
}

/// Search organizations
///
/// By name, without regard to case, accents, punctuation and legal form.
#[utoipa::path(
    get,
    path = "/v1/organizations",
    tag = "Organizations",
    operation_id = "list",
    params(OrganizationsQuery),
    responses((status = 200, description = "A page of organizations", body = Page<OrganizationShown>))
)]
pub(super) async fn organizations(
    State(services): State<Services>,
    at: ReadAt,
    Query(query): Query<OrganizationsQuery>,
) -> Result<Found<Page<OrganizationShown>>, Problem> {
    let size = page_size(query.limit)?;
    let filter = OrganizationFilter {
        name: query.name,
        state: word("state", query.state.as_deref())?,
        partners_only: query.partners,
        amendment_pending: query.amendment_pending,
    };
    let mut view = services.read(&services.views.directory, at).await?;
    let after = query.after.map(OrganizationId);
    let rows = directory::organizations(view.rows(), &filter, after, size + 1).await.map_err(broken)?;
    let page = Page::of(rows, size, |organization| organization.id.to_string(), OrganizationShown::from);
    Ok(Found::at(&services, view.position(), page))
}
