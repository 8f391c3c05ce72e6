//! Why a schema cannot be opened.

use sqlx::migrate::MigrateError;

/// Why a schema cannot be opened. None of these shows a password.
#[derive(Debug, thiserror::Error)]
pub enum SchemaError {
    /// The address is none.
    #[error("{0:?} is not the address of a PostgreSQL database: it must be like postgres://user@host:5432/database")]
    NotAnAddress(String),
    /// The server cannot be reached, or refuses.
    #[error("the PostgreSQL database {database} cannot be used")]
    Unreachable {
        /// Which one, without a password.
        database: String,
        /// Why.
        #[source]
        source: sqlx::Error,
    },
    /// A file that the address names is not there, or cannot be read.
    #[error("a file that the address of the PostgreSQL database {database} names (sslrootcert, sslcert, sslkey) cannot be read")]
    Files {
        /// Which one, without a password.
        database: String,
        /// Why.
        #[source]
        source: sqlx::Error,
    },
    /// Whoever answers does not prove to be the server that is meant.
    #[error(
        "the PostgreSQL database {database} cannot be used: its certificate is not for that host, or signed by nobody whom the address trusts (sslrootcert)"
    )]
    Untrusted {
        /// Which one, without a password.
        database: String,
        /// What is wrong with it.
        #[source]
        source: sqlx::Error,
    },
    /// The server runs with settings under which an acknowledgement is worth nothing.
    #[error("the PostgreSQL database {database} has {setting} = {found}, under which it may lose what it has acknowledged: set it to on")]
    NotDurable {
        /// Which one.
        database: String,
        /// Which setting.
        setting: String,
        /// Its value.
        found: String,
    },
    /// It is a standby, which takes no writes.
    #[error("the PostgreSQL database {0} is a standby: name the primary")]
    Standby(String),
    /// Its tables cannot be brought up to date.
    #[error("the tables of schema {schema} in {database} cannot be brought up to date")]
    Migration {
        /// Which one.
        database: String,
        /// Which schema.
        schema: &'static str,
        /// Why.
        #[source]
        source: Box<MigrateError>,
    },
}
