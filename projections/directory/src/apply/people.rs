//! Forgetting a person blanks every personal column about them.

use std::collections::BTreeSet;

use domain::PersonId;
use domain::person::PersonEvent;
use projection_runtime::table::{Column, execute};
use projection_runtime::{ProjectionError, Tables};

use super::Of;

const BLANK: [&str; 3] = [
    "UPDATE users SET given_name = NULL, family_name = NULL, email = NULL, email_domain = NULL, phone = NULL, job_title = NULL
     WHERE person = $1",
    "UPDATE staff SET given_name = NULL, family_name = NULL, email = NULL, phone = NULL, job_title = NULL WHERE person = $1",
    "UPDATE invitations SET addressee_name = NULL, addressee_email = NULL, message = NULL WHERE person = $1",
];

/// From the first step of forgetting on: there is no way back, and nothing is to be shown until the key is destroyed.
pub(super) async fn apply(conn: &mut Tables<'_>, events: &Of<'_, PersonId, PersonEvent>) -> Result<(), ProjectionError> {
    let forgotten: BTreeSet<PersonId> = events
        .iter()
        .filter_map(|(person, event, _)| match event {
            PersonEvent::ForgettingStarted { .. } | PersonEvent::Forgotten {} => Some(*person),
            PersonEvent::ErasureAcknowledged { .. } => None,
        })
        .collect();
    for person in forgotten {
        for statement in BLANK {
            execute(conn, statement, vec![person.value()?]).await?;
        }
    }
    Ok(())
}
