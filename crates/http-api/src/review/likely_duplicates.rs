//! `GET /v1/registrations/{id}/likely-duplicates`: who may be registered already.

use axum::extract::State;
use domain::RegistrationId;

use crate::extract::Path;
use crate::found::Found;
use crate::invitations::duplicates::LikelyDuplicates;
use crate::position::ReadAt;
use crate::problem::Problem;
use crate::registrations::progress::look;
use crate::services::Services;

/// Find likely duplicates of a case
///
/// Organizations that are registered already and may be this company, or may be whom it means to pass for: by identifier, name, a name that
/// looks the same (UTS 39), or the domain of the registrant's address. Empty before the profile is saved.
#[utoipa::path(
    get,
    path = "/v1/registrations/{id}/likely-duplicates",
    tag = "Review",
    operation_id = "likely_duplicates",
    params(("id" = Uuid, Path, description = "The registration")),
    responses(
        (status = 200, description = "The likely duplicates, perhaps none", body = LikelyDuplicates),
        (status = 404, description = "There is no such registration", body = Problem),
    )
)]
pub(super) async fn likely_duplicates(
    State(services): State<Services>,
    at: ReadAt,
    Path(id): Path<RegistrationId>,
) -> Result<Found<LikelyDuplicates>, Problem> {
    let (own, profile, registrant) =
        look(id, &services, |case| (case.organization, case.dossier.profile.clone(), case.registrant.get().cloned())).await?;
    let mut view = services.read(&services.views.directory, at).await?;
    let mut items = Vec::new();
    if let Some(profile) = profile {
        let email = registrant.as_ref().map(|registrant| &registrant.email);
        for name in [Some(&profile.legal_name), profile.trading_name.as_ref()].into_iter().flatten() {
            items.extend(LikelyDuplicates::of(view.rows(), name, &profile.identifiers, email).await?.items);
        }
    }
    // Found by either name, told once; and once approved, it is not its own double.
    let mut told = std::collections::HashSet::from([own.0]);
    items.retain(|item| told.insert(item.organization));
    Ok(Found::at(&services, view.position(), LikelyDuplicates { items }))
}
