//! What every rejection can say of itself, so that one mapper serves all surfaces.

/// The kind of a rejection: decides the HTTP status and the CLI's exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RejectionKind {
    /// The thing is not there (404).
    NotFound,
    /// The actor may not do this (403).
    Forbidden,
    /// A value is wrong in itself or for this state; the sender can correct it (422).
    Invalid,
    /// The thing is not in a state for this (409).
    Conflict,
    /// It was possible once and never will be again: expired, revoked, used, closed (410).
    Gone,
    /// The decision was made on another version of the dossier (412).
    Stale,
}

/// A rule of the domain that a command broke. `Display` is a sentence for the person who sent it.
pub trait Rejection: std::error::Error + Send + Sync + 'static {
    /// The kind, for the surface's status.
    fn kind(&self) -> RejectionKind;

    /// A stable name, kebab-case, such as `invitation-expired`: the end of the problem's `type`.
    fn code(&self) -> &'static str;

    /// The field of the command that is wrong, if it is one, as a JSON pointer (`/profile/country`).
    fn field(&self) -> Option<String> {
        None
    }

    /// For [`RejectionKind::Stale`]: the sections that changed since the version that the decision named.
    fn changed(&self) -> Vec<String> {
        Vec::new()
    }
}
