//! Invitations: how a partner, or the operator, invites companies; and what whoever follows their links finds.

pub mod accept;
pub mod create;
pub mod current;
pub mod duplicates;
pub mod list;
pub mod resend;
pub mod revoke;
mod send;
pub mod show;
pub mod upload;
pub mod view;

use axum::extract::DefaultBodyLimit;
use utoipa_axum::router::UtoipaMethodRouterExt;
use utoipa_axum::routes;

use crate::access::{Endpoints, May, Role, Scope};
use crate::limits::Limit;
use crate::upload::MAX_BYTES;

/// Who invites.
const INVITERS: [May; 2] = [Role::Partner.of(Scope::Owned), Role::Administrator.of(Scope::Owned)];
/// Who may look at invitations.
const READERS: [May; 3] = [Role::Partner.of(Scope::Owned), Role::Administrator.of(Scope::Everything), Role::Reviewer.of(Scope::Everything)];

pub(crate) fn endpoints() -> Endpoints {
    Endpoints::default()
        .limited(routes!(create::create), INVITERS, [Limit::MailsPerAddress])
        .limited(routes!(upload::upload).layer(DefaultBodyLimit::max(MAX_BYTES)), INVITERS, [Limit::MailsPerAddress])
        .add(routes!(list::list), READERS)
        .add(routes!(duplicates::duplicates), [Role::Partner.of(Scope::Everything), Role::Administrator.of(Scope::Everything)])
        .add(routes!(current::current), [Role::Addressee.of(Scope::Held)])
        .add(routes!(accept::accept), [Role::Addressee.of(Scope::Held)])
        .add(routes!(show::show), READERS)
        .limited(routes!(resend::resend), INVITERS, [Limit::MailsPerAddress])
        .add(routes!(revoke::revoke), INVITERS)
}
