//! What reads of read models have in common.

use domain::OrganizationId;
use domain::organization::Organization;

use crate::problem::Problem;
use crate::services::Services;

/// A word of a query that names a state of a read model's rows.
pub(crate) fn word<T: std::str::FromStr<Err = String>>(name: &str, text: Option<&str>) -> Result<Option<T>, Problem> {
    text.map(|text| text.parse().map_err(|problem: String| Problem::malformed(format!("query:{name}"), problem))).transpose()
}

/// A read model that cannot be asked: logged, and not told.
pub(crate) fn broken(error: impl std::error::Error + 'static) -> Problem {
    Problem::internal(&error)
}

/// What an organization is called; none if it is not registered.
pub(crate) async fn name_of(services: &Services, organization: OrganizationId) -> Result<Option<String>, Problem> {
    let name = services
        .handlers
        .inspect::<Organization, _>(organization.0, |state, _| {
            state.registered().map(|registered| {
                let profile = &registered.profile;
                profile.trading_name.as_ref().unwrap_or(&profile.legal_name).to_string()
            })
        })
        .await?;
    Ok(name.flatten())
}
