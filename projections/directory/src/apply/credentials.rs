//! Credentials beyond the password.

use domain::CredentialId;
use domain::credential::CredentialEvent;
use projection_runtime::table::{Fold, Json};
use projection_runtime::{ProjectionError, Tables};

use super::Of;
use crate::{Credential, CredentialState};

pub(super) async fn apply(conn: &mut Tables<'_>, events: &Of<'_, CredentialId, CredentialEvent>) -> Result<(), ProjectionError> {
    if events.is_empty() {
        return Ok(());
    }
    let mut rows = Fold::<Credential>::load(conn, events.iter().map(|(id, ..)| (*id,)).collect()).await?;
    for (id, event, envelope) in events {
        match event {
            CredentialEvent::Registered { user, kind, label } => rows.put(Credential {
                id: *id,
                person: *user,
                kind: Json(kind.clone()),
                label: label.to_string(),
                state: CredentialState::Pending,
                registered_at: envelope.recorded_at,
                since: envelope.recorded_at,
            }),
            CredentialEvent::Activated { user: _ } => {
                let row = rows.expect(&(*id,), envelope)?;
                row.state = CredentialState::Active;
                row.since = envelope.recorded_at;
            }
            CredentialEvent::Renamed { label } => rows.expect(&(*id,), envelope)?.label = label.to_string(),
            CredentialEvent::Revoked { user: _, reason: _ } => {
                let row = rows.expect(&(*id,), envelope)?;
                row.state = CredentialState::Revoked;
                row.since = envelope.recorded_at;
            }
        }
    }
    rows.save(conn).await?;
    Ok(())
}
