//! What a command is answered.

use domain::reservation::ReservationKind;
use event_store::Position;

/// A command was accepted: what it asked for is so, and on disk.
#[derive(Debug, Clone)]
pub struct Answer<E> {
    /// A read at this position or later sees the effect.
    pub position: Position,
    /// The version of the stream after the command.
    pub version: u64,
    /// The events that followed; none if what was asked for was so already.
    pub events: Vec<E>,
    /// Whether this command had been accepted before: what was to be shown once is not shown again.
    pub repeated: bool,
}

impl<E> Answer<E> {
    /// The answer where the events do not matter, which may be of one kind or another.
    #[must_use]
    pub fn without_events(self) -> Answer<()> {
        Answer { position: self.position, version: self.version, events: Vec::new(), repeated: self.repeated }
    }
}

/// Why a command was not accepted. Nothing changed.
#[derive(Debug, thiserror::Error)]
pub enum CommandError<R> {
    /// A rule of the domain.
    #[error(transparent)]
    Rejected(R),
    /// The value belongs to somebody else.
    #[error("{}", taken(*.0))]
    Taken(ReservationKind),
    /// The same command id came with other content before.
    #[error("this idempotency key was used for another request before; use a new one for a new request")]
    IdReused,
    /// What the command is about holds data of a person who has been forgotten.
    #[error("this cannot be changed any more, since a person it is about has been forgotten")]
    Erased,
    /// Others changed the same thing again and again meanwhile, or the log cannot be written: trying again may succeed.
    #[error("the service cannot take this command right now; try again in a moment")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The log cannot be read as what it should be: a person must look at it.
    #[error("the service failed internally")]
    Internal(#[source] Box<dyn std::error::Error + Send + Sync>),
}

fn taken(kind: ReservationKind) -> &'static str {
    match kind {
        ReservationKind::UserId => "this User ID is taken",
        ReservationKind::CommandPerson => "this command has named its person already",
        ReservationKind::RegisteredIdentifier => "a registered organization has this identifier already",
        ReservationKind::OpenInvitation => "this company has an open invitation of yours already; resend or revoke that one",
        ReservationKind::ApplicationCode => "another application has this code",
        ReservationKind::StaffIdentity => "this identity is linked to another member of the staff",
    }
}

impl<R> CommandError<R> {
    /// The same error of a command that cannot be rejected, seen from another aggregate's command.
    pub(crate) fn without_rejection<Q>(self) -> CommandError<Q> {
        match self {
            CommandError::Rejected(_) => CommandError::Internal("a reservation was rejected where it cannot be".into()),
            CommandError::Taken(kind) => CommandError::Taken(kind),
            CommandError::IdReused => CommandError::IdReused,
            CommandError::Erased => CommandError::Erased,
            CommandError::Unavailable(source) => CommandError::Unavailable(source),
            CommandError::Internal(source) => CommandError::Internal(source),
        }
    }

    /// How the metrics call it.
    pub(crate) fn outcome(&self) -> &'static str {
        match self {
            CommandError::Rejected(_) | CommandError::Taken(_) => "rejected",
            CommandError::IdReused => "id_reused",
            CommandError::Erased => "erased",
            CommandError::Unavailable(_) => "unavailable",
            CommandError::Internal(_) => "internal",
        }
    }

    pub(crate) fn unreadable(error: event_store::ReadError) -> Self {
        match error {
            event_store::ReadError::Unavailable(_) => Self::Unavailable(error.into()),
            event_store::ReadError::Damaged { .. } => Self::Internal(error.into()),
        }
    }

    pub(crate) fn internal(error: event_codec::CodecError) -> Self {
        Self::Internal(error.into())
    }
}
