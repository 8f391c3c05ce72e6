//! `GET /v1/subscriptions`: of the caller's own organization, or to the caller's own applications.

use axum::extract::State;
use domain::{ApplicationId, OrganizationId};
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

/// Which subscriptions.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct SubscriptionsQuery {
    /// Those in this state: `requested`, `active`, `denied`, `ended`.
    state: Option<String>,
    /// `next` of the page before.
    after: Option<String>,
    /// How many, 1 to 100; 50 unless told.
    limit: Option<u32>,
}

/// A subscription.
#[derive(Debug, Serialize, ToSchema)]
pub struct SubscriptionShown {
    /// Its id.
    pub id: Uuid,
    /// Of which organization.
    pub organization: Uuid,
    /// The organization's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub organization_name: Option<String>,
    /// To which application.
    pub application: Uuid,
    /// Where it stands: `requested`, `active`, `denied`, `ended`.
    pub state: String,
    /// Since when.
    #[schema(value_type = String, format = DateTime)]
    pub since: Timestamp,
    /// Why it was denied or ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl From<entitlements::Subscription> for SubscriptionShown {
    fn from(row: entitlements::Subscription) -> Self {
        Self {
            id: row.id.0,
            organization: row.organization.0,
            organization_name: None,
            application: row.application.0,
            state: row.state.to_string(),
            since: row.since,
            reason: row.reason,
        }
    }
}

/// List subscriptions
///
/// A user sees those of their organization; a partner, those to its applications; an administrator of the service, those to
/// the operator's.
#[utoipa::path(
    get,
    path = "/v1/subscriptions",
    tag = "Subscriptions",
    operation_id = "list",
    params(SubscriptionsQuery),
    responses((status = 200, description = "A page of subscriptions", body = Page<SubscriptionShown>))
)]
pub(super) async fn subscriptions(
    State(services): State<Services>,
    granted: Granted,
    at: ReadAt,
    Query(query): Query<SubscriptionsQuery>,
) -> Result<Found<Page<SubscriptionShown>>, Problem> {
    let state = word("state", query.state.as_deref())?;
    let size = page_size(query.limit)?;
    let after = query.after.as_deref().map(cursor).transpose()?;
    let mut view = services.read(&services.views.entitlements, at).await?;
    let rows = match granted.reach() {
        Some(Reach::Organization(organization)) => {
            let all = entitlements::subscriptions_of(view.rows(), *organization).await.map_err(broken)?;
            let beyond = |row: &entitlements::Subscription| after.is_none_or(|(application, _)| row.application > application);
            all.into_iter().filter(|row| state.is_none_or(|state| row.state == state) && beyond(row)).collect()
        }
        Some(Reach::Owned(owner)) => {
            entitlements::subscriptions_of_owner(view.rows(), *owner, state, after, size + 1).await.map_err(broken)?
        }
        _ => return Err(Problem::forbidden("only a user, a partner or an administrator of the service may do this")),
    };
    let position = view.position();
    drop(view);
    let cursor = |row: &entitlements::Subscription| format!("{}:{}", row.application, row.organization);
    let mut page = Page::of(rows, size, cursor, SubscriptionShown::from);
    for item in &mut page.items {
        item.organization_name = name_of(&services, OrganizationId(item.organization)).await?;
    }
    Ok(Found::at(&services, position, page))
}

fn cursor(text: &str) -> Result<(ApplicationId, OrganizationId), Problem> {
    let parsed = text.split_once(':').and_then(|(application, organization)| Some((application.parse().ok()?, organization.parse().ok()?)));
    parsed.ok_or_else(|| Problem::malformed("query:after", "this is not the `next` of a page before"))
}
