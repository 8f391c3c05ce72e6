//! What a member of the staff has to do with an organization that they decide about.

use domain::organization::Organization;
use domain::registration::{Affiliation, Reviewer, same_mailbox};
use domain::user::User;
use domain::{Email, OrganizationId, PersonId};

use super::{WorkflowError, Workflows};
use crate::CommandError;

impl Workflows {
    /// The reviewer, with those users who are the same person among the administrators of this organization and whoever asked for the change
    /// of its profile that waits; and as somebody who belongs to it, if any tie between the two says so. The aggregates judge by that.
    ///
    /// # Errors
    /// If the log cannot be read.
    pub async fn reviewer_about(&self, mut reviewer: Reviewer, organization: OrganizationId) -> Result<Reviewer, WorkflowError> {
        let people = self.handlers.inspect::<Organization, _>(organization.0, |state, _| {
            let registered = state.registered()?;
            let requester = registered.amendment.as_ref().and_then(|amendment| amendment.requested_by);
            Some(registered.administrators.keys().copied().chain(requester).collect::<Vec<_>>())
        });
        for person in people.await.map_err(CommandError::of_any)?.flatten().unwrap_or_default() {
            if self.is_mailbox_of(reviewer.email.as_ref(), person).await? {
                reviewer.accounts.push(person);
            }
        }
        let tie = self
            .handlers
            .inspect::<Organization, _>(organization.0, |state, _| state.registered()?.tie(organization, &reviewer))
            .await
            .map_err(CommandError::of_any)?
            .flatten();
        if tie.is_some() {
            reviewer.affiliations.push(Affiliation::Organization(organization));
        }
        Ok(reviewer)
    }

    /// Whether mails to this address reach that user.
    async fn is_mailbox_of(&self, email: Option<&Email>, person: PersonId) -> Result<bool, WorkflowError> {
        let Some(email) = email else { return Ok(false) };
        let is_same = self.handlers.inspect::<User, _>(person.0, |state, _| {
            let contact = state.account().and_then(|account| account.contact.get());
            contact.is_some_and(|contact| same_mailbox(&contact.email, email))
        });
        Ok(is_same.await.map_err(CommandError::of_any)? == Some(true))
    }
}
