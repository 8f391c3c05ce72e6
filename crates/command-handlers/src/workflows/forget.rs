//! Closing accounts, and forgetting a person (architecture, rule 11).

use domain::person::{Person, PersonCommand, PersonEvent};
use domain::user::{User, UserState};
use domain::{PersonId, Reason};

use super::{WorkflowError, Workflows};
use crate::{Answer, CommandError, Sent};

impl Workflows {
    /// Does all that follows once the log says that a person is to be forgotten: closes their account, and destroys what is theirs, as
    /// [`Workflows::complete_forgetting`]. Killed anywhere, it is done again from the start, with the same result.
    ///
    /// # Errors
    /// If a store refuses; nothing is recorded as done then.
    pub async fn keep_promise_to_forget(
        &self,
        person: PersonId,
        reason: &Reason,
        sent: &Sent,
    ) -> Result<Answer<PersonEvent>, WorkflowError> {
        match self.close_account(person, reason, &sent.part("account")).await {
            Ok(()) => {}
            Err(error @ CommandError::Unavailable(_)) => return Err(error),
            // The right to be forgotten does not wait for another administrator: nobody can sign in to the account any more.
            Err(error) => {
                tracing::warn!(%person, reason = %error, "the account of a person who is being forgotten cannot be closed; their data is destroyed all the same");
            }
        }
        self.complete_forgetting(person, sent).await
    }

    /// Destroys the key of a person whose forgetting has been recorded as started, with their secrets and sessions, and
    /// records that it is done. Killed anywhere, it is done again from the start, with the same result.
    ///
    /// # Errors
    /// If a store refuses; nothing is recorded as done then.
    pub async fn complete_forgetting(&self, person: PersonId, sent: &Sent) -> Result<Answer<PersonEvent>, WorkflowError> {
        self.vault.purge_person(person).await?;
        // The key ring writes and empties its write-ahead log: off the async threads.
        let keys = self.keys.clone();
        tokio::task::spawn_blocking(move || keys.destroy(person)).await.map_err(|error| CommandError::Unavailable(error.into()))??;
        // Folded states hold personal data in the clear.
        self.handlers.forget_folded();
        let command = PersonCommand::CompleteForgetting {};
        self.handlers.handle::<Person>(person.0, command, sent).await.map_err(CommandError::of_any)
    }

    /// Closes the account of a person, if they have one: an administrator leaves that office first. Their sessions end.
    ///
    /// # Errors
    /// If they are the last active administrator of their organization, or a store refuses.
    pub async fn close_account(&self, person: PersonId, reason: &Reason, sent: &Sent) -> Result<(), WorkflowError> {
        let organization = self
            .handlers
            .inspect::<User, _>(person.0, |state, _| match state {
                UserState::PendingFirstLogin(account) | UserState::Active(account) | UserState::Suspended(account, _) => {
                    Some(account.organization)
                }
                UserState::Unknown
                | UserState::Invited(_)
                | UserState::SelfRegistered(_)
                | UserState::Refused(_)
                | UserState::InvitationExpired(_)
                | UserState::Closed(_) => None,
            })
            .await
            .map_err(CommandError::of_any)?;
        if let Some(organization) = organization.flatten() {
            self.close_user(organization, person, reason.clone(), sent).await?;
        }
        self.end_sessions(person).await
    }

    /// Ends all sessions of a person.
    ///
    /// # Errors
    /// If the vault refuses.
    pub async fn end_sessions(&self, person: PersonId) -> Result<(), WorkflowError> {
        Ok(self.vault.end_all(person).await?)
    }
}
