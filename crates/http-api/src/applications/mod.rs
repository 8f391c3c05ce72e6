//! The application catalogue: seen by everybody as far as it is public, kept by the operator.

pub mod amend;
pub mod details;
pub mod list;
pub mod public;
pub mod publish;
pub mod retire;

use utoipa_axum::routes;

use crate::access::{Endpoints, May, Role, Scope};

/// Everybody who has to do with applications.
const READERS: [May; 7] = [
    Role::Reviewer.of(Scope::Everything),
    Role::ReviewLead.of(Scope::Everything),
    Role::Auditor.of(Scope::Everything),
    Role::Administrator.of(Scope::Everything),
    Role::Partner.of(Scope::Owned),
    Role::User.of(Scope::Offered),
    Role::Service.of(Scope::Shown),
];

pub(crate) fn endpoints() -> Endpoints {
    Endpoints::default()
        .add(routes!(public::public_applications), [Role::Anyone.of(Scope::Everything)])
        .add(routes!(public::public_application), [Role::Anyone.of(Scope::Everything)])
        .add(routes!(list::applications), READERS)
        .add(routes!(publish::publish), [Role::Administrator.of(Scope::Everything)])
        .add(routes!(list::application), READERS)
        .add(routes!(amend::amend), [Role::Administrator.of(Scope::Everything)])
        .add(routes!(retire::retire), [Role::Administrator.of(Scope::Everything)])
}
