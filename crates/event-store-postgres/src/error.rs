//! Why a log could not be opened, and what PostgreSQL's errors mean here.

use postgres_schema::SchemaError;
use sqlx::error::DatabaseError;
use sqlx::postgres::{PgDatabaseError, PgSeverity};

/// Why a log could not be opened. Nothing of it was changed, but that its tables may have been made.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The database cannot be reached, would not keep what it acknowledges, or its tables cannot be brought up to date.
    #[error("cannot open the event log")]
    Schema(#[from] SchemaError),
    /// The database went away while the log was being opened.
    #[error("cannot open the event log")]
    Postgres(#[from] sqlx::Error),
    /// The one row that says where the log ends is not there, or not alone.
    #[error("the event log in {0} is damaged: it does not say where it ends")]
    NoHead(String),
    /// A copy of another log into this one was begun and not finished.
    #[error("the event log in {0} is an unfinished copy of another one: run that copy again to its end")]
    Unfinished(String),
    /// Instances use it.
    #[error("the event log in {0} is in use by a running instance: stop it first")]
    InUse(String),
}

/// What an error says about the transaction that it ended.
#[derive(Debug)]
pub(crate) enum Trouble {
    /// Certainly rolled back.
    Refused(sqlx::Error),
    /// Certainly rolled back: what it was to write is there already.
    Occupied(sqlx::Error),
    /// The connection is of no more use. Whether the transaction was committed is open.
    Lost(sqlx::Error),
    /// What is stored is not the log that this process has seen.
    OtherLog(String),
}

impl Trouble {
    /// The same, where it was not about what is to be written.
    pub(crate) fn or_lost(self) -> Self {
        match self {
            Self::Refused(error) | Self::Occupied(error) | Self::Lost(error) => Self::Lost(error),
            Self::OtherLog(reason) => Self::OtherLog(reason),
        }
    }
}

impl From<sqlx::Error> for Trouble {
    fn from(error: sqlx::Error) -> Self {
        // An ERROR is told instead of a commit; what ends the session may come after it. A value that cannot be encoded was never sent.
        if is_lost(&error) {
            return Self::Lost(error);
        }
        match error.as_database_error().and_then(DatabaseError::code).as_deref() {
            Some("23505") => Self::Occupied(error),
            Some(_) | None => Self::Refused(error),
        }
    }
}

/// Whether the connection is of no more use.
pub(crate) fn is_lost(error: &sqlx::Error) -> bool {
    match error.as_database_error().and_then(|said| said.try_downcast_ref::<PgDatabaseError>()) {
        Some(said) => ends_the_session(said),
        None => !matches!(error, sqlx::Error::Encode(_)),
    }
}

fn ends_the_session(said: &PgDatabaseError) -> bool {
    matches!(said.severity(), PgSeverity::Fatal | PgSeverity::Panic) || said.code().starts_with("57P") || said.code().starts_with("08")
}

/// Whether the server lacks room or memory: it says so without harm to the connection.
pub(crate) fn is_shortage(error: &sqlx::Error) -> bool {
    error.as_database_error().and_then(DatabaseError::code).is_some_and(|code| code.starts_with("53"))
}
