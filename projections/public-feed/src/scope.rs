//! Who is told what.

use std::collections::BTreeSet;

use public_events::ApplicationCode;

/// What a service is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// All public events.
    Everything,
    /// The events about exactly one application, if that is one of these, and every `person.erased`.
    Applications(BTreeSet<ApplicationCode>),
}
