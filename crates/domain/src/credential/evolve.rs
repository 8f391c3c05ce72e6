//! How the events of a credential change it.

use super::{CredentialEvent, CredentialState, Registered};

/// The state after an event.
pub(super) fn evolve(state: CredentialState, event: &CredentialEvent) -> CredentialState {
    match event {
        CredentialEvent::Registered { user, kind, label } => {
            CredentialState::Pending(Registered { user: *user, kind: kind.clone(), label: label.clone() })
        }
        CredentialEvent::Activated { user: _ } => after(state, CredentialState::Active),
        CredentialEvent::Renamed { label } => renamed(state, |registered| Registered { label: label.clone(), ..registered }),
        CredentialEvent::Revoked { user: _, reason: _ } => after(state, CredentialState::Revoked),
    }
}

fn after(state: CredentialState, next: fn(Registered) -> CredentialState) -> CredentialState {
    match state {
        CredentialState::NotRegistered => CredentialState::NotRegistered,
        CredentialState::Pending(registered) | CredentialState::Active(registered) | CredentialState::Revoked(registered) => {
            next(registered)
        }
    }
}

fn renamed(state: CredentialState, rename: impl FnOnce(Registered) -> Registered) -> CredentialState {
    match state {
        CredentialState::NotRegistered => CredentialState::NotRegistered,
        CredentialState::Pending(registered) => CredentialState::Pending(rename(registered)),
        CredentialState::Active(registered) => CredentialState::Active(rename(registered)),
        CredentialState::Revoked(registered) => CredentialState::Revoked(rename(registered)),
    }
}
