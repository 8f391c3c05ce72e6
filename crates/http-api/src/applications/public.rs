//! `GET /v1/public/applications`: what anybody may register for.

use axum::extract::State;
use domain::Slug;
use domain::application::Way;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::extract::Path;
use crate::found::Found;
use crate::position::ReadAt;
use crate::problem::Problem;
use crate::reads::broken;
use crate::services::Services;

/// What is to be read before registering without an invitation (domain, J6).
pub const CHECK_WITH_BUYER: &str = "Please check with your buyer before you register. That an application can be registered for \
says nothing of whether its owner will do business with your company.";

/// The applications that anybody may register for.
#[derive(Debug, Serialize, ToSchema)]
pub struct PublicCatalogue {
    /// To be shown before anybody registers.
    pub notice: &'static str,
    /// By code.
    pub items: Vec<PublicApplication>,
}

/// An application that anybody may register for.
#[derive(Debug, Serialize, ToSchema)]
pub struct PublicApplication {
    /// Its id, to begin a registration with.
    pub id: Uuid,
    /// Its code.
    pub code: String,
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// What to have or install before it is opened.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prerequisites: Option<String>,
    /// To be shown before anybody registers.
    pub notice: &'static str,
}

impl From<directory::Application> for PublicApplication {
    fn from(application: directory::Application) -> Self {
        let details = application.details.0;
        Self {
            id: application.id.0,
            code: application.code,
            name: application.name,
            description: details.description.to_string(),
            prerequisites: details.prerequisites.map(|text| text.to_string()),
            notice: CHECK_WITH_BUYER,
        }
    }
}

/// List what can be registered for
///
/// By the general registration page, without an invitation. Needs no login.
#[utoipa::path(
    get,
    path = "/v1/public/applications",
    tag = "Public",
    operation_id = "list_applications",
    security(()),
    responses((status = 200, description = "The applications", body = PublicCatalogue))
)]
pub(super) async fn public_applications(State(services): State<Services>, at: ReadAt) -> Result<Found<PublicCatalogue>, Problem> {
    let mut view = services.read(&services.views.directory, at).await?;
    let found = directory::public_catalogue(view.rows()).await.map_err(broken)?;
    let offered = found.into_iter().filter(|application| application.details.0.ways.contains(&Way::PublicRegistration));
    let items = offered.map(PublicApplication::from).collect();
    Ok(Found::at(&services, view.position(), PublicCatalogue { notice: CHECK_WITH_BUYER, items }))
}

/// Show what a public link leads to
///
/// The application whose own link this is. Needs no login.
#[utoipa::path(
    get,
    path = "/v1/public/applications/{slug}",
    tag = "Public",
    operation_id = "show_application",
    security(()),
    params(("slug" = String, Path, description = "The public part of the link")),
    responses(
        (status = 200, description = "The application", body = PublicApplication),
        (status = 404, description = "No application has this link", body = Problem),
    )
)]
pub(super) async fn public_application(
    State(services): State<Services>,
    at: ReadAt,
    Path(slug): Path<String>,
) -> Result<Found<PublicApplication>, Problem> {
    let slug = Slug::parse(&slug).map_err(|_| Problem::not_found("application"))?;
    let mut view = services.read(&services.views.directory, at).await?;
    let found = directory::application_by_slug(view.rows(), &slug).await.map_err(broken)?;
    let found = found.ok_or_else(|| Problem::not_found("application"))?;
    Ok(Found::at(&services, view.position(), found.into()))
}
