//! Organizations: seen by their own users and by staff, amended by their administrators, whom the staff restores where none is left.

pub mod administrator;
pub mod amend;
pub mod amendment;
pub mod decide;
pub mod list;
pub mod show;

use utoipa_axum::routes;

use crate::access::{Endpoints, Role, Scope};
use crate::limits::Limit;

pub(crate) fn endpoints() -> Endpoints {
    Endpoints::default()
        .add(
            routes!(list::organizations),
            [
                Role::Reviewer.of(Scope::Everything),
                Role::ReviewLead.of(Scope::Everything),
                Role::Auditor.of(Scope::Everything),
                Role::Administrator.of(Scope::Everything),
            ],
        )
        .add(
            routes!(show::organization),
            [
                Role::Reviewer.of(Scope::Everything),
                Role::ReviewLead.of(Scope::Everything),
                Role::Auditor.of(Scope::Everything),
                Role::Administrator.of(Scope::Everything),
                Role::User.of(Scope::OwnOrganization),
                Role::Service.of(Scope::Shown),
            ],
        )
        .add(routes!(amend::amend_profile), [Role::OrganizationAdministrator.of(Scope::OwnOrganization)])
        .add(routes!(amendment::approve_amendment), [Role::Reviewer.of(Scope::Everything)])
        .add(routes!(amendment::refuse_amendment), [Role::Reviewer.of(Scope::Everything)])
        .add(routes!(decide::suspend_organization), [Role::Administrator.of(Scope::Everything)])
        .add(routes!(decide::reinstate_organization), [Role::Administrator.of(Scope::Everything)])
        .add(routes!(decide::close_organization), [Role::Administrator.of(Scope::Everything)])
        .limited(routes!(administrator::create_administrator), [Role::Administrator.of(Scope::Everything)], [Limit::MailsPerAddress])
}
