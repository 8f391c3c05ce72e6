//! A person is to be forgotten (architecture, rule 11): an event, the key destroyed, an event.

use async_trait::async_trait;
use command_handlers::{CommandError, Sent};
use domain::DomainEvent;
use domain::person::PersonEvent;
use projection_runtime::{Consumer, ConsumerError, Envelope};

use crate::Desk;

const NAME: &str = "forgetting";

/// Closes the account of a person who is to be forgotten, destroys their key, with their secrets and sessions, and says so in the log.
pub struct Forgetting(pub Desk);

#[async_trait]
impl Consumer for Forgetting {
    fn name(&self) -> &'static str {
        NAME
    }

    async fn handle(&self, event: &Envelope) -> Result<(), ConsumerError> {
        let DomainEvent::Person(person, PersonEvent::ForgettingStarted { reason }) = &event.event else { return Ok(()) };
        let sent = Sent::following(event.id, NAME, "forgotten");
        match self.0.workflows.keep_promise_to_forget(*person, reason, &sent).await {
            Ok(_) => Ok(()),
            Err(CommandError::Unavailable(cause)) => Err(ConsumerError::Later(cause.to_string())),
            // Somebody has a right to this: it is not passed over.
            Err(error) => Err(ConsumerError::Stop(error.to_string())),
        }
    }
}
