//! The event log, wherever it is.

use std::ops::Deref;
use std::sync::Arc;

use event_store::{Clock, EventStore};
use event_store_kurrentdb::KurrentLog;
use event_store_postgres::{ClaimError, PostgresLog, Sharing};
use event_store_sqlite::{Options, SqliteLog};
use postgres_schema::Server;
use tokio::sync::watch;
use zeroize::Zeroizing;

use crate::config::{Config, LogAddress};
use crate::failure::Failure;
use crate::folder::{DataFolder, unusable};

/// The event log. Derefs to the port, which is all that most need to know of it.
#[derive(Clone)]
pub(crate) struct Log {
    store: Arc<dyn EventStore>,
    kind: Kind,
}

/// What only the store itself can do.
#[derive(Clone)]
pub(crate) enum Kind {
    /// A file in the data folder.
    Folder(Arc<SqliteLog>),
    /// A schema of a PostgreSQL database.
    Postgres(Arc<PostgresLog>),
    /// An EventStoreDB or KurrentDB cluster.
    Kurrent(Arc<KurrentLog>),
}

impl Deref for Log {
    type Target = dyn EventStore;

    fn deref(&self) -> &Self::Target {
        &*self.store
    }
}

impl Log {
    /// Opens the log that the configuration names.
    ///
    /// # Errors
    /// It is in use by somebody who does not share it, of a newer version, or cannot be reached.
    pub(crate) async fn open(config: &Config, folder: &DataFolder, clock: &Clock) -> Result<Self, Failure> {
        match config.log_address().map_err(|error| Failure::Usage(format!("{error:#}")))? {
            LogAddress::Folder => Ok(Self::folder(open_folder(folder, clock)?)),
            LogAddress::Postgres(server) => Self::postgres(config, &server, clock).await,
            LogAddress::Kurrent(address) => Self::kurrent(&with_password(config, &address)?, clock).await,
        }
    }

    fn folder(log: SqliteLog) -> Self {
        let log = Arc::new(log);
        Self { store: Arc::<SqliteLog>::clone(&log), kind: Kind::Folder(log) }
    }

    async fn postgres(config: &Config, server: &Server, clock: &Clock) -> Result<Self, Failure> {
        let options = event_store_postgres::Options::new(Arc::clone(clock));
        let log = PostgresLog::open(server, options).await.map_err(|error| Failure::from_error(&error))?;
        let local = config.local_stores().map_err(|error| Failure::Usage(format!("{error:#}")))?;
        let sharing = if local.is_empty() { Sharing::WithOthers } else { Sharing::Alone };
        match log.claim(sharing).await {
            Ok(()) => {}
            Err(ClaimError::InUse(_)) if !local.is_empty() => {
                return Err(Failure::Unavailable(format!(
                    "the log in {server} is used by another instance, but {} of this one would lie in its data folder, where the other cannot see it: name log, secrets and views for each instance",
                    local.join(", ")
                )));
            }
            Err(error) => return Err(Failure::from_error(&error)),
        }
        let log = Arc::new(log);
        Ok(Self { store: Arc::<PostgresLog>::clone(&log), kind: Kind::Postgres(log) })
    }

    async fn kurrent(address: &str, clock: &Clock) -> Result<Self, Failure> {
        let options = event_store_kurrentdb::Options::new(Arc::clone(clock));
        let log = KurrentLog::open(address, options).await.map_err(|error| Failure::from_error(&error))?;
        let log = Arc::new(log);
        Ok(Self { store: Arc::<KurrentLog>::clone(&log), kind: Kind::Kurrent(log) })
    }

    /// The port, to be kept.
    pub(crate) fn store(&self) -> Arc<dyn EventStore> {
        Arc::clone(&self.store)
    }

    /// The store itself.
    pub(crate) fn kind(&self) -> &Kind {
        &self.kind
    }

    /// Why it takes no more appends until the process is started again; none while all is well.
    pub(crate) fn failure(&self) -> watch::Receiver<Option<Arc<str>>> {
        match &self.kind {
            Kind::Folder(log) => log.failure(),
            Kind::Postgres(log) => log.failure(),
            Kind::Kurrent(log) => log.failure(),
        }
    }

    /// Takes no more appends, and gives free what it holds.
    pub(crate) async fn close(&self) {
        match &self.kind {
            Kind::Folder(log) => {
                let log = Arc::clone(log);
                // Waits for the disk. A join error means that closing panicked, which was reported when it happened.
                let _ = tokio::task::spawn_blocking(move || log.close()).await;
            }
            Kind::Postgres(log) => log.close().await,
            Kind::Kurrent(log) => log.close().await,
        }
    }
}

/// The address with user and password from their file, for the client only: nobody is shown it.
///
/// # Errors
/// The file cannot be read, or has something else in it.
pub(crate) fn with_password(config: &Config, address: &str) -> Result<Zeroizing<String>, Failure> {
    let Some(file) = &config.log_password_file else { return Ok(Zeroizing::new(address.to_owned())) };
    let text = Zeroizing::new(std::fs::read_to_string(file).map_err(|error| unusable(file, &error))?);
    let both = text.trim_end_matches(['\r', '\n']).split_once(':').filter(|(user, _)| !user.is_empty());
    let (user, password) = both.ok_or_else(|| Failure::Usage(format!("{} must have one line, user:password", file.display())))?;
    let (scheme, rest) = address.split_once("://").unwrap_or(("esdb", address));
    let host = rest.rsplit_once('@').map_or(rest, |(_, host)| host);
    Ok(Zeroizing::new(format!("{scheme}://{}:{}@{host}", escaped(user), escaped(password))))
}

/// As a part of an address may stand in it (RFC 3986): everything but letters, digits and four others as its bytes.
fn escaped(text: &str) -> String {
    let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~".contains(byte);
    text.bytes().map(|byte| if is_plain(&byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

fn open_folder(folder: &DataFolder, clock: &Clock) -> Result<SqliteLog, Failure> {
    use event_store_sqlite::OpenError;
    folder.refuse_if_moved()?;
    match SqliteLog::open(folder.log(), Options::new(Arc::clone(clock))) {
        Ok(log) => Ok(log),
        Err(OpenError::InUse { holder, .. }) => {
            let by = holder.map_or_else(String::new, |pid| format!(" (process {pid})"));
            Err(Failure::Unavailable(format!(
                "the data folder {} is in use by another Gatehouse{by}: only one may use it at a time",
                folder.root().display()
            )))
        }
        Err(error) => Err(Failure::from_error(&error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn user_and_password_of_a_log_come_from_a_file_and_stand_in_the_address_as_they_may() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("esdb.password");
        std::fs::write(&file, "admin:p@ss/word:1\n").unwrap();
        let config = Config { log_password_file: Some(file.clone()), ..Config::default() };
        let address = with_password(&config, "esdb://db.example:2113?tls=true").unwrap();
        assert_eq!(*address, "esdb://admin:p%40ss%2Fword%3A1@db.example:2113?tls=true");
        std::fs::write(&file, "no colon").unwrap();
        assert!(with_password(&config, "esdb://db.example:2113").unwrap_err().to_string().contains("user:password"));
    }
}
