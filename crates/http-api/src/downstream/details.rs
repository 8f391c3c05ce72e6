//! Which details a downstream service may ask for: those of what events name, as far as it is told of them.
//!
//! Looked up in the log, so that what was granted just now can be asked for at once, and what was taken away cannot any more.

use domain::access::Access;
use domain::service::Sees;
use domain::subscription::Subscription;
use domain::{AccessId, OrganizationId, PersonId, SubscriptionId};

use crate::position::ReadAt;
use crate::problem::Problem;
use crate::services::Services;

/// Whether a service that is shown this may know about an organization: if limited, it must be subscribed to one of the applications.
pub(crate) async fn may_know_organization(services: &Services, sees: &Sees, organization: OrganizationId) -> Result<bool, Problem> {
    let Sees::Applications(applications) = sees else { return Ok(true) };
    for application in applications {
        let subscription = SubscriptionId::of(organization, *application);
        if services.handlers.inspect::<Subscription, _>(subscription.0, |state, _| state.is_active()).await? == Some(true) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether a service that is shown this may know who a user is: if limited, they must have access to one of the applications.
pub(crate) async fn may_know_user(services: &Services, sees: &Sees, user: PersonId) -> Result<bool, Problem> {
    let Sees::Applications(applications) = sees else { return Ok(true) };
    for application in applications {
        let access = AccessId::of(user, *application);
        if services.handlers.inspect::<Access, _>(access.0, |state, _| state.is_granted()).await? == Some(true) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The position that was asked for, or that of the last event which services can have been told of: details are never older than the
/// event that makes somebody ask for them.
pub(crate) fn as_told(services: &Services, at: ReadAt) -> ReadAt {
    let told = services.views.public_feed.position();
    ReadAt(Some(at.0.map_or(told, |at| at.max(told))))
}
