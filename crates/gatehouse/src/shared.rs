//! What instances share besides the stores: who does what only one may do at a time.

use nats_publisher::CURSORS;
use postgres_schema::{Limits, Schema, Server, Step};
use projection_runtime::leases::{self, LeaseSettings, Leases};
use projection_runtime::{BUILDS, Lease, PLACES};

use crate::config::{Config, Role, StoreAddress};
use crate::failure::Failure;

/// The tables of all that follows the log, in the order of their numbers.
const STEPS: &[Step] = &[leases::STEP, PLACES, BUILDS, mail::ATTEMPTS, CURSORS];

/// The schema that they are in.
const SCHEMA: &str = "gatehouse_views";

/// Why the service is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// To run.
    Serve,
    /// For one command, while none runs in this folder: read models are kept meanwhile, if no other instance does.
    Command,
}

/// What instances share where the read models are in PostgreSQL.
#[derive(Clone)]
pub(crate) struct Shared {
    /// Where it is.
    pub(crate) schema: Schema,
    /// Who does what.
    pub(crate) leases: Leases,
}

/// Opens what instances share; none where the read models are in the data folder, and this is the only one.
///
/// # Errors
/// The database cannot be used.
pub(crate) async fn open(config: &Config, purpose: Purpose) -> Result<Option<Shared>, Failure> {
    let address = config.views_address().map_err(|error| Failure::Usage(format!("{error:#}")))?;
    let StoreAddress::Postgres(server) = address else { return Ok(None) };
    let schema = open_schema(&server).await?;
    let names: Vec<&'static str> = match purpose {
        Purpose::Serve => Role::ALL.into_iter().filter(|role| config.has_role(*role)).filter_map(lease_of).collect(),
        Purpose::Command => vec![leases::PROJECTIONS],
    };
    let leases = Leases::start(schema.clone(), &instance(config), &names, LeaseSettings::default());
    Ok(Some(Shared { schema, leases }))
}

/// The schema of all that follows the log, its tables up to date.
///
/// # Errors
/// The database cannot be used.
pub(crate) async fn open_schema(server: &Server) -> Result<Schema, Failure> {
    server.schema(SCHEMA, STEPS, Limits::default()).await.map_err(|error| Failure::from_error(&error))
}

/// The lease that goes with a role; none for what every instance may do at once.
fn lease_of(role: Role) -> Option<&'static str> {
    match role {
        Role::Api => None,
        Role::Projections => Some(leases::PROJECTIONS),
        Role::Processes => Some(leases::PROCESSES),
        Role::Dispatch => Some(leases::DISPATCH),
        Role::Publish => Some(leases::PUBLISH),
    }
}

/// The lease of a name, as this instance sees it: held for ever where there is no other instance.
pub(crate) fn lease(shared: Option<&Shared>, name: &str) -> Lease {
    shared.map_or_else(Lease::alone, |shared| shared.leases.lease(name))
}

impl Shared {
    /// What the read models need of it.
    pub(crate) fn of_read_models(&self) -> projection_runtime::Shared {
        projection_runtime::Shared { schema: self.schema.clone(), lease: self.leases.lease(leases::PROJECTIONS) }
    }

    /// Refuses what only the holder of a lease may do, while another instance holds it.
    ///
    /// # Errors
    /// Another one holds it, or nobody can be asked.
    pub(crate) async fn refuse_if_elsewhere(&self, name: &str) -> Result<(), Failure> {
        let holders = self.leases.holders().await.map_err(|error| Failure::from_error(&error))?;
        match holders.into_iter().find(|holder| holder.lease == name && !holder.is_own) {
            None => Ok(()),
            Some(holder) => {
                Err(Failure::Refused(format!("that is done by instance {}, which holds the lease {name}: ask there", holder.instance)))
            }
        }
    }
}

/// What people call this instance.
fn instance(config: &Config) -> String {
    config.instance.clone().unwrap_or_else(|| {
        let machine = rustix::system::uname().nodename().to_string_lossy().into_owned();
        format!("{machine}:{}", std::process::id())
    })
}
