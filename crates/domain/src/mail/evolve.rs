//! How the events of a mail change it.

use super::{MailEvent, MailState};

/// The state after an event: the first fate stands.
pub(super) fn evolve(state: MailState, event: &MailEvent) -> MailState {
    match state {
        MailState::Owed => MailState::Settled(event.clone()),
        MailState::Settled(_) => state,
    }
}
