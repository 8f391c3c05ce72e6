//! What only time brings about: expiry, reminders, due instants, claims that lapse, approvals that take effect.

use std::collections::HashSet;
use std::time::Duration;

use command_handlers::Sent;
use deadlines::{Deadline, Kind};
use domain::EventId;
use domain::invitation::{Invitation, InvitationCommand};
use domain::registration::{Registration, RegistrationCommand};
use domain::user::{User, UserCommand};
use jiff::Timestamp;
use projection_runtime::Views;
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

/// Asks what is due to let time pass, by the clock that decisions are made by.
pub struct Clockwork {
    desk: Desk,
    deadlines: Views,
    /// What was asked at this instant and had nothing to do: not asked again until its row changes.
    idle: HashSet<(String, Timestamp)>,
}

impl Clockwork {
    /// Over the read model `deadlines`.
    #[must_use]
    pub fn new(desk: Desk, deadlines: Views) -> Self {
        Self { desk, deadlines, idle: HashSet::new() }
    }

    /// Runs until it is told to stop.
    pub async fn run(mut self, stop: CancellationToken) {
        loop {
            if let Err(problem) = self.tick().await {
                tracing::warn!(problem, "deadlines could not be looked at; trying again");
            }
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(PULSE) => {}
            }
        }
    }

    /// Asks everything that is due now.
    ///
    /// # Errors
    /// A sentence, when the deadlines cannot be read.
    pub async fn tick(&mut self) -> Result<(), String> {
        let now = (self.desk.handlers.clock())();
        let mut limit = PAGE;
        loop {
            let mut view = self.deadlines.read(None, PATIENCE).await.map_err(|error| error.to_string())?;
            let reached = deadlines::reached(view.rows(), now, limit).await.map_err(|error| error.to_string())?;
            drop(view);
            let full = reached.len() >= usize::try_from(limit).unwrap_or(usize::MAX);
            let fresh: Vec<Deadline> =
                reached.into_iter().filter(|row| row.next.is_some_and(|next| !self.idle.contains(&(row.id.clone(), next)))).collect();
            for row in &fresh {
                self.ask(row).await;
            }
            if !full {
                return Ok(());
            }
            // What was asked stays in the rows until its events are projected: look past it.
            limit = limit.saturating_mul(2);
        }
    }

    async fn ask(&mut self, row: &Deadline) {
        let (Ok(id), Some(next)) = (row.id.parse::<Uuid>(), row.next) else { return };
        // The same instant asked twice is the same command; the row as a whole says which instants lie ahead.
        let label = format!("{} {next}", row.kind);
        let sent = |what: &str| Sent { cause: None, ..Sent::following(EventId(id), NAME, &format!("{label} {what}")) };
        let handlers = &self.desk.handlers;
        let result = match row.kind {
            Kind::Registration => {
                let asked = handlers.handle::<Registration>(id, RegistrationCommand::PassTime {}, &sent("pass")).await;
                asked.map(|_| ()).map_err(|error| error.to_string())
            }
            Kind::User => {
                let asked = handlers.handle::<User>(id, UserCommand::ExpireUserInvitation {}, &sent("expire")).await;
                asked.map(|_| ()).map_err(|error| error.to_string())
            }
            Kind::Invitation => {
                let over = handlers.handle::<Invitation>(id, InvitationCommand::ExpireInvitation {}, &sent("expire")).await;
                match over {
                    Ok(answer) if answer.events.is_empty() => {
                        let asked = handlers.handle::<Invitation>(id, InvitationCommand::RemindInvitation {}, &sent("remind")).await;
                        asked.map(|_| ()).map_err(|error| error.to_string())
                    }
                    Ok(_) => Ok(()),
                    Err(error) => Err(error.to_string()),
                }
            }
        };
        match result {
            Ok(()) => {
                self.idle.insert((row.id.clone(), next));
            }
            Err(problem) => tracing::warn!(id = row.id, kind = %row.kind, problem, "what is due could not be asked; trying again"),
        }
        // Bounded: forgetting what was asked only means asking once more.
        if self.idle.len() > 100_000 {
            self.idle.clear();
        }
    }
}
