//! Which events follow a command to a partner relationship.

use super::{Parties, RelationshipCommand, RelationshipEvent, RelationshipRejection, RelationshipState};
use crate::Context;

/// Decides a command.
pub(super) fn decide(
    state: &RelationshipState,
    command: RelationshipCommand,
    _context: &Context,
) -> Result<Vec<RelationshipEvent>, RelationshipRejection> {
    match command {
        RelationshipCommand::EstablishRelationship { organization, partner } => match state {
            RelationshipState::None | RelationshipState::Ended(_) if organization == partner => Err(RelationshipRejection::WithItself),
            RelationshipState::None | RelationshipState::Ended(_) => Ok(vec![RelationshipEvent::Established { organization, partner }]),
            RelationshipState::Established(_) => Ok(vec![]),
        },
        RelationshipCommand::EndRelationship { reason } => match state {
            RelationshipState::None => Err(RelationshipRejection::NotFound),
            RelationshipState::Established(Parties { organization, partner }) => {
                Ok(vec![RelationshipEvent::Ended { organization: *organization, partner: *partner, reason }])
            }
            RelationshipState::Ended(_) => Ok(vec![]),
        },
    }
}
