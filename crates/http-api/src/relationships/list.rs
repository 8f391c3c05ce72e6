//! `GET /v1/relationships`: of a partner with organizations, or of an organization with partners.

use axum::extract::State;
use domain::{OrganizationId, Owner};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::access::{Granted, Reach};
use crate::extract::{Query, page_size};
use crate::found::{Found, Page};
use crate::position::ReadAt;
use crate::problem::Problem;
use crate::reads::{broken, name_of, word};
use crate::services::Services;

/// Which relationships.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct RelationshipsQuery {
    /// Those in this state: `invited`, `registered`, `subscribed`, `ended`.
    state: Option<String>,
    /// `next` of the page before.
    after: Option<Uuid>,
    /// How many, 1 to 100; 50 unless told.
    limit: Option<u32>,
}

/// The relationship of an organization with a partner.
#[derive(Debug, Serialize, ToSchema)]
pub struct RelationshipShown {
    /// The organization.
    pub organization: Uuid,
    /// Its name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub organization_name: Option<String>,
    /// The partner.
    pub partner: Uuid,
    /// The partner's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub partner_name: Option<String>,
    /// Where it stands: `invited`, `registered`, `subscribed`, `ended`. None of them says that the partner will do business
    /// with the organization.
    pub state: String,
    /// Since when.
    #[schema(value_type = String, format = DateTime)]
    pub since: Timestamp,
    /// Why the partner ended it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The partner's applications that the organization is subscribed to.
    pub subscriptions: Vec<Uuid>,
}

impl From<entitlements::Relationship> for RelationshipShown {
    fn from(row: entitlements::Relationship) -> Self {
        Self {
            organization: row.organization.0,
            organization_name: None,
            partner: row.partner.0,
            partner_name: None,
            state: row.state.to_string(),
            since: row.since,
            reason: row.reason,
            subscriptions: row.subscriptions.0.into_iter().map(|application| application.0).collect(),
        }
    }
}

/// List relationships
///
/// A partner sees its own with organizations; an organization's administrator, the organization's with partners.
#[utoipa::path(
    get,
    path = "/v1/relationships",
    tag = "Relationships",
    operation_id = "list",
    params(RelationshipsQuery),
    responses((status = 200, description = "A page of relationships", body = Page<RelationshipShown>))
)]
pub(super) async fn relationships(
    State(services): State<Services>,
    granted: Granted,
    at: ReadAt,
    Query(query): Query<RelationshipsQuery>,
) -> Result<Found<Page<RelationshipShown>>, Problem> {
    let state: Option<entitlements::RelationshipState> = word("state", query.state.as_deref())?;
    let size = page_size(query.limit)?;
    let after = query.after.map(OrganizationId);
    let mut view = services.read(&services.views.entitlements, at).await?;
    let (rows, is_partner) = match granted.reach() {
        Some(Reach::Owned(Owner::Partner(partner))) => {
            let rows = entitlements::relationships_of_partner(view.rows(), *partner, state, after, size + 1).await;
            (rows.map_err(broken)?, true)
        }
        Some(Reach::Organization(_)) if state.is_some() => {
            return Err(Problem::malformed("query:state", "an organization's relationships are few: they are not filtered"));
        }
        Some(Reach::Organization(organization)) => {
            let rows = entitlements::relationships_of_organization(view.rows(), *organization, after, size + 1).await;
            (rows.map_err(broken)?, false)
        }
        _ => return Err(Problem::forbidden("only a partner or an administrator of an organization may do this")),
    };
    let position = view.position();
    drop(view);
    let cursor = |row: &entitlements::Relationship| if is_partner { row.organization } else { row.partner }.to_string();
    let mut page = Page::of(rows, size, cursor, RelationshipShown::from);
    for item in &mut page.items {
        item.organization_name = name_of(&services, OrganizationId(item.organization)).await?;
        item.partner_name = name_of(&services, OrganizationId(item.partner)).await?;
    }
    Ok(Found::at(&services, position, page))
}
