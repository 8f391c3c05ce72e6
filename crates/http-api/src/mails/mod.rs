//! The outbox: which mails were owed, and what became of each.

pub mod list;

use utoipa_axum::routes;

use crate::access::{Endpoints, Role, Scope};

pub(crate) fn endpoints() -> Endpoints {
    Endpoints::default().add(routes!(list::mails), [Role::Administrator.of(Scope::Everything), Role::Auditor.of(Scope::Everything)])
}
