//! The shape that all aggregates share (architecture, rule 1).

use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::{Actor, CommandId, Policy, Rejection};

/// One aggregate: pure functions over its own stream.
pub trait Aggregate: 'static {
    /// What its events fold to. The default is the state before the first event.
    type State: Default + Clone + Send + Sync + 'static;
    /// What can be asked of it.
    type Command: Send + 'static;
    /// What can happen to it. Serializes as `{"registration.submitted.v1":{…}}`.
    type Event: Serialize + DeserializeOwned + Clone + Send + Sync + std::fmt::Debug + 'static;
    /// Which rules a command can break.
    type Rejection: Rejection;

    /// The kind of stream, such as `registration`.
    const CATEGORY: &'static str;

    /// Decides a command on a state: the events that follow, or the rule that it breaks. No event: what was asked for is
    /// already so. Without IO, clock, randomness or logging.
    ///
    /// # Errors
    /// The rule that the command breaks.
    fn decide(state: &Self::State, command: Self::Command, context: &Context) -> Result<Vec<Self::Event>, Self::Rejection>;

    /// The state after an event. Total: what happened, happened.
    #[must_use]
    fn evolve(state: Self::State, event: &Self::Event) -> Self::State;
}

/// What a decision may know beside the state and the command.
#[derive(Debug, Clone)]
pub struct Context {
    /// The command's id; ids of what it creates derive from it.
    pub command_id: CommandId,
    /// The time of the decision.
    pub now: Timestamp,
    /// Who asks.
    pub actor: Actor,
    /// The operator's rules in force.
    pub policy: std::sync::Arc<Policy>,
}

impl Context {
    /// An id for the thing of this label that the command creates, the same each time the command is decided.
    #[must_use]
    pub fn derive(&self, label: &str) -> uuid::Uuid {
        crate::ids::derive(self.command_id.0, label)
    }
}
