//! Signing in and out.

pub mod begin;
pub mod end;
pub mod openid;
pub mod passkey;
pub mod prove;
mod used_with;

use utoipa_axum::routes;

use crate::access::{Endpoints, May, Role, Scope};
use crate::limits::Limit;

/// Those who are signed in, however far they are: of their own account.
pub(crate) const UNPROVED: May = Role::Unproved.of(Scope::OwnAccount);
pub(crate) const USER: May = Role::User.of(Scope::OwnAccount);
pub(crate) const NEW_USER: May = Role::NewUser.of(Scope::OwnAccount);
pub(crate) const STAFF: May = Role::StaffMember.of(Scope::OwnAccount);
pub(crate) const NEW_STAFF: May = Role::NewStaff.of(Scope::OwnAccount);

pub(crate) fn endpoints() -> Endpoints {
    Endpoints::default()
        .limited(routes!(begin::begin), [Role::Anyone.of(Scope::Everything)], [Limit::SignInsPerNetwork, Limit::SignInsPerAccount])
        .add(routes!(openid::show::show), [Role::Anyone.of(Scope::Everything)])
        .limited(routes!(openid::begin::begin), [Role::Anyone.of(Scope::Everything)], [Limit::ProviderSignInsPerNetwork])
        .limited(routes!(openid::callback::callback), [Role::Anyone.of(Scope::Everything)], [Limit::SignInsPerNetwork])
        .add(routes!(prove::prove), [UNPROVED, USER, NEW_USER, STAFF, NEW_STAFF])
        .add(routes!(passkey::begin), [UNPROVED, USER, NEW_USER, STAFF, NEW_STAFF])
        .add(routes!(passkey::show), [UNPROVED, USER, NEW_USER, STAFF, NEW_STAFF])
        .add(routes!(end::end), [UNPROVED, USER, NEW_USER, STAFF, NEW_STAFF])
}
