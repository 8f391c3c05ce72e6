//! What stands in place of the names in paths: one small function for each, by the word before it.

use http_api::access::Row;
use uuid::Uuid;

use super::callers::{Callers, Who};
use super::side::Side;

/// Whose thing a request names.
#[derive(Clone, Copy)]
pub(crate) enum Target<'a> {
    /// That of this side.
    Of(&'a Side),
    /// Nobody's: there is none.
    Nobodys(Uuid),
}

/// The path of a row with examples in place of names; the same path if there are none.
///
/// # Panics
/// For a name that has no example yet, with a sentence that says what to do.
pub(crate) fn path(row: &Row, who: Who, target: Target<'_>, callers: &Callers) -> String {
    let mut parts: Vec<String> = Vec::new();
    let mut before = "";
    for part in row.path.split('/') {
        let filled = if part.starts_with('{') { example(before, part, row, who, target, callers) } else { part.to_owned() };
        parts.push(filled);
        before = part;
    }
    parts.join("/")
}

fn example(before: &str, name: &str, row: &Row, who: Who, target: Target<'_>, callers: &Callers) -> String {
    let side = match target {
        Target::Of(side) => side,
        Target::Nobodys(id) => return nobodys(before, name, id),
    };
    match (before, name) {
        ("accesses", "{id}") => side.access().to_string(),
        ("administrators", "{person}") => case(side, who).nominee.to_string(),
        ("applications", "{id}") => side.application.to_string(),
        ("applications", "{slug}") => SLUG.to_owned(),
        ("credentials", "{id}") => callers.own(who, side).credential.to_string(),
        ("sessions", "{id}") => callers.own(who, side).session.to_string(),
        ("erasures", "{person}") => side.erased.to_string(),
        ("history", "{subject}") => "organization".to_owned(),
        ("invitations", "{id}") => side.invitation.to_string(),
        ("offers", "{id}") => side.offer.to_string(),
        ("organizations" | "relationships", "{id}" | "{organization}") | ("{subject}", "{id}") => side.organization.to_string(),
        ("persons" | "users", "{id}") => side.user.to_string(),
        ("registrations", "{id}") => case(side, who).id.to_string(),
        ("roles", "{role}") => "organization-administrator".to_owned(),
        ("schemas", "{file}") => "access.granted.v1.json".to_owned(),
        ("status", "{case_number}") => side.invited.case_number.clone(),
        ("subscriptions", "{id}") => side.subscription().to_string(),
        ("tokens", "{serial}") => side.serial(),
        _ => panic!(
            "{} {}: there is no example for `{before}/{name}`. Say in `example` of crates/http-api/tests/authorization/examples.rs what stands \
             there for the things of a side, so that this route is tested for every caller.",
            row.method, row.path
        ),
    }
}

/// The public link of an application.
pub(crate) const SLUG: &str = "787";

/// What stands in place of a name when there is no such thing.
fn nobodys(before: &str, name: &str, id: Uuid) -> String {
    match (before, name) {
        ("history", "{subject}") => "organization".to_owned(),
        ("roles", "{role}") => "organization-administrator".to_owned(),
        _ => id.to_string(),
    }
}

/// The registration that somebody means: their own began as they did.
fn case(side: &Side, who: Who) -> &super::side::Begun {
    if who == Who::Registrant { &side.public } else { &side.invited }
}
