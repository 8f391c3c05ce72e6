//! A database and its schemas.

use std::fmt;
use std::io::ErrorKind;
use std::net::IpAddr;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgPoolOptions, PgSslMode};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, PgConnection, PgPool};

use crate::SchemaError;
use crate::migrate::{Step, migrator};

/// How long a statement may take in all, unless its crate says otherwise.
const STATEMENT: Duration = Duration::from_secs(30);

/// How long a connection may sit in a transaction without a word. A process that was paused, or cut off, there holds rows that others wait
/// for: the server ends it.
const IDLE_IN_TRANSACTION: Duration = Duration::from_secs(5);

/// A PostgreSQL database, as an operator names it. Cheap to clone.
#[derive(Clone)]
pub struct Server {
    options: Arc<PgConnectOptions>,
}

/// What limits the connections to a schema.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// The most connections at once.
    pub connections: u32,
    /// How long a statement may take.
    pub statement: Duration,
    /// How long to wait for a connection.
    pub acquire: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { connections: 8, statement: STATEMENT, acquire: Duration::from_secs(5) }
    }
}

impl FromStr for Server {
    type Err = SchemaError;

    /// From `postgres://user:password@host:port/database?sslmode=verify-full&sslrootcert=…`. What it does not say comes from the variables
    /// and the password file that libpq reads, too (`PGPASSWORD`, `PGPASSFILE`, …).
    fn from_str(address: &str) -> Result<Self, Self::Err> {
        let is_one = address.starts_with("postgres://") || address.starts_with("postgresql://");
        // What looks like another part of an address in a name is a password in the wrong place, which would be shown with it.
        let is_name = |name: &str| !name.contains(['@', ':', '/']);
        let are_names = |options: &PgConnectOptions| is_name(options.get_username()) && options.get_database().is_none_or(is_name);
        let options = PgConnectOptions::from_str(address).ok().filter(|options| is_one && are_names(options));
        let options = options.ok_or_else(|| SchemaError::NotAnAddress(without_password(address)))?;
        Ok(Self { options: Arc::new(options.application_name("gatehouse").disable_statement_logging()) })
    }
}

/// An address that may be shown: what stands between the first `:` after the scheme and the `@` is left out.
fn without_password(address: &str) -> String {
    // It may stand among the parameters, too.
    let address = address.split('?').next().unwrap_or_default();
    let (scheme, rest) = address.split_once("://").unwrap_or(("", address));
    match rest.rsplit_once('@') {
        Some((user, host)) => format!("{scheme}://{}@{host}", user.split(':').next().unwrap_or_default()),
        None => address.to_owned(),
    }
}

impl fmt::Display for Server {
    /// `host:port/database`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let database = self.options.get_database().unwrap_or(self.options.get_username());
        match self.options.get_socket() {
            Some(socket) => write!(f, "{}/{database}", socket.display()),
            None => write!(f, "{}:{}/{database}", self.options.get_host(), self.options.get_port()),
        }
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Server({self})")
    }
}

/// A schema that is up to date. Cheap to clone.
#[derive(Clone)]
pub struct Schema {
    server: Server,
    name: &'static str,
    options: PgConnectOptions,
    pool: PgPool,
}

impl Server {
    /// Whether the connection stays on this machine, or goes encrypted to a server whose certificate is looked at: as libpq has it, an address that
    /// says nothing of `sslmode` is content without.
    #[must_use]
    pub fn is_private(&self) -> bool {
        let host = self.options.get_host();
        let is_here = self.options.get_socket().is_some() || host == "localhost" || host.parse().is_ok_and(|ip: IpAddr| ip.is_loopback());
        is_here || matches!(self.options.get_ssl_mode(), PgSslMode::VerifyFull | PgSslMode::VerifyCa)
    }

    /// Opens the schema of this name, made if it is not there, and brings its tables up to date with these steps. `name` is lower-case
    /// letters and `_`.
    ///
    /// # Errors
    /// [`SchemaError`]; steps before the one that failed stand.
    pub async fn schema(&self, name: &'static str, steps: &'static [Step], limits: Limits) -> Result<Schema, SchemaError> {
        let options = self.options_of(name, limits);
        let mut connection = PgConnection::connect_with(&options).await.map_err(|source| self.unreachable(source))?;
        self.check(&mut connection).await?;
        let migrated = async {
            let mut migrator = migrator(steps);
            migrator.create_schema(name);
            migrator.run_direct(None, &mut connection, false).await
        };
        migrated.await.map_err(|source| SchemaError::Migration { database: self.to_string(), schema: name, source: Box::new(source) })?;
        connection.close().await.map_err(|source| self.unreachable(source))?;
        let pool =
            PgPoolOptions::new().max_connections(limits.connections).acquire_timeout(limits.acquire).connect_lazy_with(options.clone());
        Ok(Schema { server: self.clone(), name, options, pool })
    }

    /// Whether this table of this schema is there and has a row. Changes nothing.
    ///
    /// # Errors
    /// [`SchemaError::Unreachable`].
    pub async fn has_rows(&self, schema: &'static str, table: &'static str) -> Result<bool, SchemaError> {
        let name = format!("{schema}.{table}");
        let asked = async {
            let mut connection = PgConnection::connect_with(&self.options_of(schema, Limits::default())).await?;
            let is_there: bool = sqlx::query_scalar("SELECT to_regclass($1) IS NOT NULL").bind(&name).fetch_one(&mut connection).await?;
            let look = AssertSqlSafe(format!("SELECT EXISTS (SELECT FROM {name})"));
            let has_rows = is_there && sqlx::query_scalar(look).fetch_one(&mut connection).await?;
            connection.close().await?;
            Ok(has_rows)
        };
        asked.await.map_err(|source| self.unreachable(source))
    }

    fn options_of(&self, name: &str, limits: Limits) -> PgConnectOptions {
        PgConnectOptions::clone(&self.options).options([
            ("search_path", name.to_owned()),
            // That something is there already is no news.
            ("client_min_messages", "warning".to_owned()),
            // What is acknowledged is on disk, whatever the database's or the role's default is.
            ("synchronous_commit", "on".to_owned()),
            ("statement_timeout", limits.statement.as_millis().to_string()),
            ("idle_in_transaction_session_timeout", IDLE_IN_TRANSACTION.as_millis().to_string()),
            // A client that is gone without a word is noticed within half a minute.
            ("tcp_keepalives_idle", "10".to_owned()),
            ("tcp_keepalives_interval", "5".to_owned()),
            ("tcp_keepalives_count", "3".to_owned()),
        ])
    }

    /// Refuses a server that would not keep what it acknowledges.
    async fn check(&self, connection: &mut PgConnection) -> Result<(), SchemaError> {
        let standby: bool = sqlx::query_scalar("SELECT pg_is_in_recovery()")
            .fetch_one(&mut *connection)
            .await
            .map_err(|source| self.unreachable(source))?;
        if standby {
            return Err(SchemaError::Standby(self.to_string()));
        }
        for setting in ["fsync", "full_page_writes"] {
            let found: String = sqlx::query_scalar("SELECT current_setting($1)")
                .bind(setting)
                .fetch_one(&mut *connection)
                .await
                .map_err(|source| self.unreachable(source))?;
            if found != "on" {
                return Err(SchemaError::NotDurable { database: self.to_string(), setting: setting.to_owned(), found });
            }
        }
        Ok(())
    }

    fn unreachable(&self, source: sqlx::Error) -> SchemaError {
        let database = self.to_string();
        let sqlx::Error::Io(error) = &source else { return SchemaError::Unreachable { database, source } };
        // No connection fails like the first two: files are read before one is encrypted.
        if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::PermissionDenied) {
            SchemaError::Files { database, source }
        } else if error.kind() == ErrorKind::InvalidData && error.to_string().contains("certificate") {
            SchemaError::Untrusted { database, source }
        } else {
            SchemaError::Unreachable { database, source }
        }
    }
}

impl Schema {
    /// Its connections; each is opened when it is needed.
    #[must_use]
    pub fn pool(&self) -> &PgPool {
        &self.pool
    }

    /// How to open a connection besides those of the pool: one that listens, or that must not wait for others.
    #[must_use]
    pub fn options(&self) -> &PgConnectOptions {
        &self.options
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The database that it is in.
    #[must_use]
    pub fn server(&self) -> &Server {
        &self.server
    }
}

impl fmt::Debug for Schema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Schema({} in {})", self.name, self.server)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_shown_without_its_password() {
        let server: Server = "postgres://anna:hunter2@db.example:5433/gatehouse".parse().unwrap();
        assert_eq!(format!("{server} {server:?}"), "db.example:5433/gatehouse Server(db.example:5433/gatehouse)");
        let wrong = "postgres://anna:hunter2@db.example:port/gatehouse".parse::<Server>().unwrap_err().to_string();
        assert!(wrong.contains("anna@db.example") && !wrong.contains("hunter2"), "{wrong}");
    }

    #[test]
    fn a_connection_is_private_on_this_machine_or_with_a_certificate_that_is_looked_at() {
        let is_private = |address: &str| address.parse::<Server>().unwrap().is_private();
        for address in [
            "postgres://gatehouse@127.0.0.1:5432/gatehouse",
            "postgres://gatehouse@localhost/gatehouse",
            "postgres://gatehouse@db.example/gatehouse?sslmode=verify-full",
        ] {
            assert!(is_private(address), "{address}");
        }
        for address in ["postgres://gatehouse@db.example/gatehouse", "postgres://gatehouse@10.0.0.7/gatehouse?sslmode=require"] {
            assert!(!is_private(address), "{address}");
        }
    }
}
