//! `GET /v1/applications` and `GET /v1/applications/{id}`: the catalogue, for whoever is signed in.

use axum::extract::State;
use domain::ApplicationId;
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::details::{ApplicationOwner, CatalogueDetails, WhoRegisters};
use crate::access::{CatalogueEntry, Granted, Reach, The};
use crate::caller::Caller;
use crate::downstream::as_told;
use crate::found::Found;
use crate::position::ReadAt;
use crate::problem::Problem;
use crate::reads::broken;
use crate::services::Services;

/// The applications.
#[derive(Debug, Serialize, ToSchema)]
pub struct Catalogue {
    /// By code.
    pub items: Vec<ApplicationShown>,
}

/// An application.
#[derive(Debug, Serialize, ToSchema)]
pub struct ApplicationShown {
    /// Its id.
    pub id: Uuid,
    /// Its code.
    #[schema(example = "BSCP")]
    pub code: String,
    /// Whose it is.
    pub owner: ApplicationOwner,
    /// The rest.
    pub details: CatalogueDetails,
    /// Since when it is in the catalogue.
    #[schema(value_type = String, format = DateTime)]
    pub published_at: Timestamp,
    /// Since when it takes no new subscriptions or access.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub retired_at: Option<Timestamp>,
    /// Why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retired_because: Option<String>,
}

impl From<directory::Application> for ApplicationShown {
    fn from(application: directory::Application) -> Self {
        Self {
            id: application.id.0,
            code: application.code,
            owner: application.owner.0.into(),
            details: (&application.details.0).into(),
            published_at: application.published_at,
            retired_at: application.retired_at,
            retired_because: application.retired_because,
        }
    }
}

/// The application as this caller sees it.
fn show(caller: &Caller, application: directory::Application) -> ApplicationShown {
    let mut shown = ApplicationShown::from(application);
    if matches!(caller, Caller::User { .. }) {
        // *Open application* is for those who have access: it is on their home page.
        shown.details.launch_url = String::new();
    }
    shown
}

/// List the applications
///
/// A partner sees its own, a downstream service those that it is shown. A user sees those that can be registered for, all others see all. Launch addresses are not shown to
/// users here, since only access opens an application.
#[utoipa::path(
    get,
    path = "/v1/applications",
    tag = "Applications",
    operation_id = "list",
    responses((status = 200, description = "The applications", body = Catalogue))
)]
pub(super) async fn applications(State(services): State<Services>, granted: Granted, at: ReadAt) -> Result<Found<Catalogue>, Problem> {
    let mut view = services.read(&services.views.directory, at).await?;
    let found = match granted.reach() {
        Some(Reach::Owned(owner)) => directory::applications_of(view.rows(), *owner).await,
        _ => directory::applications(view.rows()).await,
    };
    let is_seen = |shown: &ApplicationShown| match granted.reach() {
        Some(Reach::Offered(_)) => shown.retired_at.is_none() && shown.details.registration == WhoRegisters::Public,
        Some(Reach::Shown(sees)) => sees.application(ApplicationId(shown.id)),
        _ => true,
    };
    let items = found.map_err(broken)?.into_iter().map(|application| show(granted.caller(), application)).filter(is_seen);
    Ok(Found::at(&services, view.position(), Catalogue { items: items.collect() }))
}

/// Show an application
#[utoipa::path(
    get,
    path = "/v1/applications/{id}",
    tag = "Applications",
    operation_id = "show",
    params(("id" = Uuid, Path, description = "Which application")),
    responses(
        (status = 200, description = "The application", body = ApplicationShown),
        (status = 404, description = "There is no such application", body = Problem),
    )
)]
pub(super) async fn application(
    State(services): State<Services>,
    caller: Caller,
    The(entry): The<CatalogueEntry>,
    at: ReadAt,
) -> Result<Found<ApplicationShown>, Problem> {
    let at = if matches!(caller, Caller::Service { .. }) { as_told(&services, at) } else { at };
    let mut view = services.read(&services.views.directory, at).await?;
    let found = directory::application(view.rows(), entry.id).await.map_err(broken)?;
    let found = found.ok_or_else(|| Problem::not_found("application"))?;
    Ok(Found::at(&services, view.position(), show(&caller, found)))
}
