//! `GET /v1/accesses/requests`: what waits for an application administrator.

use axum::extract::State;
use domain::ApplicationId;
use projection_runtime::Position;
use serde::Deserialize;
use utoipa::IntoParams;
use uuid::Uuid;

use super::list::{AccessShown, with_names};
use crate::access::{Belongs, By, Granted, SignedIn};
use crate::extract::{Query, page_size};
use crate::found::{Found, Page};
use crate::position::ReadAt;
use crate::problem::Problem;
use crate::reads::broken;
use crate::services::Services;

/// Which requests.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct RequestsQuery {
    /// For this application; all that the caller may see unless told.
    application: Option<Uuid>,
    /// `next` of the page before.
    after: Option<u64>,
    /// How many, 1 to 100; 50 unless told.
    limit: Option<u32>,
}

/// List requests for access
///
/// The oldest first. An application administrator sees those for their applications; an organization administrator, all of
/// the organization.
#[utoipa::path(
    get,
    path = "/v1/accesses/requests",
    tag = "Access",
    operation_id = "list_requests",
    params(RequestsQuery),
    responses(
        (status = 200, description = "A page of requests", body = Page<AccessShown>),
        (status = 403, description = "The caller administers nothing", body = Problem),
    )
)]
pub(super) async fn requests(
    State(services): State<Services>,
    granted: Granted,
    By(SignedIn { organization, .. }): By<SignedIn>,
    at: ReadAt,
    Query(query): Query<RequestsQuery>,
) -> Result<Found<Page<AccessShown>>, Problem> {
    let sees = |application: ApplicationId| {
        granted.covers(&Belongs { organization: Some(organization), application: Some(application), ..Belongs::default() })
    };
    if query.application.is_some_and(|application| !sees(ApplicationId(application))) {
        return Err(Problem::forbidden("only an administrator of the application or the organization may do this"));
    }
    let size = page_size(query.limit)?;
    let application = query.application.map(ApplicationId);
    let mut after = query.after.map(Position);
    let mut view = services.read(&services.views.entitlements, at).await?;
    let mut rows = Vec::new();
    // Pages of all requests are read until enough are among them that the caller may see.
    loop {
        let found = entitlements::access_requests(view.rows(), organization, application, after, size + 1).await.map_err(broken)?;
        let is_last = found.len() <= usize::try_from(size).unwrap_or(usize::MAX);
        after = found.last().and_then(|row| row.requested_position).map(Position);
        rows.extend(found.into_iter().filter(|row| sees(row.application)));
        if is_last || rows.len() > usize::try_from(size).unwrap_or(usize::MAX) {
            break;
        }
    }
    let position = view.position();
    drop(view);
    let cursor = |row: &entitlements::Access| row.requested_position.unwrap_or_default().to_string();
    let mut page = Page::of(rows, size, cursor, AccessShown::from);
    with_names(&services, position, &mut page).await?;
    Ok(Found::at(&services, position, page))
}
