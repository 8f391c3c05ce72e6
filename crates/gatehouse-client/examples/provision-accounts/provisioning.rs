//! Events and snapshots to rows, and what has to be done over HTTP because of them.

use gatehouse_client::http::{Gatehouse, HttpError};
use gatehouse_client::public_events::snapshot::{AccessState, Line, UserState};
use gatehouse_client::public_events::{Access, ApplicationCode, ApplicationId, PublicEvent};
use gatehouse_client::{Application, Event, Progress, What};

use crate::accounts::{Accounts, Change, Details, ToDo};

/// Why an event could not be handled.
#[derive(Debug, thiserror::Error)]
pub enum ProvisioningError {
    #[error("the database: {0}")]
    Database(#[from] rusqlite::Error),
    #[error(transparent)]
    Gatehouse(#[from] HttpError),
}

/// Provisions the accounts of one application.
pub struct Provisioning {
    pub accounts: Accounts,
    pub gatehouse: Gatehouse,
    pub application: ApplicationCode,
}

impl Application for Provisioning {
    type Error = ProvisioningError;

    async fn progress(&mut self) -> Result<Option<Progress>, Self::Error> {
        Ok(self.accounts.progress()?)
    }

    async fn handle(&mut self, event: &Event, progress: Progress) -> Result<(), Self::Error> {
        // Which application an event is about is said by its envelope.
        let ours = event.envelope.application.as_ref() == Some(&self.application);
        self.accounts.change(progress, |change| match &event.what {
            What::Known(known) => apply(change, known, ours),
            // Newer than this program. Progress is kept, so that the next event follows.
            _ => Ok(()),
        })?;
        self.work_off().await
    }
}

/// What an event changes. Everything that is not named here is none of our business.
fn apply(change: &Change<'_>, event: &PublicEvent, ours: bool) -> rusqlite::Result<()> {
    let access = |access: &Access, state| if ours { change.access(access.user, access.organization, state) } else { Ok(()) };
    match event {
        PublicEvent::AccessRequested(it) => access(it, AccessState::Requested),
        PublicEvent::AccessGranted(it) => access(it, AccessState::Granted),
        PublicEvent::AccessDenied(it) => access(it, AccessState::Denied),
        PublicEvent::AccessRevoked(it) => access(it, AccessState::Revoked),
        PublicEvent::UserCreated(it) => change.user(it.user, UserState::PendingFirstLogin, false),
        PublicEvent::UserActivated(it) => change.user(it.user, UserState::Active, true),
        PublicEvent::UserSuspended(it) => change.user(it.user, UserState::Suspended, false),
        PublicEvent::UserReinstated(it) => change.reinstated(it.user),
        PublicEvent::UserClosed(it) => change.user(it.user, UserState::Closed, false),
        PublicEvent::UserProfileConfirmed(it) => change.changed(it.user),
        PublicEvent::OrganizationProfileAmended(it) => change.organization_changed(it.organization),
        PublicEvent::PersonErased(it) => change.erased(it.person),
        _ => Ok(()),
    }
}

impl Provisioning {
    /// Begins with what is so now, in one transaction with the position that it is so at. Killed before its end, nothing was changed.
    pub async fn bootstrap(&mut self) -> Result<(), ProvisioningError> {
        let mut snapshot = self.gatehouse.snapshot().await?;
        let mut lines = Vec::new();
        while let Some(line) = snapshot.next().await? {
            // Of all that is told, only this is kept in memory.
            if matches!(line, Line::Application(_) | Line::User(_) | Line::Access(_)) {
                lines.push(line);
            }
        }
        let code = self.application.clone();
        self.accounts.change(snapshot.progress(), |change| begin(change, &lines, &code))?;
        tracing::info!(position = %snapshot.progress().position, "began with a snapshot");
        self.work_off().await
    }

    /// Does over HTTP what events asked for. What is not done when the program is killed is done when it starts again.
    pub async fn work_off(&mut self) -> Result<(), ProvisioningError> {
        while let Some(next) = self.accounts.to_do()? {
            let details = match next {
                ToDo::Fetch(_) => self.details(next).await?,
                ToDo::Acknowledge(person) => {
                    self.gatehouse.acknowledge_erasure(person).await?;
                    Details::default()
                }
            };
            self.accounts.did(next, &details)?;
        }
        Ok(())
    }

    async fn details(&self, next: ToDo) -> Result<Details, ProvisioningError> {
        let ToDo::Fetch(person) = next else { return Ok(Details::default()) };
        let Some(organization) = self.accounts.granted(person)? else { return Ok(Details::default()) };
        // Not found: forgotten meanwhile; the event that says so is on its way.
        let Some(user) = self.gatehouse.user(person).await? else { return Ok(Details::default()) };
        let company = self.gatehouse.organization(organization).await?.map(|organization| organization.profile.legal_name);
        let name = match (user.given_name, user.family_name) {
            (Some(given), Some(family)) => Some(format!("{given} {family}")),
            (given, family) => given.or(family),
        };
        Ok(Details { user_id: user.user_id, name, email: user.email, company })
    }
}

fn begin(change: &Change<'_>, lines: &[Line], code: &ApplicationCode) -> rusqlite::Result<()> {
    change.forget_everything()?;
    let mut ours: Option<ApplicationId> = None;
    for line in lines {
        match line {
            Line::Application(it) if it.code == *code => ours = Some(it.application),
            Line::User(it) if it.state == UserState::Erased => change.erased(it.user)?,
            Line::User(it) => change.user(it.user, it.state, it.activated)?,
            Line::Access(it) if Some(it.application) == ours => change.access(it.user, it.organization, it.state)?,
            _ => {}
        }
    }
    Ok(())
}
