//! Forgetting a person (architecture, rule 11).

use domain::PersonId;
use domain::person::{Person, PersonCommand, PersonEvent};

use super::{WorkflowError, Workflows};
use crate::{Answer, CommandError, Sent};

impl Workflows {
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
}
