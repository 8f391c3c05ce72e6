//! The users of an organization (J7): created, uploaded, invited, suspended by its administrators.

pub mod create;
pub mod decide;
pub mod invite;
pub mod list;
pub mod one_time_password;
pub mod roles;
pub mod self_registration;
pub mod upload;

use axum::extract::DefaultBodyLimit;
use utoipa_axum::router::UtoipaMethodRouterExt;
use utoipa_axum::routes;

use crate::access::{Endpoints, May, Role, Scope};
use crate::limits::Limit;
use crate::upload::MAX_BYTES;

/// Who has to do with users.
const ADMINISTRATOR: [May; 1] = [Role::OrganizationAdministrator.of(Scope::OwnOrganization)];
/// Who helps a user who cannot sign in: where the only administrator of an organization is that user, the service's administrators do.
const HELPER: [May; 2] = [Role::OrganizationAdministrator.of(Scope::OwnOrganization), Role::Administrator.of(Scope::Everything)];

pub(crate) fn endpoints() -> Endpoints {
    Endpoints::default()
        .limited(routes!(upload::upload).layer(DefaultBodyLimit::max(MAX_BYTES)), ADMINISTRATOR, [Limit::MailsPerAddress])
        .add(routes!(list::users), ADMINISTRATOR)
        .limited(routes!(create::create), ADMINISTRATOR, [Limit::MailsPerAddress])
        .add(routes!(list::user), [Role::OrganizationAdministrator.of(Scope::OwnOrganization), Role::Service.of(Scope::Shown)])
        .add(
            routes!(one_time_password::propose),
            [
                Role::OrganizationAdministrator.of(Scope::OwnOrganization),
                Role::Administrator.of(Scope::Everything),
                Role::Invitee.of(Scope::Held),
            ],
        )
        .add(routes!(one_time_password::issue), HELPER)
        .add(routes!(one_time_password::reset_second_factors), HELPER)
        .add(routes!(one_time_password::end_sessions), ADMINISTRATOR)
        .limited(routes!(invite::invite), ADMINISTRATOR, [Limit::MailsPerAddress])
        .add(routes!(invite::confirm), ADMINISTRATOR)
        .add(routes!(invite::refuse), ADMINISTRATOR)
        .add(routes!(roles::grant), ADMINISTRATOR)
        .add(routes!(roles::revoke), ADMINISTRATOR)
        .add(routes!(decide::suspend), ADMINISTRATOR)
        .add(routes!(decide::reinstate), ADMINISTRATOR)
        .add(routes!(decide::close), ADMINISTRATOR)
        .add(routes!(self_registration::invitation), [Role::Invitee.of(Scope::Held)])
        .add(routes!(self_registration::register), [Role::Invitee.of(Scope::Held)])
}
