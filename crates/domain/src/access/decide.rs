//! Which events follow a command to access.

use super::{AccessCommand, AccessEvent, AccessRejection, AccessState, Accessor};
use crate::{Context, PersonId, Reason};

type Decision = Result<Vec<AccessEvent>, AccessRejection>;

/// Decides a command.
pub(super) fn decide(state: &AccessState, command: AccessCommand, _context: &Context) -> Decision {
    match command {
        AccessCommand::RequestAccess { user, organization, application, proposed_by, reason, automatic } => Ok(match state {
            AccessState::Granted(_) => vec![],
            AccessState::NotRequested | AccessState::Requested(_) | AccessState::Denied(_) | AccessState::Revoked(_) if automatic => {
                vec![AccessEvent::Granted { user, organization, application, granted_by: None, reason }]
            }
            AccessState::Requested(_) => vec![],
            AccessState::NotRequested | AccessState::Denied(_) | AccessState::Revoked(_) => {
                let proposed_by = proposed_by.filter(|proposer| *proposer != user);
                vec![AccessEvent::Requested { user, organization, application, proposed_by, reason }]
            }
        }),
        AccessCommand::GrantAccess { user, organization, application, administrator, reason } => Ok(match state {
            AccessState::NotRequested | AccessState::Requested(_) | AccessState::Denied(_) | AccessState::Revoked(_) => {
                vec![AccessEvent::Granted { user, organization, application, granted_by: Some(administrator), reason }]
            }
            AccessState::Granted(_) => vec![],
        }),
        AccessCommand::DenyAccess { administrator, reason } => match state {
            AccessState::NotRequested => Err(AccessRejection::NotFound),
            AccessState::Requested(Accessor { user, organization, application }) => Ok(vec![AccessEvent::Denied {
                user: *user,
                organization: *organization,
                application: *application,
                denied_by: administrator,
                reason,
            }]),
            AccessState::Denied(_) => Ok(vec![]),
            AccessState::Granted(_) | AccessState::Revoked(_) => Err(AccessRejection::NotRequested),
        },
        AccessCommand::RevokeAccess { administrator, reason } => revoke(state, administrator, reason),
    }
}

fn revoke(state: &AccessState, revoked_by: Option<PersonId>, reason: Reason) -> Decision {
    let revoked = |accessor: &Accessor| {
        let Accessor { user, organization, application } = *accessor;
        Ok(vec![AccessEvent::Revoked { user, organization, application, revoked_by, reason: reason.clone() }])
    };
    match state {
        AccessState::NotRequested => Err(AccessRejection::NotFound),
        AccessState::Granted(accessor) => revoked(accessor),
        // When subscription or account end, what waits for a decision ends with them; an administrator denies it instead.
        AccessState::Requested(accessor) if revoked_by.is_none() => revoked(accessor),
        AccessState::Requested(_) | AccessState::Denied(_) => Err(AccessRejection::NotGranted),
        AccessState::Revoked(_) => Ok(vec![]),
    }
}
