//! Secrets in the vault that nothing names.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};

use super::{Admin, Answer};
use crate::failure::Failure;

/// What a sweep would remove.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Left {
    /// Secrets older than a day that no event names, or none any more.
    pub(crate) secrets: usize,
}

/// Counts them.
pub(crate) async fn left(State(admin): State<Admin>) -> Answer<Left> {
    let secrets = admin.service.workflows.credentials_left().await.map_err(Failure::from)?;
    Ok(Json(Left { secrets }))
}
