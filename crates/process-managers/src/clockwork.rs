//! What only time brings about: expiry, reminders, due instants, claims that lapse, approvals that take effect; and, once a day, the
//! sweep of secrets that nothing names.

use std::collections::HashMap;
use std::time::Duration;

use command_handlers::workflows::Swept;
use command_handlers::{Answer, CommandError, Sent};
use deadlines::{Deadline, Kind};
use domain::EventId;
use domain::invitation::{Invitation, InvitationCommand};
use domain::registration::{Registration, RegistrationCommand};
use domain::user::{User, UserCommand};
use jiff::{SignedDuration, Timestamp};
use projection_runtime::{Lease, Views};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::Desk;

const NAME: &str = "deadlines";
/// How long it sleeps at most; what is due is asked within this time. The clock may be one that a test moves.
const PULSE: Duration = Duration::from_millis(500);
/// How many are asked at a time.
const PAGE: u32 = 200;
/// How long a read of the deadlines may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// How often it looks for secrets that nothing names.
const SWEEP_EVERY: SignedDuration = SignedDuration::from_hours(24);

/// Asks what is due to let time pass, by the clock that decisions are made by, while its lease is held.
pub struct Clockwork {
    desk: Desk,
    deadlines: Views,
    lease: Lease,
    /// Who was asked, and for which instant, of those whose time had come when it last looked: not asked again until another of
    /// their instants comes. Forgotten with the process and with the lease, which only means asking once more.
    idle: HashMap<String, Timestamp>,
    /// When it looked last for secrets that nothing names.
    swept_at: Option<Timestamp>,
}

/// What became of asking.
enum Asked {
    /// Something followed.
    Happened,
    /// There was nothing to do.
    Nothing,
    /// It cannot be done, now or later.
    Refused(String),
    /// Not now.
    Later(String),
}

impl<E, R: domain::Rejection> From<Result<Answer<E>, CommandError<R>>> for Asked {
    fn from(result: Result<Answer<E>, CommandError<R>>) -> Self {
        match result {
            Ok(answer) if answer.events.is_empty() => Self::Nothing,
            Ok(_) => Self::Happened,
            Err(CommandError::Unavailable(cause)) => Self::Later(cause.to_string()),
            Err(
                error @ (CommandError::Rejected(_)
                | CommandError::Taken(_)
                | CommandError::IdReused
                | CommandError::Erased
                | CommandError::Internal(_)),
            ) => Self::Refused(error.to_string()),
        }
    }
}

impl Clockwork {
    /// Over the read model `deadlines`. Nobody is asked while `lease` is not held.
    #[must_use]
    pub fn new(desk: Desk, deadlines: Views, lease: Lease) -> Self {
        Self { desk, deadlines, lease, idle: HashMap::new(), swept_at: None }
    }

    /// Runs until it is told to stop. What it is at then, or when the lease is lost, is dropped: whoever goes on asks again.
    pub async fn run(mut self, stop: CancellationToken) {
        loop {
            let fence = tokio::select! {
                () = stop.cancelled() => return,
                fence = self.lease.acquired() => fence,
            };
            let mut lease = self.lease.clone();
            self.idle.clear();
            tokio::select! {
                biased;
                () = stop.cancelled() => return,
                () = lease.lost(fence) => {}
                () = self.work() => {}
            }
        }
    }

    /// Looks again and again.
    async fn work(&mut self) {
        loop {
            if let Err(problem) = self.tick().await {
                tracing::warn!(problem, "deadlines could not be looked at; trying again");
            }
            self.sweep().await;
            tokio::time::sleep(PULSE).await;
        }
    }

    /// Once when it begins and then every day: removes secrets that nothing names.
    async fn sweep(&mut self) {
        let now = (self.desk.handlers.clock())();
        if self.swept_at.is_some_and(|at| now.duration_since(at) < SWEEP_EVERY) {
            return;
        }
        self.swept_at = Some(now);
        match self.desk.workflows.sweep_credentials().await {
            Ok(swept) if swept == Swept::default() => {}
            Ok(Swept { removed, activated }) => {
                tracing::info!(
                    removed,
                    activated,
                    "secrets that nothing names were removed from the vault, those that an account has work"
                );
            }
            Err(error) => tracing::warn!(%error, "the vault could not be swept; tomorrow, or at the next start, it is tried again"),
        }
    }

    /// Asks everything that is due now and has not been asked for it. Gives how many were asked; nobody is while the lease is not held.
    ///
    /// # Errors
    /// A sentence, when the deadlines cannot be read.
    pub async fn tick(&mut self) -> Result<usize, String> {
        let now = (self.desk.handlers.clock())();
        let mut idle = HashMap::new();
        let mut asked = 0;
        let mut after = None;
        loop {
            let mut view = self.deadlines.read(None, PATIENCE).await.map_err(|error| error.to_string())?;
            let page = deadlines::reached(view.rows(), now, after.as_ref(), PAGE).await.map_err(|error| error.to_string())?;
            drop(view);
            let is_last = u32::try_from(page.len()).is_ok_and(|length| length < PAGE);
            for row in &page {
                let Some(ripe) = row.ripe(now) else { continue };
                if self.lease.held().is_none() {
                    return Ok(asked);
                }
                let was_asked = self.idle.get(&row.id) == Some(&ripe);
                if !was_asked {
                    asked += 1;
                }
                if was_asked || self.ask(row, ripe, now).await {
                    idle.insert(row.id.clone(), ripe);
                }
            }
            if is_last {
                self.idle = idle;
                return Ok(asked);
            }
            after = page.into_iter().next_back();
        }
    }

    /// False: to be asked again the next time.
    async fn ask(&self, row: &Deadline, ripe: Timestamp, now: Timestamp) -> bool {
        let Ok(id) = row.id.parse::<Uuid>() else { return true };
        // Asked at another time it is another question: by then other things may have to follow, though the same instants have
        // come (a decision that was undone brings them back). That nothing follows twice is the aggregate's own rule.
        let label = format!("{} {ripe} {now}", row.kind);
        let sent = |what: &str| Sent { cause: None, ..Sent::following(EventId(id), NAME, &format!("{label} {what}")) };
        let handlers = &self.desk.handlers;
        let asked = match row.kind {
            Kind::Registration => handlers.handle::<Registration>(id, RegistrationCommand::PassTime {}, &sent("pass")).await.into(),
            Kind::User => handlers.handle::<User>(id, UserCommand::ExpireUserInvitation {}, &sent("expire")).await.into(),
            Kind::Invitation => {
                match handlers.handle::<Invitation>(id, InvitationCommand::ExpireInvitation {}, &sent("expire")).await.into() {
                    Asked::Nothing => {
                        handlers.handle::<Invitation>(id, InvitationCommand::RemindInvitation {}, &sent("remind")).await.into()
                    }
                    other @ (Asked::Happened | Asked::Refused(_) | Asked::Later(_)) => other,
                }
            }
        };
        match asked {
            Asked::Happened | Asked::Nothing => true,
            Asked::Refused(problem) => {
                tracing::error!(id = row.id, kind = %row.kind, problem, "what is due cannot be brought about");
                true
            }
            Asked::Later(problem) => {
                tracing::warn!(id = row.id, kind = %row.kind, problem, "what is due could not be asked; trying again");
                false
            }
        }
    }
}
