//! What process managers look up in read models: which other aggregates an event is about.

use std::time::Duration;

use deadlines::Deadline;
use directory::UserState;
use domain::{AccessId, ApplicationId, OrganizationId, PersonId, RegistrationId, StaffId, SubscriptionId};
use entitlements::{Access, AccessState, SubscriptionState};
use projection_runtime::{ConsumerError, Envelope, ReadView, Views};
use uuid::Uuid;

/// How long a read of a list may take to come as far as the event; then the event is tried again.
const PATIENCE: Duration = Duration::from_secs(5);
/// How many rows are read at a time.
const PAGE: u32 = 500;

/// The read models that process managers find other aggregates by. They are read at the event's position or later; what the rows
/// do not show yet is caught by its own event.
#[derive(Clone)]
pub struct Lists {
    /// The read model `directory`.
    pub directory: Views,
    /// The read model `entitlements`.
    pub entitlements: Views,
    /// The read model `deadlines`.
    pub deadlines: Views,
}

fn later(error: impl std::fmt::Display) -> ConsumerError {
    ConsumerError::Later(error.to_string())
}

async fn at(views: &Views, event: &Envelope) -> Result<ReadView, ConsumerError> {
    views.read(Some(event.position), PATIENCE).await.map_err(later)
}

/// Whether a page of so many rows may be followed by another one.
fn is_full(rows: usize) -> bool {
    u32::try_from(rows).is_ok_and(|rows| rows >= PAGE)
}

impl Lists {
    /// The subscriptions of an organization that have not ended.
    pub(crate) async fn subscriptions(&self, event: &Envelope, organization: OrganizationId) -> Result<Vec<SubscriptionId>, ConsumerError> {
        let mut view = at(&self.entitlements, event).await?;
        let rows = entitlements::subscriptions_of(view.rows(), organization).await.map_err(later)?;
        let has_not_ended = |state| match state {
            SubscriptionState::Requested | SubscriptionState::Active => true,
            SubscriptionState::Denied | SubscriptionState::Ended => false,
        };
        Ok(rows.into_iter().filter(|row| has_not_ended(row.state)).map(|row| row.id).collect())
    }

    /// The organizations whose subscription to an application is active.
    pub(crate) async fn subscribers(&self, event: &Envelope, application: ApplicationId) -> Result<Vec<OrganizationId>, ConsumerError> {
        let mut view = at(&self.entitlements, event).await?;
        let mut subscribers = Vec::new();
        let mut after = None;
        loop {
            let page = entitlements::subscriptions_to(view.rows(), application, Some(SubscriptionState::Active), after, PAGE)
                .await
                .map_err(later)?;
            after = page.last().map(|row| row.organization);
            let was_full = is_full(page.len());
            subscribers.extend(page.into_iter().map(|row| row.organization));
            if !was_full {
                return Ok(subscribers);
            }
        }
    }

    /// The users of an organization who have an account that is not closed.
    pub(crate) async fn users(&self, event: &Envelope, organization: OrganizationId) -> Result<Vec<PersonId>, ConsumerError> {
        let mut view = at(&self.directory, event).await?;
        let has_account = |state| match state {
            UserState::PendingFirstLogin | UserState::Active | UserState::Suspended => true,
            UserState::Invited | UserState::SelfRegistered | UserState::Refused | UserState::InvitationExpired | UserState::Closed => false,
        };
        let mut users = Vec::new();
        let mut after = None;
        loop {
            let page = directory::users_of(view.rows(), organization, None, after, PAGE).await.map_err(later)?;
            after = page.last().map(|user| user.person);
            let was_full = is_full(page.len());
            users.extend(page.into_iter().filter(|user| has_account(user.state)).map(|user| user.person));
            if !was_full {
                return Ok(users);
            }
        }
    }

    /// As whom a person is on the operator's staff.
    pub(crate) async fn staff_of(&self, event: &Envelope, person: PersonId) -> Result<Vec<StaffId>, ConsumerError> {
        let mut view = at(&self.directory, event).await?;
        let rows = directory::staff_of_person(view.rows(), person).await.map_err(later)?;
        Ok(rows.into_iter().map(|row| row.id).collect())
    }

    /// The access of a user that was granted or waits.
    pub(crate) async fn access_of(&self, event: &Envelope, person: PersonId) -> Result<Vec<AccessId>, ConsumerError> {
        let mut view = at(&self.entitlements, event).await?;
        let rows = entitlements::access_of(view.rows(), person).await.map_err(later)?;
        Ok(rows.into_iter().filter(is_held).map(|row| row.id).collect())
    }

    /// The access of an organization's users to an application that was granted or waits.
    pub(crate) async fn access_to(
        &self,
        event: &Envelope,
        organization: OrganizationId,
        application: ApplicationId,
    ) -> Result<Vec<AccessId>, ConsumerError> {
        let mut view = at(&self.entitlements, event).await?;
        let mut held = Vec::new();
        let mut after = None;
        loop {
            let page = entitlements::access_to(view.rows(), organization, application, None, after, PAGE).await.map_err(later)?;
            after = page.last().map(|access| access.person);
            let was_full = is_full(page.len());
            held.extend(page.into_iter().filter(is_held).map(|row| row.id));
            if !was_full {
                return Ok(held);
            }
        }
    }

    /// The cases under review.
    pub(crate) async fn running_reviews(&self, event: &Envelope) -> Result<Vec<RegistrationId>, ConsumerError> {
        let mut view = at(&self.deadlines, event).await?;
        let mut cases = Vec::new();
        let mut after = String::new();
        loop {
            let page: Vec<Deadline> = deadlines::running_reviews(view.rows(), &after, PAGE).await.map_err(later)?;
            cases.extend(page.iter().filter_map(|row| row.id.parse::<Uuid>().ok()).map(RegistrationId));
            let was_full = is_full(page.len());
            after = page.into_iter().next_back().map(|row| row.id).unwrap_or_default();
            if !was_full {
                return Ok(cases);
            }
        }
    }
}

fn is_held(access: &Access) -> bool {
    match access.state {
        AccessState::Requested | AccessState::Granted => true,
        AccessState::Denied | AccessState::Revoked => false,
    }
}
