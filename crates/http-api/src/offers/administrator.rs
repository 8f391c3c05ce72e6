//! Who answers for an organization.

use domain::OrganizationId;
use domain::user::User;

use crate::caller::Caller;
use crate::problem::Problem;
use crate::services::Services;

/// The organization that the caller administers, with an established account.
///
/// # Errors
/// 403 for anybody else.
pub(super) async fn organization_of(caller: &Caller, services: &Services) -> Result<OrganizationId, Problem> {
    let (person, organization) = caller.user()?;
    let administers = services
        .handlers
        .inspect::<User, _>(person.0, |state, _| state.can_administer() && state.organization() == Some(organization))
        .await?;
    if administers == Some(true) {
        return Ok(organization);
    }
    Err(Problem::forbidden("only an administrator of the organization, whose own account is established, may do this"))
}
