//! Where the stores are, and what one instance of several does.

use std::fmt;

use anyhow::bail;
use postgres_schema::Server;
use serde::{Deserialize, Serialize};

use super::Config;

/// Where the event log is.
#[derive(Debug, Clone)]
pub(crate) enum LogAddress {
    /// In the data folder.
    Folder,
    /// In PostgreSQL.
    Postgres(Server),
    /// In EventStoreDB or KurrentDB, at an address that its client understands.
    Kurrent(String),
}

/// Where the key ring and the vault are, or the read models.
#[derive(Debug, Clone)]
pub(crate) enum StoreAddress {
    /// In the data folder.
    Folder,
    /// In PostgreSQL.
    Postgres(Server),
}

/// What an instance does. Each does everything unless it is told otherwise; what only one may do at a time, those that may agree on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Role {
    /// Serves HTTP.
    Api,
    /// Keeps the read models.
    Projections,
    /// Does what follows from events and from time: onboarding, deadlines, forgetting.
    Processes,
    /// Sends mails.
    Dispatch,
    /// Publishes events over NATS.
    Publish,
}

impl Role {
    /// All of them.
    pub(crate) const ALL: [Self; 5] = [Self::Api, Self::Projections, Self::Processes, Self::Dispatch, Self::Publish];
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Api => "api",
            Self::Projections => "projections",
            Self::Processes => "processes",
            Self::Dispatch => "dispatch",
            Self::Publish => "publish",
        })
    }
}

impl Config {
    /// Where the event log is.
    pub(crate) fn log_address(&self) -> anyhow::Result<LogAddress> {
        match self.log.as_deref() {
            None => Ok(LogAddress::Folder),
            Some(address) if KURRENT.iter().any(|scheme| address.starts_with(scheme)) => {
                without_password("log", address)?;
                Ok(LogAddress::Kurrent(address.to_owned()))
            }
            Some(address) if POSTGRES.iter().any(|scheme| address.starts_with(scheme)) => {
                Ok(LogAddress::Postgres(postgres("log", address)?))
            }
            // Whoever meant to say what is logged.
            Some(other) => bail!(
                "log says where the event log is: postgres://user@host/database or esdb://host:2113 (found {other:?}); what is logged is log_filter"
            ),
        }
    }

    /// Where the key ring and the vault are.
    pub(crate) fn secrets_address(&self) -> anyhow::Result<StoreAddress> {
        store("secrets", self.secrets.as_deref())
    }

    /// Where the read models are.
    pub(crate) fn views_address(&self) -> anyhow::Result<StoreAddress> {
        store("views", self.views.as_deref())
    }

    /// Whether this instance has this role.
    pub(crate) fn has_role(&self, role: Role) -> bool {
        self.roles.is_empty() || self.roles.contains(&role)
    }

    /// What lies in the data folder, so that no other instance has it.
    ///
    /// # Errors
    /// As [`Config::log_address`].
    pub(crate) fn local_stores(&self) -> anyhow::Result<Vec<&'static str>> {
        let local = [
            ("the log", matches!(self.log_address()?, LogAddress::Folder)),
            ("key ring and vault (secrets)", matches!(self.secrets_address()?, StoreAddress::Folder)),
            ("the read models (views)", matches!(self.views_address()?, StoreAddress::Folder)),
        ];
        Ok(local.into_iter().filter_map(|(what, is_local)| is_local.then_some(what)).collect())
    }

    /// Refuses stores that cannot be meant, and roles where there are no other instances.
    pub(crate) fn validate_stores(&self) -> anyhow::Result<()> {
        self.log_address()?;
        let local = self.local_stores()?;
        if !self.roles.is_empty() && !local.is_empty() {
            let local = local.join(", ");
            bail!(
                "roles are for several instances, which share everything, but {local} would lie in the data folder of this one: name log, secrets and views"
            );
        }
        Ok(())
    }
}

const POSTGRES: [&str; 2] = ["postgres://", "postgresql://"];
const KURRENT: [&str; 4] = ["esdb://", "esdb+discover://", "kurrentdb://", "kurrentdb+discover://"];

fn store(key: &str, address: Option<&str>) -> anyhow::Result<StoreAddress> {
    address.map_or(Ok(StoreAddress::Folder), |address| Ok(StoreAddress::Postgres(postgres(key, address)?)))
}

fn postgres(key: &str, address: &str) -> anyhow::Result<Server> {
    without_password(key, address)?;
    Ok(address.parse()?)
}

/// Addresses are shown, logged and typed: a password in one would be, too.
fn without_password(key: &str, address: &str) -> anyhow::Result<()> {
    let authority = address.split_once("://").map_or(address, |(_, rest)| rest).split(['/', '?']).next().unwrap_or_default();
    let user = authority.rsplit_once('@').map_or("", |(user, _)| user);
    if user.contains(':') || address.contains("password=") {
        bail!(
            "{key} has a password in it, and addresses are shown and logged: leave it out, and put it where only Gatehouse can read it (PGPASSFILE for PostgreSQL, log_password_file for EventStoreDB)"
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_log(address: &str) -> Config {
        Config { log: Some(address.to_owned()), ..Config::default() }
    }

    #[test]
    fn a_log_is_in_the_folder_in_postgresql_or_in_eventstoredb() {
        assert!(matches!(Config::default().log_address().unwrap(), LogAddress::Folder));
        assert!(matches!(with_log("postgres://anna@db/gatehouse").log_address().unwrap(), LogAddress::Postgres(_)));
        assert!(matches!(with_log("esdb://127.0.0.1:2113?tls=false").log_address().unwrap(), LogAddress::Kurrent(_)));
        let misunderstood = with_log("info,mail=debug").log_address().unwrap_err().to_string();
        assert!(misunderstood.contains("log_filter"), "{misunderstood}");
    }

    #[test]
    fn a_password_in_an_address_is_refused_and_not_repeated() {
        for address in ["postgres://anna:hunter2@db/gatehouse", "esdb://anna:hunter2@db:2113", "postgres://db/gatehouse?password=hunter2"] {
            let refused = with_log(address).log_address().unwrap_err().to_string();
            assert!(refused.contains("PGPASSFILE") && !refused.contains("hunter2"), "{refused}");
        }
    }

    #[test]
    fn roles_are_for_instances_that_share_everything() {
        let one = "postgres://anna@db/gatehouse".to_owned();
        let some = Config { log: Some(one.clone()), secrets: Some(one.clone()), roles: vec![Role::Api], ..Config::default() };
        let refused = some.validate_stores().unwrap_err().to_string();
        assert!(refused.contains("(views)") && !refused.contains("(secrets)"), "{refused}");
        assert!(Config { views: Some(one), ..some }.validate_stores().is_ok());
    }
}
