//! Copies of what is the truth.

use std::path::PathBuf;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};

use super::{Admin, Answer};
use crate::backup::{self, Manifest};

/// A backup is wanted.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Wanted {
    /// Where: a folder that is not there yet, by an absolute path.
    pub(crate) folder: PathBuf,
}

/// Makes a backup while everything goes on.
pub(crate) async fn backup(State(admin): State<Admin>, Json(wanted): Json<Wanted>) -> Answer<Manifest> {
    Ok(Json(backup::make(&admin.service, &wanted.folder).await?))
}
