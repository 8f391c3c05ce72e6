//! `GET /v1/accesses`: who of the organization has access to an application.

use std::collections::HashMap;

use axum::extract::State;
use domain::{ApplicationId, PersonId};
use jiff::Timestamp;
use projection_runtime::Position;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::access::{Belongs, By, Granted, SignedIn};
use crate::extract::{Query, page_size};
use crate::found::{Found, Page};
use crate::position::ReadAt;
use crate::problem::Problem;
use crate::reads::{broken, word};
use crate::services::Services;

/// Whose access.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AccessesQuery {
    /// To which application.
    application: Uuid,
    /// In this state: `requested`, `granted`, `denied`, `revoked`.
    state: Option<String>,
    /// `next` of the page before.
    after: Option<Uuid>,
    /// How many, 1 to 100; 50 unless told.
    limit: Option<u32>,
}

/// Access of a user to an application.
#[derive(Debug, Serialize, ToSchema)]
pub struct AccessShown {
    /// Its id.
    pub id: Uuid,
    /// Which user.
    pub user: Uuid,
    /// Their User ID.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_id: Option<String>,
    /// Their name, unless erased.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// To which application.
    pub application: Uuid,
    /// Where it stands: `requested`, `granted`, `denied`, `revoked`.
    pub state: String,
    /// Since when.
    #[schema(value_type = String, format = DateTime)]
    pub since: Timestamp,
    /// Who proposed it, if not the user.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proposed_by: Option<Uuid>,
    /// Why it is needed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub requested_because: Option<String>,
    /// Who granted, denied or revoked it; left out if it was automatic or nobody decided yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decided_by: Option<Uuid>,
    /// Why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl From<entitlements::Access> for AccessShown {
    fn from(row: entitlements::Access) -> Self {
        Self {
            id: row.id.0,
            user: row.person.0,
            user_id: None,
            name: None,
            application: row.application.0,
            state: row.state.to_string(),
            since: row.since,
            proposed_by: row.proposed_by.map(|person| person.0),
            requested_because: row.requested_because,
            decided_by: row.decided_by.map(|person| person.0),
            reason: row.reason,
        }
    }
}

/// Fills in who the users are, as of this position or later.
pub(super) async fn with_names(services: &Services, at: Position, page: &mut Page<AccessShown>) -> Result<(), Problem> {
    let mut view = services.read(&services.views.directory, ReadAt(Some(at))).await?;
    let mut known: HashMap<Uuid, Option<directory::User>> = HashMap::new();
    for item in &mut page.items {
        if let std::collections::hash_map::Entry::Vacant(vacant) = known.entry(item.user) {
            vacant.insert(directory::user(view.rows(), PersonId(item.user)).await.map_err(broken)?);
        }
        if let Some(Some(user)) = known.get(&item.user) {
            item.user_id.clone_from(&user.user_id);
            item.name = user.full_name();
        }
    }
    Ok(())
}

/// List access to an application
///
/// For who administers the organization, or the application for it.
#[utoipa::path(
    get,
    path = "/v1/accesses",
    tag = "Access",
    operation_id = "list",
    params(AccessesQuery),
    responses(
        (status = 200, description = "A page of access", body = Page<AccessShown>),
        (status = 403, description = "The caller administers neither", body = Problem),
    )
)]
pub(super) async fn accesses(
    State(services): State<Services>,
    granted: Granted,
    By(SignedIn { organization, .. }): By<SignedIn>,
    at: ReadAt,
    Query(query): Query<AccessesQuery>,
) -> Result<Found<Page<AccessShown>>, Problem> {
    let application = ApplicationId(query.application);
    if !granted.covers(&Belongs { organization: Some(organization), application: Some(application), ..Belongs::default() }) {
        return Err(Problem::forbidden("only an administrator of the application or the organization may do this"));
    }
    let state = word("state", query.state.as_deref())?;
    let size = page_size(query.limit)?;
    let after = query.after.map(PersonId);
    let mut view = services.read(&services.views.entitlements, at).await?;
    let rows = entitlements::access_to(view.rows(), organization, application, state, after, size + 1).await.map_err(broken)?;
    let position = view.position();
    drop(view);
    let mut page = Page::of(rows, size, |row| row.person.to_string(), AccessShown::from);
    with_names(&services, position, &mut page).await?;
    Ok(Found::at(&services, position, page))
}
