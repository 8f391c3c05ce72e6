//! `GET /v1/sign-in/openid`: whether staff can sign in by an identity provider.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::configured;
use crate::problem::Problem;
use crate::services::Services;

/// The operator's identity provider.
#[derive(Debug, Serialize, ToSchema)]
pub struct IdentityProvider {
    /// What staff know it by.
    #[schema(example = "Meridian single sign-on")]
    pub label: String,
}

/// Is there an identity provider?
///
/// By which staff can sign in, beside User ID and password.
#[utoipa::path(
    get,
    path = "/v1/sign-in/openid",
    tag = "Sign-in",
    operation_id = "show_openid",
    security(()),
    responses(
        (status = 200, description = "There is", body = IdentityProvider),
        (status = 404, description = "There is none", body = Problem),
    )
)]
pub(crate) async fn show(State(services): State<Services>) -> Result<Json<IdentityProvider>, Problem> {
    Ok(Json(IdentityProvider { label: configured(&services)?.label.clone() }))
}
