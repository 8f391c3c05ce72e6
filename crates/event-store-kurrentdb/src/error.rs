//! Why a log could not be opened, and what the client's errors mean here.

use std::sync::Arc;

use event_store::ReadError;
use eventstore::{CurrentRevision, Error};

/// Why a log could not be opened. Nothing was changed, but that a new log may have been given its epoch.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The address or an option cannot be used. The text has no password in it.
    #[error("the address of the event log cannot be used: {0}")]
    Address(String),
    /// The server does not answer, or does not let us in.
    #[error("the event log cannot be reached")]
    Unreachable(#[source] ServerError),
    /// The server does not say at which positions the events of a stream are.
    #[error("the server of the event log is too old: it does not say the positions of a stream's events, as newer ones do")]
    TooOld,
    /// What is stored is not what a log of Gatehouse writes.
    #[error("the event log is damaged at {at}: {what}")]
    Damaged {
        /// Where, for a person to read.
        at: String,
        /// What is wrong there.
        what: String,
    },
}

/// What the server, or the way to it, had to say.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{0}")]
pub struct ServerError(pub(crate) Arc<str>);

impl From<ReadError> for OpenError {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Damaged { at, what } => Self::Damaged { at, what },
            ReadError::Unavailable(source) => Self::Unreachable(ServerError(source.to_string().into())),
        }
    }
}

/// What is left to do after a request failed.
#[derive(Debug, Clone)]
pub(crate) enum Trouble {
    /// It was certainly not carried out, and may be the next time.
    NotDone(Arc<str>),
    /// It may have been carried out.
    Unknown(Arc<str>),
    /// The server does not do this: it was not carried out, and never will be.
    Refused(Arc<str>),
    /// The server does not understand what is asked, such as a position where no event begins.
    Invalid(Arc<str>),
    /// The stream is not where the append expected it; where it is.
    Elsewhere(Option<u64>),
    /// The stream was deleted for good.
    Deleted,
    /// There is no such stream.
    NoStream,
}

impl Trouble {
    pub(crate) fn text(&self) -> Arc<str> {
        match self {
            Self::NotDone(text) | Self::Unknown(text) | Self::Refused(text) | Self::Invalid(text) => Arc::clone(text),
            Self::Elsewhere(_) => "the stream is elsewhere".into(),
            Self::Deleted => "the stream was deleted".into(),
            Self::NoStream => "there is no such stream".into(),
        }
    }

    pub(crate) fn unavailable(&self) -> ReadError {
        ReadError::Unavailable(ServerError(self.text()).into())
    }
}

/// The code of gRPC; its type is not the client's to give out.
const INVALID_ARGUMENT: i32 = 3;

/// How the client says that it had no connection and could not make one. If it ever says it in other words, such a request counts as
/// one that may have been carried out.
const NOT_CONNECTED: &str = "message: \"client error (Connect)\"";

/// What an error of the client means. Whatever may have reached the server may have been carried out.
pub(crate) fn trouble(error: &Error) -> Trouble {
    let text: Arc<str> = error.to_string().into();
    match error {
        // No request was sent: the client had no connection to send it on.
        Error::ConnectionClosed | Error::GrpcConnectionError(_) | Error::InitializationError(_) => Trouble::NotDone(text),
        Error::ServerError(said) if said.contains(NOT_CONNECTED) => Trouble::NotDone(text),
        Error::NotLeaderException(leader) => Trouble::NotDone(format!("the leader is now {}:{}", leader.host, leader.port).into()),
        Error::AccessDenied | Error::UnsupportedFeature | Error::ResourceAlreadyExists => Trouble::Refused(text),
        Error::Grpc { code, message: _ } if i32::from(*code) == INVALID_ARGUMENT => Trouble::Invalid(text),
        Error::ResourceDeleted => Trouble::Deleted,
        Error::ResourceNotFound => Trouble::NoStream,
        Error::WrongExpectedVersion { expected: _, current } => Trouble::Elsewhere(match current {
            CurrentRevision::Current(version) => Some(*version),
            CurrentRevision::NoStream => None,
        }),
        Error::ServerError(_)
        | Error::Grpc { .. }
        | Error::InternalParsingError(_)
        | Error::InternalClientError
        | Error::DeadlineExceeded
        | Error::IllegalStateError(_) => Trouble::Unknown(text),
    }
}

pub(crate) fn damaged(at: impl std::fmt::Display, what: impl Into<String>) -> ReadError {
    ReadError::Damaged { at: at.to_string(), what: what.into() }
}
