//! `GET /v1/home`: the user's applications.

use std::collections::HashMap;

use axum::extract::State;
use credential_vault::Assurance;
use domain::ApplicationId;
use domain::application::CredentialStrength;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::access::{By, SignedIn};
use crate::found::Found;
use crate::position::ReadAt;
use crate::problem::Problem;
use crate::reads::broken;
use crate::services::Services;

/// The user's applications.
#[derive(Debug, Serialize, ToSchema)]
pub struct Home {
    /// By code.
    pub applications: Vec<HomeApplication>,
}

/// An application on the *Home* page.
#[derive(Debug, Serialize, ToSchema)]
pub struct HomeApplication {
    /// Which application.
    pub id: Uuid,
    /// Its code.
    pub code: String,
    /// Its name.
    pub name: String,
    /// Where the organization's subscription stands: `requested`, `active`, `denied`, `ended`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subscription: Option<String>,
    /// Where the user's access stands: `requested`, `granted`, `denied`, `revoked`; left out if nobody asked for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub access: Option<String>,
    /// Why access was denied or revoked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Whether the user can ask for access.
    pub can_ask: bool,
    /// What to have or install before it is opened.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prerequisites: Option<String>,
    /// A credential that the user must register, and show at sign-in, before *Open application* works: `one_time_password`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub missing_credential: Option<&'static str>,
    /// Where *Open application* leads; left out unless the organization is subscribed, the user has access, and their
    /// credentials are strong enough.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub launch_url: Option<String>,
}

/// The user's applications
///
/// Every application that the user or the organization has to do with, and whether it can be opened.
#[utoipa::path(get, path = "/v1/home", tag = "My account", operation_id = "show_home", responses((status = 200, description = "The applications", body = Home)))]
pub(super) async fn home(
    State(services): State<Services>,
    By(SignedIn { person, organization, assurance }): By<SignedIn>,
    at: ReadAt,
) -> Result<Found<Home>, Problem> {
    let mut view = services.read(&services.views.entitlements, at).await?;
    let rows = entitlements::home(view.rows(), person, organization).await.map_err(broken)?;
    let position = view.position();
    drop(view);
    let mut view = services.read(&services.views.directory, ReadAt(Some(position))).await?;
    let ids: Vec<ApplicationId> = rows.iter().map(|row| row.application).collect();
    let known = directory::applications_by_id(view.rows(), ids).await.map_err(broken)?;
    let mut rows: HashMap<ApplicationId, entitlements::HomeApplication> = rows.into_iter().map(|row| (row.application, row)).collect();
    let strength = strength_of(assurance);
    let applications = known.into_iter().filter_map(|application| rows.remove(&application.id).map(|row| show(application, row, strength)));
    Ok(Found::at(&services, position, Home { applications: applications.collect() }))
}

/// What was proved in the session that asks.
fn strength_of(assurance: Assurance) -> CredentialStrength {
    match assurance {
        Assurance::OneFactor => CredentialStrength::Password,
        Assurance::TwoFactors | Assurance::TwoFactorsElsewhere => CredentialStrength::OneTimePassword,
    }
}

fn show(application: directory::Application, row: entitlements::HomeApplication, strength: CredentialStrength) -> HomeApplication {
    let details = application.details.0;
    let is_strong_enough = strength >= details.credential_strength;
    HomeApplication {
        id: application.id.0,
        code: application.code,
        name: application.name,
        subscription: row.subscription.map(|subscription| subscription.state.to_string()),
        reason: row.access.as_ref().and_then(|access| access.reason.clone()),
        access: row.access.map(|access| access.state.to_string()),
        can_ask: row.can_ask,
        prerequisites: details.prerequisites.map(|text| text.to_string()),
        missing_credential: (!is_strong_enough).then_some("one_time_password"),
        launch_url: (row.can_open && is_strong_enough).then(|| details.launch_url.to_string()),
    }
}
