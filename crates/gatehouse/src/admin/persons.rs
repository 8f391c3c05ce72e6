//! The personal data of a person.

use axum::Json;
use axum::extract::{Path, State};
use domain::{PersonId, Reason};
use serde::{Deserialize, Serialize};

use super::staff::typed;
use super::{Admin, Answer, Typed};

/// Somebody is to be forgotten.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Forgetting {
    /// Why.
    pub(crate) reason: String,
}

/// Somebody was forgotten.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Forgotten {
    /// The position at which it can be seen.
    pub(crate) position: u64,
}

/// Erases the personal data of a person, for good.
pub(crate) async fn forget(
    State(admin): State<Admin>,
    Path(person): Path<PersonId>,
    command: Typed,
    Json(asked): Json<Forgetting>,
) -> Answer<Forgotten> {
    let reason = typed(&asked.reason, Reason::parse)?;
    let sent = command.sent(&admin.service, &format!("forget {person}"), &asked);
    let position = crate::forget::forget(&admin.service, person, reason, &sent).await?;
    Ok(Json(Forgotten { position: position.0 }))
}
