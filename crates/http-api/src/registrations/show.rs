//! `GET /v1/registrations/{id}`: the whole dossier.

use axum::extract::State;

use super::progress::look;
use super::view::{Eyes, RegistrationView};
use crate::access::{OwnCase, The};
use crate::caller::Caller;
use crate::found::Found;
use crate::problem::Problem;
use crate::services::Services;

/// Look at a registration
///
/// The whole dossier, where it stands and what comes next: for its registrant, who resumes with it, and for the staff, who see
/// what belongs to the review beside it. The `ETag` is the version that a decision names.
#[utoipa::path(
    get,
    path = "/v1/registrations/{id}",
    tag = "Registrations",
    params(("id" = Uuid, Path, description = "The registration")),
    responses(
        (status = 200, description = "The registration", body = RegistrationView, headers(("ETag" = String, description = "The version of the dossier"))),
        (status = 404, description = "There is none, or it is not yours", body = Problem),
        (status = 410, description = "The link does not work any more", body = Problem),
    )
)]
pub(super) async fn show(
    State(services): State<Services>,
    caller: Caller,
    The(OwnCase(id)): The<OwnCase>,
) -> Result<Found<RegistrationView>, Problem> {
    let eyes = if matches!(caller, Caller::Staff { .. }) { Eyes::Staff } else { Eyes::Registrant };
    let case = look(id, &services, Clone::clone).await?;
    let view = RegistrationView::of(id, &case, eyes, &services).await?;
    Ok(Found::now(&services, view).version(case.dossier.version))
}
