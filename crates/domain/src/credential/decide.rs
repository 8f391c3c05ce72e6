//! Which events follow a command to a credential.

use super::{CredentialCommand, CredentialEvent, CredentialKind, CredentialRejection, CredentialState};
use crate::Context;

/// Decides a command.
pub(super) fn decide(
    state: &CredentialState,
    command: CredentialCommand,
    _context: &Context,
) -> Result<Vec<CredentialEvent>, CredentialRejection> {
    match command {
        CredentialCommand::RegisterCredential { user, kind, label } => match state.registered() {
            None => {
                check(&kind)?;
                Ok(vec![CredentialEvent::Registered { user, kind, label }])
            }
            Some(before) if before.user == user && before.kind == kind => Ok(vec![]),
            Some(_) => Err(CredentialRejection::AlreadyRegistered),
        },
        CredentialCommand::ActivateCredential {} => match state {
            CredentialState::NotRegistered => Err(CredentialRejection::NotFound),
            CredentialState::Pending(registered) => Ok(vec![CredentialEvent::Activated { user: registered.user }]),
            CredentialState::Active(_) => Ok(vec![]),
            CredentialState::Revoked(_) => Err(CredentialRejection::Revoked),
        },
        CredentialCommand::RenameCredential { label } => match state {
            CredentialState::NotRegistered => Err(CredentialRejection::NotFound),
            CredentialState::Pending(registered) | CredentialState::Active(registered) => {
                Ok(if registered.label == label { vec![] } else { vec![CredentialEvent::Renamed { label }] })
            }
            CredentialState::Revoked(_) => Err(CredentialRejection::Revoked),
        },
        CredentialCommand::RevokeCredential { reason } => match state {
            CredentialState::NotRegistered => Err(CredentialRejection::NotFound),
            CredentialState::Pending(registered) | CredentialState::Active(registered) => {
                Ok(vec![CredentialEvent::Revoked { user: registered.user, reason }])
            }
            CredentialState::Revoked(_) => Ok(vec![]),
        },
    }
}

fn check(kind: &CredentialKind) -> Result<(), CredentialRejection> {
    match kind {
        CredentialKind::Authenticator | CredentialKind::Passkey | CredentialKind::RecoveryCodes => Ok(()),
        CredentialKind::Token { serial } => {
            let is_valid = (1..=40).contains(&serial.len()) && serial.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
            if is_valid { Ok(()) } else { Err(CredentialRejection::SerialInvalid) }
        }
    }
}
