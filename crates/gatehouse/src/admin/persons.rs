//! The personal data of a person.

use axum::Json;
use axum::extract::State;
use domain::Reason;
use serde::{Deserialize, Serialize};

use super::staff::typed;
use super::{Admin, Answer, Typed, resolve};

/// Somebody is to be forgotten.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Forgetting {
    /// Who: by id or User ID, or by the id of a member of staff.
    pub(crate) person: String,
    /// Why.
    pub(crate) reason: String,
}

/// Somebody was forgotten.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Forgotten {
    /// Who.
    pub(crate) person: domain::PersonId,
    /// The position at which it can be seen.
    pub(crate) position: u64,
}

/// Erases the personal data of a person, for good.
pub(crate) async fn forget(State(admin): State<Admin>, command: Typed, Json(asked): Json<Forgetting>) -> Answer<Forgotten> {
    let reason = typed(&asked.reason, Reason::parse)?;
    let person = resolve::person(&admin.service, &asked.person).await?;
    let sent = command.sent(&admin.service, &format!("forget {person}"), &asked);
    let position = crate::forget::forget(&admin.service, person, reason, &sent).await?;
    Ok(Json(Forgotten { person, position: position.0 }))
}
