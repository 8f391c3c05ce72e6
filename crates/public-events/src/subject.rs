//! NATS subjects: `gatehouse.v1.<aggregate>.<event>.<application or _>.<organization or _>`.
//!
//! Tokens come from an allow-list of characters by their types: a code has upper-case letters, digits and dashes, an id is a UUID in
//! lower case, a type lower-case letters and underscores. No value can therefore add a token or a wildcard to a subject.

use crate::{ApplicationCode, OrganizationId};

/// What all subjects begin with; the version is that of the form of subjects and envelopes, not of an event.
pub const PREFIX: &str = "gatehouse.v1";

/// The subject that an event of this type, such as `registration.submitted.v1`, is published on.
///
/// The version of the event is no part of it: a new version of an event comes in the place of the old one on the same subject, and `type`
/// tells them apart. None for what is no type of an event.
#[must_use]
pub fn subject_of(kind: &str, application: Option<&ApplicationCode>, organization: Option<OrganizationId>) -> Option<String> {
    let mut parts = kind.split('.');
    let (aggregate, event, version) = (parts.next()?, parts.next()?, parts.next()?);
    let is_word = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
    if parts.next().is_some() || !is_word(aggregate) || !is_word(event) || !version.starts_with('v') {
        return None;
    }
    let application = application.map_or("_", ApplicationCode::as_str);
    Some(match organization {
        Some(organization) => format!("{PREFIX}.{aggregate}.{event}.{application}.{organization}"),
        None => format!("{PREFIX}.{aggregate}.{event}.{application}._"),
    })
}
