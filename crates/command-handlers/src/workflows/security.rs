//! What whoever watches over the service wants to know of signing in: a line in the log under the target `security`, and a count.

use domain::PersonId;

use super::WorkflowError;
use crate::{CommandError, Sent};

/// Notes how it went: who signed in or showed a factor, and who failed to. What was typed is not noted; nor is a User ID that nobody has.
/// From where is a network, as in the record: an address is personal.
pub(super) fn note<T>(what: &'static str, person: Option<PersonId>, sent: &Sent, result: &Result<T, WorkflowError>) {
    let outcome = match result {
        Ok(_) => "accepted",
        Err(CommandError::Rejected(_)) => "refused",
        Err(
            CommandError::Taken(_)
            | CommandError::IdReused
            | CommandError::Erased
            | CommandError::Unavailable(_)
            | CommandError::Internal(_),
        ) => "failed",
    };
    metrics::counter!("gatehouse_sign_ins_total", "what" => what, "outcome" => outcome).increment(1);
    tracing::info!(target: "security", what, outcome, person = person.map(tracing::field::display), from = sent.from, "somebody proves who they are");
}
