//! How the events of a partner relationship change it.

use super::{Parties, RelationshipEvent, RelationshipState};

/// The state after an event. Each event says between whom it is.
pub(super) fn evolve(_state: RelationshipState, event: &RelationshipEvent) -> RelationshipState {
    match event {
        RelationshipEvent::Established { organization, partner } => {
            RelationshipState::Established(Parties { organization: *organization, partner: *partner })
        }
        RelationshipEvent::Ended { organization, partner, reason: _ } => {
            RelationshipState::Ended(Parties { organization: *organization, partner: *partner })
        }
    }
}
