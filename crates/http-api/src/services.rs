//! What endpoints work with.

use std::sync::Arc;
use std::time::Duration;

use command_handlers::CommandHandlers;
use command_handlers::workflows::Workflows;
use credential_vault::Vault;
use key_ring::{KeyRing, MasterKey};
use projection_runtime::{Epoch, Position, ReadView, ViewError, Views};

use crate::downstream::Downstream;
use crate::human_check::HumanCheck;
use crate::limits::Limits;
use crate::network::Proxies;
use crate::position::ReadAt;
use crate::problem::Problem;
use crate::sign_in::openid::StaffOpenId;

/// What endpoints work with: one for the process, shared.
#[derive(Clone)]
pub struct Services(pub Arc<Inner>);

/// The parts of [`Services`].
pub struct Inner {
    /// Decides commands.
    pub handlers: Arc<CommandHandlers>,
    /// What takes several commands, or a secret and a command.
    pub workflows: Workflows,
    /// Passwords, tokens, sessions.
    pub vault: Arc<Vault>,
    /// Keys of personal data.
    pub keys: Arc<KeyRing>,
    /// Reads and makes link tokens.
    pub master: Arc<MasterKey>,
    /// Which history positions belong to.
    pub epoch: Epoch,
    /// Read models.
    pub views: ReadModels,
    /// Proves that a registrant is human.
    pub human_check: Arc<dyn HumanCheck>,
    /// What downstream services are told with.
    pub downstream: Downstream,
    /// How often what is limited was done.
    pub limits: Arc<Limits>,
    /// The proxies that are trusted to say from where they were reached.
    pub proxies: Arc<Proxies>,
    /// The operator's identity provider; none: staff sign in by User ID and password only.
    pub openid: Option<StaffOpenId>,
    /// How the outside reaches the service; never taken from a request.
    pub base_url: String,
}

/// The read models that endpoints answer from.
#[derive(Clone)]
pub struct ReadModels {
    /// What reviewers work from.
    pub review_queue: Views,
    /// Where a case stands.
    pub registration_status: Views,
    /// Organizations, users, staff, applications, invitations.
    pub directory: Views,
    /// Subscriptions, access, relationships.
    pub entitlements: Views,
    /// Who did what.
    pub audit_history: Views,
    /// Mails owed and their fates.
    pub notification_dispatch: Views,
    /// What other services are told.
    pub public_feed: Views,
}

/// How long a read waits for the position that it asks for.
const READ_PATIENCE: Duration = Duration::from_secs(5);

impl std::ops::Deref for Services {
    type Target = Inner;

    fn deref(&self) -> &Inner {
        &self.0
    }
}

impl std::fmt::Debug for Services {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Services")
    }
}

impl Services {
    /// A read model at the position that the request asks for, or later.
    ///
    /// # Errors
    /// 503 when it has not got there in time, or is stopped.
    pub async fn read(&self, views: &Views, at: ReadAt) -> Result<ReadView, Problem> {
        views.read(at.0, READ_PATIENCE).await.map_err(|error| match error {
            ViewError::NotYet { .. } => {
                Problem::unavailable("not-yet", "this page has not caught up with what it was asked to show; try again in a moment")
            }
            other => {
                tracing::error!(view = views.name(), error = %other, "a read model cannot be read");
                Problem::unavailable("read-model-unavailable", "this page cannot be shown right now; the operator has been told")
            }
        })
    }

    /// A position as it is told to the outside: with the history that it belongs to.
    #[must_use]
    pub fn position_text(&self, position: Position) -> String {
        crate::position::to_text(self.epoch, position)
    }
}
