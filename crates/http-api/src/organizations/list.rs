//! `GET /v1/organizations`: searched by staff.

use axum::extract::State;
use directory::{Organization, OrganizationFilter};
use domain::OrganizationId;
use entitlements::RelationshipState;
use projection_runtime::Position;
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
    /// Those that have a relationship with this partner; they come in the order of their ids then.
    partner: Option<Uuid>,
    /// With `partner`: only those whose relationship with it stands there: `invited`, `registered`, `subscribed`, `ended`.
    relationship: Option<String>,
    /// `next` of the page before.
    after: Option<Uuid>,
    /// How many, 1 to 100; 50 unless told.
    limit: Option<u32>,
}

/// Search organizations
///
/// By name, without regard to case, accents, punctuation and legal form. Those that have a relationship with a partner can be asked
/// for, of one state of it or any.
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
    let after = query.after.map(OrganizationId);
    let relationship = word("relationship", query.relationship.as_deref())?;
    let (rows, position) = match query.partner {
        Some(partner) => related(&services, at, &filter, OrganizationId(partner), relationship, after, size + 1).await?,
        None if relationship.is_some() => {
            return Err(Problem::malformed("query:relationship", "a relationship is one with a partner: name it with `partner`"));
        }
        None => {
            let mut view = services.read(&services.views.directory, at).await?;
            let rows = directory::organizations(view.rows(), &filter, after, size + 1).await.map_err(broken)?;
            (rows, view.position())
        }
    };
    let page = Page::of(rows, size, |organization| organization.id.to_string(), OrganizationShown::from);
    Ok(Found::at(&services, position, page))
}

/// How many relationships are looked at together.
const AT_ONCE: u32 = 200;

/// Those that have a relationship with a partner, by id: the relationships are one read model's, the organizations another's.
async fn related(
    services: &Services,
    at: ReadAt,
    filter: &OrganizationFilter,
    partner: OrganizationId,
    state: Option<RelationshipState>,
    mut after: Option<OrganizationId>,
    wanted: u32,
) -> Result<(Vec<Organization>, Position), Problem> {
    let mut relationships = services.read(&services.views.entitlements, at).await?;
    let mut organizations = services.read(&services.views.directory, at).await?;
    let position = relationships.position().min(organizations.position());
    let wanted = usize::try_from(wanted).unwrap_or(usize::MAX);
    let mut found = Vec::new();
    while found.len() < wanted {
        let some = entitlements::relationships_of_partner(relationships.rows(), partner, state, after, AT_ONCE).await.map_err(broken)?;
        let Some(last) = some.last() else { break };
        after = Some(last.organization);
        let ids = some.iter().map(|relationship| relationship.organization);
        let rows = directory::organizations_by_id(organizations.rows(), ids).await.map_err(broken)?;
        found.extend(rows.into_iter().filter(|row| filter.admits(row)));
    }
    found.truncate(wanted);
    Ok((found, position))
}
