//! The parts of the service, put together in the order in which they lean on each other.
//!
//! Opening: the log first, since its lock guards the whole data folder, or says who else uses it; then the master key, the key ring, the vault; then the
//! codec and the handlers, which rest on them; then the read models. [`Service::close`] goes the other way.

use std::sync::Arc;
use std::time::Duration;

use command_handlers::workflows::Workflows;
use command_handlers::{CommandError, CommandHandlers, Sent, Settings};
use credential_vault::Vault;
use domain::calendar::{Calendar, CalendarCommand};
use domain::{Actor, CalendarId, CommandId, CompanyName, PersonId};
use event_codec::{Codec, Fingerprint};
use event_store::{Clock, Position};
use key_ring::{KeyRing, MasterKey};
use projection_runtime::{Lease, ProjectionState, ProjectionStatus, ReadView, Runtime, Setup, ViewError};

use crate::background::Background;
use crate::config::Config;
use crate::failure::Failure;
use crate::folder::DataFolder;
use crate::log::Log;
use crate::publishing::{self, Publishing};
use crate::shared::{self, Purpose, Shared};
use crate::{forget, read_models, secrets};

/// How long a command waits for a read model. Longer than over HTTP: an operator waits rather than tries again.
const PATIENCE: Duration = Duration::from_secs(60);

/// The parts of the service.
pub(crate) struct Service {
    /// What the operator decided.
    pub(crate) config: Config,
    /// Where everything lies.
    pub(crate) folder: DataFolder,
    /// What time it is.
    pub(crate) clock: Clock,
    /// The event log.
    pub(crate) log: Log,
    /// The one secret.
    pub(crate) master: Arc<MasterKey>,
    /// Keys of personal data.
    pub(crate) ring: Arc<KeyRing>,
    /// Passwords, tokens, sessions.
    pub(crate) vault: Arc<Vault>,
    /// Decides commands.
    pub(crate) handlers: Arc<CommandHandlers>,
    /// What takes several commands, or a secret and a command.
    pub(crate) workflows: Workflows,
    /// What instances share; none where this is the only one.
    pub(crate) shared: Option<Shared>,
    /// Keeps the read models.
    pub(crate) runtime: Runtime,
    /// Publishes events over NATS; none if no server is configured.
    pub(crate) publishing: Option<Arc<Publishing>>,
    /// Where what follows the log runs.
    pub(crate) background: Background,
    /// The newest event when the service was opened: it is ready once the read models have come to here.
    pub(crate) head_at_start: Position,
}

impl std::fmt::Debug for Service {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Service").field("folder", &self.folder).finish_non_exhaustive()
    }
}

impl Service {
    /// Opens everything in this folder.
    ///
    /// # Errors
    /// Another process has the folder, a key is lost or wrong, a newer version wrote a file, or the disk refuses.
    pub(crate) async fn open(config: Config, folder: DataFolder, clock: Clock, purpose: Purpose) -> Result<Self, Failure> {
        let log = Log::open(&config, &folder, &clock).await?;
        let head_at_start = *log.head().borrow();
        let master = Arc::new(secrets::load_master_key(&config, &folder, head_at_start).await?);
        let ring = Arc::new(secrets::open_ring(&config, &folder, &master).await?);
        let vault = Arc::new(secrets::open_vault(&config, &folder, &master).await?);
        let shared = shared::open(&config, purpose).await?;
        let codec = Codec::new(Arc::<KeyRing>::clone(&ring));
        let store = log.store();
        let setup = Setup {
            data: folder.root().to_owned(),
            shared: shared.as_ref().map(Shared::of_read_models),
            log: Arc::clone(&store),
            codec: codec.clone(),
            clock: Arc::clone(&clock),
            projections: read_models::all(&config.policy),
        };
        let handlers = Arc::new(CommandHandlers::new(store, codec, Arc::clone(&clock), config.policy.clone(), Settings::default()));
        let operator_name = CompanyName::parse(&config.mail.operator_name)
            .map_err(|invalid| Failure::Usage(format!("mail.operator_name cannot be used: {invalid}")))?;
        let workflows = Workflows::new(Arc::clone(&handlers), Arc::clone(&ring), Arc::clone(&vault), Arc::clone(&master), operator_name)
            .refusing(secrets::refused_passwords(&config)?);
        let background = Background::start()?;
        let started = background.spawn(Runtime::start(setup)).await.map_err(|error| Failure::from_error(&error))?;
        let runtime = started.map_err(|error| Failure::from_error(&error))?;
        let feed = runtime.views(read_models::PUBLIC_FEED).ok_or_else(|| Failure::failed("there is no feed of public events"))?;
        let origin = publishing::origin(&config, log.epoch());
        let publishing = Publishing::of(&config, &folder, shared.as_ref(), Arc::clone(&clock), feed, origin)?.map(Arc::new);
        let service = Self {
            config,
            folder,
            clock,
            log,
            master,
            ring,
            vault,
            handlers,
            workflows,
            shared,
            runtime,
            publishing,
            background,
            head_at_start,
        };
        forget::again_after_restore(&service).await?;
        Ok(service)
    }

    /// Puts the configured calendar in force, if it is not yet.
    ///
    /// # Errors
    /// [`Failure::Refused`] when it differs from the one in force without having a greater version.
    pub(crate) async fn adopt_calendar(&self) -> Result<(), Failure> {
        let calendar = self.config.policy.calendar.clone();
        let text = serde_json::to_vec(&calendar).map_err(|error| Failure::from_error(&error))?;
        let fingerprint = u128::from_be_bytes(self.master.fingerprint(&text));
        let sent = Sent {
            id: CommandId::derive(CalendarId::OPERATOR.0, &format!("configured:{fingerprint:032x}")),
            fingerprint: Fingerprint(fingerprint),
            actor: Actor::Operator,
            from: "configuration".to_owned(),
            cause: None,
        };
        let adopted = self.handlers.handle::<Calendar>(CalendarId::OPERATOR.0, CalendarCommand::AdoptCalendar { calendar }, &sent).await;
        match adopted {
            Ok(answer) if answer.events.is_empty() || answer.repeated => Ok(()),
            Ok(_) => {
                tracing::info!(version = self.config.policy.calendar.version, "the configured business calendar is in force from now on");
                Ok(())
            }
            Err(CommandError::Rejected(rule)) => Err(Failure::Refused(format!(
                "the calendar in the configuration differs from the one in force: {rule}; raise policy.calendar.version"
            ))),
            Err(error) => Err(error.into()),
        }
    }

    /// A read model, as it was when every event up to `position` was in it, or later.
    ///
    /// # Errors
    /// [`Failure::Unavailable`] when it does not come that far in time; it may have stopped.
    pub(crate) async fn read(&self, name: &str, position: Position) -> Result<ReadView, Failure> {
        let views = self.runtime.views(name).ok_or_else(|| Failure::failed(format!("there is no read model {name}")))?;
        views.read(Some(position), PATIENCE).await.map_err(|error| match error {
            ViewError::NotYet { stopped: true, .. } => Failure::Unavailable(format!(
                "{error}, and goes no further: `gatehouse status` says why, `gatehouse rebuild {name}` tries again"
            )),
            ViewError::NotYet { .. } => Failure::Unavailable(format!("{error}: `gatehouse status` shows how far it is")),
            ViewError::Unavailable { .. } => Failure::from_error(&error),
        })
    }

    /// A read model, as it is now: with every event in it that is on disk.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub(crate) async fn read_now(&self, name: &str) -> Result<ReadView, Failure> {
        let head = *self.log.head().borrow();
        self.read(name, head).await
    }

    /// The read models that have still to come to where the log was at the start, with how far they are.
    pub(crate) fn behind(&self) -> Vec<(&'static str, Position)> {
        let has_to = |status: &ProjectionStatus| match &status.state {
            ProjectionState::Waiting { .. } | ProjectionState::Stopped { .. } => false,
            ProjectionState::Live | ProjectionState::CatchingUp | ProjectionState::Rebuilding(_) => {
                status.answers.is_none() || status.position < self.head_at_start
            }
        };
        self.runtime.status().into_iter().filter(has_to).map(|status| (status.name, status.position)).collect()
    }

    /// This instance's view of the lease of this name.
    pub(crate) fn lease(&self, name: &str) -> Lease {
        shared::lease(self.shared.as_ref(), name)
    }

    /// Drops what this process remembers of a person whom some instance has forgotten.
    pub(crate) fn drop_what_is_remembered_of(&self, person: PersonId) {
        self.handlers.forget_folded();
        self.ring.forget_cached(person);
    }

    /// Lets another instance do from now on what only one may do, which has been stopped here.
    pub(crate) fn hand_over(&self, lease: &'static str) {
        if let Some(shared) = &self.shared {
            shared.leases.give_back(lease);
        }
    }

    /// Stops to publish, for good; what is on its way is waited for.
    pub(crate) async fn stop_publishing(&self) {
        if let Some(publishing) = &self.publishing {
            publishing.stop().await;
        }
    }

    /// Ends everything, in the opposite order, and gives the folder free. Whoever still has the service gets errors from now on.
    pub(crate) async fn close(&self) {
        self.stop_publishing().await;
        self.runtime.shutdown().await;
        if let Some(shared) = &self.shared {
            shared.leases.release().await;
        }
        self.log.close().await;
    }
}
